/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * The keeper: a thread for each NIC that does what nobody else may wait for. It hands VFs that came
 * back to the vDPA driver, and brings the events of ports: link changes, aged rules. It sleeps
 * while there is nothing to watch. Application callbacks run on it, with no lock held.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <rte_alarm.h>
#include <rte_cycles.h>

#include "eth.h"

#define LINK_MS 100
#define AGE_MS 1000
#define PAUSE_S 1

static __thread const struct nicsim_eth_nic *keeper_of; /* NULL: this thread is no keeper */

static bool
stops(const struct nicsim_eth_nic *nic)
{
	return __atomic_load_n(&nic->keeper_stop, __ATOMIC_ACQUIRE);
}

void
nicsim_eth_keeper_wake(struct nicsim_eth_nic *nic)
{
	const uint64_t one = 1;

	/* Fails only with the counter full: it is awake then. */
	if (write(nic->keeper_fd, &one, sizeof(one)) < 0)
		return;
}

bool
nicsim_eth_keeper_is_self(const struct nicsim_eth_nic *nic)
{
	return keeper_of == nic;
}

static void
resume_it(struct nicsim_eth_nic *nic, void *which)
{
	if (nic != which)
		return;
	pthread_mutex_lock(&nic->ports_lock);
	nic->pauses--;
	pthread_mutex_unlock(&nic->ports_lock);
	nicsim_eth_keeper_wake(nic);
}

/* EAL's interrupt thread. By the list of NICs, which one that is being removed is not on. */
static void
resume(void *nic)
{
	nicsim_eth_nic_each(resume_it, nic);
}

/* Lock held. Not for ever: the caller has locks of EAL, and a callback may want them. */
static void
rest_await(struct nicsim_eth_nic *nic)
{
	struct timespec end;
	int ret = 0;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += PAUSE_S;
	while (nic->keeper_runs && !nic->keeper_rests && ret == 0)
		ret = pthread_cond_timedwait(&nic->told, &nic->ports_lock, &end);
}

/*
 * rte_eal_cleanup() takes the device off its bus, and DPDK's memory away, although the removal was
 * refused; nothing tells that from other removals but EAL's alarms, which do not go off any more.
 */
void
nicsim_eth_keeper_pause(struct nicsim_eth_nic *nic)
{
	pthread_mutex_lock(&nic->ports_lock);
	nic->pauses++;
	nicsim_eth_keeper_wake(nic);
	if (!nicsim_eth_keeper_is_self(nic))
		rest_await(nic);
	pthread_mutex_unlock(&nic->ports_lock);
	if (rte_eal_alarm_set(PAUSE_S * US_PER_S, resume, nic) != 0)
		resume(nic);
}

/* Whether there is no pause. */
static bool
round_begin(struct nicsim_eth_nic *nic)
{
	bool begins;

	pthread_mutex_lock(&nic->ports_lock);
	begins = nic->pauses == 0;
	nic->keeper_rests = !begins;
	if (!begins)
		pthread_cond_broadcast(&nic->told);
	pthread_mutex_unlock(&nic->ports_lock);
	return begins;
}

void
nicsim_eth_keeper_forget(struct nicsim_eth_port *port)
{
	struct nicsim_eth_nic *nic = port->nic;

	pthread_mutex_lock(&nic->ports_lock);
	port->dev = NULL;
	__atomic_store_n(&port->id, -1, __ATOMIC_RELAXED);
	while (port->telling && !nicsim_eth_keeper_is_self(nic))
		pthread_cond_wait(&nic->told, &nic->ports_lock);
	pthread_mutex_unlock(&nic->ports_lock);
}

/* ports_lock is held, but for the callback: what the application locks there it may hold around
 * its calls, which take ports_lock. */
