/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The forwarding database: each operation, its bounds, what a flood of addresses can and cannot do
 * to others, readers and learners beside the writer, and a million addresses.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>

#include <rte_cycles.h>

#include "fdb.h"
#include "ut.h"

#define MILLION 1000000u
#define READERS 2
#define ROUNDS 300

static const struct vsw_fdb_conf small = {
	.max = 1024, .max_port = 600, .age_s = 300, .socket = -1
};

static uint64_t
key_of(uint16_t vlan, uint32_t n)
{
	const struct rte_ether_addr mac = {
		{ 0x02, 0, n >> 24, n >> 16 & 0xff, n >> 8 & 0xff, n & 0xff }
	};

	return vsw_fdb_key(vlan, &mac);
}

static uint16_t
port_of(const struct vsw_fdb *fdb, uint64_t key)
{
	uint16_t port = 0;

	vsw_fdb_lookup(fdb, &key, 1, &port);
	return port;
}

static unsigned int
learn(struct vsw_fdb *fdb, uint64_t key, uint16_t port, uint32_t now_s)
{
	unsigned int told = vsw_fdb_learn(fdb, &key, 1, port, now_s);

	vsw_fdb_update(fdb, UINT32_MAX, now_s);
	return told;
}

/* n addresses from first on, in bursts; the control thread takes them every some bursts. */
static void
learn_range(struct vsw_fdb *fdb, uint32_t first, uint32_t n, uint16_t port, uint32_t now_s)
{
	uint64_t key[VSW_DP_BURST];
	unsigned int i, burst, bursts = 0;

	for (; n != 0; n -= burst, first += burst) {
		burst = RTE_MIN(n, (uint32_t)VSW_DP_BURST);
		for (i = 0; i < burst; i++)
			key[i] = key_of(1, first + i);
		vsw_fdb_learn(fdb, key, burst, port, now_s);
		if (++bursts % 64 == 0)
			vsw_fdb_update(fdb, UINT32_MAX, now_s);
	}
	vsw_fdb_update(fdb, UINT32_MAX, now_s);
}

static uint32_t
known_range(const struct vsw_fdb *fdb, uint32_t first, uint32_t n, uint16_t port)
{
	uint32_t i, known = 0;

	for (i = 0; i < n; i++)
		known += port_of(fdb, key_of(1, first + i)) == port;
	return known;
}

static int
bounds(void)
{
	struct vsw_fdb_conf conf = small;

	UT_DO(ut_eal());
	conf.max = 1023;
	UT_CHECK(vsw_fdb_new(&conf) == NULL);
	conf.max = VSW_FDB_MAX + 1;
	UT_CHECK(vsw_fdb_new(&conf) == NULL);
	conf = small;
	conf.max_port = 0;
	UT_CHECK(vsw_fdb_new(&conf) == NULL);
	vsw_fdb_free(NULL);
	return 0;
}

/* VLAN and address apart: no bit of the one is the other's. */
static int
keys(void)
{
	struct rte_ether_addr a = { { 1, 2, 3, 4, 5, 6 } }, b = { { 1, 2, 3, 4, 5, 7 } };

	UT_EQ(vsw_fdb_key(0, &a), 0x060504030201);
	UT_EQ(vsw_fdb_key(4095, &a), 0xfff060504030201);
	UT_CHECK(vsw_fdb_key(1, &a) != vsw_fdb_key(1, &b));
	UT_CHECK(vsw_fdb_key(1, &a) != vsw_fdb_key(2, &a));
	return 0;
}

static int
learns(void)
{
	struct vsw_fdb *fdb;
	struct vsw_fdb_stats st;

	UT_DO(ut_eal());
	fdb = vsw_fdb_new(&small);
	UT_CHECK(fdb != NULL);
	UT_EQ(port_of(fdb, key_of(1, 7)), VSW_DP_NO_PORT);
	UT_EQ(learn(fdb, key_of(1, 7), 3, 1), 1);
	UT_EQ(port_of(fdb, key_of(1, 7)), 3);
	UT_EQ(port_of(fdb, key_of(2, 7)), VSW_DP_NO_PORT);
	UT_EQ(port_of(fdb, key_of(1, 8)), VSW_DP_NO_PORT);
	/* Known: not told. Of key 0 (VLAN 0, 00:..:00) as of any. */
	UT_EQ(learn(fdb, key_of(1, 7), 3, 2), 0);
	UT_EQ(port_of(fdb, 0), VSW_DP_NO_PORT);
	UT_EQ(learn(fdb, 0, 4, 2), 1);
	UT_EQ(port_of(fdb, 0), 4);
	vsw_fdb_stats(fdb, &st);
	UT_EQ(st.entries, 2);
	UT_EQ(st.learned, 2);
	UT_EQ(st.moved, 0);
	vsw_fdb_free(fdb);
	return 0;
}

