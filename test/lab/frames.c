/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * lab-frames: sends numbered frames out of one ethdev port, a VF in the lab or a virtio-user port on the host, to a guest
 * that returns each one with its MAC addresses swapped, and checks what comes back: every byte, every length, and the order
 * within each flow. What a frame of a given run, flow and number looks like is a function of these three, so nothing needs
 * to be remembered but the next number of each flow.
 *
 * One thread, which polls. At most "window" frames are on the way at any time: what lies between drops what a queue cannot
 * hold, and here a frame that does not come back is a failure. It never sends a frame twice and never looks away from one.
 */
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_udp.h>

#define MAX_FLOWS 256
#define MAX_QUEUES 16
#define MAX_BURST 128
#define RX_RING 1024 /* a port that has smaller ones takes these */
#define TX_RING 256
#define LEN_MIN 60 /* Ethernet without FCS */
#define LEN_MAX 1514
#define PORT_RUN 0x2000 /* UDP destination port: + run */
#define PORT_FLOW 0x4000 /* UDP source port: + flow */
#define SHOW_ERRORS 5
#define LINGER_MS 100 /* for frames that come twice */
#define INTR_MS 2000 /* for an interrupt, when frames are on the way */

/* What each frame begins with; the payload follows, at least LEN_MIN - sizeof(struct head) = 2 bytes. */
struct head {
	struct rte_ether_hdr eth;
	struct rte_ipv4_hdr ip;
	struct rte_udp_hdr udp;
	uint16_t run;
	uint16_t flow;
	uint32_t seq;
	uint64_t sum; /* over the payload */
} __rte_packed __rte_aligned(2);

struct flow {
	uint32_t sent; /* number of the next frame to send */
	uint32_t next; /* number that has to come back next */
};

struct queue {
	struct rte_mbuf *pkts[MAX_BURST]; /* made, and not yet taken by the port: from first to n - 1 */
	uint16_t first;
	uint16_t n;
	uint16_t turn; /* flow of the next frame, counted among those of this queue */
	uint64_t received;
};

struct counts {
	uint64_t made;
	uint64_t sent;
	uint64_t received; /* ours, whole and not behind */
	uint64_t bytes;
	uint64_t corrupt; /* ours by address, but not as sent */
	uint64_t ahead; /* frames before it in its flow had not come */
	uint64_t behind; /* of a number that was passed already: late, or twice */
	uint64_t foreign; /* not of this run */
};

struct bench {
	uint64_t count;
	unsigned int flows, queues, window, burst, stall_s, idle_us;
	bool wait, intr;
	uint64_t sleeps, missed; /* ended by interrupts; interrupts that did not come though frames had */
	uint16_t run;
	uint16_t port;
	struct rte_ether_addr mac, peer;
	struct rte_mempool *pool;
	struct flow flow[MAX_FLOWS];
	struct queue queue[MAX_QUEUES];
	struct counts counts;
	double seconds;
};

static atomic_bool interrupted;

static void
on_signal(int sig)
{
	(void)sig;
	interrupted = true;
}

/* --- what a frame looks like ----------------------------------------------------------------------- */

/* 1455 lengths; 7919 is prime to that, so a flow has them all before it has one again. */
static uint16_t
frame_len(uint16_t flow, uint32_t seq)
{
	return LEN_MIN + (uint64_t)(seq * UINT64_C(7919) + flow * UINT64_C(131)) % (LEN_MAX - LEN_MIN + 1);
}

static uint64_t
payload_seed(const struct bench *b, uint16_t flow, uint32_t seq)
{
	uint64_t x = ((uint64_t)b->run << 48 | (uint64_t)flow << 32 | seq) + UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	return x ^ (x >> 27);
}

/* A sequence of its own for each frame, each word of it a different one; cheap, as an emulated processor has to make it. */
static uint64_t
payload_word(uint64_t *x)
{
	*x += UINT64_C(0x9e3779b97f4a7c15);
	return *x ^ (*x >> 29);
}

/* Fletcher's way: words that changed places show, too. */
static uint64_t
sum_word(uint64_t sum[2], uint64_t word)
{
	sum[0] += word;
	sum[1] += sum[0];
	return sum[0] ^ sum[1];
}

