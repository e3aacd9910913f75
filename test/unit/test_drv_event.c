/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The queue of events: order, what goes when it is full, and who may be inside the callback while
 * it is taken away.
 */
#include <errno.h>
#include <semaphore.h>
#include <time.h>
#include <unistd.h>

#include "rig.h"
#include "virtio_vdpa.h"

#include "drv_names.h" /* last: DPDK has a RUNNING of its own */

#define NOTES 20000

/* What the callbacks of this file note, in order. */
static struct {
	unsigned int num;
	int vid[NOTES];
	char last_text[RTE_PMD_VDPA_VIRTIO_TEXT];
	void *arg;
} notes;

static void
note(struct rte_vdpa_device *vdpa, const struct rte_pmd_vdpa_virtio_event *event, void *arg)
{
	(void)vdpa;
	if (notes.num < NOTES)
		notes.vid[notes.num++] = event->vid;
	snprintf(notes.last_text, sizeof(notes.last_text), "%s", event->text);
	notes.arg = arg;
}

static void
post(struct virtio_vdpa_dev *dev, int number, const char *text)
{
	const struct rte_pmd_vdpa_virtio_event event = {
		.type = EVENT(LINK), .vid = number, .text = text };

	virtio_vdpa_event_post(dev, &event);
}

static int
order_run(struct rig *rig)
{
	struct virtio_vdpa_dev *dev = virtio_vdpa_by_vdpa(rig->vdpa);
	char text[32];
	int i;

	memset(&notes, 0, sizeof(notes));
	UT_EQ(rte_pmd_vdpa_virtio_event_register(rig->vdpa, note, &notes), 0);
	for (i = 0; i < 5; i++) {
		snprintf(text, sizeof(text), "text %d", i);
		post(dev, i, text);
		text[0] = '\0'; /* a copy was taken */
	}
	UT_EQ(notes.num, 0);
	virtio_vdpa_event_deliver(dev);
	UT_EQ(notes.num, 5);
	for (i = 0; i < 5; i++)
		UT_EQ(notes.vid[i], i);
	UT_STR(notes.last_text, "text 4");
	UT_CHECK(notes.arg == &notes);
	virtio_vdpa_event_deliver(dev);
	UT_EQ(notes.num, 5);
	post(dev, 5, NULL);
	virtio_vdpa_event_deliver(dev);
	UT_STR(notes.last_text, "");
	return 0;
}

static int
order(void)
{
	return rig_run(NULL, order_run);
}

/* The oldest go; what is left is still in order. */
static int
overflow_run(struct rig *rig)
{
	struct virtio_vdpa_dev *dev = virtio_vdpa_by_vdpa(rig->vdpa);
	unsigned int i, round;

	UT_EQ(rte_pmd_vdpa_virtio_event_register(rig->vdpa, note, NULL), 0);
	for (round = 0; round < 3; round++) {
		memset(&notes, 0, sizeof(notes));
		for (i = 0; i < 3 * VIRTIO_VDPA_EVENTS + round; i++)
			post(dev, (int)i, "");
		virtio_vdpa_event_deliver(dev);
		UT_EQ(notes.num, VIRTIO_VDPA_EVENTS);
		for (i = 0; i < VIRTIO_VDPA_EVENTS; i++)
			UT_EQ(notes.vid[i], 2 * VIRTIO_VDPA_EVENTS + round + i);
	}
	return 0;
}

static int
overflow(void)
{
	return rig_run(NULL, overflow_run);
}

static struct virtio_vdpa_dev *posters_dev;

/* Numbers of one poster: its own thousand. */
static void *
poster_main(void *arg)
{
	int first = *(const int *)arg, i;

	for (i = 0; i < 5000; i++) {
		post(posters_dev, first + i, "");
		virtio_vdpa_event_deliver(posters_dev);
	}
	return NULL;
}

