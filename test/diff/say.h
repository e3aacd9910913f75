/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * What was observed, one line each: "PLACE KEY = VALUE". Nothing in a line may depend on the
 * machine, on time, or on what device it is.
 */
#ifndef DIFF_SAY_H
#define DIFF_SAY_H

/** Lines from now on are said of that place, e.g. "packed/4/regs". */
void diff_place(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** @param key  without " = " */
void diff_say(const char *key, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif /* DIFF_SAY_H */
