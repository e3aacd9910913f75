/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Wires of the simulated NIC that need nothing of the machine: their texts, none, capture files and
 * rings. Capture files are written and read here byte by byte, not by the library under test.
 */
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <nicsim_wire.h>

#include "ut.h"

#define WHY 300
#define PATH 128
#define MAGIC_US 0xa1b2c3d4u
#define MAGIC_NS 0xa1b23c4du
#define LONGEST 200000 /* bytes of a record, more than any frame has */
#define LINK_ETHERNET 1
#define LINK_RAW_IP 101

static uint8_t room[NICSIM_HEADROOM + NICSIM_FRAME_MAX];
static char why[WHY];

static void
frame_init(struct nicsim_frame *f)
{
	memset(f, 0, sizeof(*f));
	f->data = room + NICSIM_HEADROOM;
}

/* Bytes that tell frames and places in them apart. */
static void
fill(uint8_t *data, uint32_t len, uint32_t seed)
{
	uint32_t i;

	for (i = 0; i < len; i++)
		data[i] = (uint8_t)(seed + i * 7 + (i >> 8));
	/* a type that nobody looks into */
	if (len >= 14) {
		data[12] = 0x88;
		data[13] = 0xb5;
	}
}

static bool
is_filled(const uint8_t *data, uint32_t len, uint32_t seed)
{
	static __thread uint8_t want[NICSIM_FRAME_MAX];

	fill(want, len, seed);
	return memcmp(data, want, len) == 0;
}

static void
send_filled(struct nicsim_wire *w, uint32_t len, uint32_t seed)
{
	uint8_t data[NICSIM_WIRE_MAX + 1];
	struct nicsim_frame f = { .data = data, .len = len };

	fill(data, len, seed);
	nicsim_wire_tx(w, &f);
}

static void
count_wake(void *ctx)
{
	__atomic_fetch_add((unsigned int *)ctx, 1, __ATOMIC_SEQ_CST);
}

static struct nicsim_wire *
open_wire(const char *text, unsigned int *wakes)
{
	static unsigned int nobody;
	struct nicsim_wire *w = NULL;

	if (nicsim_wire_open(
		    text, count_wake, wakes == NULL ? &nobody : wakes, &w, why, sizeof(why)) != 0) {
		printf("    %s: %s\n", text, why);
		return NULL;
	}
	return w;
}

/* --- texts ------------------------------------------------------------------------------------ */

static int
texts_that_are_wrong(void)
{
	static const struct {
		const char *text;
		int ret;
		const char *says;
	} bad[] = {
		{ NULL, -EINVAL, "none, tap:NAME, packet:NAME, pcap:rx=FILE:tx=FILE, ring:NAME" },
		{ "", -EINVAL, "no such kind" },
		{ "ta", -EINVAL, "no such kind" },
		{ "taps:x", -EINVAL, "\"taps:x\": no such kind; there are none, tap:NAME," },
		{ "none:", -EINVAL, "nothing behind" },
		{ "none:x", -EINVAL, "nothing behind" },
		{ "tap", -EINVAL, "write tap:NAME" },
		{ "tap:", -EINVAL, "write tap:NAME" },
		{ "packet", -EINVAL, "write packet:NAME" },
		{ "tap:sixteen-letters-", -EINVAL, "at most 15" },
		{ "packet:sixteen-letters-", -EINVAL, "at most 15" },
		{ "tap:tap%d", -EINVAL, "no name for an interface" },
		{ "tap:a/b", -EINVAL, "no name for an interface" },
		{ "tap:a b", -EINVAL, "no name for an interface" },
		{ "tap:a:b", -EINVAL, "no name for an interface" },
		{ "tap:..", -EINVAL, "no name for an interface" },
		{ "pcap", -EINVAL, "write pcap:rx=FILE:tx=FILE" },
		{ "pcap:", -EINVAL, "write pcap:" },
		{ "pcap:file", -EINVAL, "write pcap:" },
		{ "pcap:rx=", -EINVAL, "write pcap:" },
		{ "pcap:rx=/dev/null:tx=", -EINVAL, "write pcap:" },
		{ "pcap:rx=/a:rx=/b", -EINVAL, "write pcap:" },
		{ "pcap:rx=/nowhere/at/all", -ENOENT, "/nowhere/at/all: No such file" },
		{ "pcap:tx=/nowhere/at/all", -ENOENT, "made and written" },
		{ "pcap:rx=/", -EINVAL, "no plain file" },
		{ "pcap:tx=/", -EISDIR, "made and written" },
		{ "pcap:rx=/dev/zero", -EINVAL, "no plain file" },
		{ "ring", -EINVAL, "write ring:NAME" },
		{ "ring:", -EINVAL, "write ring:NAME" },
		{ "ring:0123456789012345678901234567890123456789012345678901234567890123", -EINVAL,
			"1 to 63" },
	};
	struct nicsim_wire *w;
	size_t i;
	int ret;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		why[0] = '\0';
		ret = nicsim_wire_open(bad[i].text, count_wake, NULL, &w, why, sizeof(why));
		if (ret != bad[i].ret || strstr(why, bad[i].says) == NULL)
			UT_FAIL("\"%s\": %d: %s", bad[i].text, ret, why);
	}
	/* a short buffer is kept to */
	memset(why, 'x', sizeof(why));
	UT_EQ(nicsim_wire_open("wrong", count_wake, NULL, &w, why, 8), -EINVAL);
	UT_EQ(strlen(why), 7);
	UT_EQ(why[8], 'x');
	return 0;
}