static void
tell(struct nicsim_eth_port *port, enum rte_eth_event_type event)
{
	struct nicsim_eth_nic *nic = port->nic;
	struct rte_eth_dev *dev = port->dev;

	port->telling = true;
	pthread_mutex_unlock(&nic->ports_lock);
	rte_eth_dev_callback_process(dev, event, NULL);
	pthread_mutex_lock(&nic->ports_lock);
	port->telling = false;
	pthread_cond_broadcast(&nic->told);
}

/* A callback may close its port, or any. */
static void
ports_tell(struct nicsim_eth_nic *nic)
{
	bool aging = __atomic_load_n(&nic->aging, __ATOMIC_RELAXED) != 0;
	struct nicsim_eth_port *port;
	unsigned int i;

	if (aging)
		nicsim_eth_flow_collect_aged(nic);
	pthread_mutex_lock(&nic->ports_lock);
	for (i = 0; i <= nic->num_vfs && !stops(nic); i++) {
		port = &nic->port[i];
		if (port->dev != NULL && port->lsc && nicsim_eth_link_update(port->dev, 0) == 0)
			tell(port, RTE_ETH_EVENT_INTR_LSC);
		if (port->dev != NULL && aging && nicsim_eth_flow_aged_news(port))
			tell(port, RTE_ETH_EVENT_FLOW_AGED);
	}
	pthread_mutex_unlock(&nic->ports_lock);
}

/* Milliseconds until there is something to look at, -1: for as long as nobody wakes it. */
static int
wait_ms(const struct nicsim_eth_nic *nic, bool retry)
{
	if (retry)
		return NICSIM_ETH_RETRY_MS;
	if (__atomic_load_n(&nic->lsc, __ATOMIC_RELAXED) != 0)
		return LINK_MS;
	return __atomic_load_n(&nic->aging, __ATOMIC_RELAXED) != 0 ? AGE_MS : -1;
}

static bool
vfs_return(struct nicsim_eth_nic *nic)
{
	bool retry = false;
	unsigned int i;

	for (i = 0; i < nic->num_vfs; i++)
		retry = !nicsim_eth_vf_return(&nic->vf[i]) || retry;
	return retry;
}

static void *
keeper_main(void *arg)
{
	struct nicsim_eth_nic *nic = arg;
	struct pollfd wake = { .fd = nic->keeper_fd, .events = POLLIN };
	uint64_t count;
	int ms;

	keeper_of = nic;
	while (!stops(nic)) {
		ms = -1;
		if (round_begin(nic)) {
			ms = wait_ms(nic, vfs_return(nic));
			ports_tell(nic);
		}
		if (poll(&wake, 1, ms) > 0 && read(nic->keeper_fd, &count, sizeof(count)) < 0)
			continue;
	}
	return NULL;
}

int
nicsim_eth_keeper_init(struct nicsim_eth_nic *nic)
{
	int ret;

	nic->keeper_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (nic->keeper_fd >= 0)
		return 0;
	ret = -errno;
	NICSIM_ETH_LOG(ERR, nic->name, "no eventfd: %s", strerror(-ret));
	return ret;
}

int
nicsim_eth_keeper_start(struct nicsim_eth_nic *nic)
{
	sigset_t all, old;
	int ret;

	/* Signals are for the program's own threads. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = pthread_create(&nic->keeper, NULL, keeper_main, nic);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (ret != 0) {
		NICSIM_ETH_LOG(ERR, nic->name, "a thread could not be started: %s", strerror(ret));
		return -ret;
	}
	nic->keeper_runs = true;
	pthread_setname_np(nic->keeper, "nicsim-keeper");
	return 0;
}

void
nicsim_eth_keeper_stop(struct nicsim_eth_nic *nic)
{
	if (!nic->keeper_runs)
		return;
	__atomic_store_n(&nic->keeper_stop, true, __ATOMIC_RELEASE);
	nicsim_eth_keeper_wake(nic);
	pthread_join(nic->keeper, NULL);
	nic->keeper_runs = false;
	rte_eal_alarm_cancel(resume, nic);
}
