/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * What is said to the front-end and may wait for its answer: the mapping of doorbells, and
 * configuration changes. One thread per device, so that a front-end that does not answer holds up
 * itself alone, never the vhost thread nor the worker.
 *
 * lib/vhost waits for the answer without a limit. When the connection goes away while it does, and
 * the front-end's end is kept open so that the wait does not end, the channel is shut under it: see
 * calls_end().
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "compat.h"
#include "virtio_vdpa.h"

/* patience with a call for a connection that is going away, before the signal */
#define DROP_MS 500
#define DROP_AGAIN_MS 10
#define WAKE_SIGNAL (SIGRTMIN + 11)

static void
signal_ignore(int sig)
{
	(void)sig; /* interrupts a system call, and that is all */
}

/* No SA_RESTART: the call shall return. An application's own handler for the signal is left alone
 * and does as well. */
static void
signal_setup(void)
{
	struct sigaction old, act = { .sa_handler = signal_ignore };

	if (sigaction(WAKE_SIGNAL, NULL, &old) == 0 && old.sa_handler == SIG_DFL)
		sigaction(WAKE_SIGNAL, &act, NULL);
}

/*
 * lib/vhost goes on sending when a signal interrupts it, so the signal alone would not end a wait for
 * room in a channel that nobody reads. The channel's descriptor is lib/vhost's own; the kernel tells
 * which one the thread waits on.
 */
static void
channel_shut(pid_t tid)
{
	unsigned long fd = 0;
	char path[64];
	long nr = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", (int)tid);
	f = fopen(path, "re");
	if (f == NULL)
		return;
	if (fscanf(f, "%ld %lx", &nr, &fd) == 2 && nr == SYS_sendmsg)
		shutdown((int)fd, SHUT_RDWR);
	fclose(f);
}

static void
kick_settled(struct virtio_vdpa_dev *dev, int vid, enum rte_pmd_vdpa_virtio_kick kick, int error)
{
	struct rte_pmd_vdpa_virtio_event event = {
		.type = RTE_PMD_VDPA_VIRTIO_EVENT_KICK,
		.kick = kick,
		.vid = vid,
		.error = error,
		.text = kick == RTE_PMD_VDPA_VIRTIO_KICK_MAPPED
				? "doorbells mapped into the guest"
				: "kicks are relayed by this process",
	};

	pthread_mutex_lock(&dev->lock);
	event.state = dev->state;
	if (dev->state == RTE_PMD_VDPA_VIRTIO_RUNNING && dev->vid == vid)
		virtio_vdpa_event_post(dev, &event);
	pthread_mutex_unlock(&dev->lock);
	virtio_vdpa_event_deliver(dev);
}

/* Marks a queue's doorbell as mapped, unless the queue stopped meanwhile. */
static void
queue_mapped(struct virtio_vdpa_dev *dev, int vid, uint16_t qid)
{
	struct virtio_vdpa_queue *q = &dev->queue[qid];

	pthread_mutex_lock(&dev->lock);
	if (dev->vid == vid && q->running)
		q->kick = RTE_PMD_VDPA_VIRTIO_KICK_MAPPED;
	pthread_mutex_unlock(&dev->lock);
}

static bool
queue_mappable(struct virtio_vdpa_dev *dev, int vid, uint16_t qid, unsigned int *running)
{
	bool runs, can;

	pthread_mutex_lock(&dev->lock);
	runs = dev->vid == vid && dev->queue[qid].running;
	can = runs && dev->queue[qid].own_page;
	*running += runs;
	pthread_mutex_unlock(&dev->lock);
	return can;
}

/* Whether the guest still runs: it may have left since the job was given. */
static bool
guest_runs(struct virtio_vdpa_dev *dev, int vid)
{
	bool runs;

	pthread_mutex_lock(&dev->lock);
	runs = dev->vid == vid && dev->state == RTE_PMD_VDPA_VIRTIO_RUNNING;
	pthread_mutex_unlock(&dev->lock);
	return runs;
}

static void
job_map(struct virtio_vdpa_dev *dev, int vid)
{
	unsigned int mapped = 0, running = 0;
	uint16_t i;
	int ret = 0;

	for (i = 0; i < 2 * dev->dev_pairs && ret == 0; i++) {
		if (!queue_mappable(dev, vid, i, &running))
			continue;
		ret = rte_vhost_host_notifier_ctrl(vid, i, true);
		if (ret != 0)
			break;
		queue_mapped(dev, vid, i);
		mapped++;
	}
	if (!guest_runs(dev, vid))
		return;
	if (ret != 0)
		VV_LOG(NOTICE, dev, "the front-end maps no doorbells (%s); kicks are relayed",
			ret == -ENOTSUP ? "it does not offer to" : "it refused");
	else if (mapped < running)
		VV_LOG(NOTICE, dev, "doorbells of %u of %u queues share pages; their kicks are relayed",
			running - mapped, running);
	kick_settled(dev, vid, ret == 0 && mapped == running ? RTE_PMD_VDPA_VIRTIO_KICK_MAPPED :
		RTE_PMD_VDPA_VIRTIO_KICK_RELAY, ret);
}

