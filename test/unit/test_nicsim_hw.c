/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The life of simulated NICs and of their hardware threads: bad configurations, making and taking
 * down, sleep and waking, and everything at once from many threads.
 */
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "nicbench.h"
#include "ut.h"

#define LEN 200

/* Sanitizers make work slower than it is, and sleep as long as ever. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SLOW 5
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SLOW 5
#endif
#endif
#ifndef SLOW
#define SLOW 1
#endif

static const uint8_t far_mac[6] = { 2, 0xfa, 0, 0, 0, 1 };

static struct nicsim_conf
conf_of(unsigned int vfs, unsigned int threads, const char *wire)
{
	struct nicsim_conf conf = nicsim_default;

	conf.name = "hw-test";
	conf.vfs = vfs;
	conf.vf = nicsim_vf_default;
	conf.threads = threads;
	conf.wire = wire;
	return conf;
}

static uint64_t
now_us(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* --- life ------------------------------------------------------------------------------------- */

static int
refused(const struct nicsim_conf *conf, int ret, const char *says)
{
	unsigned int threads = nicbench_threads(), files = nicbench_files();
	struct nicsim *nic;
	char why[300] = "";

	UT_EQ(nicsim_create(conf, &nic, why, sizeof(why)), ret);
	if (strstr(why, says) == NULL)
		UT_FAIL("\"%s\" does not say \"%s\"", why, says);
	UT_CHECK(nicbench_threads_are(threads));
	UT_EQ(nicbench_files(), files);
	return 0;
}

static int
bad_configurations(void)
{
	const struct nicsim_conf good = conf_of(2, 2, "none");
	const char *longest = "0123456789012345678901234567890123456789012345678901234567890123";
	const int cores[2] = { 0, CPU_SETSIZE - 1 }, beyond[2] = { 0, 100000 };
	struct nicsim_conf_fault fault = { .vf = 2,
		.fault = { .kind = NICSIM_FAULT_LINK_DOWN, .count = 1 } };
	struct nicsim *nic = nicbench_nic(&good);
	struct nicsim_conf c;

	UT_CHECK(nic != NULL);
	nicsim_destroy(nic);
#define REFUSED(field, value, ret, says)                                                           \
	do {                                                                                       \
		c = good;                                                                          \
		c.field = value;                                                                   \
		UT_DO(refused(&c, ret, says));                                                     \
	} while (0)
	REFUSED(name, NULL, -EINVAL, "name");
	REFUSED(name, "", -EINVAL, "name");
	REFUSED(name, longest, -EINVAL, "name");
	REFUSED(vfs, NICSIM_VFS_MAX + 1, -EINVAL, "0 to 64");
	REFUSED(threads, 0, -EINVAL, "1 to 16");
	REFUSED(threads, NICSIM_THREADS_MAX + 1, -EINVAL, "1 to 16");
	REFUSED(idle_us, 9, -EINVAL, "10 to 1000000");
	REFUSED(idle_us, 1000001, -EINVAL, "10 to 1000000");
	REFUSED(vf.pairs, 0, -EINVAL, "1 to 128");
	REFUSED(vf.pairs, 129, -EINVAL, "1 to 128");
	REFUSED(vf.queue_size, 100, -EINVAL, "power of 2");
	REFUSED(vf.queue_size, 1, -EINVAL, "power of 2");
	REFUSED(vf.vectors, 2049, -EINVAL, "1 to 2048");
	REFUSED(wire, "nonsense", -EINVAL, "no such kind");
	REFUSED(wire, "pcap:rx=/nowhere/at/all", -ENOENT, "/nowhere/at/all");
	REFUSED(cores, cores, -EINVAL, "processor 1023");
	REFUSED(cores, beyond, -EINVAL, "processor 100000");
#undef REFUSED
	c = good;
	c.num_faults = 1;
	c.faults = &fault;
	UT_DO(refused(&c, -EINVAL, "there are 2 VFs"));
	fault.vf = 1;
	fault.fault.kind = NICSIM_FAULT_QUEUE_STALL;
	fault.fault.count = 1;
	fault.fault.has_arg = true;
	fault.fault.arg = 1000;
	UT_DO(refused(&c, -EINVAL, "VF 1"));
	return 0;
}