/* A frame's address moves with it, at once; each worker tells of one move once a second. */
static int
moves(void)
{
	struct vsw_fdb *fdb;
	struct vsw_fdb_stats st;
	uint64_t key[3] = { key_of(1, 1), key_of(1, 1), key_of(1, 1) };

	UT_DO(ut_eal());
	fdb = vsw_fdb_new(&small);
	UT_CHECK(fdb != NULL);
	UT_EQ(vsw_fdb_learn(fdb, key, 3, 1, 1), 1);
	UT_EQ(vsw_fdb_update(fdb, 100, 1), 1);
	UT_EQ(learn(fdb, key[0], 2, 1), 1);
	UT_EQ(port_of(fdb, key[0]), 2);
	UT_EQ(learn(fdb, key[0], 1, 1), 1);
	UT_EQ(port_of(fdb, key[0]), 1);
	vsw_fdb_stats(fdb, &st);
	UT_EQ(st.moved, 2);
	UT_EQ(st.entries, 1);
	vsw_fdb_free(fdb);
	return 0;
}

static int
statics(void)
{
	struct vsw_fdb *fdb;
	struct vsw_fdb_stats st;
	uint64_t a = key_of(1, 1), b = key_of(1, 2);

	UT_DO(ut_eal());
	fdb = vsw_fdb_new(&small);
	UT_CHECK(fdb != NULL);
	UT_EQ(vsw_fdb_del(fdb, a), -ENOENT);
	UT_EQ(vsw_fdb_add(fdb, a, 5), 0);
	UT_EQ(port_of(fdb, a), 5);
	/* Neither moved nor aged. */
	UT_EQ(learn(fdb, a, 6, 1), 0);
	UT_EQ(port_of(fdb, a), 5);
	vsw_fdb_stats(fdb, &st);
	UT_EQ(st.statics, 1);
	/* A learned one becomes static, where it is told to be; a static one can be changed. */
	UT_EQ(learn(fdb, b, 6, 1), 1);
	UT_EQ(vsw_fdb_add(fdb, b, 7), 0);
	UT_EQ(port_of(fdb, b), 7);
	UT_EQ(vsw_fdb_add(fdb, b, 8), 0);
	UT_EQ(port_of(fdb, b), 8);
	vsw_fdb_stats(fdb, &st);
	UT_EQ(st.statics, 2);
	UT_EQ(st.entries, 2);
	/* Also not by what was told before it was static. */
	UT_EQ(vsw_fdb_learn(fdb, (uint64_t[]){ key_of(1, 3) }, 1, 6, 1), 1);
	UT_EQ(vsw_fdb_add(fdb, key_of(1, 3), 7), 0);
	UT_EQ(vsw_fdb_update(fdb, 10, 1), 1);
	UT_EQ(port_of(fdb, key_of(1, 3)), 7);
	UT_EQ(vsw_fdb_del(fdb, key_of(1, 3)), 0);
	UT_EQ(vsw_fdb_del(fdb, a), 0);
	UT_EQ(port_of(fdb, a), VSW_DP_NO_PORT);
	UT_EQ(learn(fdb, a, 6, 2), 1);
	UT_EQ(port_of(fdb, a), 6);
	vsw_fdb_free(fdb);
	return 0;
}

static void
age_all(struct vsw_fdb *fdb, uint32_t now_s)
{
	unsigned int i;

	for (i = 0; i < 16; i++)
		vsw_fdb_age(fdb, now_s);
}

