/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The software end of a port: every frame once, whole and in order, each way, through rings that
 * wrap; what does not fit is counted; and the eventfd never leaves a sleeper asleep.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "nicframe.h"
#include "nicsim_fifo.h"
#include "nicsim_port.h"
#include "ut.h"

static unsigned int wakes;

static void
wake(void *ctx)
{
	__atomic_fetch_add((unsigned int *)ctx, 1, __ATOMIC_RELAXED);
}

static struct nicsim_port *
port_with(unsigned int queues)
{
	struct nicsim_port *p = nicsim_port_new(wake, &wakes);

	return p != NULL && nicsim_port_open(p, queues) == 0 ? p : NULL;
}

/* Bytes of a frame are told from its number; the first ones say it. */
static void
fill(uint8_t *data, uint32_t n, uint32_t len)
{
	uint32_t i;

	for (i = 0; i < len; i++)
		data[i] = (uint8_t)(n * 31 + i * 7 + (i >> 8));
	nicframe_put(data, n, 4);
	nicframe_put(data + 12, 0x88b5, 2);
}

static bool
is_frame(const uint8_t *data, uint32_t n, uint32_t len)
{
	static __thread uint8_t expected[NICSIM_FRAME_MAX];

	fill(expected, n, len);
	return memcmp(data, expected, len) == 0;
}

static uint32_t
length(uint32_t n)
{
	static const uint32_t some[] = { 14, 60, 15, 64, 1514, 9014, 31, 32, 33, 65535, 16, 48,
		NICSIM_FRAME_MAX };

	return some[n % (sizeof(some) / sizeof(some[0]))];
}

static bool
put(struct nicsim_port *p, uint32_t n, uint32_t len, uint32_t hash)
{
	static __thread uint8_t data[NICSIM_FRAME_MAX];
	struct nicsim_frame f = { .data = data, .len = len, .hash = hash };

	fill(data, n, len);
	return nicsim_port_put(p, &f);
}

static int
tx(struct nicsim_port *p, unsigned int queue, uint32_t n, uint32_t len)
{
	static __thread uint8_t data[NICSIM_FRAME_MAX];
	const struct nicsim_meta meta = { 0 };
	const void *piece[1] = { data };

	fill(data, n, len);
	return nicsim_port_tx(p, queue, piece, &len, 1, &meta);
}

static uint8_t buf[NICSIM_FRAME_MAX], room[NICSIM_HEADROOM + NICSIM_FRAME_MAX];

static int
closed(void)
{
	struct nicsim_port *p = nicsim_port_new(wake, &wakes);
	struct nicsim_frame f = { .data = room + NICSIM_HEADROOM };
	struct nicsim_port_stats s;
	struct nicsim_meta meta;

	UT_CHECK(!put(p, 1, 60, 0));
	UT_EQ(tx(p, 0, 1, 60), -EINVAL);
	UT_EQ(nicsim_port_rx(p, 0, buf, sizeof(buf), &meta), 0);
	UT_EQ(nicsim_port_rx_peek(p, 0), 0);
	UT_EQ(nicsim_port_rx_fd(p, 0), -1);
	nicsim_port_rx_arm(p, 0, true);
	UT_CHECK(!nicsim_port_get(p, &f));
	UT_CHECK(!nicsim_port_busy(p));
	UT_EQ(nicsim_port_open(p, NICSIM_PORT_QUEUES + 1), -EINVAL);
	nicsim_port_stats(p, &s);
	UT_EQ(s.rx_missed, 1);
	/* Frames of before are gone once it was closed. */
	UT_EQ(nicsim_port_open(p, 2), 0);
	UT_CHECK(put(p, 1, 60, 0));
	UT_EQ(tx(p, 1, 1, 60), 0);
	UT_EQ(tx(p, 2, 1, 60), -EINVAL);
	UT_CHECK(nicsim_port_busy(p));
	UT_EQ(nicsim_port_open(p, 0), 0);
	UT_CHECK(!nicsim_port_busy(p));
	UT_CHECK(!put(p, 1, 60, 0));
	UT_EQ(nicsim_port_open(p, 2), 0);
	UT_CHECK(!nicsim_port_get(p, &f));
	UT_EQ(nicsim_port_rx(p, 0, buf, sizeof(buf), &meta), 0);
	nicsim_port_stats(p, &s);
	UT_EQ(s.rx_missed, 2);
	nicsim_port_free(p);
	return 0;
}

