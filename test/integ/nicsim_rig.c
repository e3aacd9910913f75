/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Simulated NICs as an application has them, for tests. Owns the mbuf pools and the kept log. One
 * thread.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "nicsim_rig.h"

#define POOL_SIZE 1023

static struct rte_mempool *pools[2];
static FILE *log_file;
static char *log_text;
static size_t log_len;

uint64_t
nr_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

void
nr_nap(unsigned int ms)
{
	const struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&ts, NULL);
}

int
nr_add(const char *name, const char *args)
{
	return rte_eal_hotplug_add("vdev", name, args);
}

int
nr_remove(const char *name)
{
	return rte_eal_hotplug_remove("vdev", name);
}

int
nr_port(const char *name)
{
	uint16_t id;

	return rte_eth_dev_get_port_by_name(name, &id) == 0 ? id : -1;
}

struct rte_mempool *
nr_pool(bool small)
{
	const char *name = small ? "nr_small" : "nr_large";

	if (pools[small] == NULL)
		pools[small] = rte_pktmbuf_pool_create(name, POOL_SIZE, 0, 0,
			RTE_PKTMBUF_HEADROOM + (small ? 512 : 2048), SOCKET_ID_ANY);
	return pools[small];
}

unsigned int
nr_mbufs(void)
{
	unsigned int n = 0, i;

	for (i = 0; i < RTE_DIM(pools); i++)
		if (pools[i] != NULL)
			n += rte_mempool_in_use_count(pools[i]);
	return n;
}

int
nr_start(int port, const struct nr_port_conf *conf)
{
	static const struct nr_port_conf usual;
	const struct nr_port_conf *c = conf != NULL ? conf : &usual;
	uint16_t rxq = RTE_MAX(c->rxq, 1), txq = RTE_MAX(c->txq, 1), i;
	struct rte_eth_conf eth = {
		.rxmode = { .offloads = c->rx_offloads, .mtu = c->mtu != 0 ? c->mtu : 1500 },
		.txmode = { .offloads = c->tx_offloads },
		.intr_conf = { .rxq = c->rx_intr, .lsc = c->lsc },
	};

	if (c->rss) {
		eth.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		eth.rx_adv_conf.rss_conf.rss_hf = RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP;
	}
	UT_CHECK(port >= 0);
	UT_CHECK(nr_pool(c->small) != NULL);
	UT_EQ(rte_eth_dev_configure(port, rxq, txq, &eth), 0);
	for (i = 0; i < rxq; i++)
		UT_EQ(rte_eth_rx_queue_setup(port, i, 256, SOCKET_ID_ANY, NULL, nr_pool(c->small)),
			0);
	for (i = 0; i < txq; i++)
		UT_EQ(rte_eth_tx_queue_setup(port, i, 256, SOCKET_ID_ANY, NULL), 0);
	UT_EQ(rte_eth_dev_start(port), 0);
	UT_EQ(rte_eth_promiscuous_enable(port), 0);
	return 0;
}

int
nr_start_named(const char *name, int *port)
{
	*port = nr_port(name);
	return nr_start(*port, NULL);
}

static void
headers(struct nr_frame *f, uint32_t len, uint32_t seed, uint8_t proto)
{
	struct rte_ether_hdr *eth = (struct rte_ether_hdr *)f->data;
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(eth + 1);
	uint32_t i, rand = seed * 2654435761u + 12345;

	f->len = len;
	for (i = 0; i < len; i++) {
		rand = rand * 1103515245 + 12345;
		f->data[i] = (uint8_t)(rand >> 16);
	}
	memcpy(eth->dst_addr.addr_bytes, "\x02\x00\x00\x00\x00\x0d", RTE_ETHER_ADDR_LEN);
	memcpy(eth->src_addr.addr_bytes, "\x02\x00\x00\x00\x00\x05", RTE_ETHER_ADDR_LEN);
	eth->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	memset(ip, 0, sizeof(*ip));
	ip->version_ihl = RTE_IPV4_VHL_DEF;
	ip->total_length = rte_cpu_to_be_16(len - sizeof(*eth));
	ip->time_to_live = 64;
	ip->next_proto_id = proto;
	ip->src_addr = rte_cpu_to_be_32(0xc0000201 + (seed & 0xff)); /* 192.0.2.1 and on */
	ip->dst_addr = RTE_BE32(0xc6336401); /* 198.51.100.1 */
	ip->hdr_checksum = rte_ipv4_cksum(ip);
}

void
nr_udp(struct nr_frame *f, uint32_t len, uint32_t seed)
{
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(f->data + RTE_ETHER_HDR_LEN);
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(ip + 1);

	headers(f, len, seed, IPPROTO_UDP);
	udp->src_port = rte_cpu_to_be_16(1024 + seed % 50000);
	udp->dst_port = RTE_BE16(9);
	udp->dgram_len = rte_cpu_to_be_16(len - RTE_ETHER_HDR_LEN - sizeof(*ip));
	udp->dgram_cksum = 0;
	udp->dgram_cksum = rte_ipv4_udptcp_cksum(ip, udp);
}