static int
ages(void)
{
	struct vsw_fdb_conf conf = small;
	struct vsw_fdb_stats st;
	struct vsw_fdb *fdb;

	UT_DO(ut_eal());
	fdb = vsw_fdb_new(&conf);
	UT_CHECK(fdb != NULL);
	learn_range(fdb, 0, 100, 1, 1000);
	vsw_fdb_add(fdb, key_of(1, 1000), 2);
	age_all(fdb, 1299);
	UT_EQ(known_range(fdb, 0, 100, 1), 100);
	learn_range(fdb, 0, 10, 1, 1200); /* seen again */
	age_all(fdb, 1300);
	UT_EQ(known_range(fdb, 0, 10, 1), 10);
	UT_EQ(known_range(fdb, 10, 90, 1), 0);
	UT_EQ(port_of(fdb, key_of(1, 1000)), 2);
	vsw_fdb_stats(fdb, &st);
	UT_EQ(st.aged, 90);
	UT_EQ(st.entries, 11);
	/* A worker's clock that is ahead by a second makes nothing old. */
	learn_range(fdb, 0, 10, 1, 1401);
	age_all(fdb, 1400);
	UT_EQ(known_range(fdb, 0, 10, 1), 10);
	vsw_fdb_free(fdb);

	conf.age_s = 0;
	fdb = vsw_fdb_new(&conf);
	UT_CHECK(fdb != NULL);
	learn_range(fdb, 0, 10, 1, 1);
	age_all(fdb, UINT32_MAX / 2);
	UT_EQ(known_range(fdb, 0, 10, 1), 10);
	vsw_fdb_free(fdb);
	return 0;
}

static int
flushes(void)
{
	struct vsw_fdb_stats st;
	struct vsw_fdb *fdb;
	unsigned int i;

	UT_DO(ut_eal());
	fdb = vsw_fdb_new(&small);
	UT_CHECK(fdb != NULL);
	for (i = 0; i < 80; i++) /* by bits: port, VLAN, static */
		if (i & 4)
			UT_EQ(vsw_fdb_add(fdb, key_of(1 + (i >> 1 & 1), i), 1 + (i & 1)), 0);
		else
			UT_EQ(learn(fdb, key_of(1 + (i >> 1 & 1), i), 1 + (i & 1), 1), 1);
	vsw_fdb_flush(fdb, 1, 1, false);
	vsw_fdb_stats(fdb, &st);
	UT_EQ(st.entries, 70);
	vsw_fdb_flush(fdb, 1, 1, true);
	vsw_fdb_stats(fdb, &st);
	UT_EQ(st.entries, 60);
	UT_EQ(st.statics, 30);
	vsw_fdb_flush(fdb, VSW_DP_NO_PORT, 2, false);
	vsw_fdb_stats(fdb, &st);
	UT_EQ(st.entries, 40);
	vsw_fdb_flush(fdb, 2, VSW_DP_VLANS, true);
	vsw_fdb_stats(fdb, &st);
	UT_EQ(st.entries, 10);
	UT_EQ(port_of(fdb, key_of(2, 6)), 1);
	vsw_fdb_flush(fdb, VSW_DP_NO_PORT, VSW_DP_VLANS, true);
	vsw_fdb_stats(fdb, &st);
	UT_EQ(st.entries, 0);
	UT_EQ(st.statics, 0);
	/* The bound of a port counts what there is. */
	learn_range(fdb, 0, 1000, 1, 5);
	UT_EQ(known_range(fdb, 0, 1000, 1), 600);
	vsw_fdb_free(fdb);
	return 0;
}

static int
lists(void)
{
	struct vsw_fdb_entry e[7];
	struct vsw_fdb *fdb;
	uint32_t cursor = 0, found = 0;
	unsigned int i, n;
	bool seen[101] = { false };

	UT_DO(ut_eal());
	fdb = vsw_fdb_new(&small);
	UT_CHECK(fdb != NULL);
	UT_EQ(vsw_fdb_list(fdb, &cursor, e, 7, 1), 0);
	cursor = 0;
	learn_range(fdb, 0, 100, 9, 10);
	vsw_fdb_add(fdb, key_of(1, 100), 8);
	while ((n = vsw_fdb_list(fdb, &cursor, e, 7, 15)) != 0) {
		for (i = 0; i < n; i++) {
			uint32_t num = e[i].key >> 40 & 0xff;

			UT_EQ(e[i].key, key_of(1, num));
			UT_CHECK(num <= 100 && !seen[num]);
			seen[num] = true;
			UT_EQ(e[i].is_static, num == 100);
			UT_EQ(e[i].port, num == 100 ? 8 : 9);
			if (num != 100)
				UT_EQ(e[i].age_s, 5);
		}
		found += n;
	}
	UT_EQ(found, 101);
	vsw_fdb_free(fdb);
	return 0;
}

