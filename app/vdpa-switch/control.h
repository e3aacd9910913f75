/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * The control thread: the one that changes guests.
 */
#ifndef VSW_CONTROL_H
#define VSW_CONTROL_H

#include <signal.h>

#include "config.h"

/**
 * The signals that vsw_control_run() answers: SIGINT and SIGTERM stop, SIGUSR1 prints statistics.
 * Block them before the first thread is made, so that no other takes them.
 */
void
vsw_control_signals(sigset_t *set);

/**
 * Serve the guests until a signal says stop. The calling thread is the control thread. EAL must be
 * up.
 *
 * All guests start or none stays: when one cannot, those before it are stopped again.
 *
 * @param line  prints one line to standard output
 * @return 0 after a stop in order; -errno, with err saying which guest could not start and why
 */
int
vsw_control_run(const struct vsw_config *cfg, vsw_line_fn line, struct vsw_err *err);

#endif /* VSW_CONTROL_H */