/* All lengths, with the rings going round many times. */
static int
both_ways(void)
{
	struct nicsim_port *p = port_with(1);
	struct nicsim_frame f;
	struct nicsim_port_stats s;
	struct nicsim_meta meta;
	uint32_t n, m, done = 0;
	uint64_t bytes = 0;

	for (n = 0; n < 4000; n++) {
		UT_CHECK(put(p, n, length(n), n));
		UT_EQ(tx(p, 0, n, length(n)), 0);
		bytes += length(n);
		/* Let some gather; at most one of the longest ones. */
		for (m = n % 5 == 4 ? 5 : 0; m > 0; m--, done++) {
			UT_EQ(nicsim_port_rx_peek(p, 0), length(done));
			memset(&meta, 0xff, sizeof(meta));
			UT_EQ(nicsim_port_rx(p, 0, buf, sizeof(buf), &meta), length(done));
			UT_CHECK(is_frame(buf, done, length(done)));
			UT_EQ(meta.flags | meta.gso_type, 0);
			f = (struct nicsim_frame){ .data = room + NICSIM_HEADROOM };
			UT_CHECK(nicsim_port_get(p, &f));
			UT_EQ(f.len, length(done));
			UT_CHECK(is_frame(f.data, done, f.len));
			UT_EQ(f.hash, nicsim_frame_hash(f.data, f.len));
		}
	}
	UT_EQ(done, n);
	UT_EQ(nicsim_port_rx(p, 0, buf, sizeof(buf), &meta), 0);
	UT_CHECK(!nicsim_port_get(p, &f));
	nicsim_port_stats(p, &s);
	UT_EQ(s.rx_packets, n);
	UT_EQ(s.rx_bytes, bytes);
	UT_EQ(s.tx_packets, n);
	UT_EQ(s.tx_bytes, bytes);
	UT_EQ(s.rx_missed + s.rx_too_long + s.tx_full + s.tx_malformed, 0);
	nicsim_port_stats_reset(p);
	UT_CHECK(put(p, 0, 60, 0));
	UT_EQ(nicsim_port_rx(p, 0, buf, sizeof(buf), &meta), 60);
	nicsim_port_stats(p, &s);
	UT_EQ(s.rx_packets, 1);
	UT_EQ(s.rx_bytes, 60);
	UT_EQ(s.tx_packets, 0);
	nicsim_port_free(p);
	return 0;
}

/* As much as there is room for, to the byte; then none; then again as much. */
static int
full(void)
{
	struct nicsim_port *p = port_with(1);
	struct nicsim_frame f;
	struct nicsim_port_stats s;
	struct nicsim_meta meta;
	unsigned int round, n, fits = NICSIM_PORT_RING / (16 + 1520);

	for (round = 0; round < 3; round++) {
		for (n = 0; put(p, n, 1514, 0); n++)
			;
		UT_EQ(n, fits);
		for (n = 0; tx(p, 0, n, 1514) == 0; n++)
			;
		UT_EQ(n, fits);
		UT_EQ(tx(p, 0, n, 1514), -ENOBUFS);
		for (n = 0; n < fits; n++) {
			UT_EQ(nicsim_port_rx(p, 0, buf, sizeof(buf), &meta), 1514);
			UT_CHECK(is_frame(buf, n, 1514));
			f = (struct nicsim_frame){ .data = room + NICSIM_HEADROOM };
			UT_CHECK(nicsim_port_get(p, &f));
			UT_CHECK(is_frame(f.data, n, 1514));
		}
		UT_EQ(nicsim_port_rx_peek(p, 0), 0);
	}
	nicsim_port_stats(p, &s);
	UT_EQ(s.rx_missed, 3);
	UT_EQ(s.tx_full, 6);
	UT_EQ(s.rx_packets, 3 * fits);
	/* Records that fill the ring without a rest. */
	for (n = 0; put(p, n, 16, 0); n++)
		;
	UT_EQ(n, NICSIM_FIFO_FRAMES);
	for (; n > 0; n--)
		UT_EQ(nicsim_port_rx(p, 0, buf, 16, &meta), 16);
	UT_EQ(nicsim_port_rx(p, 0, buf, 16, &meta), 0);
	nicsim_port_free(p);
	return 0;
}

