/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The vhost-user front-end: what it sends, and in which order. Owns the socket, the guest's memory
 * and the eventfds. Runs on the test's thread; the back-end's own messages are vhuser_channel.c's.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "vhuser_priv.h"

enum {
	GET_FEATURES = 1,
	SET_FEATURES = 2,
	SET_OWNER = 3,
	RESET_OWNER = 4,
	SET_MEM_TABLE = 5,
	SET_VRING_NUM = 8,
	SET_VRING_ADDR = 9,
	SET_VRING_BASE = 10,
	GET_VRING_BASE = 11,
	SET_VRING_KICK = 12,
	SET_VRING_CALL = 13,
	GET_PROTOCOL_FEATURES = 15,
	SET_PROTOCOL_FEATURES = 16,
	GET_QUEUE_NUM = 17,
	SET_VRING_ENABLE = 18,
	SET_BACKEND_REQ_FD = 21,
	GET_CONFIG = 24,
	SET_STATUS = 39,
};

#define F_PROTOCOL_FEATURES VIO_BIT(30)
#define P_MQ VIO_BIT(0)
#define P_REPLY_ACK VIO_BIT(3)
#define P_BACKEND_REQ VIO_BIT(5)
#define P_CONFIG VIO_BIT(9)
#define P_BACKEND_SEND_FD VIO_BIT(10)
#define P_HOST_NOTIFIER VIO_BIT(11)
#define P_STATUS VIO_BIT(16)
#define VRING_NOFD VIO_BIT(8)
#define CONFIG_HEAD 12

const struct vhuser_conf vhuser_usual = {
	.queues = 2,
	.size = 256,
	.features = VIO_BIT(VIO_F_VERSION_1) | F_PROTOCOL_FEATURES | VIO_BIT(VIO_NET_F_MQ) |
		    VIO_BIT(VIO_NET_F_MRG_RXBUF) | VIO_BIT(VIO_F_EVENT_IDX),
	.status = true,
	.doorbells = VHUSER_ACCEPT,
	.regions = 1,
	.region = { { .gpa = 0, .len = 0x400000, .off = 0 } },
	.ring_gpa = 0x10000,
};

static int
send_fds(struct vhuser *vu, uint32_t request, const void *payload, uint32_t len, const int *fds,
	int num_fds)
{
	struct vhuser_msg msg = { .request = request, .flags = VHUSER_VERSION, .size = len };

	if (vu->messages-- == 0) {
		vu->messages = 0;
		return -ECANCELED;
	}
	memcpy(msg.payload, payload, len);
	return vhuser_msg_send(vu->sock, &msg, fds, num_fds);
}

static int
send_u64(struct vhuser *vu, uint32_t request, uint64_t val)
{
	return send_fds(vu, request, &val, sizeof(val), NULL, 0);
}

static int
send_state(struct vhuser *vu, uint32_t request, uint32_t index, uint32_t num)
{
	uint32_t state[2] = { index, num };

	return send_fds(vu, request, state, sizeof(state), NULL, 0);
}

static int
ask(struct vhuser *vu, uint32_t request, const void *payload, uint32_t len,
	struct vhuser_msg *answer)
{
	int ret = send_fds(vu, request, payload, len, NULL, 0);

	if (ret == 0)
		ret = vhuser_msg_read(vu->sock, answer, NULL);
	if (ret == 0 && answer->request != request)
		ret = -EPROTO;
	return ret;
}

static int
ask_u64(struct vhuser *vu, uint32_t request, uint64_t *val)
{
	struct vhuser_msg answer;
	int ret = ask(vu, request, "", 0, &answer);

	if (ret == 0)
		memcpy(val, answer.payload, sizeof(*val));
	return ret;
}

int
vhuser_sync(struct vhuser *vu)
{
	uint64_t val;

	return ask_u64(vu, GET_QUEUE_NUM, &val);
}