/* What a function is by its faults, it is from the start. */
static int
faults_of_a_configuration(void)
{
	const struct nicsim_conf_fault faults[] = {
		{ 0, { .kind = NICSIM_FAULT_NO_PACKED, .count = 1 } },
		{ 0, { .kind = NICSIM_FAULT_VECTORS, .has_arg = true, .arg = 3, .count = 1 } },
		{ 0, { .kind = NICSIM_FAULT_NO_NOTIFY_PAGES, .count = 1 } },
		{ 1, { .kind = NICSIM_FAULT_GONE, .at = NICSIM_AT_TX, .count = 3 } },
	};
	struct nicguest_conf packed = nicguest_default;
	struct nicsim_conf conf = conf_of(2, 1, "none");
	struct nicguest guest;
	struct nicsim *nic;
	uint8_t data[2048];
	int i;

	conf.num_faults = 4;
	conf.faults = faults;
	nic = nicbench_nic(&conf);
	UT_CHECK(nic != NULL);
	packed.features = VIO_BIT(VIO_F_RING_PACKED);
	UT_EQ(nicguest_start(&guest, nicsim_vf(nic, 0), &packed), -EINVAL);
	packed.features = 0;
	packed.pages = true;
	UT_EQ(nicguest_start(&guest, nicsim_vf(nic, 0), &packed), -ENOTSUP);
	UT_EQ(nicguest_start(&guest, nicsim_vf(nic, 0), NULL), 0);
	UT_EQ(guest.info.vectors, 3);
	nicguest_stop(&guest);
	UT_EQ(nicsim_port_open(nicsim_port(nic, 2), 1), 0);
	UT_EQ(nicguest_start(&guest, nicsim_vf(nic, 1), NULL), 0);
	UT_EQ(guest.info.vectors, 4);
	for (i = 0; i < 3; i++) {
		UT_CHECK(!vio_dev_is_gone(&guest.dev));
		nicbench_frame(data, LEN, far_mac, far_mac, (uint32_t)i);
		UT_EQ(nicguest_send(&guest, NULL, data, LEN), 0);
		UT_EQ(nicbench_port_wait(nicsim_port(nic, 2), data, sizeof(data), NICBENCH_MS),
			LEN);
	}
	UT_CHECK(vio_dev_is_gone(&guest.dev));
	nicguest_stop(&guest);
	nicsim_destroy(nic);
	return 0;
}

static int
addresses(void)
{
	static const uint8_t last[6] = { 0x52, 0x54, 0, 0x01, 0x01, 0x01 };
	struct nicsim_conf conf = conf_of(4, 1, "none");
	uint8_t a[6], b[6], c[6];
	struct nicsim *nic[2];

	memcpy(conf.vf.mac, "\x52\x54\x00\x01\x00\xfe", 6);
	nic[0] = nicbench_nic(&conf);
	UT_CHECK(nic[0] != NULL);
	nicbench_mac(nic[0], 0, a);
	UT_EQ(memcmp(a, conf.vf.mac, 6), 0);
	nicbench_mac(nic[0], 3, a);
	UT_EQ(memcmp(a, last, 6), 0);
	nicsim_destroy(nic[0]);
	memset(conf.vf.mac, 0, 6);
	nic[0] = nicbench_nic(&conf);
	conf.name = "another";
	nic[1] = nicbench_nic(&conf);
	UT_CHECK(nic[0] != NULL && nic[1] != NULL);
	nicbench_mac(nic[0], 0, a);
	nicbench_mac(nic[0], 1, b);
	nicbench_mac(nic[1], 0, c);
	UT_EQ(a[0] & 3, 2); /* local, and of one station */
	UT_CHECK(memcmp(a, b, 6) != 0 && memcmp(a, c, 6) != 0 && memcmp(b, c, 6) != 0);
	UT_STR(nicsim_name(nic[1]), "another");
	UT_EQ(nicsim_num_vfs(nic[1]), 4);
	UT_CHECK(nicsim_vf(nic[1], 4) == NULL && nicsim_port(nic[1], 5) == NULL);
	UT_CHECK(nicsim_port(nic[1], 4) != NULL);
	nicsim_destroy(nic[0]);
	nicsim_destroy(nic[1]);
	nicsim_destroy(NULL);
	return 0;
}