static int
too_long(void)
{
	struct nicsim_port *p = port_with(1);
	struct nicsim_port_stats s;
	struct nicsim_meta meta;

	UT_CHECK(put(p, 1, 1515, 0));
	UT_CHECK(put(p, 2, 9000, 0));
	UT_CHECK(put(p, 3, 1514, 0));
	UT_CHECK(put(p, 4, 1515, 0));
	UT_EQ(nicsim_port_rx(p, 0, buf, 1514, &meta), 1514);
	UT_CHECK(is_frame(buf, 3, 1514));
	UT_EQ(nicsim_port_rx(p, 0, buf, 1514, &meta), 0);
	nicsim_port_stats(p, &s);
	UT_EQ(s.rx_too_long, 3);
	UT_EQ(s.rx_packets, 1);
	UT_EQ(tx(p, 0, 1, NICSIM_FRAME_MIN - 1), -EMSGSIZE);
	UT_EQ(tx(p, 0, 1, NICSIM_FRAME_MIN), 0);
	UT_EQ(tx(p, 0, 1, NICSIM_FRAME_MAX), 0);
	nicsim_port_free(p);
	return 0;
}

/* A frame in pieces, some of them empty, arrives as one; lengths that add up to more than 32 bits
 * do not fool it. */
static int
pieces(void)
{
	const uint32_t len[] = { 1, 0, 13, 700, 0, 800 }, huge[] = { 0xfffffff0, 0x20 };
	struct nicsim_port *p = port_with(1);
	const struct nicsim_meta meta = { 0 };
	const void *at[6];
	struct nicsim_frame f = { .data = room + NICSIM_HEADROOM };
	uint32_t n, i, off;

	for (n = 0; n < 1000; n++) {
		fill(buf, n, 1514);
		for (i = 0, off = 0; i < 6; off += len[i++])
			at[i] = buf + off;
		UT_EQ(nicsim_port_tx(p, 0, at, len, 6, &meta), 0);
		f.data = room + NICSIM_HEADROOM;
		UT_CHECK(nicsim_port_get(p, &f));
		UT_EQ(f.len, 1514);
		UT_CHECK(is_frame(f.data, n, 1514));
	}
	UT_EQ(nicsim_port_tx(p, 0, at, huge, 2, &meta), -EMSGSIZE);
	UT_EQ(nicsim_port_tx(p, 0, at, len, 0, &meta), -EMSGSIZE);
	nicsim_port_free(p);
	return 0;
}