static int
fds_open(struct vhuser *vu)
{
	unsigned int i;

	for (i = 0; i < vu->conf.queues; i++) {
		vu->kick[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		vu->call[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (vu->kick[i] < 0 || vu->call[i] < 0)
			return -errno;
	}
	return 0;
}

static int
mem_open(struct vhuser *vu)
{
	const struct vhuser_region *r;

	for (r = vu->conf.region; r < vu->conf.region + VHUSER_REGIONS; r++)
		if (vu->mem_len < r->off + r->len)
			vu->mem_len = r->off + r->len;
	vu->mem_fd = memfd_create("guest", MFD_CLOEXEC);
	if (vu->mem_fd < 0 || ftruncate(vu->mem_fd, (off_t)vu->mem_len) != 0)
		return -errno;
	vu->mem = mmap(NULL, vu->mem_len, PROT_READ | PROT_WRITE, MAP_SHARED, vu->mem_fd, 0);
	if (vu->mem == MAP_FAILED) {
		vu->mem = NULL;
		return -errno;
	}
	return 0;
}

static int
sock_open(struct vhuser *vu, const char *path)
{
	const struct timeval tv = { .tv_sec = VHUSER_WAIT_MS / 1000 };
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	strncpy(un.sun_path, path, sizeof(un.sun_path) - 1);
	vu->sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (vu->sock < 0 || connect(vu->sock, (struct sockaddr *)&un, sizeof(un)) != 0 ||
		setsockopt(vu->sock, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) != 0)
		return -errno;
	return 0;
}

int
vhuser_open(struct vhuser *vu, const struct vhuser_conf *conf, const char *path)
{
	unsigned int i;
	int ret;

	memset(vu, 0, sizeof(*vu));
	vu->conf = *conf;
	vu->messages = UINT_MAX;
	vu->sock = vu->mem_fd = vu->channel = vu->channel_stop = -1;
	for (i = 0; i < VHUSER_QUEUES; i++)
		vu->kick[i] = vu->call[i] = -1;
	pthread_mutex_init(&vu->lock, NULL);
	ret = fds_open(vu);
	if (ret == 0)
		ret = mem_open(vu);
	if (ret == 0)
		ret = sock_open(vu, path);
	if (ret != 0)
		vhuser_close(vu);
	return ret;
}

static void
fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void
vhuser_hang_up(struct vhuser *vu)
{
	fd_close(&vu->sock);
}

void
vhuser_close(struct vhuser *vu)
{
	unsigned int i;

	vhuser_hang_up(vu);
	vhuser_channel_close(vu);
	for (i = 0; i < VHUSER_QUEUES; i++) {
		fd_close(&vu->kick[i]);
		fd_close(&vu->call[i]);
	}
	fd_close(&vu->mem_fd);
	if (vu->mem != NULL)
		munmap(vu->mem, vu->mem_len);
	vu->mem = NULL;
}

static int
call_send(struct vhuser *vu, uint16_t qid)
{
	uint64_t val = qid | (vu->conf.no_call ? VRING_NOFD : 0);

	return send_fds(vu, SET_VRING_CALL, &val, sizeof(val), &vu->call[qid],
		vu->conf.no_call ? 0 : 1);
}

static int
kick_send(struct vhuser *vu, uint16_t qid)
{
	uint64_t val = qid;

	return send_fds(vu, SET_VRING_KICK, &val, sizeof(val), &vu->kick[qid], 1);
}

static int
channel_offer(struct vhuser *vu)
{
	int theirs, ret;

	ret = vhuser_channel_open(vu, &theirs);
	if (ret != 0)
		return ret;
	ret = send_fds(vu, SET_BACKEND_REQ_FD, "", 0, &theirs, 1);
	close(theirs);
	return ret;
}

static uint64_t
protocol_wanted(const struct vhuser *vu)
{
	uint64_t bits = P_MQ | P_REPLY_ACK | P_CONFIG;

	if (vu->conf.status)
		bits |= P_STATUS;
	if (vu->conf.doorbells != VHUSER_NO_CHANNEL)
		bits |= P_BACKEND_REQ | P_BACKEND_SEND_FD | P_HOST_NOTIFIER;
	return bits;
}

int
vhuser_negotiate(struct vhuser *vu)
{
	uint16_t i;
	int ret;

	ret = ask_u64(vu, GET_FEATURES, &vu->offered);
	if (ret == 0)
		ret = ask_u64(vu, GET_PROTOCOL_FEATURES, &vu->protocol);
	vu->protocol &= protocol_wanted(vu);
	if (ret == 0)
		ret = send_u64(vu, SET_PROTOCOL_FEATURES, vu->protocol);
	if (ret == 0 && (vu->protocol & P_BACKEND_REQ) != 0)
		ret = channel_offer(vu);
	if (ret == 0)
		ret = send_fds(vu, SET_OWNER, "", 0, NULL, 0);
	/* From QEMU call fds come first, for all queues: so the back-end learns of them. */
	for (i = 0; i < vu->conf.queues && ret == 0 && !vu->conf.late_calls; i++)
		ret = call_send(vu, i);
	vu->features = vu->offered & vu->conf.features;
	if (ret == 0)
		ret = send_u64(vu, SET_FEATURES, vu->features);
	return ret;
}

int
vhuser_mem_table(struct vhuser *vu)
{
	struct {
		uint32_t num;
		uint32_t padding;
		struct {
			uint64_t gpa, len, user, off;
		} region[VHUSER_REGIONS];
	} table = { .num = vu->conf.regions };
	int fds[VHUSER_REGIONS];
	uint32_t i;

	for (i = 0; i < table.num; i++) {
		table.region[i].gpa = vu->conf.region[i].gpa;
		table.region[i].len = vu->conf.region[i].len;
		table.region[i].user = VHUSER_USER_BASE + vu->conf.region[i].gpa;
		table.region[i].off = vu->conf.region[i].off;
		fds[i] = vu->mem_fd;
	}
	return send_fds(vu, SET_MEM_TABLE, &table,
		offsetof(__typeof__(table), region) + table.num * sizeof(table.region[0]), fds,
		(int)table.num);
}

void
vhuser_areas(const struct vhuser *vu, uint16_t qid, uint64_t gpa[3])
{
	gpa[0] = vu->conf.ring_gpa + (uint64_t)qid * VHUSER_RING_STRIDE;
	gpa[1] = gpa[0] + 16 * (uint64_t)vu->conf.size;
	gpa[2] = (gpa[1] + 6 + 2 * (uint64_t)vu->conf.size + 4095) & ~UINT64_C(4095);
}

static int
addr_send(struct vhuser *vu, uint16_t qid)
{
	struct {
		uint32_t index, flags;
		uint64_t desc, device, driver, log;
	} addr = { .index = qid };
	uint64_t gpa[3];

	vhuser_areas(vu, qid, gpa);
	addr.desc = VHUSER_USER_BASE + gpa[0];
	addr.driver = VHUSER_USER_BASE + gpa[1];
	addr.device = VHUSER_USER_BASE + gpa[2];
	return send_fds(vu, SET_VRING_ADDR, &addr, sizeof(addr), NULL, 0);
}

int
vhuser_ring(struct vhuser *vu, uint16_t qid)
{
	int ret;

	ret = send_state(vu, SET_VRING_NUM, qid, vu->conf.size);
	if (ret == 0)
		ret = send_state(vu, SET_VRING_BASE, qid, vu->conf.base);
	if (ret == 0)
		ret = addr_send(vu, qid);
	if (ret == 0)
		ret = kick_send(vu, qid);
	return ret == 0 ? call_send(vu, qid) : ret;
}

int
vhuser_enable(struct vhuser *vu, uint16_t qid, bool on)
{
	return send_state(vu, SET_VRING_ENABLE, qid, on);
}

int
vhuser_status(struct vhuser *vu, uint8_t status)
{
	return (vu->protocol & P_STATUS) == 0 ? 0 : send_u64(vu, SET_STATUS, status);
}

static int
fd_replace(int *fd)
{
	fd_close(fd);
	*fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return *fd < 0 ? -errno : 0;
}

int
vhuser_new_call(struct vhuser *vu, uint16_t qid)
{
	int ret = fd_replace(&vu->call[qid]);

	return ret == 0 ? call_send(vu, qid) : ret;
}

int
vhuser_new_kick(struct vhuser *vu, uint16_t qid)
{
	int ret = fd_replace(&vu->kick[qid]);

	return ret == 0 ? kick_send(vu, qid) : ret;
}

int
vhuser_resend_kick(struct vhuser *vu, uint16_t qid)
{
	return kick_send(vu, qid);
}

int
vhuser_driver_ok(struct vhuser *vu)
{
	int ret = vhuser_status(vu, VIO_STATUS_ACKNOWLEDGE | VIO_STATUS_DRIVER |
		VIO_STATUS_FEATURES_OK | VIO_STATUS_DRIVER_OK);

	return ret == 0 ? vhuser_sync(vu) : ret;
}

int
vhuser_setup(struct vhuser *vu)
{
	uint16_t enabled = vu->conf.enabled == 0 ? vu->conf.queues : 2 * vu->conf.enabled;
	uint16_t i;
	int ret;

	ret = vhuser_negotiate(vu);
	if (ret == 0)
		ret = vhuser_mem_table(vu);
	for (i = 0; i < vu->conf.queues && ret == 0; i++)
		ret = vhuser_ring(vu, i);
	for (i = 0; i < enabled && ret == 0; i++)
		ret = vhuser_enable(vu, i, true);
	return ret == 0 ? vhuser_driver_ok(vu) : ret;
}

int
vhuser_stop(struct vhuser *vu, uint16_t qid)
{
	uint32_t state[2] = { qid, 0 };
	struct vhuser_msg answer;
	int ret = ask(vu, GET_VRING_BASE, state, sizeof(state), &answer);

	if (ret != 0)
		return ret;
	memcpy(state, answer.payload, sizeof(state));
	return (int)state[1];
}

int
vhuser_reset_owner(struct vhuser *vu)
{
	int ret = send_fds(vu, RESET_OWNER, "", 0, NULL, 0);

	return ret == 0 ? vhuser_sync(vu) : ret;
}

int
vhuser_config(struct vhuser *vu, void *buf, uint32_t len)
{
	uint8_t payload[CONFIG_HEAD + 256] = { 0 };
	struct vhuser_msg answer;
	int ret;

	memcpy(payload + 4, &len, sizeof(len));
	ret = ask(vu, GET_CONFIG, payload, CONFIG_HEAD + len, &answer);
	if (ret == 0 && answer.size != CONFIG_HEAD + len)
		ret = -EIO;
	if (ret == 0)
		memcpy(buf, answer.payload + CONFIG_HEAD, len);
	return ret;
}

void *
vhuser_at(struct vhuser *vu, uint64_t gpa, uint64_t len)
{
	const struct vhuser_region *r;

	for (r = vu->conf.region; r < vu->conf.region + vu->conf.regions; r++)
		if (gpa >= r->gpa && gpa - r->gpa < r->len && len <= r->len - (gpa - r->gpa))
			return vu->mem + r->off + (gpa - r->gpa);
	return NULL;
}

void
vhuser_kick(struct vhuser *vu, uint16_t qid)
{
	eventfd_write(vu->kick[qid], 1);
}

bool
vhuser_called(struct vhuser *vu, uint16_t qid, unsigned int ms)
{
	struct pollfd pfd = { .fd = vu->call[qid], .events = POLLIN };
	eventfd_t count;

	return poll(&pfd, 1, (int)ms) == 1 && eventfd_read(vu->call[qid], &count) == 0;
}
