/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * One simulated NIC as DPDK sees it, as the driver's files share it: ethdevs for the PF and for
 * representors, a vDPA device for each VF.
 *
 * Threads: control calls come on any thread of the application; bursts on one thread for each
 * queue; the keeper, one thread for each NIC, brings events and takes VFs back that return. Locks,
 * in the order they are taken: the list's (nic.c), ports_lock, flow_lock. No callback of an
 * application is called with one of them held.
 */
#ifndef NICSIM_ETH_H
#define NICSIM_ETH_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <bus_vdev_driver.h>
#include <ethdev_driver.h>
#include <rte_log.h>

#include <nicsim.h>

extern int nicsim_eth_logtype;

#define NICSIM_ETH_LOG(level, name, fmt, ...)                                                      \
	rte_log(RTE_LOG_##level, nicsim_eth_logtype, "NET_NICSIM: %s: " fmt "\n", name,            \
		##__VA_ARGS__)

#define NICSIM_ETH_NAME_MAX 40 /* bytes of a NIC's name, so that names made of it fit */
#define NICSIM_ETH_OVERHEAD (NICSIM_MTU_MAX - NICSIM_ETH_MTU_MAX)
#define NICSIM_ETH_MTU_MAX (NICSIM_MTU_MAX - 14 - 2 * 4) /* header and two VLAN tags */
#define NICSIM_ETH_MACS 16
#define NICSIM_ETH_MC_MACS 32
#define NICSIM_ETH_XSTATS 48
#define NICSIM_ETH_WHY 640 /* bytes of an explanation */

struct nicsim_eth_args;
struct nicsim_eth_nic;

/* Of one queue; written by its thread, read by any: atomic. */
struct nicsim_eth_count {
	uint64_t packets, bytes;
	uint64_t errors; /* rx: no mbuf; tx: cannot be sent as it is */
};

struct nicsim_eth_port {
	struct nicsim_eth_nic *nic;
	uint16_t index; /* of the switch: 0 uplink, 1 + n VF n */
	struct rte_eth_dev *dev; /* NULL: none, or closed; under ports_lock */
	int id; /* of the ethdev, -1: none; atomic */
	struct nicsim_port *sim;
	struct rte_intr_handle *intr;
	bool lsc; /* started, and wants to hear of its link; under ports_lock */
	bool telling; /* the keeper is in a callback of it; under ports_lock */

	/* What the PF lets in; atomic. MAC addresses as numbers, 0: none. */
	bool filter, promisc, allmulti;
	uint64_t mac[NICSIM_ETH_MACS];
	uint64_t mc_mac[NICSIM_ETH_MC_MACS];
	bool ptypes; /* atomic: tell packet types */

	bool tx_shared; /* more Tx queues than queues of the NIC: these are shared, and locked */
	pthread_spinlock_t tx_lock[NICSIM_PORT_QUEUES];
	struct nicsim_eth_count rx[NICSIM_PORT_QUEUES], tx[NICSIM_PORT_QUEUES];
	struct nicsim_eth_count rx_base[NICSIM_PORT_QUEUES], tx_base[NICSIM_PORT_QUEUES];
	uint64_t rx_filtered; /* atomic */
	uint64_t xstats_base[NICSIM_ETH_XSTATS];

	TAILQ_HEAD(, rte_flow) flows; /* rules made on this port; under flow_lock */
	TAILQ_HEAD(, rte_flow) aged; /* of these: aged, not fetched yet */
	bool aged_told; /* the application has heard that there are some */
};

struct nicsim_eth_vf {
	struct nicsim_eth_nic *nic;
	struct nicsim_vf *sim;
	char name[RTE_DEV_NAME_MAX_LEN];
	struct rte_device rte_dev; /* what its vDPA device is found by */
	bool claimed; /* there is a vDPA device; atomic; probe, the keeper, and remove set it */
	bool returned; /* atomic: it came back, the keeper is to see to it */
	unsigned int tries; /* keeper: so often it was not free yet */
};

struct nicsim_eth_nic {
	TAILQ_ENTRY(nicsim_eth_nic) next;
	char name[RTE_DEV_NAME_MAX_LEN];
	struct nicsim *sim;
	enum nicsim_switch_mode mode;
	uint16_t domain; /* switch domain */
	unsigned int num_vfs;
	pthread_mutex_t ports_lock;
	pthread_cond_t told; /* the keeper is out of a callback; with ports_lock */
	struct nicsim_eth_port *port; /* 1 + num_vfs */
	struct nicsim_eth_vf *vf; /* num_vfs */

	pthread_mutex_t flow_lock;
	unsigned int aging; /* rules that can age; written under flow_lock, atomic */
	unsigned int lsc; /* ports that want to hear of their link; atomic */

	pthread_t keeper;
	int keeper_fd; /* eventfd */
	bool keeper_runs;
	bool keeper_stop; /* atomic */
	bool keeper_rests; /* in a pause; under ports_lock, as what follows */
	unsigned int pauses; /* removals that were refused a short while ago */
};

/* nic.c */
int nicsim_eth_nic_create(struct rte_vdev_device *vdev, const struct nicsim_eth_args *args);
int nicsim_eth_nic_destroy(struct rte_vdev_device *vdev); /* -EBUSY guests run, nothing changed */
/* Find a NIC and hold it: until put() it is not removed. NULL: there is none, nothing is held. */
struct nicsim_eth_nic *nicsim_eth_nic_get(const char *name);
struct nicsim_eth_nic *nicsim_eth_nic_get_by_port(uint16_t port_id);
void nicsim_eth_nic_put(struct nicsim_eth_nic *nic);
/* Call fn for each NIC, the list held. */
void nicsim_eth_nic_each(void (*fn)(struct nicsim_eth_nic *nic, void *ctx), void *ctx);

/* vf.c: the vDPA device of each VF. Claim is not an error where the VF is not fit for it. */
void nicsim_eth_vf_init(
	struct nicsim_eth_nic *nic, unsigned int n, const struct rte_device *parent);
void nicsim_eth_vf_claim(struct nicsim_eth_vf *vf);
void nicsim_eth_vf_release(struct nicsim_eth_vf *vf);
bool nicsim_eth_vf_in_use(struct nicsim_eth_vf *vf);
bool nicsim_eth_vf_return(struct nicsim_eth_vf *vf); /* keeper; false: to be tried again */

/* keeper.c */
#define NICSIM_ETH_RETRY_MS 20 /* between looks at a VF that is not free yet */
int nicsim_eth_keeper_init(struct nicsim_eth_nic *nic); /* from here on it can be woken */
int nicsim_eth_keeper_start(struct nicsim_eth_nic *nic);
void nicsim_eth_keeper_stop(struct nicsim_eth_nic *nic);
void nicsim_eth_keeper_wake(struct nicsim_eth_nic *nic); /* any thread */
bool nicsim_eth_keeper_is_self(const struct nicsim_eth_nic *nic); /* in a callback of an event */
/* The removal of the NIC was refused: no event until it is sure that EAL goes on. */
void nicsim_eth_keeper_pause(struct nicsim_eth_nic *nic);
/* The port has no ethdev any more: waits for a callback of it, unless called from inside one. */
void nicsim_eth_keeper_forget(struct nicsim_eth_port *port);

/* port.c */
extern const struct eth_dev_ops nicsim_eth_ops;
int nicsim_eth_port_create(struct nicsim_eth_nic *nic, uint16_t index, struct rte_device *parent);
void nicsim_eth_port_destroy(struct nicsim_eth_port *port); /* also one that is closed */
int nicsim_eth_link_update(struct rte_eth_dev *dev, int wait); /* 0 it changed, -1 not */

static inline struct nicsim_eth_port *
nicsim_eth_port_of(const struct rte_eth_dev *dev)
{
	return dev->data->dev_private;
}

/* conf.c: what a port is and may be. */
int nicsim_eth_info(struct rte_eth_dev *dev, struct rte_eth_dev_info *info);
const uint32_t *nicsim_eth_ptypes(struct rte_eth_dev *dev);
int nicsim_eth_ptypes_set(struct rte_eth_dev *dev, uint32_t mask);
int nicsim_eth_representors(struct rte_eth_dev *dev, struct rte_eth_representor_info *info);
int nicsim_eth_rss_conf(struct rte_eth_dev *dev, struct rte_eth_rss_conf *conf);
int nicsim_eth_mtu_set(struct rte_eth_dev *dev, uint16_t mtu);
int nicsim_eth_promisc_on(struct rte_eth_dev *dev);
int nicsim_eth_promisc_off(struct rte_eth_dev *dev);
int nicsim_eth_allmulti_on(struct rte_eth_dev *dev);
int nicsim_eth_allmulti_off(struct rte_eth_dev *dev);
int nicsim_eth_mac_set(struct rte_eth_dev *dev, struct rte_ether_addr *mac);
int nicsim_eth_mac_add(struct rte_eth_dev *dev, struct rte_ether_addr *mac, uint32_t index,
	uint32_t pool);
void nicsim_eth_mac_del(struct rte_eth_dev *dev, uint32_t index);
int nicsim_eth_mc_set(struct rte_eth_dev *dev, struct rte_ether_addr *macs, uint32_t num);

/* queue.c: queues of a port, and their interrupts. */
int nicsim_eth_rxq_setup(struct rte_eth_dev *dev, uint16_t qid, uint16_t descs,
	unsigned int socket, const struct rte_eth_rxconf *conf, struct rte_mempool *pool);
void nicsim_eth_rxq_release(struct rte_eth_dev *dev, uint16_t qid);
int nicsim_eth_txq_setup(struct rte_eth_dev *dev, uint16_t qid, uint16_t descs,
	unsigned int socket, const struct rte_eth_txconf *conf);
void nicsim_eth_txq_release(struct rte_eth_dev *dev, uint16_t qid);
int nicsim_eth_queues_start(struct rte_eth_dev *dev);
void nicsim_eth_queues_stop(struct rte_eth_dev *dev);
int nicsim_eth_intr_on(struct rte_eth_dev *dev, uint16_t qid);
int nicsim_eth_intr_off(struct rte_eth_dev *dev, uint16_t qid);

/* stats.c */
int nicsim_eth_stats_get(struct rte_eth_dev *dev, struct rte_eth_stats *stats);
int nicsim_eth_stats_reset(struct rte_eth_dev *dev);
int nicsim_eth_xstats_names(
	struct rte_eth_dev *dev, struct rte_eth_xstat_name *names, unsigned int size);
int nicsim_eth_xstats_get(struct rte_eth_dev *dev, struct rte_eth_xstat *stats, unsigned int n);
int nicsim_eth_xstats_reset(struct rte_eth_dev *dev);

/* flow.c */
int nicsim_eth_flow_ops(struct rte_eth_dev *dev, const struct rte_flow_ops **ops);
void nicsim_eth_flow_drop_all(struct nicsim_eth_port *port);
void nicsim_eth_flow_collect_aged(struct nicsim_eth_nic *nic); /* keeper */
bool nicsim_eth_flow_aged_news(struct nicsim_eth_port *port); /* keeper: true once, until fetched */

/* api.c: arm a fault by its text form; the NIC is held. 0; -EINVAL, -ENOSPC, and why says what is
 * wrong. Any thread. */
int nicsim_eth_fault_arm(
	struct nicsim_eth_nic *nic, unsigned int vf, const char *text, char *why, size_t len);
/* api.c: whether such a fault takes effect with the VF's next power-on, not before. */
bool nicsim_eth_fault_waits(const char *text);

#endif /* NICSIM_ETH_H */