static uint64_t
payload_fill(uint8_t *p, unsigned int len, uint64_t x)
{
	uint64_t word, sum[2] = { len, 0 };

	for (; len >= sizeof(word); p += sizeof(word), len -= sizeof(word)) {
		word = payload_word(&x);
		memcpy(p, &word, sizeof(word));
		sum_word(sum, word);
	}
	word = payload_word(&x) & ((UINT64_C(1) << (8 * len)) - 1);
	memcpy(p, &word, len);
	return sum_word(sum, word);
}

/* The sum is of what is there; the answer is whether that is what should be. */
static bool
payload_check(const uint8_t *p, unsigned int len, uint64_t x, uint64_t *sum_there)
{
	uint64_t word, diff = 0, sum[2] = { len, 0 };

	for (; len >= sizeof(word); p += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		diff |= word ^ payload_word(&x);
		sum_word(sum, word);
	}
	word = 0;
	memcpy(&word, p, len);
	diff |= word ^ (payload_word(&x) & ((UINT64_C(1) << (8 * len)) - 1));
	*sum_there = sum_word(sum, word);
	return diff == 0;
}

/* Ordinary IPv4 and UDP, and each flow with addresses of its own: queues are chosen by a hash of these. */
static void
head_fill(const struct bench *b, struct head *h, uint16_t flow, uint32_t seq, uint64_t sum,
	const struct rte_ether_addr *from, const struct rte_ether_addr *to)
{
	const uint16_t len = frame_len(flow, seq);

	*h = (struct head){
		.eth = { .src_addr = *from, .dst_addr = *to, .ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4) },
		.ip = {
			.version_ihl = RTE_IPV4_VHL_DEF,
			.total_length = rte_cpu_to_be_16(len - sizeof(h->eth)),
			.packet_id = rte_cpu_to_be_16(seq),
			.time_to_live = 64,
			.next_proto_id = IPPROTO_UDP,
			.src_addr = rte_cpu_to_be_32(RTE_IPV4(10, 1, b->run, flow)),
			.dst_addr = rte_cpu_to_be_32(RTE_IPV4(10, 2, b->run, flow)),
		},
		.udp = {
			.src_port = rte_cpu_to_be_16(PORT_FLOW + flow),
			.dst_port = rte_cpu_to_be_16(PORT_RUN + b->run),
			.dgram_len = rte_cpu_to_be_16(len - sizeof(h->eth) - sizeof(h->ip)),
		},
		.run = b->run,
		.flow = flow,
		.seq = seq,
		.sum = sum,
	};
	h->ip.hdr_checksum = rte_ipv4_cksum(&h->ip);
}

/* --- there ------------------------------------------------------------------------------------------ */

static void
frame_make(struct bench *b, struct rte_mbuf *m, uint16_t flow)
{
	const uint32_t seq = b->flow[flow].sent++;
	const uint16_t len = frame_len(flow, seq);
	uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);
	uint64_t sum;

	sum = payload_fill(data + sizeof(struct head), len - sizeof(struct head), payload_seed(b, flow, seq));
	head_fill(b, (struct head *)data, flow, seq, sum, &b->mac, &b->peer);
	m->data_len = len;
	m->pkt_len = len;
}

/* Flow f goes out of queue f % queues, always: TAP devices return a flow by the queue that it came from. */
static void
queue_refill(struct bench *b, uint16_t qid)
{
	struct queue *q = &b->queue[qid];
	const uint64_t on_the_way = b->counts.made - b->counts.received;
	const uint16_t own = b->flows / b->queues;
	uint64_t room;
	uint16_t i;

	if (q->first < q->n || on_the_way >= b->window)
		return;
	room = RTE_MIN(b->count - b->counts.made, b->window - on_the_way);
	q->first = 0;
	q->n = RTE_MIN(room, b->burst);
	if (q->n == 0 || rte_pktmbuf_alloc_bulk(b->pool, q->pkts, q->n) != 0) {
		q->n = 0;
		return;
	}
	for (i = 0; i < q->n; i++) {
		frame_make(b, q->pkts[i], qid + q->turn * b->queues);
		q->turn = (q->turn + 1) % own;
	}
	b->counts.made += q->n;
}

static unsigned int
queue_send(struct bench *b, uint16_t qid)
{
	struct queue *q = &b->queue[qid];
	uint16_t n;

	queue_refill(b, qid);
	if (q->first == q->n)
		return 0;
	n = rte_eth_tx_burst(b->port, qid, q->pkts + q->first, q->n - q->first);
	q->first += n;
	b->counts.sent += n;
	return n;
}