static int
none_takes_nothing(void)
{
	struct nicsim_wire *w = open_wire("none", NULL);
	struct nicsim_wire_stats st;
	struct nicsim_frame f;

	UT_CHECK(w != NULL);
	frame_init(&f);
	UT_STR(nicsim_wire_name(w), "none");
	UT_CHECK(!nicsim_wire_link(w));
	UT_EQ(nicsim_wire_fd(w), -1);
	UT_CHECK(!nicsim_wire_rx(w, &f));
	send_filled(w, 60, 1);
	nicsim_wire_stats(w, &st);
	UT_EQ(st.tx_packets, 0);
	UT_EQ(st.tx_errors, 1);
	nicsim_wire_close(w);
	nicsim_wire_close(NULL);
	return 0;
}

/* --- capture files ---------------------------------------------------------------------------- */

static char dir[PATH];

/* A file of the folder that the first one makes, and removes_its_files() removes. */
static const char *
scratch(const char *name)
{
	static char path[2][PATH + 64];
	static unsigned int turn;

	if (dir[0] == '\0') {
		snprintf(dir, sizeof(dir), "/tmp/nicsim-wire-XXXXXX");
		if (mkdtemp(dir) == NULL)
			abort();
	}
	turn = !turn;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", dir, name);
	return path[turn];
}

static FILE *
capture_new(const char *path, uint32_t link)
{
	const uint32_t head[6] = { MAGIC_US, 2 | 4 << 16, 0, 0, 262144, link };
	FILE *f = fopen(path, "w");

	if (f != NULL)
		fwrite(head, sizeof(head), 1, f);
	return f;
}

static void
capture_add(FILE *f, uint32_t len, uint32_t real_len, uint32_t seed)
{
	const uint32_t head[4] = { 1000, 0, len, real_len };
	static uint8_t data[LONGEST];

	fill(data, len, seed);
	fwrite(head, sizeof(head), 1, f);
	fwrite(data, len, 1, f);
}

static struct nicsim_wire *
open_capture(const char *rx, const char *tx)
{
	char text[2 * PATH + 160];
	struct nicsim_wire *w;

	snprintf(text, sizeof(text), "pcap%s%s%s%s", rx != NULL ? ":rx=" : "", rx != NULL ? rx : "",
		tx != NULL ? ":tx=" : "", tx != NULL ? tx : "");
	w = open_wire(text, NULL);
	if (w != NULL)
		nicsim_wire_start(w);
	return w;
}