/* One life of a NIC: used, and left as it is, or never used at all. */
static int
one_life(unsigned int i)
{
	struct nicsim_conf conf = conf_of(4, 1 + i % 4, i % 2 ? "ring:life" : "none");
	struct nicguest_conf gc = nicguest_default;
	struct nicguest guest;
	struct nicsim *nic = nicbench_nic(&conf);
	uint8_t data[2048];
	unsigned int j;

	UT_CHECK(nic != NULL);
	if (i % 3 == 0) {
		gc.pages = i % 2;
		UT_EQ(nicsim_port_open(nicsim_port(nic, 2), 2), 0);
		UT_EQ(nicguest_start(&guest, nicsim_vf(nic, 1), &gc), 0);
		nicbench_frame(data, LEN, far_mac, far_mac, i);
		for (j = 0; j < 50; j++)
			UT_EQ(nicguest_send(&guest, NULL, data, LEN), 0);
		nicguest_stop(&guest);
	}
	nicsim_destroy(nic);
	return 0;
}

static int
leaves_nothing(void)
{
	unsigned int threads = nicbench_threads(), files = nicbench_files(), i;
	struct mallinfo2 before = { 0 }, after;

	for (i = 0; i < 200; i++) {
		UT_DO(one_life(i));
		UT_CHECK(nicbench_threads_are(threads));
		UT_EQ(nicbench_files(), files);
		if (i == 11)
			before = mallinfo2();
	}
	after = mallinfo2();
	UT_LE(after.uordblks + after.hblkhd, before.uordblks + before.hblkhd + 20000);
	return 0;
}

/* By name and processor, and deaf to signals, which are for the program's own threads. */
static int
threads_are_placed(void)
{
	static const int cores[2] = { 1, 0 };
	struct nicsim_conf conf = conf_of(0, 2, "none");
	struct nicsim *nic;
	char name[32], path[64], line[256];
	unsigned long long blocked = 0;
	cpu_set_t set, may;
	int i, tid;
	FILE *f;

	UT_EQ(sched_getaffinity(0, sizeof(may), &may), 0);
	if (CPU_ISSET(0, &may) && CPU_ISSET(1, &may))
		conf.cores = cores;
	nic = nicbench_nic(&conf);
	UT_CHECK(nic != NULL);
	for (i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "nicsim-hw%d", i);
		tid = nicbench_thread(name);
		UT_CHECK(tid != 0);
		UT_EQ(sched_getaffinity(tid, sizeof(set), &set), 0);
		if (conf.cores != NULL) {
			UT_EQ(CPU_COUNT(&set), 1);
			UT_CHECK(CPU_ISSET(cores[i], &set));
		} else {
			UT_CHECK(CPU_EQUAL(&set, &may));
		}
		snprintf(path, sizeof(path), "/proc/self/task/%d/status", tid);
		f = fopen(path, "r");
		UT_CHECK(f != NULL);
		while (fgets(line, sizeof(line), f) != NULL)
			(void)!sscanf(line, "SigBlk: %llx", &blocked);
		fclose(f);
		/* signals 1 to 15, but for the one that cannot be blocked */
		UT_EQ(blocked & 0x7eff, 0x7eff);
	}
	nicsim_destroy(nic);
	return 0;
}

/* Not where the thread that makes the NIC was bound to since. */
static int
threads_are_anywhere(void)
{
	struct nicsim_conf conf = conf_of(0, 1, "none");
	struct nicsim *nic;
	cpu_set_t may, one, set;
	int i, tid;

	UT_EQ(sched_getaffinity(0, sizeof(may), &may), 0);
	for (i = 0; !CPU_ISSET(i, &may); i++)
		;
	CPU_ZERO(&one);
	CPU_SET(i, &one);
	UT_EQ(pthread_setaffinity_np(pthread_self(), sizeof(one), &one), 0);
	nic = nicbench_nic(&conf);
	UT_EQ(pthread_setaffinity_np(pthread_self(), sizeof(may), &may), 0);
	UT_CHECK(nic != NULL);
	tid = nicbench_thread("nicsim-hw0");
	UT_CHECK(tid != 0);
	UT_EQ(sched_getaffinity(tid, sizeof(set), &set), 0);
	nicsim_destroy(nic);
	UT_CHECK(CPU_EQUAL(&set, &may));
	return 0;
}

/* --- sleep ------------------------------------------------------------------------------------ */

