/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * Statistics as lines of key=value, for scripts. Keys are stable: new ones come at the end of a
 * line.
 */
#ifndef VSW_STATS_H
#define VSW_STATS_H

#include "guest.h"

/**
 * Print a "stats" line for the guest and a "stats-queue" line for each queue that is enabled or
 * runs. "-" stands for what is not known. Control thread only.
 *
 * reason= is why the guest is in state failed; in other states it is the last failure or refusal
 * that the VF's driver had, "ok" once a start has worked since.
 */
void
vsw_stats_print(const struct vsw_guest *guest);

#endif /* VSW_STATS_H */
