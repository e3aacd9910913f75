/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * The keeper: a thread for each NIC that does what nobody else may wait for. It hands VFs that came
 * back to the vDPA driver, and brings the events of ports: link changes, aged rules. It sleeps
 * while there is nothing to watch. Application callbacks run on it with ports_lock held.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "eth.h"

#define RETRY_MS 20 /* a VF that is not free yet */
#define LINK_MS 100
#define AGE_MS 1000

void
nicsim_eth_keeper_wake(struct nicsim_eth_nic *nic)
{
	const uint64_t one = 1;

	/* Fails only with the counter full: it is awake then. */
	if (write(nic->keeper_fd, &one, sizeof(one)) < 0)
		return;
}

static void
links_tell(struct nicsim_eth_nic *nic)
{
	struct rte_eth_dev *dev;
	unsigned int i;

	for (i = 0; i <= nic->num_vfs; i++) {
		dev = nic->port[i].dev;
		if (dev != NULL && nic->port[i].lsc && nicsim_eth_link_update(dev, 0) == 0)
			rte_eth_dev_callback_process(dev, RTE_ETH_EVENT_INTR_LSC, NULL);
	}
}

/* Milliseconds until there is something to look at, -1: for as long as nobody wakes it. */
static int
wait_ms(const struct nicsim_eth_nic *nic, bool retry)
{
	if (retry)
		return RETRY_MS;
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
	bool retry;

	while (!__atomic_load_n(&nic->keeper_stop, __ATOMIC_ACQUIRE)) {
		retry = vfs_return(nic);
		pthread_mutex_lock(&nic->ports_lock);
		links_tell(nic);
		if (__atomic_load_n(&nic->aging, __ATOMIC_RELAXED) != 0)
			nicsim_eth_flow_tell_aged(nic);
		pthread_mutex_unlock(&nic->ports_lock);
		if (poll(&wake, 1, wait_ms(nic, retry)) > 0 &&
			read(nic->keeper_fd, &count, sizeof(count)) < 0)
			continue;
	}
	return NULL;
}

int
nicsim_eth_keeper_init(struct nicsim_eth_nic *nic)
{
	nic->keeper_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (nic->keeper_fd >= 0)
		return 0;
	NICSIM_ETH_LOG(ERR, nic->name, "no eventfd: %s", strerror(errno));
	return -errno;
}

int
nicsim_eth_keeper_start(struct nicsim_eth_nic *nic)
{
	int ret = pthread_create(&nic->keeper, NULL, keeper_main, nic);

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
}