/* Two threads at once: one callback at a time, none lost as each is delivered, each in order. */
static int
two_posters_run(struct rig *rig)
{
	static const int first[2] = { 0, 100000 };
	int next[2] = { 0, 100000 };
	pthread_t thread[2];
	unsigned int i;

	memset(&notes, 0, sizeof(notes));
	posters_dev = virtio_vdpa_by_vdpa(rig->vdpa);
	UT_EQ(rte_pmd_vdpa_virtio_event_register(rig->vdpa, note, NULL), 0);
	for (i = 0; i < 2; i++)
		UT_EQ(pthread_create(&thread[i], NULL, poster_main,
				(void *)(uintptr_t)&first[i]), 0);
	for (i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	UT_EQ(notes.num, 10000);
	for (i = 0; i < notes.num; i++) {
		unsigned int who = notes.vid[i] >= 100000;

		UT_EQ(notes.vid[i], next[who]);
		next[who]++;
	}
	return 0;
}

static int
two_posters(void)
{
	return rig_run(NULL, two_posters_run);
}

static struct {
	sem_t entered, leave;
	bool left; /* atomic */
} gate;

static void
waits_at_gate(struct rte_vdpa_device *vdpa, const struct rte_pmd_vdpa_virtio_event *event,
	void *arg)
{
	(void)vdpa;
	(void)event;
	(void)arg;
	sem_post(&gate.entered);
	sem_wait(&gate.leave);
	usleep(20000);
	__atomic_store_n(&gate.left, true, __ATOMIC_RELEASE);
}

static void *
gate_main(void *arg)
{
	(void)arg;
	post(posters_dev, 1, "");
	virtio_vdpa_event_deliver(posters_dev);
	return NULL;
}

/* To take the callback away is to wait for the one that runs. */
static int
unregister_waits_run(struct rig *rig)
{
	pthread_t thread;

	sem_init(&gate.entered, 0, 0);
	sem_init(&gate.leave, 0, 0);
	gate.left = false;
	posters_dev = virtio_vdpa_by_vdpa(rig->vdpa);
	UT_EQ(rte_pmd_vdpa_virtio_event_register(rig->vdpa, waits_at_gate, NULL), 0);
	UT_EQ(pthread_create(&thread, NULL, gate_main, NULL), 0);
	sem_wait(&gate.entered);
	UT_CHECK(!__atomic_load_n(&gate.left, __ATOMIC_ACQUIRE));
	sem_post(&gate.leave);
	UT_EQ(rte_pmd_vdpa_virtio_event_register(rig->vdpa, NULL, NULL), 0);
	UT_CHECK(__atomic_load_n(&gate.left, __ATOMIC_ACQUIRE));
	pthread_join(thread, NULL);
	/* and afterwards there is none */
	memset(&notes, 0, sizeof(notes));
	post(posters_dev, 1, "");
	virtio_vdpa_event_deliver(posters_dev);
	UT_EQ(rte_pmd_vdpa_virtio_event_register(rig->vdpa, note, NULL), 0);
	virtio_vdpa_event_deliver(posters_dev);
	UT_EQ(notes.num, 0);
	return 0;
}

static int
unregister_waits(void)
{
	return rig_run(NULL, unregister_waits_run);
}

static struct {
	int unregister, status, pairs, stats;
	unsigned int depth, deepest, calls;
} inside;

/* All that a callback may do; and what it must not is refused. */
static void
does_all(struct rte_vdpa_device *vdpa, const struct rte_pmd_vdpa_virtio_event *event, void *arg)
{
	struct rte_pmd_vdpa_virtio_status status;
	struct rte_vdpa_stat stats[16];

	(void)arg;
	if (++inside.depth > inside.deepest)
		inside.deepest = inside.depth;
	inside.calls++;
	inside.unregister = rte_pmd_vdpa_virtio_event_register(vdpa, NULL, NULL);
	inside.status = rte_pmd_vdpa_virtio_status_get(vdpa, &status);
	inside.pairs = rte_pmd_vdpa_virtio_max_pairs_set(vdpa, 4);
	inside.stats = rte_vdpa_get_stats(vdpa, 0, stats, 16);
	if (event->vid < 3) { /* as what it does may bring an event about */
		post(virtio_vdpa_by_vdpa(vdpa), event->vid + 1, "");
		virtio_vdpa_event_deliver(virtio_vdpa_by_vdpa(vdpa));
	}
	inside.depth--;
}

static int
inside_callback_run(struct rig *rig)
{
	struct virtio_vdpa_dev *dev = virtio_vdpa_by_vdpa(rig->vdpa);

	memset(&inside, 0, sizeof(inside));
	UT_EQ(rte_pmd_vdpa_virtio_event_register(rig->vdpa, does_all, NULL), 0);
	post(dev, 0, "");
	virtio_vdpa_event_deliver(dev);
	UT_EQ(inside.unregister, -EDEADLK);
	UT_EQ(inside.status, 0);
	UT_EQ(inside.pairs, 0);
	UT_EQ(inside.stats, 6);
	UT_EQ(inside.calls, 4);
	UT_EQ(inside.deepest, 1); /* one after another, never one in another */
	return 0;
}

static int
inside_callback(void)
{
	return rig_run(NULL, inside_callback_run);
}

/* Threads that brought events, and have not been counted before. */
static unsigned int
new_threads(struct rig *rig, pthread_t *known, unsigned int n)
{
	unsigned int i, j;

	for (i = 0; i < rig->num_events; i++) {
		for (j = 0; j < n && !pthread_equal(rig->event[i].thread, known[j]); j++)
			;
		if (j == n)
			known[n++] = rig->event[i].thread;
	}
	return n;
}

static int
life_of_a_guest(struct rig *rig)
{
	static const struct {
		enum rte_pmd_vdpa_virtio_event_type type;
		enum rte_pmd_vdpa_virtio_state from, state;
	} life[] = {
		{ EVENT(STATE), RTE_PMD_VDPA_VIRTIO_PROBED, RTE_PMD_VDPA_VIRTIO_STARTING },
		{ EVENT(STATE), RTE_PMD_VDPA_VIRTIO_STARTING, RTE_PMD_VDPA_VIRTIO_RUNNING },
		{ EVENT(KICK), 0, RTE_PMD_VDPA_VIRTIO_RUNNING },
		{ EVENT(STATE), RTE_PMD_VDPA_VIRTIO_RUNNING, RTE_PMD_VDPA_VIRTIO_STOPPING },
		{ EVENT(STATE), RTE_PMD_VDPA_VIRTIO_STOPPING, RTE_PMD_VDPA_VIRTIO_PROBED },
	};
	const struct rig_event *e = rig->event;
	unsigned int i;

	rig_forget_events(rig);
	UT_DO(rig_running(rig, &vhuser_usual));
	UT_DO(rig_guest_gone(rig));
	UT_DO(rig_state(rig, RTE_PMD_VDPA_VIRTIO_STOPPING, RTE_PMD_VDPA_VIRTIO_OK));
	UT_DO(rig_state(rig, RTE_PMD_VDPA_VIRTIO_PROBED, RTE_PMD_VDPA_VIRTIO_OK));
	UT_EQ(rig->num_events, 5);
	for (i = 0; i < 5; i++) {
		UT_EQ(e[i].event.type, life[i].type);
		UT_EQ(e[i].event.state, life[i].state);
		if (e[i].event.type == EVENT(STATE))
			UT_EQ(e[i].event.from, life[i].from);
		UT_EQ(e[i].event.vid, e[0].event.vid);
		UT_CHECK(!pthread_equal(e[i].thread, pthread_self()));
	}
	UT_CHECK(e[1].event.link_up);
	return 0;
}

/* The whole way: whoever brings them, events come in the order of a guest's life. */
static int
threads_run(struct rig *rig)
{
	pthread_t known[3 + 5]; /* the vhost library's, the worker, the front-end thread */
	unsigned int i, n = 0;

	for (i = 0; i < 50; i++) {
		UT_DO(life_of_a_guest(rig));
		n = new_threads(rig, known, n);
		UT_LE(n, 3);
	}
	UT_GE(n, 2);
	return 0;
}

static int
threads(void)
{
	return rig_run(NULL, threads_run);
}

static const struct ut_case cases[] = {
	UT_CASE(order),
	UT_CASE(overflow),
	UT_CASE(two_posters),
	UT_CASE(unregister_waits),
	UT_CASE(inside_callback),
	UT_CASE(threads),
	UT_END,
};
UT_SUITE(drv_event, "integration", cases)