/* What software says of a frame is checked before the NIC sees it. */
static int
meta_checked(void)
{
	const struct nicframe_spec spec = { .ip = 4, .proto = NICFRAME_TCP, .payload = 500 };
	const struct nicsim_meta good = { 0xff, NICSIM_GSO_TCPV4, 9999, 100, 34, 16 };
	struct nicsim_frame f = { .data = room + NICSIM_HEADROOM };
	struct nicsim_meta meta = good;
	struct nicsim_port *p = port_with(2);
	struct nicframe_at at = nicframe_build(buf, &spec);
	const void *piece = buf;
	struct nicsim_port_stats s;

	meta.csum_start = 0;
	UT_EQ(nicsim_port_tx(p, 0, &piece, &at.len, 1, &meta), 0);
	meta.csum_start = 65535;
	UT_EQ(nicsim_port_tx(p, 0, &piece, &at.len, 1, &meta), 0);
	UT_EQ(nicsim_port_tx(p, 1, &piece, &at.len, 1, &meta), 0);
	UT_EQ(nicsim_port_tx(p, 1, &piece, &at.len, 1, &good), 0);
	UT_CHECK(nicsim_port_get(p, &f));
	UT_EQ(f.meta.flags, NICSIM_HDR_NEEDS_CSUM);
	UT_EQ(f.meta.gso_type, NICSIM_GSO_TCPV4);
	UT_EQ(f.meta.gso_size, 100);
	UT_EQ(f.meta.hdr_len, 54);
	UT_EQ(f.meta.csum_start, 34);
	UT_EQ(f.meta.csum_offset, 16);
	UT_CHECK(!nicsim_port_get(p, &f));
	UT_CHECK(!nicsim_port_busy(p));
	nicsim_port_stats(p, &s);
	UT_EQ(s.tx_malformed, 3);
	UT_EQ(s.tx_packets, 4);
	/* The other way there is nothing but that the checksum is good. */
	f.meta = (struct nicsim_meta){ NICSIM_HDR_DATA_VALID, 0, 1, 2, 3, 4 };
	f.len = at.len;
	f.hash = 0;
	UT_CHECK(nicsim_port_put(p, &f));
	meta = good;
	UT_EQ(nicsim_port_rx(p, 0, buf, sizeof(buf), &meta), at.len);
	UT_EQ(meta.flags, NICSIM_HDR_DATA_VALID);
	UT_EQ(meta.hdr_len + meta.gso_size + meta.csum_start + meta.csum_offset, 0);
	nicsim_port_free(p);
	return 0;
}

/* By hash over all queues, a flow always to the same one; the NIC takes from all in turn. */
static int
queues(void)
{
	struct nicsim_port *p = port_with(NICSIM_PORT_QUEUES);
	struct nicsim_frame f = { .data = room + NICSIM_HEADROOM };
	struct nicsim_meta meta;
	unsigned int q, i, seen, n;

	for (q = 0; q < NICSIM_PORT_QUEUES; q++)
		for (i = 0; i < 4; i++)
			UT_CHECK(put(p, q * 4 + i, 60, q << 28 | (0x0fffffffu >> i)));
	for (q = 0; q < NICSIM_PORT_QUEUES; q++) {
		for (i = 0; i < 4; i++) {
			UT_EQ(nicsim_port_rx(p, q, buf, sizeof(buf), &meta), 60);
			UT_CHECK(is_frame(buf, q * 4 + i, 60));
		}
		UT_EQ(nicsim_port_rx(p, q, buf, sizeof(buf), &meta), 0);
	}
	for (q = 0; q < NICSIM_PORT_QUEUES; q++)
		for (i = 0; i < 3; i++)
			UT_EQ(tx(p, q, q * 3 + i, 60), 0);
	for (i = 0; i < 3; i++) {
		for (q = 0, seen = 0; q < NICSIM_PORT_QUEUES; q++) {
			UT_CHECK(nicsim_port_get(p, &f));
			n = nicframe_get(f.data, 4);
			UT_EQ(n % 3, i);
			seen |= 1u << n / 3;
		}
		UT_EQ(seen, (1u << NICSIM_PORT_QUEUES) - 1);
	}
	UT_CHECK(!nicsim_port_get(p, &f));
	nicsim_port_free(p);
	return 0;
}

static bool
readable(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}

