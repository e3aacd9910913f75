/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * What the program says to people: log lines, and the one error that stops a start.
 *
 * An error is written where it is first known, travels up as a struct vsw_err and is printed once,
 * by main.
 */
#ifndef VSW_LOG_H
#define VSW_LOG_H

#include <rte_log.h>

/** Log type "vsw"; set by vsw_log_init(), read-only afterwards. */
extern int vsw_logtype;

#define VSW_LOG(level, fmt, ...)                                                                   \
	rte_log(RTE_LOG_##level, vsw_logtype, "vsw: " fmt "\n", ##__VA_ARGS__)

/** Prints one line for people or scripts; main hands it down. Control thread only. */
typedef void (*vsw_line_fn)(const char *line);

/** Why something did not work and what to do about it, in one line. */
struct vsw_err {
	char text[1024];
};

/** Register the log type. Before rte_eal_init(), so that --log-level=vsw:... finds it. */
void
vsw_log_init(void);

/**
 * Write an error text.
 *
 * @param code  negative errno
 * @return code, so that `return vsw_err_set(...)` reads well
 */
int
vsw_err_set(struct vsw_err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** Put what it is about before the text, as in "guest vm1: ". */
void
vsw_err_about(struct vsw_err *err, const char *what, const char *name);

#endif /* VSW_LOG_H */