/* What a port floods: bounded, and no other's address is lost or refused by it. */
static int
mac_flood(void)
{
	struct vsw_fdb_conf conf = { .max = 65536, .max_port = 8192, .age_s = 300, .socket = -1 };
	struct vsw_fdb_stats st;
	struct vsw_fdb *fdb;
	uint64_t key[VSW_DP_BURST];
	uint32_t i, j;

	UT_DO(ut_eal());
	fdb = vsw_fdb_new(&conf);
	UT_CHECK(fdb != NULL);
	learn_range(fdb, 0, 1000, 1, 1);
	/* Not taken for a while: the ring holds the one's share, and the other's lessons. */
	for (i = 0; i < 100000; i += VSW_DP_BURST) {
		for (j = 0; j < VSW_DP_BURST; j++)
			key[j] = key_of(1, 1000000 + i + j);
		vsw_fdb_learn(fdb, key, VSW_DP_BURST, 2, 1);
	}
	vsw_fdb_stats(fdb, &st);
	UT_CHECK(st.lost > 90000);
	learn_range(fdb, 1000, 1000, 1, 1);
	UT_EQ(known_range(fdb, 0, 2000, 1), 2000);
	/* And with the control thread there. */
	learn_range(fdb, 1000000, 500000, 2, 2);
	UT_EQ(known_range(fdb, 1000000, 500000, 2), 8192);
	UT_EQ(known_range(fdb, 0, 2000, 1), 2000);
	learn_range(fdb, 2000, 1000, 3, 2);
	UT_EQ(known_range(fdb, 2000, 1000, 3), 1000);
	/* At its bound it cannot take another's address either, but another can take its. */
	UT_EQ(learn(fdb, key_of(1, 5), 2, 3), 0);
	UT_EQ(port_of(fdb, key_of(1, 5)), 1);
	for (i = 0; port_of(fdb, key_of(1, 1000000 + i)) != 2; i++)
		UT_CHECK(i < 500000);
	UT_EQ(learn(fdb, key_of(1, 1000000 + i), 1, 3), 1);
	UT_EQ(port_of(fdb, key_of(1, 1000000 + i)), 1);
	UT_EQ(learn(fdb, key_of(1, 5), 2, 4), 1); /* room for one again */
	UT_EQ(port_of(fdb, key_of(1, 5)), 2);
	vsw_fdb_free(fdb);
	return 0;
}

/* The lesson that did not fit is told again by the next frame, in the same second too. */
static int
tells_again(void)
{
	struct vsw_fdb_conf conf = { .max = 65536, .max_port = 65536, .age_s = 300, .socket = -1 };
	struct vsw_fdb *fdb;
	uint32_t i;

	UT_DO(ut_eal());
	fdb = vsw_fdb_new(&conf);
	UT_CHECK(fdb != NULL);
	for (i = 0; i < 4096; i++) {
		uint64_t key = key_of(1, i);

		UT_EQ(vsw_fdb_learn(fdb, &key, 1, 1, 1), 1);
	}
	UT_EQ(vsw_fdb_learn(fdb, (uint64_t[]){ key_of(1, i) }, 1, 1, 1), 0);
	UT_EQ(vsw_fdb_update(fdb, UINT32_MAX, 1), 4096);
	UT_EQ(learn(fdb, key_of(1, i), 1, 1), 1);
	UT_EQ(port_of(fdb, key_of(1, i)), 1);
	vsw_fdb_free(fdb);
	return 0;
}