static bool
is_readable(const struct nicsim_wire *w)
{
	struct pollfd p = { .fd = nicsim_wire_fd(w), .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

/* One record of a capture that was made. @return its length; 0 none, or it is not as it must be */
static uint32_t
capture_next(FILE *f, uint8_t *data)
{
	uint32_t head[4];

	if (fread(head, sizeof(head), 1, f) != 1 || head[2] != head[3] ||
		head[2] > NICSIM_FRAME_MAX || head[1] >= 1000000000 ||
		llabs((long long)head[0] - (long long)time(NULL)) > 60)
		return 0;
	return fread(data, head[2], 1, f) == 1 ? head[2] : 0;
}

static int
capture_open(const char *path, FILE **f)
{
	uint32_t head[6];

	*f = fopen(path, "r");
	UT_CHECK(*f != NULL);
	UT_EQ(fread(head, sizeof(head), 1, *f), 1);
	UT_EQ(head[0], MAGIC_NS);
	UT_EQ(head[1], 2 | 4 << 16);
	UT_GE(head[4], NICSIM_WIRE_MAX);
	UT_EQ(head[5], LINK_ETHERNET);
	return 0;
}

static int
captures_what_is_sent(void)
{
	static const uint32_t len[] = { 14, 60, 1514, NICSIM_WIRE_MAX };
	const char *path = scratch("tx:with:colons.pcap");
	struct nicsim_wire *w;
	static uint8_t data[NICSIM_FRAME_MAX];
	struct nicsim_wire_stats st;
	struct nicsim_frame in;
	uint32_t i;
	FILE *f = fopen(path, "w");

	UT_CHECK(f != NULL);
	for (i = 0; i < 20000; i++)
		fputs("old", f);
	fclose(f);
	w = open_capture(NULL, path);
	UT_CHECK(w != NULL);
	UT_CHECK(nicsim_wire_link(w));
	UT_EQ(nicsim_wire_fd(w), -1);
	frame_init(&in);
	UT_CHECK(!nicsim_wire_rx(w, &in));
	UT_DO(capture_open(path, &f));
	UT_EQ(capture_next(f, data), 0);
	for (i = 0; i < 4; i++) {
		send_filled(w, len[i], i);
		/* a reader sees it at once */
		clearerr(f);
		UT_EQ(capture_next(f, data), len[i]);
		UT_CHECK(is_filled(data, len[i], i));
	}
	send_filled(w, 13, 0);
	send_filled(w, NICSIM_WIRE_MAX + 1, 0);
	UT_EQ(capture_next(f, data), 0);
	nicsim_wire_stats(w, &st);
	UT_EQ(st.tx_packets, 4);
	UT_EQ(st.tx_bytes, 14 + 60 + 1514 + NICSIM_WIRE_MAX);
	UT_EQ(st.tx_errors, 2);
	nicsim_wire_stats_reset(w);
	nicsim_wire_stats(w, &st);
	UT_EQ(st.tx_packets + st.tx_bytes + st.tx_errors, 0);
	nicsim_wire_close(w);
	fclose(f);
	return unlink(path);
}

static int
reads_a_capture_once(void)
{
	const char *path = scratch("rx.pcap");
	struct nicsim_wire *w;
	struct nicsim_wire_stats st;
	struct nicsim_frame in;
	uint32_t i;
	FILE *f = capture_new(path, LINK_ETHERNET);

	UT_CHECK(f != NULL);
	for (i = 0; i < 300; i++)
		capture_add(f, 14 + i * 32, 14 + i * 32, i);
	fclose(f);
	w = open_capture(path, NULL);
	UT_CHECK(w != NULL);
	for (i = 0; i < 300; i++) {
		UT_CHECK(is_readable(w));
		frame_init(&in);
		in.meta.gso_type = 77;
		UT_CHECK(nicsim_wire_rx(w, &in));
		UT_EQ(in.len, 14 + i * 32);
		UT_CHECK(is_filled(in.data, in.len, i));
		UT_EQ(in.hash, nicsim_frame_hash(in.data, in.len));
		UT_EQ(in.meta.gso_type, NICSIM_GSO_NONE);
	}
	UT_CHECK(!nicsim_wire_rx(w, &in));
	UT_CHECK(!is_readable(w));
	UT_CHECK(!nicsim_wire_rx(w, &in));
	send_filled(w, 60, 0); /* goes nowhere, as was asked for */
	nicsim_wire_stats(w, &st);
	UT_EQ(st.rx_packets, 300);
	UT_EQ(st.rx_bytes, 300 * 14 + 32 * (299 * 300 / 2));
	UT_EQ(st.rx_errors, 0);
	UT_EQ(st.tx_packets, 1);
	nicsim_wire_close(w);
	return unlink(path);
}

static int
passes_bad_records_over(void)
{
	const char *path = scratch("bad.pcap");
	FILE *f = capture_new(path, LINK_ETHERNET);
	struct nicsim_wire_stats st;
	struct nicsim_frame in;
	struct nicsim_wire *w;
	unsigned int i;

	UT_CHECK(f != NULL);
	capture_add(f, 60, 1514, 1); /* cut by who captured it */
	capture_add(f, 13, 13, 1);
	capture_add(f, NICSIM_WIRE_MAX + 1, NICSIM_WIRE_MAX + 1, 1);
	capture_add(f, LONGEST, LONGEST, 1);
	capture_add(f, NICSIM_WIRE_MAX, NICSIM_WIRE_MAX, 2);
	for (i = 0; i < 100; i++)
		capture_add(f, 0, 0, 1);
	capture_add(f, 61, 61, 3);
	capture_add(f, 62, 62, 4);
	fflush(f);
	UT_EQ(ftruncate(fileno(f), ftell(f) - 1), 0); /* in the middle of the last one */
	fclose(f);
	w = open_capture(path, NULL);
	UT_CHECK(w != NULL);
	frame_init(&in);
	UT_CHECK(nicsim_wire_rx(w, &in));
	UT_EQ(in.len, NICSIM_WIRE_MAX);
	UT_CHECK(is_filled(in.data, NICSIM_WIRE_MAX, 2));
	/* a hundred at one go is too much; there is more to come */
	for (i = 0; !nicsim_wire_rx(w, &in); i++) {
		UT_CHECK(is_readable(w));
		UT_LE(i, 10);
	}
	UT_GE(i, 2);
	UT_EQ(in.len, 61);
	UT_CHECK(!nicsim_wire_rx(w, &in));
	UT_CHECK(!is_readable(w));
	nicsim_wire_stats(w, &st);
	UT_EQ(st.rx_packets, 2);
	UT_EQ(st.rx_errors, 4 + 100 + 1);
	nicsim_wire_close(w);
	return unlink(path);
}

static int
refuse_capture(const char *rx, const char *tx, const char *says)
{
	char text[2 * PATH + 160];
	struct nicsim_wire *w;

	snprintf(text, sizeof(text), "pcap:rx=%s%s%s", rx, tx != NULL ? ":tx=" : "",
		tx != NULL ? tx : "");
	UT_EQ(nicsim_wire_open(text, count_wake, NULL, &w, why, sizeof(why)), -EINVAL);
	if (strstr(why, says) == NULL)
		UT_FAIL("%s: %s", text, why);
	return 0;
}

static int
refuses_files_that_will_not_do(void)
{
	const char *path = scratch("odd"), *pipe = scratch("pipe");
	struct stat st;
	FILE *f = capture_new(path, LINK_RAW_IP);

	UT_CHECK(f != NULL);
	fclose(f);
	UT_DO(refuse_capture(path, NULL, "not Ethernet"));
	f = fopen(path, "w");
	UT_CHECK(f != NULL);
	fputs("no capture at all, but long enough to be one", f);
	fclose(f);
	UT_DO(refuse_capture(path, NULL, "tcpdump -w"));
	f = fopen(path, "w");
	UT_CHECK(f != NULL);
	fclose(f);
	UT_DO(refuse_capture(path, NULL, "tcpdump -w"));
	f = capture_new(path, LINK_ETHERNET);
	UT_CHECK(f != NULL);
	fclose(f);
	UT_EQ(mkfifo(pipe, 0600), 0);
	UT_DO(refuse_capture(pipe, NULL, "no plain file"));
	/* what is read is not emptied first */
	UT_DO(refuse_capture(path, path, "the same file"));
	UT_EQ(stat(path, &st), 0);
	UT_EQ(st.st_size, 24);
	unlink(pipe);
	return unlink(path);
}

/* A file that cannot grow any more: what does not fit is counted, and the rest not tried. */
static int
counts_what_a_full_disk_loses(void)
{
	const char *path = scratch("full.pcap");
	struct nicsim_wire *w = open_capture(NULL, path);
	struct rlimit old, small;
	struct nicsim_wire_stats st;
	static uint8_t data[NICSIM_FRAME_MAX];
	void (*was)(int);
	FILE *f;
	int i;

	UT_CHECK(w != NULL);
	UT_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 24 + 3 * (16 + 1000) + 500;
	was = signal(SIGXFSZ, SIG_IGN);
	UT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (i = 0; i < 6; i++)
		send_filled(w, 1000, (uint32_t)i);
	setrlimit(RLIMIT_FSIZE, &old);
	send_filled(w, 1000, 6);
	signal(SIGXFSZ, was);
	nicsim_wire_stats(w, &st);
	UT_EQ(st.tx_packets, 3);
	UT_EQ(st.tx_errors, 4);
	nicsim_wire_close(w);
	UT_DO(capture_open(path, &f));
	for (i = 0; i < 3; i++) {
		UT_EQ(capture_next(f, data), 1000);
		UT_CHECK(is_filled(data, 1000, (uint32_t)i));
	}
	UT_EQ(capture_next(f, data), 0);
	fclose(f);
	return unlink(path);
}

#define CAPTURE_FRAMES 2000

static void *
capture_sender(void *arg)
{
	uint32_t i;

	for (i = 0; i < CAPTURE_FRAMES; i++)
		send_filled(arg, 60 + i % 100, i);
	return NULL;
}

static int
captures_from_several_threads(void)
{
	const char *path = scratch("threads.pcap");
	struct nicsim_wire *w = open_capture(NULL, path);
	static uint8_t data[NICSIM_FRAME_MAX];
	pthread_t thread[3];
	unsigned int i, n = 0;
	uint32_t len;
	FILE *f;

	UT_CHECK(w != NULL);
	for (i = 0; i < 3; i++)
		UT_EQ(pthread_create(&thread[i], NULL, capture_sender, w), 0);
	for (i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	nicsim_wire_close(w);
	UT_DO(capture_open(path, &f));
	for (; (len = capture_next(f, data)) != 0; n++)
		UT_CHECK(is_filled(data, len, data[0]));
	UT_EQ(n, 3 * CAPTURE_FRAMES);
	fclose(f);
	return unlink(path);
}

static int
removes_its_files(void)
{
	UT_EQ(rmdir(dir), 0);
	dir[0] = '\0';
	return 0;
}

/* --- rings ------------------------------------------------------------------------------------ */

static int
ring_ends_come_and_go(void)
{
	struct nicsim_wire *a = open_wire("ring:x", NULL), *b, *other, *w;
	struct nicsim_wire_stats st;
	struct nicsim_frame in;

	frame_init(&in);
	UT_CHECK(a != NULL);
	other = open_wire("ring:y", NULL);
	UT_CHECK(other != NULL && !nicsim_wire_link(a));
	send_filled(a, 60, 1);
	b = open_wire("ring:x", NULL);
	UT_CHECK(b != NULL && nicsim_wire_link(a) && nicsim_wire_link(b));
	UT_CHECK(!nicsim_wire_link(other));
	UT_EQ(nicsim_wire_open("ring:x", count_wake, NULL, &w, why, sizeof(why)), -EBUSY);
	UT_CHECK(strstr(why, "two ends already; take another name") != NULL);
	UT_CHECK(!nicsim_wire_rx(b, &in)); /* what was sent before it came */
	send_filled(b, 61, 2);
	send_filled(b, 62, 3);
	UT_CHECK(nicsim_wire_rx(a, &in));
	UT_EQ(in.len, 61);
	/* the first one goes: what was for it goes, too, and the next one starts afresh */
	nicsim_wire_close(a);
	UT_CHECK(!nicsim_wire_link(b));
	send_filled(b, 63, 4);
	a = open_wire("ring:x", NULL);
	UT_CHECK(a != NULL && nicsim_wire_link(b));
	UT_CHECK(!nicsim_wire_rx(a, &in));
	send_filled(b, 64, 5);
	send_filled(a, 65, 6);
	/* the second one goes; what it had sent is still there */
	nicsim_wire_stats(b, &st);
	UT_EQ(st.tx_packets, 3);
	UT_EQ(st.tx_errors, 1);
	nicsim_wire_close(b);
	UT_CHECK(nicsim_wire_rx(a, &in));
	UT_EQ(in.len, 64);
	UT_CHECK(!nicsim_wire_rx(a, &in));
	nicsim_wire_close(a);
	UT_CHECK(!nicsim_wire_rx(other, &in));
	nicsim_wire_close(other);
	return 0;
}

static int
ring_is_bounded(void)
{
	unsigned int wakes = 0, round, n, i;
	struct nicsim_wire *a = open_wire("ring:b", NULL), *b = open_wire("ring:b", &wakes);
	struct nicsim_wire_stats st;
	struct nicsim_frame in;

	UT_CHECK(a != NULL && b != NULL);
	frame_init(&in);
	for (round = 0; round < 5; round++) {
		nicsim_wire_stats_reset(a);
		for (i = 0; i < 4000; i++)
			send_filled(a, 14 + (i * 37 + round) % 2000, i);
		nicsim_wire_stats(a, &st);
		UT_EQ(st.tx_packets + st.tx_errors, 4000);
		UT_GE(st.tx_errors, 1000);
		UT_GE(st.tx_bytes, 500000);
		/* one for all: nobody had looked in between */
		UT_EQ(wakes, round + 1);
		/* once it is full smaller ones may still fit: those that are there, in order */
		for (n = 0, i = 0; nicsim_wire_rx(b, &in); n++, i++) {
			while (i < 4000 && (in.len != 14 + (i * 37 + round) % 2000 ||
						   !is_filled(in.data, in.len, i)))
				i++;
			UT_LE(i, 3999);
		}
		UT_EQ(n, st.tx_packets);
	}
	nicsim_wire_stats(b, &st);
	UT_EQ(st.rx_errors, 0);
	nicsim_wire_close(b);
	nicsim_wire_close(a);
	return 0;
}

static int
ring_is_gone_with_its_ends(void)
{
	struct mallinfo2 before, after;
	struct nicsim_wire *a, *b;
	char text[32];
	int i;

	before = mallinfo2();
	for (i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), "ring:%d", i);
		a = open_wire(text, NULL);
		b = i % 2 ? open_wire(text, NULL) : NULL;
		UT_CHECK(a != NULL);
		nicsim_wire_close(i % 4 == 1 ? b : a);
		nicsim_wire_close(i % 4 == 1 ? a : b);
	}
	after = mallinfo2();
	UT_LE(after.uordblks + after.hblkhd, before.uordblks + before.hblkhd + 100000);
	return 0;
}

#define RING_FRAMES 20000

struct peer {
	struct nicsim_wire *w;
	unsigned int wakes; /* atomic */
	unsigned int senders; /* atomic: that send to it and are not done */
	unsigned int got, disorder, damaged;
	uint32_t next[2];
	uint8_t room[NICSIM_HEADROOM + NICSIM_FRAME_MAX];
};

struct sender {
	struct peer *from, *to;
	uint32_t id;
};

static void *
ring_sender(void *arg)
{
	const struct sender *s = arg;
	uint8_t data[2000];
	struct nicsim_frame f = { .data = data };
	uint32_t i;

	for (i = 0; i < RING_FRAMES; i++) {
		f.len = 60 + i % 1400;
		fill(data, f.len, i);
		memcpy(data, &s->id, sizeof(s->id));
		memcpy(data + 4, &i, sizeof(i));
		nicsim_wire_tx(s->from->w, &f);
		/* time for the receiver to find nothing, again and again */
		if (i % 50 == 49)
			usleep(20);
	}
	__atomic_fetch_sub(&s->to->senders, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

/* As a hardware thread: after it has found nothing it waits to be woken. */
static void *
ring_receiver(void *arg)
{
	struct peer *p = arg;
	struct nicsim_frame f = { .data = p->room + NICSIM_HEADROOM };
	unsigned int seen = 0;
	bool last = false;
	uint32_t id, seq;

	for (;;) {
		while (nicsim_wire_rx(p->w, &f)) {
			memcpy(&id, f.data, sizeof(id));
			memcpy(&seq, f.data + 4, sizeof(seq));
			p->got++;
			if (id > 1 || f.len != 60 + seq % 1400) {
				p->damaged++;
				continue;
			}
			p->disorder += seq < p->next[id];
			p->next[id] = seq + 1;
			fill(f.data, 8, seq);
			p->damaged += !is_filled(f.data, f.len, seq);
		}
		while (__atomic_load_n(&p->wakes, __ATOMIC_SEQ_CST) == seen) {
			if (last)
				return NULL;
			/* looked at once more after this: wakes come before it */
			last = __atomic_load_n(&p->senders, __ATOMIC_SEQ_CST) == 0;
			if (!last)
				usleep(10);
		}
		seen = __atomic_load_n(&p->wakes, __ATOMIC_SEQ_CST);
	}
}

/* Two senders each way. What was taken arrives, whole, in each sender's order, and is woken for. */
static int
ring_works_with_threads(void)
{
	static struct peer peer[2];
	struct sender sender[4];
	struct nicsim_wire_stats st[2];
	pthread_t rx[2], tx[4];
	struct nicsim_frame in;
	unsigned int i;

	memset(peer, 0, sizeof(peer));
	for (i = 0; i < 2; i++) {
		peer[i].w = open_wire("ring:threads", &peer[i].wakes);
		UT_CHECK(peer[i].w != NULL);
		peer[i].senders = 2;
	}
	for (i = 0; i < 2; i++)
		UT_EQ(pthread_create(&rx[i], NULL, ring_receiver, &peer[i]), 0);
	for (i = 0; i < 4; i++) {
		sender[i] = (struct sender){ &peer[i / 2], &peer[1 - i / 2], i % 2 };
		UT_EQ(pthread_create(&tx[i], NULL, ring_sender, &sender[i]), 0);
	}
	for (i = 0; i < 4; i++)
		pthread_join(tx[i], NULL);
	for (i = 0; i < 2; i++)
		pthread_join(rx[i], NULL);
	frame_init(&in);
	for (i = 0; i < 2; i++)
		nicsim_wire_stats(peer[i].w, &st[i]);
	for (i = 0; i < 2; i++) {
		UT_EQ(st[i].tx_packets + st[i].tx_errors, 2 * RING_FRAMES);
		UT_EQ(peer[i].disorder, 0);
		UT_EQ(peer[i].damaged, 0);
		UT_CHECK(!nicsim_wire_rx(peer[i].w, &in));
		UT_EQ(peer[i].got, st[!i].tx_packets);
		UT_GE(peer[i].got, 100);
	}
	for (i = 0; i < 2; i++)
		nicsim_wire_close(peer[i].w);
	return 0;
}

static void *
ring_sender_while_it_closes(void *arg)
{
	struct sender *s = arg;

	while (__atomic_load_n(&s->id, __ATOMIC_RELAXED) == 0)
		send_filled(s->from->w, 60, 0);
	return NULL;
}

/* An end that is closed is woken no more, however busy the other one is. */
static int
ring_end_closes_under_load(void)
{
	static struct peer peer;
	struct sender sender = { &peer, NULL, 0 };
	unsigned int i, after, *wakes, woken = 0;
	struct nicsim_wire *w;
	pthread_t tx;

	peer.w = open_wire("ring:close", NULL);
	UT_CHECK(peer.w != NULL);
	UT_EQ(pthread_create(&tx, NULL, ring_sender_while_it_closes, &sender), 0);
	for (i = 0; i < 300; i++) {
		wakes = calloc(1, sizeof(*wakes));
		UT_CHECK(wakes != NULL);
		w = open_wire("ring:close", wakes);
		UT_CHECK(w != NULL);
		usleep(i % 3 * 50);
		nicsim_wire_close(w);
		after = __atomic_load_n(wakes, __ATOMIC_SEQ_CST);
		sched_yield();
		UT_EQ(__atomic_load_n(wakes, __ATOMIC_SEQ_CST), after);
		woken += after;
		free(wakes); /* who wakes it now is found by the sanitizers */
	}
	__atomic_store_n(&sender.id, 1, __ATOMIC_RELAXED);
	pthread_join(tx, NULL);
	nicsim_wire_close(peer.w);
	UT_GE(woken, 1);
	return 0;
}

static const struct ut_case cases[] = {
	UT_CASE(texts_that_are_wrong),
	UT_CASE(none_takes_nothing),
	UT_CASE(captures_what_is_sent),
	UT_CASE(reads_a_capture_once),
	UT_CASE(passes_bad_records_over),
	UT_CASE(refuses_files_that_will_not_do),
	UT_CASE(counts_what_a_full_disk_loses),
	UT_CASE(captures_from_several_threads),
	UT_CASE(removes_its_files),
	UT_CASE(ring_ends_come_and_go),
	UT_CASE(ring_is_bounded),
	UT_CASE(ring_is_gone_with_its_ends),
	UT_CASE(ring_works_with_threads),
	UT_CASE(ring_end_closes_under_load),
	UT_END,
};
UT_SUITE(nicsim_wire, "fast", cases)