static int
eventfds(void)
{
	struct nicsim_port *p = port_with(2);
	int fd = nicsim_port_rx_fd(p, 1);
	uint32_t hash = 0xf0000000; /* queue 1 */
	struct nicsim_meta meta;
	eventfd_t n;

	UT_GE(fd, 0);
	UT_CHECK(fd != nicsim_port_rx_fd(p, 0));
	UT_CHECK((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
	UT_CHECK(put(p, 1, 60, hash)); /* not armed */
	UT_CHECK(!readable(fd, 0));
	nicsim_port_rx_arm(p, 1, true); /* there is a frame */
	UT_CHECK(readable(fd, 0));
	UT_EQ(eventfd_read(fd, &n), 0);
	UT_EQ(n, 1);
	UT_CHECK(put(p, 2, 60, hash)); /* the first was not taken yet */
	UT_CHECK(!readable(fd, 0));
	UT_EQ(nicsim_port_rx(p, 1, buf, sizeof(buf), &meta), 60);
	UT_CHECK(put(p, 3, 60, hash));
	UT_CHECK(!readable(fd, 0));
	nicsim_port_rx_arm(p, 1, true); /* anew */
	UT_CHECK(readable(fd, 0));
	UT_EQ(eventfd_read(fd, &n), 0);
	while (nicsim_port_rx(p, 1, buf, sizeof(buf), &meta) != 0)
		;
	UT_CHECK(put(p, 4, 60, hash)); /* armed still, and found empty */
	UT_CHECK(readable(fd, 0));
	UT_EQ(eventfd_read(fd, &n), 0);
	UT_EQ(nicsim_port_rx(p, 1, buf, sizeof(buf), &meta), 60);
	nicsim_port_rx_arm(p, 1, false);
	UT_CHECK(put(p, 5, 60, hash));
	UT_CHECK(!readable(fd, 0));
	UT_CHECK(put(p, 6, 60, 0)); /* the other queue's */
	UT_CHECK(!readable(fd, 0));
	/* Opened anew: the same descriptor, and nothing left of before. */
	nicsim_port_rx_arm(p, 1, true);
	UT_EQ(nicsim_port_open(p, 2), 0);
	UT_EQ(nicsim_port_rx_fd(p, 1), fd);
	UT_CHECK(!readable(fd, 0));
	UT_CHECK(put(p, 7, 60, hash)); /* nor armed */
	UT_CHECK(!readable(fd, 0));
	nicsim_port_free(p);
	UT_EQ(fcntl(fd, F_GETFL), -1);
	return 0;
}

static int
kicks(void)
{
	struct nicsim_port *p = port_with(1);
	unsigned int before = wakes;

	UT_EQ(tx(p, 0, 1, 60), 0);
	UT_EQ(tx(p, 0, 2, 60), 0);
	UT_EQ(wakes, before);
	nicsim_port_tx_kick(p);
	UT_EQ(wakes, before + 1);
	nicsim_port_free(p);
	return 0;
}

/* --- threads ---------------------------------------------------------------------------------- */

#define FILLERS 3
#define STORM 30000 /* frames of each thread */

struct storm {
	pthread_t thread;
	struct nicsim_port *port;
	unsigned int id;
	bool sleeps; /* arm and poll, in place of looking all the time */
	uint64_t taken, missed;
	const char *wrong;
};

/* A hardware thread: frames of its own number range, now and then a rest so that others sleep. */
static void *
storm_fill(void *arg)
{
	struct storm *s = arg;
	uint32_t n;

	for (n = 0; n < STORM; n++) {
		if (put(s->port, s->id << 24 | n, 60 + n % 200, 0))
			s->taken++;
		else
			s->missed++;
		if (n % 64 == 0)
			usleep(n % 1024 == 0 ? 500 : 1);
	}
	return NULL;
}

/* Software: takes them all, in each filler's order. The last frame of all ends it. */
static void *
storm_empty(void *arg)
{
	struct storm *s = arg;
	static uint8_t data[512];
	uint32_t next[FILLERS + 1] = { 0 }, len, n, id;
	int fd = nicsim_port_rx_fd(s->port, 0);
	struct nicsim_meta meta;
	eventfd_t val;

	for (;;) {
		len = nicsim_port_rx(s->port, 0, data, sizeof(data), &meta);
		if (len == 0) {
			if (!s->sleeps)
				continue;
			nicsim_port_rx_arm(s->port, 0, true);
			if (!readable(fd, 5000)) {
				s->wrong = "asleep while there were frames";
				return NULL;
			}
			eventfd_read(fd, &val);
			nicsim_port_rx_arm(s->port, 0, false);
			continue;
		}
		id = data[0];
		n = nicframe_get(data, 4) & 0xffffff;
		if (id == FILLERS)
			return NULL;
		if (!is_frame(data, id << 24 | n, len) || n < next[id])
			s->wrong = "a frame torn, or out of order";
		next[id] = n + 1;
		s->taken++;
	}
}

static int
storm_to_software(bool sleeps)
{
	struct nicsim_port *p = port_with(1);
	struct storm fill_by[FILLERS], empty = { .port = p, .sleeps = sleeps };
	struct nicsim_port_stats stats;
	uint64_t taken = 0, missed = 0;
	unsigned int i;

	UT_EQ(pthread_create(&empty.thread, NULL, storm_empty, &empty), 0);
	for (i = 0; i < FILLERS; i++) {
		fill_by[i] = (struct storm){ .port = p, .id = i };
		UT_EQ(pthread_create(&fill_by[i].thread, NULL, storm_fill, &fill_by[i]), 0);
	}
	for (i = 0; i < FILLERS; i++) {
		pthread_join(fill_by[i].thread, NULL);
		taken += fill_by[i].taken;
		missed += fill_by[i].missed;
	}
	while (!put(p, FILLERS << 24, 60, 0))
		usleep(100);
	pthread_join(empty.thread, NULL);
	UT_CHECK(empty.wrong == NULL);
	UT_EQ(empty.taken, taken);
	UT_EQ(taken + missed, FILLERS * STORM);
	nicsim_port_stats(p, &stats);
	UT_EQ(stats.rx_packets, taken + 1);
	UT_GE(stats.rx_missed, missed);
	nicsim_port_free(p);
	return 0;
}

static int
threads_polling(void)
{
	return storm_to_software(false);
}

static int
threads_sleeping(void)
{
	return storm_to_software(true);
}

/* One frame at a time to and fro: each put finds the other side about to sleep, or just asleep; it
 * is armed all the time, so all rests on the ring having been empty. */
static void *
echo(void *arg)
{
	struct storm *s = arg;
	int fd = nicsim_port_rx_fd(s->port, 0);
	struct nicsim_meta meta;
	uint8_t data[64];
	eventfd_t val;

	while (s->taken < STORM) {
		if (nicsim_port_rx(s->port, 0, data, sizeof(data), &meta) != 0) {
			__atomic_store_n(&s->taken, s->taken + 1, __ATOMIC_RELEASE);
			continue;
		}
		if (!readable(fd, 5000)) {
			s->wrong = "asleep while there was a frame";
			__atomic_store_n(&s->taken, STORM, __ATOMIC_RELEASE);
			return NULL;
		}
		eventfd_read(fd, &val);
	}
	return NULL;
}

static int
threads_one_by_one(void)
{
	struct nicsim_port *p = port_with(1);
	struct storm e = { .port = p };
	uint32_t n;

	nicsim_port_rx_arm(p, 0, true);
	UT_EQ(pthread_create(&e.thread, NULL, echo, &e), 0);
	for (n = 0; n < STORM; n++) {
		UT_CHECK(put(p, n, 60, 0));
		while (__atomic_load_n(&e.taken, __ATOMIC_ACQUIRE) <= n)
			if (n % 8 == 0)
				usleep(1);
	}
	pthread_join(e.thread, NULL);
	UT_CHECK(e.wrong == NULL);
	nicsim_port_free(p);
	return 0;
}

/* Software's side of the other direction, a thread for each queue. */
static void *
storm_tx(void *arg)
{
	struct storm *s = arg;
	uint32_t n = 0;

	while (n < STORM) {
		if (tx(s->port, s->id, s->id << 24 | n, 60 + n % 200) == 0) {
			n++;
			s->taken++;
		} else {
			s->missed++;
			usleep(1);
		}
	}
	return NULL;
}

static int
threads_to_nic(void)
{
	struct nicsim_frame f = { .data = room + NICSIM_HEADROOM };
	struct nicsim_port *p = port_with(FILLERS);
	uint32_t next[FILLERS] = { 0 }, total = 0, n, i;
	struct storm s[FILLERS];
	struct nicsim_port_stats stats;

	for (i = 0; i < FILLERS; i++) {
		s[i] = (struct storm){ .port = p, .id = i };
		UT_EQ(pthread_create(&s[i].thread, NULL, storm_tx, &s[i]), 0);
	}
	while (total < FILLERS * STORM) {
		if (!nicsim_port_get(p, &f))
			continue;
		i = f.data[0];
		n = nicframe_get(f.data, 4) & 0xffffff;
		UT_CHECK(i < FILLERS && n == next[i]);
		UT_EQ(f.len, 60 + n % 200);
		UT_CHECK(is_frame(f.data, i << 24 | n, f.len));
		next[i]++;
		total++;
	}
	for (i = 0; i < FILLERS; i++)
		pthread_join(s[i].thread, NULL);
	UT_CHECK(!nicsim_port_get(p, &f));
	nicsim_port_stats(p, &stats);
	UT_EQ(stats.tx_packets, total);
	UT_EQ(stats.tx_full, s[0].missed + s[1].missed + s[2].missed);
	nicsim_port_free(p);
	return 0;
}

/* Opened and closed while hardware threads go on. */
static void *
storm_hw(void *arg)
{
	struct storm *s = arg;
	static uint8_t own[2][NICSIM_HEADROOM + NICSIM_FRAME_MAX];
	struct nicsim_frame f = { .data = own[s->id] + NICSIM_HEADROOM };
	uint32_t n = 0;

	while (!__atomic_load_n(&s->sleeps, __ATOMIC_ACQUIRE)) {
		put(s->port, n, 60, n * 0x10000001);
		if (nicsim_port_get(s->port, &f) && !is_frame(f.data, 7, 60))
			s->wrong = "a frame that nobody sent";
		nicsim_port_busy(s->port);
		n++;
	}
	s->taken = n;
	return NULL;
}

static int
threads_open(void)
{
	struct nicsim_port *p = nicsim_port_new(wake, &wakes);
	struct nicsim_meta meta;
	struct storm s[2];
	unsigned int i, q, received = 0;

	for (i = 0; i < 2; i++) {
		s[i] = (struct storm){ .port = p, .id = i };
		UT_EQ(pthread_create(&s[i].thread, NULL, storm_hw, &s[i]), 0);
	}
	for (i = 0; i < 400 || (received < 100 && i < 100000); i++) {
		UT_EQ(nicsim_port_open(p, i % 5), 0);
		for (q = 0; q < i % 5; q++) {
			UT_EQ(tx(p, q, 7, 60), 0);
			nicsim_port_rx_arm(p, q, i % 2);
			received += nicsim_port_rx(p, q, buf, sizeof(buf), &meta) != 0;
		}
		usleep(i % 16 == 0);
	}
	for (i = 0; i < 2; i++)
		__atomic_store_n(&s[i].sleeps, true, __ATOMIC_RELEASE);
	for (i = 0; i < 2; i++) {
		pthread_join(s[i].thread, NULL);
		UT_CHECK(s[i].wrong == NULL);
		UT_GE(s[i].taken, 1);
	}
	UT_GE(received, 100);
	nicsim_port_free(p);
	return 0;
}

static const struct ut_case cases[] = { UT_CASE(closed), UT_CASE(both_ways), UT_CASE(full),
	UT_CASE(too_long), UT_CASE(pieces), UT_CASE(meta_checked), UT_CASE(queues),
	UT_CASE(eventfds), UT_CASE(kicks), UT_CASE(threads_polling), UT_CASE(threads_sleeping),
	UT_CASE(threads_one_by_one), UT_CASE(threads_to_nic), UT_CASE(threads_open), UT_END };
UT_SUITE(nicsim_port, "fast", cases)