/* --- and back --------------------------------------------------------------------------------------- */

static bool
is_ours(const struct bench *b, const struct head *h, uint32_t len)
{
	return len >= LEN_MIN && h->eth.ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4) &&
		h->ip.next_proto_id == IPPROTO_UDP &&
		h->udp.dst_port == rte_cpu_to_be_16(PORT_RUN + b->run);
}

/* NULL, or what is wrong with it. */
static const char *
frame_damage(const struct bench *b, const struct rte_mbuf *m)
{
	const struct head *h = rte_pktmbuf_mtod(m, const struct head *);
	struct head want;
	uint64_t sum;
	bool same;

	if (m->nb_segs != 1)
		return "more than one segment";
	if (h->flow >= b->flows)
		return "no such flow";
	if (m->pkt_len != frame_len(h->flow, h->seq))
		return "length";
	same = payload_check((const uint8_t *)(h + 1), m->pkt_len - sizeof(*h), payload_seed(b, h->flow, h->seq), &sum);
	if (sum != h->sum)
		return "checksum";
	if (!same)
		return "payload of another frame";
	head_fill(b, &want, h->flow, h->seq, sum, &b->peer, &b->mac);
	return memcmp(h, &want, sizeof(want)) == 0 ? NULL : "header";
}

static void
show_error(const struct bench *b, const struct rte_mbuf *m, uint16_t qid, const char *what)
{
	const struct counts *c = &b->counts;
	const struct head *h = rte_pktmbuf_mtod(m, const struct head *);

	if (c->corrupt + c->ahead + c->behind > SHOW_ERRORS)
		return;
	printf("bad %s: queue=%u flow=%u seq=%u wanted=%u length=%u wanted=%u after=%" PRIu64 "\n", what, qid, h->flow,
		h->seq, h->flow < b->flows ? b->flow[h->flow].next : 0, m->pkt_len, frame_len(h->flow, h->seq),
		c->received);
}

static void
frame_check(struct bench *b, const struct rte_mbuf *m, uint16_t qid)
{
	const struct head *h = rte_pktmbuf_mtod(m, const struct head *);
	struct counts *c = &b->counts;
	const char *damage;
	struct flow *flow;

	if (!is_ours(b, h, m->pkt_len)) {
		c->foreign++;
		return;
	}
	damage = frame_damage(b, m);
	if (damage != NULL) {
		c->corrupt++;
		show_error(b, m, qid, damage);
		return;
	}
	flow = &b->flow[h->flow];
	if (h->seq < flow->next) {
		c->behind++;
		show_error(b, m, qid, "order (late or twice)");
		return;
	}
	if (h->seq > flow->next) {
		c->ahead++;
		show_error(b, m, qid, "order (others missing before it)");
	}
	flow->next = h->seq + 1;
	b->queue[qid].received++;
	c->received++;
	c->bytes += m->pkt_len;
}

static unsigned int
queue_receive(struct bench *b, uint16_t qid)
{
	struct rte_mbuf *pkts[MAX_BURST];
	uint16_t i, n;

	n = rte_eth_rx_burst(b->port, qid, pkts, b->burst);
	for (i = 0; i < n; i++)
		frame_check(b, pkts[i], qid);
	rte_pktmbuf_free_bulk(pkts, n);
	return n;
}

/* --- a run ------------------------------------------------------------------------------------------ */

static unsigned int
poll_once(struct bench *b)
{
	unsigned int n = 0;
	uint16_t qid;

	for (qid = 0; qid < b->queues; qid++)
		n += queue_send(b, qid) + queue_receive(b, qid);
	return n;
}

static void
intr_switch(const struct bench *b, bool on)
{
	uint16_t qid;

	for (qid = 0; qid < b->queues; qid++) {
		if (on)
			rte_eth_dev_rx_intr_enable(b->port, qid);
		else
			rte_eth_dev_rx_intr_disable(b->port, qid);
	}
}

/* Until the port interrupts. What came before interrupts were on is looked for after that. */
static void
intr_sleep(struct bench *b)
{
	struct rte_epoll_event events[MAX_QUEUES];

	intr_switch(b, true);
	if (poll_once(b) == 0) {
		if (rte_epoll_wait(RTE_EPOLL_PER_THREAD, events, MAX_QUEUES, INTR_MS) > 0)
			b->sleeps++;
		else if (poll_once(b) != 0)
			b->missed++;
	}
	intr_switch(b, false);
}

