/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The end of EAL under a guest: the driver refuses to give the NIC up, but EAL takes device and
 * memory away all the same. Nothing of the driver's may touch these afterwards. The last suite, as
 * EAL cannot be started again.
 */
#include <stdlib.h>
#include <unistd.h>

#include <rte_vdpa.h>
#include <rte_vhost.h>

#include <rte_pmd_vdpa_virtio.h>

#include "eth.h"
#include "nicsim_rig.h"
#include "vhuser.h"

#define NIC "net_nicsim0"
#define REP1 NIC "_representor_vf1" /* of a VF that no guest is on */
#define VF0 NIC "_vf0"

static struct vhuser vu;
static int events; /* atomic */

static int
on_lsc(uint16_t port, enum rte_eth_event_type event, void *arg, void *ret)
{
	(void)port;
	(void)event;
	(void)arg;
	(void)ret;
	__atomic_fetch_add(&events, 1, __ATOMIC_RELAXED);
	return 0;
}

static int
guest_on(const char *path)
{
	static const struct rte_vhost_device_ops ops = { .new_device = NULL };
	struct rte_vdpa_device *vdpa = rte_vdpa_find_device_by_name(VF0);
	struct rte_pmd_vdpa_virtio_status status;
	uint64_t end = nr_now() + NR_WAIT_MS;

	rte_log_set_level_pattern("lib.vhost.*", RTE_LOG_ERR);
	UT_EQ(rte_vhost_driver_register(path, 0), 0);
	UT_EQ(rte_vhost_driver_callback_register(path, &ops), 0);
	UT_EQ(rte_vhost_driver_attach_vdpa_device(path, vdpa), 0);
	UT_EQ(rte_vhost_driver_start(path), 0);
	UT_EQ(vhuser_open(&vu, &vhuser_usual, path), 0);
	UT_EQ(vhuser_setup(&vu), 0);
	do {
		UT_CHECK(nr_now() < end);
		nr_nap(1);
		rte_pmd_vdpa_virtio_status_get(vdpa, &status);
	} while (status.state != RTE_PMD_VDPA_VIRTIO_RUNNING);
	return 0;
}

static int
eal_ends_first(void)
{
	const struct nr_port_conf conf = { .lsc = true };
	const struct nicsim_fault down = { .kind = NICSIM_FAULT_LINK_DOWN, .count = 1 };
	char dir[] = "/tmp/nicsim-XXXXXX", path[64];
	struct nicsim_eth_nic *nic;
	uint64_t end = nr_now() + NR_WAIT_MS;
	int threads;

	UT_DO(ut_eal());
	UT_EQ(nr_add(NIC, "vfs=2,representor=vf1"), 0);
	UT_DO(nr_start(nr_port(REP1), &conf));
	UT_EQ(rte_eth_dev_callback_register(nr_port(REP1), RTE_ETH_EVENT_INTR_LSC, on_lsc, NULL),
		0);
	UT_CHECK(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/sock", dir);
	UT_DO(guest_on(path));
	nic = nicsim_eth_nic_get(NIC);
	UT_CHECK(nic != NULL);
	nicsim_eth_nic_put(nic);

	/* Before: an event comes. */
	UT_EQ(nicsim_vf_fault(nic->vf[1].sim, &down), 0);
	while (__atomic_load_n(&events, __ATOMIC_RELAXED) == 0) {
		UT_CHECK(nr_now() < end);
		nr_nap(1);
	}
	ut_eal_fini();
	unlink(path);
	rmdir(dir);
	/* After: none, also not later; the NIC itself is there as long as the process. */
	UT_EQ(nicsim_vf_fault(nic->vf[1].sim,
		      &(struct nicsim_fault){ .kind = NICSIM_FAULT_LINK_UP, .count = 1 }),
		0);
	threads = nr_threads();
	nr_nap(2500);
	UT_EQ(__atomic_load_n(&events, __ATOMIC_RELAXED), 1);
	UT_EQ(nr_threads(), threads);
	UT_CHECK(nicsim_eth_nic_get(NIC) == nic);
	nicsim_eth_nic_put(nic);
	return 0;
}

static const struct ut_case cases[] = {
	UT_CASE(eal_ends_first),
	UT_END,
};
UT_SUITE(nicsim_wind_up, "integration", cases)
