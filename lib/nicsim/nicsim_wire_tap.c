/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The wire "tap:NAME": a TAP interface. Owns the interface if it was not there before: the kernel
 * takes it away with the file descriptor. One thread receives, any sends; the kernel keeps frames
 * whole. Frames are complete both ways, since no offload is asked for.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <linux/if_tun.h>
#include <net/if.h>

#include "nicsim_wire_priv.h"

#define TAP_DEVICE "/dev/net/tun"

struct tap {
	int fd;
	int sock; /* to ask the kernel of the interface */
	int index;
	bool gone; /* the interface was deleted; receiving thread only */
};

static int
tap_open_device(const struct nicsim_wire *wire, struct tap *t, char *why, size_t len)
{
	int err;

	t->fd = open(TAP_DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (t->fd >= 0)
		return 0;
	err = errno;
	if (err == ENOENT || err == ENODEV || err == ENXIO)
		snprintf(why, len,
			"wire \"%s\": no " TAP_DEVICE "; load the module tun, or give the "
			"container this device",
			wire->text);
	else
		snprintf(why, len, "wire \"%s\": open " TAP_DEVICE ": %s; it takes read and write",
			wire->text, strerror(err));
	return -err;
}

static int
tap_attach(const struct nicsim_wire *wire, const struct tap *t, const char *name, char *why,
	size_t len)
{
	struct ifreq ifr;
	const char *remedy;
	int err;

	memset(&ifr, 0, sizeof(ifr));
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	ifr.ifr_flags = IFF_TAP | IFF_NO_PI;
	if (ioctl(t->fd, TUNSETIFF, &ifr) == 0)
		return 0;
	err = errno;
	if (err == EPERM)
		remedy = "run with CAP_NET_ADMIN, or have root make it: "
			 "ip tuntap add NAME mode tap user USER";
	else if (err == EBUSY)
		remedy = "another program has it; take another name";
	else if (err == EINVAL)
		remedy =
			"it is there and is no single-queue TAP; take another name, or packet:NAME";
	else
		remedy = "take another name";
	snprintf(why, len, "wire \"%s\": %s; %s", wire->text, strerror(err), remedy);
	return -err;
}

static int
tap_bring_up(const struct nicsim_wire *wire, struct tap *t, const char *name, char *why, size_t len)
{
	int ret;

	t->sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (t->sock < 0) {
		ret = -errno;
		snprintf(why, len, "wire \"%s\": socket: %s", wire->text, strerror(-ret));
		return ret;
	}
	ret = nicsim_wire_if_up(t->sock, name);
	if (ret != 0) {
		snprintf(why, len,
			"wire \"%s\": cannot bring it up: %s; run with CAP_NET_ADMIN, or: ip link "
			"set "
			"%s up",
			wire->text, strerror(-ret), name);
		return ret;
	}
	t->index = nicsim_wire_if_index(t->sock, name);
	if (t->index < 0)
		snprintf(why, len, "wire \"%s\": %s; something deletes it", wire->text,
			strerror(-t->index));
	return t->index < 0 ? t->index : 0;
}

/* An epoll set in between: a deleted interface would be "ready" forever, and is taken out of it. */
static int
tap_watch(struct nicsim_wire *wire, const struct tap *t, char *why, size_t len)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int ret;

	wire->fd = epoll_create1(EPOLL_CLOEXEC);
	if (wire->fd >= 0 && epoll_ctl(wire->fd, EPOLL_CTL_ADD, t->fd, &ev) == 0)
		return 0;
	ret = -errno;
	snprintf(why, len, "wire \"%s\": epoll: %s; allow more open files", wire->text,
		strerror(-ret));
	return ret;
}

static void
tap_close(struct nicsim_wire *wire)
{
	struct tap *t = wire->end;

	if (wire->fd >= 0)
		close(wire->fd);
	if (t->sock >= 0)
		close(t->sock);
	if (t->fd >= 0)
		close(t->fd);
	free(t);
	wire->end = NULL;
	wire->fd = -1;
}

static int
tap_open(struct nicsim_wire *wire, const char *arg, char *why, size_t len)
{
	struct tap *t;
	int ret;

	ret = nicsim_wire_if_check(wire, arg, why, len);
	if (ret != 0)
		return ret;
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return -ENOMEM;
	t->fd = -1;
	t->sock = -1;
	wire->end = t;
	ret = tap_open_device(wire, t, why, len);
	if (ret == 0)
		ret = tap_attach(wire, t, arg, why, len);
	if (ret == 0) {
		/* An interface that outlives its users may have kept what the last one wanted. */
		(void)ioctl(t->fd, TUNSETOFFLOAD, 0);
		ret = tap_bring_up(wire, t, arg, why, len);
	}
	if (ret == 0)
		ret = tap_watch(wire, t, why, len);
	if (ret != 0)
		tap_close(wire);
	return ret;
}

static int
tap_rx(struct nicsim_wire *wire, struct nicsim_frame *frame)
{
	struct tap *t = wire->end;
	ssize_t n;

	if (t->gone)
		return 0;
	n = read(t->fd, frame->data, NICSIM_FRAME_MAX);
	if (n >= 0) {
		frame->len = (uint32_t)n;
		return 1;
	}
	if (errno == EAGAIN || errno == EINTR)
		return 0;
	if (errno == EBADFD) {
		t->gone = true;
		(void)epoll_ctl(wire->fd, EPOLL_CTL_DEL, t->fd, NULL);
		return -ENODEV;
	}
	return -errno;
}

static int
tap_tx(struct nicsim_wire *wire, const struct nicsim_frame *frame)
{
	const struct tap *t = wire->end;
	ssize_t n = write(t->fd, frame->data, frame->len);

	if (n < 0)
		return -errno;
	return n == (ssize_t)frame->len ? 0 : -EIO;
}

static bool
tap_link(const struct nicsim_wire *wire)
{
	const struct tap *t = wire->end;

	return nicsim_wire_if_link(t->sock, t->index);
}

const struct nicsim_wire_ops nicsim_wire_tap_ops = {
	.kind = "tap",
	.form = "tap:NAME",
	.open = tap_open,
	.close = tap_close,
	.rx = tap_rx,
	.tx = tap_tx,
	.link = tap_link,
};