static bool
readable(const struct vsw_fdb *fdb)
{
	struct pollfd p = { .fd = vsw_fdb_fd(fdb), .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

static int
wakes(void)
{
	struct vsw_fdb *fdb;
	uint64_t key;
	uint32_t i;

	UT_DO(ut_eal());
	fdb = vsw_fdb_new(&small);
	UT_CHECK(fdb != NULL);
	UT_CHECK(!readable(fdb));
	for (i = 0; i < 10; i++) {
		key = key_of(1, i);
		vsw_fdb_learn(fdb, &key, 1, 1, 1);
		UT_CHECK(readable(fdb));
	}
	UT_EQ(vsw_fdb_update(fdb, 4, 1), 4);
	UT_CHECK(readable(fdb)); /* more is there */
	UT_EQ(vsw_fdb_update(fdb, 100, 1), 6);
	UT_CHECK(!readable(fdb));
	learn(fdb, key, 1, 2);
	UT_CHECK(!readable(fdb)); /* a known address is no news */
	vsw_fdb_free(fdb);
	return 0;
}

/* As full as it may get: all but a few in 100000 find a place in one of their two buckets. */
static int
fills_up(void)
{
	struct vsw_fdb_conf conf = { .max = 1u << 18, .max_port = UINT32_MAX, .socket = -1 };
	struct vsw_fdb_stats st;
	struct vsw_fdb *fdb;
	unsigned int round;

	UT_DO(ut_eal());
	for (round = 0; round < 3; round++) {
		fdb = vsw_fdb_new(&conf);
		UT_CHECK(fdb != NULL);
		learn_range(fdb, 0, conf.max, 1, 1);
		vsw_fdb_stats(fdb, &st);
		UT_GE(st.entries, conf.max - conf.max / 10000);
		UT_EQ(known_range(fdb, 0, conf.max, 1), st.entries);
		UT_EQ(st.refused_full, conf.max - st.entries);
		learn_range(fdb, conf.max, 100, 2, 1);
		vsw_fdb_stats(fdb, &st);
		UT_LE(st.entries, conf.max);
		UT_GE(st.refused_full + conf.max / 10000, 100);
		if (st.entries == conf.max)
			UT_EQ(vsw_fdb_add(fdb, key_of(7, 1), 2), -ENOSPC);
		vsw_fdb_free(fdb);
	}
	return 0;
}

/* --- threads ---------------------------------------------------------------------------------- */

static struct {
	struct vsw_fdb *fdb;
	bool stop; /* atomic */
	uint64_t wrong; /* atomic */
	uint64_t lookups; /* atomic */
} race;

/* Address n is only ever behind port 1 + n % 8 or 101 + n % 8. */
static void *
reader(void *arg)
{
	uint64_t key[VSW_DP_BURST], wrong = 0, lookups = 0;
	uint16_t port[VSW_DP_BURST];
	uint32_t n = (uintptr_t)arg, i, j;

	for (j = 0; !__atomic_load_n(&race.stop, __ATOMIC_RELAXED); j++) {
		for (i = 0; i < VSW_DP_BURST; i++)
			key[i] = key_of(1, n + (i + j * 7) % 256);
		vsw_fdb_lookup(race.fdb, key, VSW_DP_BURST, port);
		for (i = 0; i < VSW_DP_BURST; i++)
			wrong += port[i] != VSW_DP_NO_PORT &&
				 (port[i] % 100) != 1 + (n + (i + j * 7) % 256) % 8;
		lookups += VSW_DP_BURST;
		for (i = 0; i < VSW_DP_BURST; i++) /* learns as well: of one port */
			key[i] = key_of(1, n + (j % 8) + 8 * i);
		vsw_fdb_learn(race.fdb, key, VSW_DP_BURST,
			1 + (n + j % 8) % 8 + (j / 8 % 2 != 0 ? 100 : 0), j / 16);
	}
	__atomic_add_fetch(&race.wrong, wrong, __ATOMIC_RELAXED);
	__atomic_add_fetch(&race.lookups, lookups, __ATOMIC_RELAXED);
	return NULL;
}

static int
threads(void)
{
	pthread_t t[READERS];
	struct vsw_fdb_stats st;
	unsigned int i;

	UT_DO(ut_eal());
	memset(&race, 0, sizeof(race));
	race.fdb = vsw_fdb_new(&small);
	UT_CHECK(race.fdb != NULL);
	for (i = 0; i < READERS; i++)
		UT_EQ(pthread_create(&t[i], NULL, reader, (void *)(uintptr_t)0), 0);
	for (i = 0; i < ROUNDS; i++) {
		vsw_fdb_update(race.fdb, 1000, i);
		vsw_fdb_add(race.fdb, key_of(1, i % 256), 1 + i % 8);
		vsw_fdb_age(race.fdb, i);
		if (i % 3 == 0)
			vsw_fdb_flush(race.fdb, 1 + i % 8, VSW_DP_VLANS, i % 2);
		vsw_fdb_del(race.fdb, key_of(1, (i + 128) % 256));
		rte_delay_us_sleep(200);
	}
	__atomic_store_n(&race.stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < READERS; i++)
		pthread_join(t[i], NULL);
	vsw_fdb_stats(race.fdb, &st);
	UT_EQ(race.wrong, 0);
	UT_CHECK(race.lookups > 0);
	UT_CHECK(st.learned > 0 && st.moved > 0);
	vsw_fdb_free(race.fdb);
	return 0;
}

/* --- a million -------------------------------------------------------------------------------- */

static uint64_t
lookup_ns(const struct vsw_fdb *fdb, uint32_t n, uint32_t *found)
{
	const uint32_t bursts = 20000;
	uint64_t key[VSW_DP_BURST], at, cycles = 0;
	uint16_t port[VSW_DP_BURST];
	uint32_t i, j, x = 1;

	*found = 0;
	for (i = 0; i < bursts; i++) {
		for (j = 0; j < VSW_DP_BURST; j++) {
			x = x * 1664525 + 1013904223;
			key[j] = key_of(1, (uint64_t)x * n >> 32);
		}
		at = rte_rdtsc();
		vsw_fdb_lookup(fdb, key, VSW_DP_BURST, port);
		cycles += rte_rdtsc() - at;
		for (j = 0; j < VSW_DP_BURST; j++)
			*found += port[j] == 1;
	}
	*found = bursts * VSW_DP_BURST - *found;
	return cycles * 1000 / (rte_get_tsc_hz() / 1000000) / bursts;
}

/*
 * Learned as workers do it. That they are found, and that lookups stay far from a cliff (the bound
 * is generous, as machines that run tests are busy); the figures are printed.
 */
static int
a_million(void)
{
	static const uint32_t sizes[] = { 1000, 100000, MILLION };
	struct vsw_fdb_conf conf = { .max = MILLION, .max_port = MILLION, .socket = -1 };
	struct vsw_fdb_stats st;
	struct vsw_fdb *fdb;
	uint64_t at, ns;
	uint32_t missed;
	unsigned int i;

	UT_DO(ut_eal());
	for (i = 0; i < RTE_DIM(sizes); i++) {
		fdb = vsw_fdb_new(&conf);
		UT_CHECK(fdb != NULL);
		at = rte_rdtsc();
		learn_range(fdb, 0, sizes[i], 1, 1);
		at = rte_rdtsc() - at;
		vsw_fdb_stats(fdb, &st);
		UT_GE(st.entries, sizes[i] - sizes[i] / 10000);
		UT_EQ(st.lost, 0);
		ns = lookup_ns(fdb, sizes[i], &missed);
		UT_LE(missed, sizes[i] == MILLION ? 100 : 0);
		printf("    %u: %.1f million learned/s, %u ns for a burst of lookups\n", sizes[i],
			(double)sizes[i] * rte_get_tsc_hz() / at / 1e6, (unsigned int)ns);
		UT_LE(ns, 200000);
		vsw_fdb_free(fdb);
	}
	return 0;
}

static const struct ut_case cases[] = {
	UT_CASE(bounds),
	UT_CASE(keys),
	UT_CASE(learns),
	UT_CASE(moves),
	UT_CASE(statics),
	UT_CASE(ages),
	UT_CASE(flushes),
	UT_CASE(lists),
	UT_CASE(mac_flood),
	UT_CASE(tells_again),
	UT_CASE(wakes),
	UT_CASE(fills_up),
	UT_CASE(threads),
	UT_CASE(a_million),
	UT_END,
};
UT_SUITE(fdb, "fast", cases)