static void
bench_run(struct bench *b)
{
	const uint64_t hz = rte_get_tsc_hz(), begin = rte_get_tsc_cycles();
	uint64_t now = begin, moved = begin;

	while (b->counts.received < b->count && !interrupted) {
		if (poll_once(b) != 0)
			moved = rte_get_tsc_cycles();
		else if (b->intr)
			intr_sleep(b);
		else if (b->idle_us != 0)
			usleep(b->idle_us);
		now = rte_get_tsc_cycles();
		if (now - moved > b->stall_s * hz) {
			printf("stalled: nothing came back for %u s\n", b->stall_s);
			break;
		}
	}
	b->seconds = (double)(now - begin) / hz;
	while (now - begin < b->seconds * hz + LINGER_MS * hz / 1000) {
		poll_once(b);
		now = rte_get_tsc_cycles();
	}
}

/* Whether each frame came back as it was sent, once, and in order. */
static bool
bench_report(const struct bench *b)
{
	const struct counts *c = &b->counts;
	unsigned int i, shown = 0;

	for (i = 0; i < b->flows && shown < SHOW_ERRORS; i++) {
		if (b->flow[i].next == b->flow[i].sent)
			continue;
		printf("missing at the end: flow=%u sent=%u next=%u\n", i, b->flow[i].sent, b->flow[i].next);
		shown++;
	}
	printf("frames sent=%" PRIu64 " received=%" PRIu64 " lost=%" PRIu64 " corrupt=%" PRIu64 " ahead=%" PRIu64
		" behind=%" PRIu64 " foreign=%" PRIu64 " bytes=%" PRIu64 " flows=%u queues=%u window=%u seconds=%.2f"
		" per_second=%.0f sleeps=%" PRIu64 " missed=%" PRIu64,
		c->sent, c->received, c->sent - RTE_MIN(c->sent, c->received + c->corrupt), c->corrupt, c->ahead,
		c->behind, c->foreign, c->bytes, b->flows, b->queues, b->window, b->seconds,
		b->seconds > 0 ? c->received / b->seconds : 0, b->sleeps, b->missed);
	for (i = 0; i < b->queues; i++)
		printf(" rx_q%u=%" PRIu64, i, b->queue[i].received);
	printf("\n");
	return c->received == b->count && c->sent == b->count &&
		c->corrupt + c->ahead + c->behind + b->missed == 0;
}

static int
port_start(struct bench *b)
{
	const struct rte_eth_conf conf = { .rxmode.mq_mode = RTE_ETH_MQ_RX_NONE, .intr_conf.rxq = b->intr };
	uint16_t qid;
	int ret;

	if (rte_eth_dev_count_avail() != 1) {
		fprintf(stderr, "lab-frames wants one port, there are %u: give one -a PCI, or one --vdev\n",
			rte_eth_dev_count_avail());
		return -ENODEV;
	}
	b->port = rte_eth_find_next(0);
	b->pool = rte_pktmbuf_pool_create("frames", b->queues * (RX_RING + TX_RING) + b->window + 4 * MAX_BURST, MAX_BURST,
		0, RTE_MBUF_DEFAULT_BUF_SIZE, rte_eth_dev_socket_id(b->port));
	if (b->pool == NULL)
		return -rte_errno;
	ret = rte_eth_macaddr_get(b->port, &b->mac);
	if (ret == 0)
		ret = rte_eth_dev_configure(b->port, b->queues, b->queues, &conf);
	for (qid = 0; ret == 0 && qid < b->queues; qid++) {
		ret = rte_eth_rx_queue_setup(b->port, qid, RX_RING, SOCKET_ID_ANY, NULL, b->pool);
		if (ret == 0)
			ret = rte_eth_tx_queue_setup(b->port, qid, TX_RING, SOCKET_ID_ANY, NULL);
	}
	if (ret == 0)
		ret = rte_eth_dev_start(b->port);
	for (qid = 0; ret == 0 && b->intr && qid < b->queues; qid++)
		ret = rte_eth_dev_rx_intr_ctl_q(b->port, qid, RTE_EPOLL_PER_THREAD, RTE_INTR_EVENT_ADD, NULL);
	return ret;
}