/* Per mille of one processor that this process takes while nothing is to be done. */
static unsigned int
idle_cost(void)
{
	uint64_t cpu = now_us(CLOCK_PROCESS_CPUTIME_ID), wall = now_us(CLOCK_MONOTONIC);

	usleep(2000000);
	cpu = now_us(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	wall = now_us(CLOCK_MONOTONIC) - wall;
	return (unsigned int)(cpu * 1000 / wall);
}

/* Eight functions in use, and nothing to do. @param most  per mille of one processor */
static int
sleeps_with(bool pages, unsigned int most)
{
	struct nicsim_conf conf = conf_of(8, 1, "ring:sleep");
	struct nicguest_conf gc = nicguest_default;
	struct nicsim_hw_stats before, after;
	struct nicguest guest[8];
	struct nicsim *nic;
	unsigned int cost, i, tries = 0;

	conf.vf.notify_pages = pages;
	gc.pages = pages;
	nic = nicbench_nic(&conf);
	UT_CHECK(nic != NULL);
	for (i = 0; i < 8; i++)
		UT_EQ(nicguest_start(&guest[i], nicsim_vf(nic, i), &gc), 0);
	/* Again, if others kept the processor busy, and its caches. */
	do {
		usleep(50000);
		nicsim_hw_stats(nic, &before);
		cost = idle_cost();
		nicsim_hw_stats(nic, &after);
	} while ((cost > most * SLOW || after.busy_ns != before.busy_ns) && ++tries < 3);
	printf("    idle, %s: %u.%u %% of a core\n",
		pages ? "doorbells in pages" : "doorbells in registers", cost / 10, cost % 10);
	UT_LE(cost, most * SLOW);
	if (pages)
		UT_GE(after.timeouts, before.timeouts + 100);
	else
		UT_EQ(after.sleeps, before.sleeps); /* one, all the while */
	UT_EQ(after.frames, 0);
	UT_EQ(after.busy_ns, before.busy_ns);
	for (i = 0; i < 8; i++)
		nicguest_stop(&guest[i]);
	nicsim_destroy(nic);
	return 0;
}

static int
sleeps_when_idle(void)
{
	UT_DO(sleeps_with(false, 3));
	return sleeps_with(true, 20);
}

/* However long nothing was to do, a page is looked at as often as was asked for. */
static int
looks_at_pages_in_time(void)
{
	struct nicsim_conf conf = conf_of(1, 1, "none");
	struct nicguest_conf gc = nicguest_default;
	struct nicsim *nic = nicbench_nic(&conf);
	struct nicguest guest;
	uint64_t begin, best = UINT64_MAX;
	uint8_t data[2048];
	int i;

	gc.pages = true;
	UT_CHECK(nic != NULL);
	UT_EQ(nicsim_port_open(nicsim_port(nic, 1), 1), 0);
	UT_EQ(nicguest_start(&guest, nicsim_vf(nic, 0), &gc), 0);
	for (i = 0; i < 10 && best > 20 * conf.idle_us; i++) {
		usleep(400000);
		nicbench_frame(data, LEN, far_mac, far_mac, (uint32_t)i);
		begin = now_us(CLOCK_MONOTONIC);
		UT_EQ(nicguest_send(&guest, NULL, data, LEN), 0);
		UT_EQ(nicbench_port_wait(nicsim_port(nic, 1), data, sizeof(data), NICBENCH_MS),
			LEN);
		begin = now_us(CLOCK_MONOTONIC) - begin;
		best = begin < best ? begin : best;
	}
	UT_LE(best, 20 * conf.idle_us);
	nicguest_stop(&guest);
	nicsim_destroy(nic);
	return 0;
}

/* Until the hardware thread has nothing to do and has gone to sleep. */
static void
let_sleep(struct nicsim *nic)
{
	struct nicsim_hw_stats st;
	uint64_t sleeps;
	int i;

	nicsim_hw_stats(nic, &st);
	for (i = 0; i < 1000; i++) {
		sleeps = st.sleeps;
		usleep(300);
		nicsim_hw_stats(nic, &st);
		if (st.sleeps == sleeps || st.timeouts > 3)
			return;
	}
}

/* By each way that may wake it. @return what is slower than is good is printed */
static int
wakes_up(struct nicguest *guest, struct nicsim *nic, struct nicbench_far *far, unsigned int i)
{
	static uint8_t out[2048], in[2048];
	uint64_t begin;
	uint32_t len;

	nicbench_frame(out, LEN, far_mac, far_mac, i);
	let_sleep(nic);
	begin = now_us(CLOCK_MONOTONIC);
	if (i % 4 == 0) {
		UT_EQ(nicguest_send(guest, NULL, out, LEN), 0);
		len = nicbench_port_wait(nicsim_port(nic, 1), in, sizeof(in), NICBENCH_MS);
	} else if (i % 4 == 1) {
		UT_EQ(nicbench_port_send(nicsim_port(nic, 1), out, LEN), 0);
		len = (uint32_t)nicguest_wait(guest, in, NICBENCH_MS);
	} else if (i % 4 == 2) {
		nicbench_far_send(far, out, LEN);
		len = nicbench_port_wait(nicsim_port(nic, 0), in, sizeof(in), NICBENCH_MS);
	} else {
		UT_EQ(nicbench_port_send(nicsim_port(nic, 0), out, LEN), 0);
		len = nicbench_far_wait(far, in, sizeof(in), NICBENCH_MS);
	}
	begin = now_us(CLOCK_MONOTONIC) - begin;
	UT_EQ(len, LEN);
	UT_EQ(nicbench_number(in, len), i);
	if (begin > 1000000)
		printf("    frame %u took %llu us\n", i, (unsigned long long)begin);
	return 0;
}

static int
first_frame_after_sleep_with(bool pages, unsigned int threads)
{
	struct nicsim_conf conf = conf_of(1, threads, "ring:wake");
	struct nicguest_conf gc = nicguest_default;
	struct nicsim *nic = nicbench_nic(&conf);
	struct nicbench_far far;
	struct nicguest guest;
	unsigned int i;

	gc.pages = pages;
	UT_CHECK(nic != NULL);
	UT_EQ(nicbench_far_open(&far, conf.wire), 0);
	UT_EQ(nicsim_port_open(nicsim_port(nic, 0), 1), 0);
	UT_EQ(nicsim_port_open(nicsim_port(nic, 1), 1), 0);
	UT_EQ(nicguest_start(&guest, nicsim_vf(nic, 0), &gc), 0);
	for (i = 0; i < 200; i++)
		UT_DO(wakes_up(&guest, nic, &far, i));
	nicguest_stop(&guest);
	nicbench_far_close(&far);
	nicsim_destroy(nic);
	return 0;
}

static int
first_frame_after_sleep(void)
{
	UT_DO(first_frame_after_sleep_with(false, 1));
	UT_DO(first_frame_after_sleep_with(true, 1));
	return first_frame_after_sleep_with(true, 2);
}

static void
spin(unsigned int ns)
{
	struct timespec begin, now;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	do {
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while ((now.tv_sec - begin.tv_sec) * 1000000000 + now.tv_nsec - begin.tv_nsec < (long)ns);
}

/*
 * Also at the moment in which the hardware thread is about to sleep, whenever that may be: the more
 * there is to look at, the longer it takes from its look at the first of them until it sleeps.
 */
static int
wakes_at_any_moment(void)
{
	struct nicsim_conf conf = conf_of(32, 1, "ring:moment");
	static uint8_t room[NICSIM_HEADROOM + NICSIM_FRAME_MAX];
	struct nicsim_frame frame = { .data = room + NICSIM_HEADROOM };
	struct nicsim *nic;
	struct nicbench_far far;
	struct nicguest guest;
	struct nicsim_meta meta;
	uint8_t out[LEN], in[2048];
	unsigned int i, seed = 1;
	uint64_t end;

	conf.vf.notify_pages = false;
	nic = nicbench_nic(&conf);
	UT_CHECK(nic != NULL);
	UT_EQ(nicbench_far_open(&far, conf.wire), 0);
	UT_EQ(nicsim_port_open(nicsim_port(nic, 0), 1), 0);
	UT_EQ(nicsim_port_open(nicsim_port(nic, 1), 1), 0);
	UT_EQ(nicguest_start(&guest, nicsim_vf(nic, 0), NULL), 0);
	end = now_us(CLOCK_MONOTONIC) + 1500000 * SLOW;
	for (i = 0; i < 30000 && now_us(CLOCK_MONOTONIC) < end; i++) {
		nicbench_frame(out, LEN, far_mac, far_mac, i);
		if (i % 2 == 0) {
			UT_EQ(nicbench_port_send(nicsim_port(nic, 0), out, LEN), 0);
			while (!nicsim_wire_rx(far.wire, &frame)) {
				sched_yield();
				UT_LE(now_us(CLOCK_MONOTONIC), end + 1000 * NICBENCH_MS);
			}
		} else {
			UT_EQ(nicguest_send(&guest, NULL, out, LEN), 0);
			while (nicsim_port_rx(nicsim_port(nic, 1), 0, in, sizeof(in), &meta) == 0) {
				sched_yield();
				UT_LE(now_us(CLOCK_MONOTONIC), end + 1000 * NICBENCH_MS);
			}
		}
		seed = seed * 1664525 + 1013904223;
		spin((seed >> 8) % 100000);
	}
	UT_GE(i, 10); /* hundreds at least, where others leave the processor to us */
	nicguest_stop(&guest);
	nicbench_far_close(&far);
	nicsim_destroy(nic);
	return 0;
}

/* Queues that came after a deep sleep have their pages looked at, too. */
static int
queues_that_come_later(void)
{
	struct nicsim_conf conf = conf_of(1, 1, "none");
	struct nicguest_conf gc = nicguest_default;
	struct nicsim *nic = nicbench_nic(&conf);
	struct nicguest guest;
	uint8_t data[2048];
	unsigned int i;

	gc.pages = true;
	gc.features = VIO_BIT(VIO_F_RING_RESET);
	UT_CHECK(nic != NULL);
	UT_EQ(nicsim_port_open(nicsim_port(nic, 1), 1), 0);
	UT_EQ(nicguest_start(&guest, nicsim_vf(nic, 0), &gc), 0);
	for (i = 0; i < 20; i++) {
		UT_EQ(vio_queue_reset(&guest.dev, 0, VIO_RESET_MS), 0);
		UT_EQ(vio_queue_reset(&guest.dev, 1, VIO_RESET_MS), 0);
		usleep(5000); /* with no queue there is no page to look at */
		UT_EQ(nicguest_requeue(&guest), 0);
		usleep(i % 2 * 5000);
		nicbench_frame(data, LEN, far_mac, far_mac, i);
		UT_EQ(nicguest_send(&guest, NULL, data, LEN), 0);
		UT_EQ(nicbench_port_wait(nicsim_port(nic, 1), data, sizeof(data), NICBENCH_MS),
			LEN);
		UT_EQ(nicbench_number(data, LEN), i);
	}
	nicguest_stop(&guest);
	nicsim_destroy(nic);
	return 0;
}

/* --- all at once ------------------------------------------------------------------------------ */

#define STRESS_VFS 4
#define STRESS_MS 1500

struct stress {
	struct nicsim *nic;
	struct nicbench_far far;
	uint8_t mac[STRESS_VFS][6];
	bool stop; /* atomic */
	uint64_t failures; /* atomic */
};

struct stress_guest {
	struct stress *s;
	unsigned int vf;
	uint64_t sent, got;
};

static bool
stress_goes_on(struct stress *s)
{
	return !__atomic_load_n(&s->stop, __ATOMIC_RELAXED);
}

static void
stress_failed(struct stress *s, const char *what)
{
	if (__atomic_fetch_add(&s->failures, 1, __ATOMIC_RELAXED) == 0)
		printf("    %s\n", what);
}

static int
stress_guest_start(struct stress_guest *sg, struct nicguest *g, unsigned int round)
{
	struct nicguest_conf conf = nicguest_default;

	conf.size = 64;
	conf.pages = (sg->vf + round) % 2;
	if ((sg->vf + round / 2) % 2)
		conf.features |= VIO_BIT(VIO_F_RING_PACKED);
	if (round / 4 % 2)
		conf.features |= VIO_BIT(VIO_F_EVENT_IDX);
	return nicguest_start(g, nicsim_vf(sg->s->nic, sg->vf), &conf);
}

static void
stress_guest_receive(struct stress_guest *sg, struct nicguest *g)
{
	uint8_t data[2048];
	int len, i;

	for (i = 0; i < 64 && (len = nicguest_recv(g, data, NULL)) > 0; i++) {
		sg->got++;
		if (nicbench_number(data, (uint32_t)len) < 0)
			stress_failed(sg->s, "a guest got a frame that was never sent");
	}
}

/* Sends everywhere, receives, and starts anew now and then, whatever is on its way. */
static void *
stress_guest(void *arg)
{
	struct stress_guest *sg = arg;
	struct stress *s = sg->s;
	struct nicguest g;
	uint8_t data[2048];
	unsigned int i, round;

	for (round = 0; stress_goes_on(s); round++) {
		if (stress_guest_start(sg, &g, round) != 0) {
			stress_failed(s, "a guest does not start");
			return NULL;
		}
		for (i = 0; i < 3000 && stress_goes_on(s); i++) {
			nicbench_frame(data, 60 + (i * 13) % 1400,
				i % 5 < STRESS_VFS ? s->mac[i % 5] : far_mac, s->mac[sg->vf], i);
			sg->sent += nicguest_queue(&g, NULL, data, 60 + (i * 13) % 1400) == 0;
			if (i % 8 == 7) {
				nicguest_kick(&g);
				stress_guest_receive(sg, &g);
			}
		}
		if (nicguest_wrong(&g) != NULL)
			stress_failed(s, nicguest_wrong(&g));
		nicguest_stop(&g);
	}
	return NULL;
}

/* Software: what comes on a representor goes back to its VF. */
static void *
stress_software(void *arg)
{
	struct stress *s = arg;
	struct nicsim_meta meta = { 0 };
	uint8_t data[2048];
	const void *piece = data;
	unsigned int port, n;
	uint32_t len;

	while (stress_goes_on(s)) {
		for (port = 0; port <= STRESS_VFS; port++) {
			for (n = 0; n < 32; n++) {
				len = nicsim_port_rx(
					nicsim_port(s->nic, port), 0, data, sizeof(data), &meta);
				if (len == 0)
					break;
				if (nicbench_number(data, len) < 0)
					stress_failed(s, "software got a frame never sent");
				meta = (struct nicsim_meta){ 0 };
				nicsim_port_tx(
					nicsim_port(s->nic, port), 0, &piece, &len, 1, &meta);
			}
			nicsim_port_tx_kick(nicsim_port(s->nic, port));
		}
		sched_yield();
	}
	return NULL;
}

/* Rules come and go while they are used. */
static void *
stress_rules(void *arg)
{
	struct stress *s = arg;
	struct nicsim_flows *flows = nicsim_switch_flows(nicsim_switch(s->nic));
	struct nicsim_flow_actions to = { .has_to = true, .age_s = 1 };
	struct nicsim_flow_match match = { 0 };
	struct nicsim_flow *flow[STRESS_VFS + 1];
	struct nicsim_flow_stats st;
	void *ctx[8];
	unsigned int i, round;

	memset(match.dst_mask, 0xff, 6);
	for (round = 0; stress_goes_on(s); round++) {
		for (i = 0; i <= STRESS_VFS; i++) {
			memcpy(match.dst, i == 0 ? far_mac : s->mac[i - 1], 6);
			to.to.port = (uint16_t)i;
			to.push = i == 0 && round % 2;
			to.tpid[0] = 0x8100;
			if (nicsim_flow_add(flows, round % 3, &match, &to, s, &flow[i]) != 0)
				stress_failed(s, "a rule is refused");
		}
		usleep(500);
		for (i = 0; i <= STRESS_VFS; i++) {
			nicsim_flow_query(flows, flow[i], i % 2, &st);
			if (round % 2)
				nicsim_flow_del(flows, flow[i]);
		}
		nicsim_flow_aged(flows, ctx, 8);
		if (round % 2 == 0)
			nicsim_flow_flush(flows);
		usleep(200);
	}
	return NULL;
}

static void
stress_look(struct stress *s, unsigned int vf)
{
	struct nicsim_queue_stats qs;
	struct nicsim_hw_stats hw;
	struct nicsim_wire_stats ws;
	struct nicsim_port_stats ps;
	struct nicsim_vf_stats st;

	nicsim_hw_stats(s->nic, &hw);
	nicsim_wire_stats(nicsim_wire(s->nic), &ws);
	nicsim_vf_stats(nicsim_vf(s->nic, vf), &st);
	nicsim_vf_queue_stats(nicsim_vf(s->nic, vf), 1, &qs);
	nicsim_port_stats(nicsim_port(s->nic, vf), &ps);
	if (!nicsim_wire_link(nicsim_wire(s->nic)))
		stress_failed(s, "the wire is unplugged");
}

/* The far end sends back what it gets, and the counters are looked at all the while. */
static void *
stress_far(void *arg)
{
	struct stress *s = arg;
	uint8_t data[2048];
	unsigned int i = 0;
	uint32_t len;

	while (stress_goes_on(s)) {
		len = nicbench_far_wait(&s->far, data, sizeof(data), 1);
		if (len != 0) {
			memcpy(data, s->mac[i % STRESS_VFS], 6);
			nicbench_far_send(&s->far, data, len);
		}
		stress_look(s, i++ % STRESS_VFS);
	}
	return NULL;
}

/* Until nothing is on its way any more. */
static void
stress_settle(struct stress *s)
{
	struct nicsim_hw_stats hw;
	uint64_t frames, same = 0;
	int i;

	nicsim_hw_stats(s->nic, &hw);
	for (i = 0; i < 1000 && same < 20; i++) {
		frames = hw.frames;
		usleep(5000);
		nicsim_hw_stats(s->nic, &hw);
		same = hw.frames == frames ? same + 1 : 0;
	}
}

/* What the hardware took from everywhere is what it forwarded. */
static int
stress_adds_up(struct stress *s)
{
	struct nicsim_hw_stats hw;
	struct nicsim_wire_stats ws;
	struct nicsim_port_stats ps;
	struct nicsim_vf_stats vs;
	uint64_t taken = 0;
	unsigned int i;

	for (i = 0; i <= STRESS_VFS; i++) {
		nicsim_port_stats(nicsim_port(s->nic, i), &ps);
		taken += ps.tx_packets;
		UT_EQ(ps.rx_too_long, 0);
	}
	for (i = 0; i < STRESS_VFS; i++) {
		nicsim_vf_stats(nicsim_vf(s->nic, i), &vs);
		taken += vs.tx_frames;
		UT_EQ(vs.dma_faults, 0);
		UT_EQ(vs.tx_malformed + vs.rx_too_long, 0);
		UT_STR(vs.violation == NULL ? "none" : vs.violation, "none");
		UT_CHECK(!vs.open);
		UT_EQ(vs.dma_maps, 0);
	}
	nicsim_wire_stats(nicsim_wire(s->nic), &ws);
	UT_EQ(ws.rx_errors, 0);
	nicsim_hw_stats(s->nic, &hw);
	UT_EQ(hw.frames, taken + ws.rx_packets);
	return 0;
}

static int
stress_with(unsigned int threads)
{
	struct nicsim_conf conf = conf_of(STRESS_VFS, threads, "ring:stress");
	struct stress_guest guest[STRESS_VFS] = { 0 };
	void *(*const other[3])(void *) = { stress_software, stress_rules, stress_far };
	struct stress s = { .nic = nicbench_nic(&conf) };
	pthread_t thread[STRESS_VFS + 3];
	unsigned int i;

	UT_CHECK(s.nic != NULL);
	UT_EQ(nicbench_far_open(&s.far, conf.wire), 0);
	for (i = 0; i <= STRESS_VFS; i++)
		UT_EQ(nicsim_port_open(nicsim_port(s.nic, i), 1), 0);
	for (i = 0; i < STRESS_VFS; i++) {
		nicbench_mac(s.nic, i, s.mac[i]);
		guest[i].s = &s;
		guest[i].vf = i;
	}
	for (i = 0; i < STRESS_VFS; i++)
		UT_EQ(pthread_create(&thread[i], NULL, stress_guest, &guest[i]), 0);
	for (i = 0; i < 3; i++)
		UT_EQ(pthread_create(&thread[STRESS_VFS + i], NULL, other[i], &s), 0);
	usleep(STRESS_MS * 1000);
	__atomic_store_n(&s.stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < STRESS_VFS + 3; i++)
		pthread_join(thread[i], NULL);
	stress_settle(&s);
	UT_EQ(s.failures, 0);
	for (i = 0; i < STRESS_VFS; i++) {
		UT_GE(guest[i].sent, 20);
		UT_GE(guest[i].got, 20);
	}
	UT_DO(stress_adds_up(&s));
	nicbench_far_close(&s.far);
	nicsim_destroy(s.nic);
	return 0;
}

static int
everything_at_once(void)
{
	UT_DO(stress_with(1));
	return stress_with(4);
}

static const struct ut_case cases[] = {
	UT_CASE(bad_configurations),
	UT_CASE(faults_of_a_configuration),
	UT_CASE(addresses),
	UT_CASE(leaves_nothing),
	UT_CASE(threads_are_placed),
	UT_CASE(threads_are_anywhere),
	UT_CASE(sleeps_when_idle),
	UT_CASE(looks_at_pages_in_time),
	UT_CASE(first_frame_after_sleep),
	UT_CASE(wakes_at_any_moment),
	UT_CASE(queues_that_come_later),
	UT_CASE(everything_at_once),
	UT_END,
};
UT_SUITE(nicsim_hw, "fast", cases)
