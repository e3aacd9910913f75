/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * What the parts of the vhost-user front-end share: messages, and the channel for the back-end's.
 */
#ifndef VHUSER_PRIV_H
#define VHUSER_PRIV_H

#include "vhuser.h"

#define VHUSER_VERSION 1u
#define VHUSER_REPLY (1u << 2)
#define VHUSER_NEED_REPLY (1u << 3)
#define VHUSER_HEAD 12 /* bytes before the payload */

struct vhuser_msg {
	uint32_t request;
	uint32_t flags;
	uint32_t size; /* of the payload */
	uint8_t payload[512];
};

/** @return 0 or -errno */
int vhuser_msg_send(int sock, const struct vhuser_msg *msg, const int *fds, int num_fds);

/**
 * @param fd     set to the fd that came along, else -1; NULL where none may come
 * @return 0; -EPIPE the other end is closed; other -errno
 */
int vhuser_msg_read(int sock, struct vhuser_msg *msg, int *fd);

/** Start to listen. @param theirs  the back-end's end, to be sent and closed by the caller */
int vhuser_channel_open(struct vhuser *vu, int *theirs);
void vhuser_channel_close(struct vhuser *vu);

#endif /* VHUSER_PRIV_H */