static void
wait_for_line(void)
{
	int c;

	printf("ready\n");
	fflush(stdout);
	do {
		c = getchar();
	} while (c != '\n' && c != EOF && !interrupted);
}

static void
usage(const char *why)
{
	fprintf(stderr,
		"lab-frames: %s\n"
		"usage: lab-frames [EAL options] -- --peer MAC [options]\n"
		"  --peer MAC    of the guest that returns the frames\n"
		"  --count N     frames to send (1000000)\n"
		"  --queues N    queue pairs, 1 to %d (1)\n"
		"  --flows N     a multiple of queues, at most %d (32)\n"
		"  --window N    most frames on the way at any time (128)\n"
		"  --burst N     most frames handed to a queue at once, 1 to %d (32)\n"
		"  --stall S     give up when nothing came back for S seconds (10)\n"
		"  --idle US     sleep when there is nothing to do, 0: poll on (0)\n"
		"  --interrupts  when there is nothing to do, sleep until the port interrupts; one that does not\n"
		"                come is an error\n"
		"  --wait        say \"ready\" when the port is up, and begin when stdin has a line, or ends\n"
		"  --run N       number of this run, 0 to 255: frames of others are not counted (0)\n"
		"Exit status: 0 each frame came back as sent, once, in its flow's order, and no interrupt was missed;\n"
		"1 not so; 2 usage.\n",
		why, MAX_QUEUES, MAX_FLOWS, MAX_BURST);
	exit(2);
}

static unsigned int
number(const char *text, unsigned int low, unsigned int high)
{
	unsigned long n;
	char *end;

	n = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end != '\0' || n < low || n > high)
		usage("an option's number is out of range");
	return n;
}

static void
bench_parse(struct bench *b, int argc, char **argv)
{
	static const struct option options[] = {
		{ "peer", 1, NULL, 'p' }, { "count", 1, NULL, 'c' }, { "queues", 1, NULL, 'q' },
		{ "flows", 1, NULL, 'f' }, { "window", 1, NULL, 'w' }, { "burst", 1, NULL, 'b' },
		{ "stall", 1, NULL, 's' }, { "idle", 1, NULL, 'i' }, { "run", 1, NULL, 'r' }, { "wait", 0, NULL, 'W' },
		{ "interrupts", 0, NULL, 'I' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	optind = 1;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'p':
			if (rte_ether_unformat_addr(optarg, &b->peer) != 0)
				usage("--peer wants a MAC address");
			break;
		case 'c': b->count = number(optarg, 1, UINT32_MAX); break;
		case 'q': b->queues = number(optarg, 1, MAX_QUEUES); break;
		case 'f': b->flows = number(optarg, 1, MAX_FLOWS); break;
		case 'w': b->window = number(optarg, 1, 1 << 14); break;
		case 'b': b->burst = number(optarg, 1, MAX_BURST); break;
		case 's': b->stall_s = number(optarg, 1, 600); break;
		case 'i': b->idle_us = number(optarg, 0, 1000000); break;
		case 'W': b->wait = true; break;
		case 'I': b->intr = true; break;
		case 'r': b->run = number(optarg, 0, UINT8_MAX); break;
		default: usage("no such option");
		}
	}
	if (optind != argc)
		usage("words left over");
	if (rte_is_zero_ether_addr(&b->peer))
		usage("--peer is missing");
	if (b->flows % b->queues != 0)
		usage("--flows is not a multiple of --queues");
}

int
main(int argc, char **argv)
{
	static struct bench b = {
		.count = 1000000, .flows = 32, .queues = 1, .window = 128, .burst = 32, .stall_s = 10,
	};
	const struct sigaction stop = { .sa_handler = on_signal }; /* and reads do not go on after it */
	bool good;
	int ret;

	ret = rte_eal_init(argc, argv);
	if (ret < 0)
		usage("EAL does not start");
	bench_parse(&b, argc - ret, argv + ret);
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	ret = port_start(&b);
	if (ret != 0) {
		fprintf(stderr, "lab-frames: the port does not start: %s\n", rte_strerror(-ret));
		return 1;
	}
	if (b.wait)
		wait_for_line();
	bench_run(&b);
	good = bench_report(&b);
	rte_eth_dev_stop(b.port);
	rte_eth_dev_close(b.port);
	rte_eal_cleanup();
	return good ? 0 : 1;
}
