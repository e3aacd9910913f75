/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * Signal an eventfd that others share, as the kernel does it: without ever waiting. A write() waits
 * while the counter is full, unless the descriptor is non-blocking; but that flag is shared with
 * whoever gave the descriptor away, who may clear it at any time, fill the counter, and so hold the
 * writing thread for ever.
 */
#ifndef VIO_SIGNAL_H
#define VIO_SIGNAL_H

/**
 * Add 1 to an eventfd's counter, or leave a full one as it is: its reader is behind, and woken in
 * any case.
 *
 * Never waits, whatever the descriptor's flags. Where the kernel has no asynchronous I/O (ENOSYS,
 * or its limit fs.aio-max-nr is used up by others) it falls back to a write() to a descriptor that
 * was made non-blocking just before.
 *
 * @param fd  an eventfd
 * @return 0; -EINVAL it is none; -EBADF; other -errno. Any thread.
 */
int vio_signal(int fd);

#endif /* VIO_SIGNAL_H */
