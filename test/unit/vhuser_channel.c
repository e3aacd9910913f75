/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The front-end's ear: a thread that reads what the back-end sends of itself (doorbells to map,
 * changes of the device configuration), notes it, and answers as the front-end's conf says. It
 * ends when the channel is closed. And the wire format of messages, which both directions share.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vhuser_priv.h"

enum {
	BACKEND_CONFIG_CHANGE = 2,
	BACKEND_VRING_HOST_NOTIFIER = 3,
};

#define AREA_QUEUE_MASK 0xff
#define AREA_NOFD VIO_BIT(8)

int
vhuser_msg_send(int sock, const struct vhuser_msg *msg, const int *fds, int num_fds)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(VHUSER_REGIONS * sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = (void *)(uintptr_t)msg,
		.iov_len = VHUSER_HEAD + msg->size };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;
	ssize_t n;

	if (num_fds > 0) {
		memset(&control, 0, sizeof(control));
		mh.msg_control = &control;
		mh.msg_controllen = CMSG_SPACE((size_t)num_fds * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&mh);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN((size_t)num_fds * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, (size_t)num_fds * sizeof(int));
	}
	n = sendmsg(sock, &mh, MSG_NOSIGNAL);
	if (n < 0)
		return -errno;
	return (size_t)n == iov.iov_len ? 0 : -EIO;
}

static int
read_all(int sock, void *buf, size_t len)
{
	ssize_t n = recv(sock, buf, len, MSG_WAITALL);

	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EPIPE;
}

int
vhuser_msg_read(int sock, struct vhuser_msg *msg, int *fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = msg, .iov_len = VHUSER_HEAD };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof(control) };
	struct cmsghdr *cmsg;
	ssize_t n;

	if (fd != NULL)
		*fd = -1;
	n = recvmsg(sock, &mh, MSG_WAITALL | MSG_CMSG_CLOEXEC);
	if (n < 0)
		return -errno;
	if (n != VHUSER_HEAD)
		return -EPIPE;
	cmsg = CMSG_FIRSTHDR(&mh);
	if (cmsg != NULL && cmsg->cmsg_type == SCM_RIGHTS && fd != NULL)
		memcpy(fd, CMSG_DATA(cmsg), sizeof(*fd));
	if (msg->size > sizeof(msg->payload))
		return -EPROTO;
	return msg->size == 0 ? 0 : read_all(sock, msg->payload, msg->size);
}

static void
area_note(struct vhuser *vu, const struct vhuser_msg *msg, int fd)
{
	uint64_t area[3]; /* queue and flags, size, offset */
	uint64_t qid;
	struct stat st;

	memcpy(area, msg->payload, sizeof(area));
	qid = area[0] & AREA_QUEUE_MASK;
	pthread_mutex_lock(&vu->lock);
	if ((area[0] & AREA_NOFD) != 0)
		vu->unmaps_asked++;
	else
		vu->maps_asked++;
	if (qid < VHUSER_QUEUES) {
		vu->has_fd[qid] = fd >= 0;
		vu->area_len[qid] = area[1];
		vu->area_off[qid] = area[2];
		vu->area_ino[qid] = fd >= 0 && fstat(fd, &st) == 0 ? st.st_ino : 0;
	}
	pthread_mutex_unlock(&vu->lock);
}

static int
message(struct vhuser *vu, struct vhuser_msg *msg, int fd)
{
	enum vhuser_doorbells doorbells;
	uint64_t verdict;

	pthread_mutex_lock(&vu->lock);
	doorbells = vu->conf.doorbells;
	pthread_mutex_unlock(&vu->lock);
	verdict = doorbells == VHUSER_REFUSE;
	if (msg->request == BACKEND_CONFIG_CHANGE) {
		pthread_mutex_lock(&vu->lock);
		vu->configs++;
		pthread_mutex_unlock(&vu->lock);
		verdict = 0;
	} else if (msg->request == BACKEND_VRING_HOST_NOTIFIER) {
		area_note(vu, msg, fd);
		if (doorbells == VHUSER_IGNORE)
			return 0;
	}
	if ((msg->flags & VHUSER_NEED_REPLY) == 0)
		return 0;
	msg->flags = VHUSER_VERSION | VHUSER_REPLY;
	msg->size = sizeof(verdict);
	memcpy(msg->payload, &verdict, sizeof(verdict));
	return vhuser_msg_send(vu->channel, msg, NULL, 0);
}

static void *
channel_main(void *arg)
{
	struct vhuser *vu = arg;
	struct pollfd pfd[2] = {
		{ .fd = vu->channel, .events = POLLIN },
		{ .fd = vu->channel_stop, .events = POLLIN },
	};
	struct vhuser_msg msg;
	int fd, ret = 0;

	while (ret == 0) {
		if (poll(pfd, 2, -1) < 0 || pfd[1].revents != 0)
			break;
		ret = vhuser_msg_read(vu->channel, &msg, &fd);
		if (ret == 0)
			ret = message(vu, &msg, fd);
		if (fd >= 0)
			close(fd);
	}
	return NULL;
}

int
vhuser_channel_open(struct vhuser *vu, int *theirs)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return -errno;
	vu->channel = pair[0];
	vu->channel_stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (vu->channel_stop < 0 || pthread_create(&vu->thread, NULL, channel_main, vu) != 0) {
		close(pair[1]);
		return -EAGAIN;
	}
	vu->answering = true;
	*theirs = pair[1];
	return 0;
}

void
vhuser_channel_close(struct vhuser *vu)
{
	if (vu->answering) {
		eventfd_write(vu->channel_stop, 1);
		pthread_join(vu->thread, NULL);
		vu->answering = false;
	}
	if (vu->channel >= 0)
		close(vu->channel);
	if (vu->channel_stop >= 0)
		close(vu->channel_stop);
	vu->channel = vu->channel_stop = -1;
}

unsigned int
vhuser_maps_asked(struct vhuser *vu)
{
	unsigned int n;

	pthread_mutex_lock(&vu->lock);
	n = vu->maps_asked;
	pthread_mutex_unlock(&vu->lock);
	return n;
}

unsigned int
vhuser_configs(struct vhuser *vu)
{
	unsigned int n;

	pthread_mutex_lock(&vu->lock);
	n = vu->configs;
	pthread_mutex_unlock(&vu->lock);
	return n;
}
