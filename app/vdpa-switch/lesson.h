/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * What workers learned, on its way to the control thread: a bounded queue with many producers and
 * one consumer, of which no port can take more than its share.
 */
#ifndef VSW_LESSON_H
#define VSW_LESSON_H

#include "dp.h"

#define VSW_LESSONS 65536 /**< that can wait */
#define VSW_LESSONS_PORT (VSW_LESSONS / 16) /**< of one port */

struct vsw_lessons;

/** @return NULL out of memory */
struct vsw_lessons *vsw_lessons_new(int socket);
void vsw_lessons_free(struct vsw_lessons *q);

/**
 * Tell the control thread. A worker tells the same no more than once in a second.
 *
 * @param port  < VSW_DP_PORTS
 * @return whether it was told
 */
bool vsw_lessons_tell(struct vsw_lessons *q, uint64_t key, uint16_t port, uint32_t now_s);

/** Control thread. @return false: nothing there */
bool vsw_lessons_take(struct vsw_lessons *q, uint64_t *key, uint16_t *port);

/** Readable when something was told since vsw_lessons_arm(). */
int vsw_lessons_fd(const struct vsw_lessons *q);

/** Control thread, before it takes: make the fd unreadable until something is told. */
void vsw_lessons_arm(struct vsw_lessons *q);

/** Control thread, having left some: make the fd readable. */
void vsw_lessons_remind(struct vsw_lessons *q);

/** How many were not told as too much waits; the next frame tells again. */
uint64_t vsw_lessons_lost(const struct vsw_lessons *q);

#endif /* VSW_LESSON_H */