static void
run_jobs(struct virtio_vdpa_dev *dev, int vid, unsigned int jobs)
{
	uint64_t protocol = 0;

	if ((jobs & VIRTIO_VDPA_JOB_UNMAP) != 0)
		rte_vhost_host_notifier_ctrl(vid, RTE_VHOST_QUEUE_ALL, false);
	if ((jobs & VIRTIO_VDPA_JOB_CONFIG) != 0 &&
			rte_vhost_get_negotiated_protocol_features(vid, &protocol) == 0 &&
			(protocol & (1ULL << VHOST_USER_PROTOCOL_F_CONFIG)) != 0 &&
			(protocol & (1ULL << VHOST_USER_PROTOCOL_F_BACKEND_REQ)) != 0)
		rte_vhost_backend_config_change(vid, false);
	if ((jobs & VIRTIO_VDPA_JOB_MAP) != 0)
		job_map(dev, vid);
}

static void *
frontend_main(void *arg)
{
	struct virtio_vdpa_dev *dev = arg;
	struct virtio_vdpa_frontend *f = &dev->frontend;
	unsigned int jobs;
	int vid;

	pthread_mutex_lock(&f->lock);
	f->tid = gettid();
	while (!f->stop) {
		if (f->jobs == 0) {
			pthread_cond_wait(&f->cond, &f->lock);
			continue;
		}
		jobs = f->jobs;
		vid = f->vid;
		f->jobs = 0;
		f->busy_vid = vid;
		pthread_mutex_unlock(&f->lock);
		run_jobs(dev, vid, jobs);
		pthread_mutex_lock(&f->lock);
		f->busy_vid = -1;
		pthread_cond_broadcast(&f->cond);
	}
	pthread_mutex_unlock(&f->lock);
	return NULL;
}

void
virtio_vdpa_frontend_job(struct virtio_vdpa_dev *dev, int vid, unsigned int job)
{
	struct virtio_vdpa_frontend *f = &dev->frontend;

	if (vid < 0)
		return;
	pthread_mutex_lock(&f->lock);
	if (f->vid != vid)
		f->jobs = 0;
	/* The last word on doorbells counts. */
	if ((job & (VIRTIO_VDPA_JOB_MAP | VIRTIO_VDPA_JOB_UNMAP)) != 0)
		f->jobs &= ~(VIRTIO_VDPA_JOB_MAP | VIRTIO_VDPA_JOB_UNMAP);
	f->vid = vid;
	f->jobs |= job;
	pthread_cond_broadcast(&f->cond);
	pthread_mutex_unlock(&f->lock);
}

static void
deadline(struct timespec *until, unsigned int ms)
{
	clock_gettime(CLOCK_MONOTONIC, until);
	until->tv_sec += (until->tv_nsec + ms * 1000000L) / 1000000000L;
	until->tv_nsec = (until->tv_nsec + ms * 1000000L) % 1000000000L;
}

static bool
is_calling(const struct virtio_vdpa_frontend *f, int vid)
{
	return f->busy_vid >= 0 && (vid < 0 || f->busy_vid == vid);
}

/*
 * Wait until no call for vid is under way (-1: none at all), and end one that takes its time. A job
 * may wait more than once, as it asks for each queue: patience is for the first time only. Called
 * with f->lock.
 */
static void
calls_end(struct virtio_vdpa_frontend *f, int vid)
{
	unsigned int patience = DROP_MS;
	struct timespec until;

	while (is_calling(f, vid)) {
		deadline(&until, patience);
		if (pthread_cond_timedwait(&f->cond, &f->lock, &until) != ETIMEDOUT ||
			!is_calling(f, vid))
			continue;
		/* A signal ends waits for an answer; only a send goes on after it. */
		if (patience == DROP_AGAIN_MS)
			channel_shut(f->tid);
		pthread_kill(f->thread, WAKE_SIGNAL);
		patience = DROP_AGAIN_MS;
	}
}

void
virtio_vdpa_frontend_drop(struct virtio_vdpa_dev *dev, int vid)
{
	struct virtio_vdpa_frontend *f = &dev->frontend;

	pthread_mutex_lock(&f->lock);
	if (f->vid == vid) {
		f->jobs = 0;
		f->vid = -1;
	}
	calls_end(f, vid);
	pthread_mutex_unlock(&f->lock);
}

void
virtio_vdpa_frontend_quiesce(struct virtio_vdpa_dev *dev)
{
	pthread_mutex_lock(&dev->frontend.lock);
	calls_end(&dev->frontend, -1);
	pthread_mutex_unlock(&dev->frontend.lock);
}

int
virtio_vdpa_frontend_init(struct virtio_vdpa_dev *dev)
{
	struct virtio_vdpa_frontend *f = &dev->frontend;
	pthread_condattr_t attr;
	int ret;

	f->vid = f->busy_vid = -1;
	signal_setup();
	ret = pthread_mutex_init(&f->lock, NULL);
	if (ret != 0)
		return -ret;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	ret = pthread_cond_init(&f->cond, &attr);
	pthread_condattr_destroy(&attr);
	if (ret != 0) {
		pthread_mutex_destroy(&f->lock);
		return -ret;
	}
	ret = virtio_vdpa_thread_create(&f->thread, "vdpa-virtio-f", frontend_main, dev);
	if (ret != 0) {
		pthread_cond_destroy(&f->cond);
		pthread_mutex_destroy(&f->lock);
		return ret;
	}
	f->started = true;
	return 0;
}

void
virtio_vdpa_frontend_fini(struct virtio_vdpa_dev *dev)
{
	struct virtio_vdpa_frontend *f = &dev->frontend;

	if (!f->started)
		return;
	pthread_mutex_lock(&f->lock);
	f->stop = true;
	f->jobs = 0;
	pthread_cond_broadcast(&f->cond);
	pthread_mutex_unlock(&f->lock);
	pthread_join(f->thread, NULL);
	pthread_cond_destroy(&f->cond);
	pthread_mutex_destroy(&f->lock);
	f->started = false;
}