void
nr_tcp(struct nr_frame *f, uint32_t len, uint32_t seed)
{
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(f->data + RTE_ETHER_HDR_LEN);
	struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)(ip + 1);

	headers(f, len, seed, IPPROTO_TCP);
	memset(tcp, 0, sizeof(*tcp));
	tcp->src_port = rte_cpu_to_be_16(1024 + seed % 50000);
	tcp->dst_port = RTE_BE16(80);
	tcp->sent_seq = RTE_BE32(1000);
	tcp->data_off = 5 << 4;
	tcp->tcp_flags = RTE_TCP_ACK_FLAG | RTE_TCP_PSH_FLAG;
	tcp->cksum = rte_ipv4_udptcp_cksum(ip, tcp);
}

struct rte_mbuf *
nr_mbuf(const struct nr_frame *f, uint32_t seg)
{
	struct rte_mbuf *head = NULL, **at = &head, *m = NULL;
	uint32_t off, n;

	for (off = 0; off < f->len; off += n) {
		m = rte_pktmbuf_alloc(nr_pool(false));
		if (m == NULL) {
			rte_pktmbuf_free(head);
			return NULL;
		}
		n = RTE_MIN(f->len - off, rte_pktmbuf_tailroom(m));
		if (seg != 0)
			n = RTE_MIN(n, seg);
		memcpy(rte_pktmbuf_mtod(m, void *), f->data + off, n);
		m->data_len = n;
		*at = m;
		at = &m->next;
		if (head != m)
			head->nb_segs++;
		head->pkt_len += n;
	}
	return head;
}

int
nr_send_mbuf(int port, uint16_t queue, struct rte_mbuf *m)
{
	uint64_t end = nr_now() + NR_WAIT_MS;

	UT_CHECK(m != NULL);
	while (rte_eth_tx_burst(port, queue, &m, 1) == 0) {
		if (nr_now() > end) {
			rte_pktmbuf_free(m);
			UT_FAIL("port %d takes no frame", port);
		}
	}
	return 0;
}

int
nr_send(int port, const struct nr_frame *f)
{
	return nr_send_mbuf(port, 0, nr_mbuf(f, 0));
}

struct rte_mbuf *
nr_recv(int port, uint16_t queue, unsigned int ms)
{
	uint64_t end = nr_now() + ms;
	struct rte_mbuf *m;

	while (rte_eth_rx_burst(port, queue, &m, 1) == 0) {
		if (nr_now() > end)
			return NULL;
		nr_nap(0);
	}
	return m;
}

uint32_t
nr_flat(const struct rte_mbuf *m, uint8_t *to)
{
	uint32_t n = 0;

	for (; m != NULL; m = m->next) {
		memcpy(to + n, rte_pktmbuf_mtod(m, const void *), m->data_len);
		n += m->data_len;
	}
	return n;
}

int
nr_expect(int port, const struct nr_frame *f)
{
	struct rte_mbuf *m = nr_recv(port, 0, NR_WAIT_MS);
	uint8_t data[NR_FRAME_MAX];
	uint32_t len;

	if (m == NULL)
		UT_FAIL("no frame on port %d", port);
	len = nr_flat(m, data);
	UT_EQ(m->pkt_len, len);
	UT_EQ(m->port, port);
	rte_pktmbuf_free(m);
	UT_EQ(len, f->len);
	UT_EQ(memcmp(data, f->data, len), 0);
	return 0;
}

int
nr_expect_none(int port)
{
	struct rte_mbuf *m = nr_recv(port, 0, NR_QUIET_MS);

	if (m != NULL)
		UT_FAIL("a frame of %u bytes on port %d", m->pkt_len, port);
	return 0;
}

uint64_t
nr_xstat(int port, const char *name)
{
	uint64_t id, value;

	if (rte_eth_xstats_get_id_by_name(port, name, &id) != 0 ||
		rte_eth_xstats_get_by_id(port, &id, &value, 1) != 1)
		return UINT64_MAX;
	return value;
}

int
nr_xstat_wait(int port, const char *name, uint64_t value)
{
	uint64_t end = nr_now() + NR_WAIT_MS, is;

	while ((is = nr_xstat(port, name)) != value) {
		if (nr_now() > end)
			UT_FAIL("%s is %lld, not %lld", name, (long long)is, (long long)value);
		nr_nap(1);
	}
	return 0;
}

int
nr_log_start(void)
{
	log_file = open_memstream(&log_text, &log_len);
	UT_CHECK(log_file != NULL);
	return rte_openlog_stream(log_file);
}

char *
nr_log_end(void)
{
	rte_openlog_stream(NULL);
	fclose(log_file);
	log_file = NULL;
	return log_text;
}

static int
entries(const char *path)
{
	DIR *dir = opendir(path);
	int n = 0;

	if (dir == NULL)
		return -1;
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

int
nr_fds(void)
{
	return entries("/proc/self/fd") - 3; /* ., .. and the folder's own */
}

int
nr_threads(void)
{
	return entries("/proc/self/task") - 2;
}
