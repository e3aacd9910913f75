/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * The vhost-user socket of a guest. The sole caller of rte_vhost_driver_*.
 */
#ifndef VSW_VHOST_SOCK_H
#define VSW_VHOST_SOCK_H

#include "guest.h"

/**
 * Can the socket be created (server mode), or be a front-end's (client mode)? Before EAL; leaves
 * everything as it is, a stale socket too.
 *
 * @return 0, or -errno with err saying why not and what to do
 */
int
vsw_vhost_sock_check(const struct vsw_guest_config *cfg, struct vsw_err *err);

/**
 * The guests that callbacks can be for. Set before the first start; NULL, 0 after the last stop.
 */
void
vsw_vhost_sock_guests(struct vsw_guest *guests, unsigned int n);

/** Whose connection it is. Callbacks of lib/vhost. @return NULL: nobody's (any more) */
struct vsw_guest *
vsw_vhost_sock_guest(int vid);

/**
 * Create the socket or begin to connect, with the guest's open VF on each connection to come. A
 * stale socket is removed.
 *
 * @return 0; -errno: nothing is left, but for what lib/vhost cannot give back
 */
int
vsw_vhost_sock_start(struct vsw_guest *guest, struct vsw_err *err);

/**
 * Drop the connections, each with a close of the VF, and remove the socket. When it returns no
 * callback runs for the guest. Control thread only: from inside a callback lib/vhost would wait for
 * itself. Harmless twice.
 */
void
vsw_vhost_sock_stop(struct vsw_guest *guest);

#endif /* VSW_VHOST_SOCK_H */
