/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * Notices what lib/vhost passes over in silence: a ring whose addresses lie outside the guest's
 * memory. To lib/vhost such a queue is just never ready, and the guest would wait forever. And sees
 * to it that a connection ends whose memory table could not be mapped.
 */
#ifndef VSW_RING_WATCH_H
#define VSW_RING_WATCH_H

/** Watch a connection from its start. @param vid  lib/vhost's; called from new_connection
 * @return 0, -errno */
int
vsw_ring_watch(int vid);

#endif /* VSW_RING_WATCH_H */
