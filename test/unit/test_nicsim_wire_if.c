/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Wires of the simulated NIC that are interfaces of the kernel. Each case runs on a thread that has
 * a network namespace of its own, so nothing of the machine's network is touched or seen. The other
 * side of a tap: wire is a packet socket on the interface; that of a packet: wire the file
 * descriptor of the TAP interface that it is plugged into.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <arpa/inet.h>
#include <linux/capability.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <linux/virtio_net.h>
#include <net/if.h>

#include "nicbench.h"
#include "ut.h"

#define WHY 300
#define WAIT_MS 2000
#define TYPE 0x88b5 /* IEEE 802, local experiments: nobody else sends this */
#define JUMBO (9600 + 14)

static char why[WHY];
static uint8_t room[NICSIM_HEADROOM + NICSIM_FRAME_MAX];

/* --- a namespace for each case ---------------------------------------------------------------- */

struct job {
	int (*run)(void);
	int ret;
};

static void *
netns_main(void *arg)
{
	struct job *job = arg;

	if (unshare(CLONE_NEWNET) != 0) {
		printf("    not run: a network namespace: %s; it takes root (CAP_SYS_ADMIN)\n",
			strerror(errno));
		job->ret = errno == EPERM ? UT_SKIPPED : UT_FAILED;
	} else if (access("/dev/net/tun", R_OK | W_OK) != 0) {
		printf("    not run: /dev/net/tun: %s\n", strerror(errno));
		job->ret = UT_SKIPPED;
	} else {
		job->ret = job->run();
	}
	return NULL;
}

static int
netns_run(int (*run)(void))
{
	struct job job = { run, UT_FAILED };
	pthread_t thread;

	UT_EQ(pthread_create(&thread, NULL, netns_main, &job), 0);
	pthread_join(thread, NULL);
	return job.ret;
}

#define NETNS_CASE(fn)                                                                             \
	static int fn(void)                                                                        \
	{                                                                                          \
		return netns_run(fn##_run);                                                        \
	}

/* --- the kernel's side ------------------------------------------------------------------------ */

static int
if_ioctl(unsigned long what, struct ifreq *ifr, const char *name)
{
	int sock = socket(AF_INET, SOCK_DGRAM, 0), ret;

	snprintf(ifr->ifr_name, sizeof(ifr->ifr_name), "%s", name);
	ret = ioctl(sock, what, ifr);
	close(sock);
	return ret;
}

static int
if_index(const char *name)
{
	struct ifreq ifr = { 0 };

	return if_ioctl(SIOCGIFINDEX, &ifr, name) == 0 ? ifr.ifr_ifindex : 0;
}

static int
if_set_up(const char *name, bool up)
{
	struct ifreq ifr = { 0 };

	ifr.ifr_flags = up ? IFF_UP : 0;
	return if_ioctl(SIOCSIFFLAGS, &ifr, name);
}

static int
if_set_mtu(const char *name, int mtu)
{
	struct ifreq ifr = { 0 };

	ifr.ifr_mtu = mtu;
	return if_ioctl(SIOCSIFMTU, &ifr, name);
}

/* One request of rtnetlink about one interface. @return bytes of the answer */
static int
rtnl(uint16_t type, uint16_t flags, int index, void *answer, size_t size)
{
	struct {
		struct nlmsghdr nh;
		struct ifinfomsg ifi;
	} req = { .nh = { .nlmsg_len = sizeof(req),
			  .nlmsg_type = type,
			  .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags) },
		.ifi = { .ifi_family = AF_UNSPEC, .ifi_index = index } };
	int sock = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	ssize_t n = -1;

	if (send(sock, &req, sizeof(req), 0) == (ssize_t)sizeof(req))
		n = recv(sock, answer, size, 0);
	close(sock);
	return (int)n;
}

static int
if_delete(const char *name)
{
	struct {
		struct nlmsghdr nh;
		struct nlmsgerr err;
	} answer;

	return rtnl(RTM_DELLINK, NLM_F_ACK, if_index(name), &answer, sizeof(answer)) > 0
		       ? answer.err.error
		       : -EIO;
}

/* How many have asked for promiscuous mode. */
static int
if_promiscuity(const char *name)
{
	static char answer[16384] __attribute__((aligned(8)));
	struct nlmsghdr *nh = (struct nlmsghdr *)(void *)answer;
	struct rtattr *a;
	uint32_t value;
	int len;

	if (rtnl(RTM_GETLINK, 0, if_index(name), answer, sizeof(answer)) <= 0)
		return -1;
	len = (int)IFLA_PAYLOAD(nh);
	for (a = IFLA_RTA(NLMSG_DATA(nh)); RTA_OK(a, len); a = RTA_NEXT(a, len)) {
		if (a->rta_type == IFLA_PROMISCUITY) {
			memcpy(&value, RTA_DATA(a), sizeof(value));
			return (int)value;
		}
	}
	return -1;
}

/* A TAP interface, of which the test has the far end. */
static int
tap_new(const char *name, int flags)
{
	struct ifreq ifr = { 0 };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	ifr.ifr_flags = (short)(flags | IFF_NO_PI);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &ifr) != 0 || if_set_up(name, true) != 0)
		return -1;
	return fd;
}

static int
packet_new(const char *name)
{
	struct sockaddr_ll ll = {
		.sll_family = AF_PACKET, .sll_protocol = htons(TYPE), .sll_ifindex = if_index(name)
	};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0);

	return fd >= 0 && bind(fd, (struct sockaddr *)&ll, sizeof(ll)) == 0 ? fd : -1;
}

/* --- frames ----------------------------------------------------------------------------------- */

static struct nicsim_frame
frame_new(void)
{
	struct nicsim_frame f = { .data = room + NICSIM_HEADROOM };

	return f;
}

static void
fill(uint8_t *data, uint32_t len, uint32_t seed)
{
	static const uint8_t mac[12] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 };
	uint32_t i;

	memcpy(data, mac, sizeof(mac));
	data[12] = TYPE >> 8;
	data[13] = TYPE & 0xff;
	for (i = 14; i < len; i++)
		data[i] = (uint8_t)(seed + i * 7 + (i >> 8));
}

static bool
is_filled(const uint8_t *data, uint32_t len, uint32_t seed)
{
	static uint8_t want[NICSIM_FRAME_MAX];

	fill(want, len, seed);
	return memcmp(data, want, len) == 0;
}

static void
send_filled(struct nicsim_wire *w, uint32_t len, uint32_t seed)
{
	uint8_t data[NICSIM_WIRE_MAX];
	struct nicsim_frame f = { .data = data, .len = len };

	fill(data, len, seed);
	nicsim_wire_tx(w, &f);
}

/* What the host itself sends when an interface comes up is none of ours. */
static bool
is_noise(const uint8_t *data)
{
	return data[12] == 0x86 && data[13] == 0xdd && data[0] == 0x33;
}

static int
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int)(ts.tv_sec % 1000000 * 1000 + ts.tv_nsec / 1000000);
}

/* The next frame on a wire, that may be a while in coming. */
static bool
wire_next(struct nicsim_wire *w, struct nicsim_frame *f)
{
	struct pollfd p = { .fd = nicsim_wire_fd(w), .events = POLLIN };
	int end = now_ms() + WAIT_MS;

	while (now_ms() < end && poll(&p, 1, WAIT_MS) == 1) {
		if (nicsim_wire_rx(w, f) && !is_noise(f->data))
			return true;
	}
	return false;
}

/* The same of a file descriptor. @return its length; 0 none */
static uint32_t
fd_next(int fd, uint8_t *data, size_t size)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int end = now_ms() + WAIT_MS;
	ssize_t n;

	while (now_ms() < end && poll(&p, 1, WAIT_MS) == 1) {
		n = read(fd, data, size);
		if (n >= 14 && !is_noise(data))
			return (uint32_t)n;
	}
	return 0;
}

static bool
wire_is_quiet(struct nicsim_wire *w)
{
	struct nicsim_frame f = frame_new();

	while (nicsim_wire_rx(w, &f)) {
		if (!is_noise(f.data))
			return false;
	}
	return true;
}

static struct nicsim_wire *
open_wire(const char *text)
{
	struct nicsim_wire *w = NULL;

	if (nicsim_wire_open(text, NULL, NULL, &w, why, sizeof(why)) != 0) {
		printf("    %s: %s\n", text, why);
		return NULL;
	}
	return w;
}

static int
refused(const char *text, int ret, const char *says)
{
	struct nicsim_wire *w;

	UT_EQ(nicsim_wire_open(text, NULL, NULL, &w, why, sizeof(why)), ret);
	if (strstr(why, says) == NULL)
		UT_FAIL("%s: \"%s\", not \"%s\"", text, why, says);
	return 0;
}

/* Carrier changes take the kernel a moment to tell. */
static bool
link_becomes(struct nicsim_wire *w, bool up)
{
	int end = now_ms() + WAIT_MS;

	while (nicsim_wire_link(w) != up && now_ms() < end)
		usleep(1000);
	return nicsim_wire_link(w) == up;
}

/* Frames both ways between a wire and what is at its other end. */
static int
exchange(struct nicsim_wire *w, int fd)
{
	static const uint32_t len[] = { 14, 42, 60, 1514, JUMBO };
	static uint8_t data[NICSIM_FRAME_MAX];
	struct nicsim_frame in = frame_new();
	struct nicsim_wire_stats st;
	uint64_t bytes = 0;
	uint32_t i;

	for (i = 0; i < 5; i++) {
		send_filled(w, len[i], i);
		UT_EQ(fd_next(fd, data, sizeof(data)), len[i]);
		UT_CHECK(is_filled(data, len[i], i));
		fill(data, len[i], i + 100);
		UT_EQ(write(fd, data, len[i]), len[i]);
		in.meta.flags = 0xff;
		UT_CHECK(wire_next(w, &in));
		UT_EQ(in.len, len[i]);
		UT_CHECK(is_filled(in.data, len[i], i + 100));
		UT_EQ(in.meta.flags, 0);
		UT_EQ(in.hash, nicsim_frame_hash(in.data, in.len));
		bytes += len[i];
	}
	UT_CHECK(wire_is_quiet(w));
	nicsim_wire_stats(w, &st);
	UT_EQ(st.tx_packets, 5);
	UT_EQ(st.tx_bytes, bytes);
	UT_EQ(st.tx_errors, 0);
	UT_GE(st.rx_packets, 5);
	UT_GE(st.rx_bytes, bytes);
	UT_EQ(st.rx_errors, 0);
	return 0;
}

/* --- tap -------------------------------------------------------------------------------------- */

static int
tap_carries_frames_run(void)
{
	static uint8_t data[NICSIM_WIRE_MAX + 1];
	struct nicsim_wire *w = open_wire("tap:wire0");
	struct nicsim_wire_stats st;
	struct nicsim_frame in = frame_new();
	int fd;

	UT_CHECK(w != NULL);
	UT_STR(nicsim_wire_name(w), "tap:wire0");
	UT_CHECK(link_becomes(w, true));
	UT_EQ(if_set_mtu("wire0", 9600), 0);
	fd = packet_new("wire0");
	UT_CHECK(fd >= 0);
	UT_DO(exchange(w, fd));
	/* longer than what a wire carries, and just as long */
	UT_EQ(if_set_mtu("wire0", 12000), 0);
	fill(data, sizeof(data), 1);
	UT_EQ(write(fd, data, NICSIM_WIRE_MAX + 1), NICSIM_WIRE_MAX + 1);
	UT_EQ(write(fd, data, NICSIM_WIRE_MAX), NICSIM_WIRE_MAX);
	UT_CHECK(wire_next(w, &in));
	UT_EQ(in.len, NICSIM_WIRE_MAX);
	nicsim_wire_stats(w, &st);
	UT_EQ(st.rx_errors, 1);
	close(fd);
	nicsim_wire_close(w);
	UT_EQ(if_index("wire0"), 0); /* made by it, and gone with it */
	return 0;
}
NETNS_CASE(tap_carries_frames)

static int
tap_follows_its_interface_run(void)
{
	struct nicsim_wire *w = open_wire("tap:wire0");
	struct nicsim_wire_stats st;
	struct nicsim_frame in = frame_new();
	struct pollfd p;
	int i;

	UT_CHECK(w != NULL);
	UT_DO(refused("tap:wire0", -EBUSY, "take another name"));
	UT_CHECK(link_becomes(w, true));
	UT_EQ(if_set_up("wire0", false), 0);
	UT_CHECK(!nicsim_wire_link(w));
	send_filled(w, 60, 0);
	nicsim_wire_stats(w, &st);
	UT_EQ(st.tx_errors, 1);
	UT_EQ(if_set_up("wire0", true), 0);
	UT_CHECK(link_becomes(w, true));
	UT_EQ(if_delete("wire0"), 0);
	UT_CHECK(!nicsim_wire_link(w));
	for (i = 0; i < 100; i++)
		(void)nicsim_wire_rx(w, &in);
	send_filled(w, 60, 0);
	nicsim_wire_stats(w, &st);
	UT_EQ(st.rx_errors, 1); /* once for all */
	UT_EQ(st.tx_errors, 2);
	/* who waits for it is not kept busy */
	p = (struct pollfd){ .fd = nicsim_wire_fd(w), .events = POLLIN };
	UT_EQ(poll(&p, 1, 0), 0);
	nicsim_wire_close(w);
	return 0;
}
NETNS_CASE(tap_follows_its_interface)

/* One that is there, and was used in another way before. */
static int
tap_takes_one_that_is_there_run(void)
{
	int fd = tap_new("mine", IFF_TAP | IFF_VNET_HDR);
	struct nicsim_wire *w;

	UT_CHECK(fd >= 0);
	UT_EQ(ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6), 0);
	UT_EQ(ioctl(fd, TUNSETPERSIST, 1), 0);
	close(fd);
	UT_EQ(if_set_up("mine", false), 0);
	w = open_wire("tap:mine");
	UT_CHECK(w != NULL);
	UT_CHECK(link_becomes(w, true));
	UT_EQ(if_set_mtu("mine", 9600), 0);
	fd = packet_new("mine");
	UT_CHECK(fd >= 0);
	UT_DO(exchange(w, fd));
	close(fd);
	nicsim_wire_close(w);
	UT_CHECK(if_index("mine") != 0); /* not its own to take away */
	fd = tap_new("tunnel", IFF_TUN);
	UT_CHECK(fd >= 0);
	UT_EQ(ioctl(fd, TUNSETPERSIST, 1), 0);
	close(fd);
	UT_DO(refused("tap:tunnel", -EINVAL, "packet:NAME"));
	UT_DO(refused("tap:lo", -EINVAL, "take another name"));
	return 0;
}
NETNS_CASE(tap_takes_one_that_is_there)

/* Without checksum and segmentation offload: what TCP of the host sends comes whole. */
static int
tap_asks_for_no_offload_run(void)
{
	struct nicsim_wire *w;
	struct virtio_net_hdr hdr = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 40, .csum_offset = 4
	};
	struct sockaddr_ll ll = { .sll_family = AF_PACKET, .sll_protocol = htons(TYPE) };
	uint8_t out[sizeof(hdr) + 60];
	struct nicsim_frame in = frame_new();
	const int on = 1;
	uint32_t sum = 0;
	int fd, i;

	fd = tap_new("mine", IFF_TAP | IFF_VNET_HDR);
	UT_CHECK(fd >= 0);
	UT_EQ(ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM), 0);
	UT_EQ(ioctl(fd, TUNSETPERSIST, 1), 0);
	close(fd);
	w = open_wire("tap:mine");
	UT_CHECK(w != NULL);
	fd = packet_new("mine");
	UT_CHECK(fd >= 0);
	UT_EQ(setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)), 0);
	memcpy(out, &hdr, sizeof(hdr));
	fill(out + sizeof(hdr), 60, 1);
	out[sizeof(hdr) + 44] = 0;
	out[sizeof(hdr) + 45] = 0;
	ll.sll_ifindex = if_index("mine");
	UT_EQ(sendto(fd, out, sizeof(out), 0, (struct sockaddr *)&ll, sizeof(ll)), sizeof(out));
	UT_CHECK(wire_next(w, &in));
	UT_EQ(in.len, 60);
	for (i = 40; i < 60; i += 2)
		sum += (uint32_t)(in.data[i] << 8 | in.data[i + 1]);
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	UT_EQ(sum, 0xffff);
	close(fd);
	nicsim_wire_close(w);
	return 0;
}
NETNS_CASE(tap_asks_for_no_offload)

/* --- packet ----------------------------------------------------------------------------------- */

static int
packet_carries_frames_run(void)
{
	int fd = tap_new("net0", IFF_TAP), other;
	struct nicsim_wire *w;
	struct nicsim_frame in = frame_new();
	uint8_t data[64];

	UT_CHECK(fd >= 0);
	UT_EQ(if_set_mtu("net0", 9600), 0);
	UT_EQ(if_promiscuity("net0"), 0);
	w = open_wire("packet:net0");
	UT_CHECK(w != NULL);
	UT_CHECK(link_becomes(w, true));
	UT_EQ(if_promiscuity("net0"), 1);
	UT_DO(exchange(w, fd));
	/* what the host sends there goes out, and not to us */
	other = packet_new("net0");
	UT_CHECK(other >= 0);
	fill(data, 60, 1);
	UT_EQ(write(other, data, 60), 60);
	UT_EQ(fd_next(fd, data, sizeof(data)), 60);
	UT_CHECK(wire_is_quiet(w));
	/* nor does the host get it when another one may have it */
	fill(data, 60, 2);
	UT_EQ(write(fd, data, 60), 60);
	UT_CHECK(wire_next(w, &in));
	UT_CHECK(is_filled(in.data, 60, 2));
	close(other);
	nicsim_wire_close(w);
	UT_EQ(if_promiscuity("net0"), 0);
	close(fd);
	return 0;
}
NETNS_CASE(packet_carries_frames)

static int
packet_puts_tags_back_run(void)
{
	static const uint8_t tags[][8] = {
		{ 0x81, 0x00, 0x20, 0x64, 0x88, 0xb5 },
		{ 0x88, 0xa8, 0xe1, 0x23, 0x88, 0xb5 },
		{ 0x88, 0xa8, 0x00, 0x02, 0x81, 0x00, 0x00, 0x03 },
		{ 0x81, 0x00, 0x00, 0x00, 0x88, 0xb5 },
	};
	int fd = tap_new("net0", IFF_TAP);
	struct nicsim_frame in = frame_new();
	struct nicsim_wire *w = open_wire("packet:net0");
	uint8_t data[104], got[128];
	uint32_t i;

	UT_CHECK(fd >= 0 && w != NULL);
	for (i = 0; i < 4; i++) {
		fill(data, sizeof(data), i);
		memcpy(data + 12, tags[i], sizeof(tags[i]));
		UT_EQ(write(fd, data, sizeof(data)), sizeof(data));
		UT_CHECK(wire_next(w, &in));
		UT_EQ(in.len, sizeof(data));
		UT_EQ(memcmp(in.data, data, sizeof(data)), 0);
		/* and the same the other way */
		nicsim_wire_tx(w, &in);
		UT_EQ(fd_next(fd, got, sizeof(got)), sizeof(data));
		UT_EQ(memcmp(got, data, sizeof(data)), 0);
	}
	nicsim_wire_close(w);
	close(fd);
	return 0;
}
NETNS_CASE(packet_puts_tags_back)

/* TCP with 4000 bytes, not cut and without checksum, perhaps tagged, as a veth hands it over. */
static uint32_t
tcp_big(uint8_t *data, bool tagged)
{
	const uint8_t ip[] = { 0x45, 0, (20 + 20 + 4000) >> 8, (20 + 20 + 4000) & 0xff, 0, 1, 0x40,
		0, 64, 6, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2 };
	const uint8_t tcp[20] = { 0x12, 0x34, 0x56, 0x78, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x10, 1,
		0 };
	const uint8_t tag[] = { 0x81, 0, 0, 7 };
	const uint32_t at = tagged ? 18 : 14;
	struct virtio_net_hdr hdr = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
		.hdr_len = (uint16_t)(at + 40),
		.gso_size = 1000,
		.csum_start = (uint16_t)(at + 20),
		.csum_offset = 16,
	};

	memcpy(data, &hdr, sizeof(hdr));
	data += sizeof(hdr);
	fill(data, at + 40 + 4000, 9);
	if (tagged)
		memcpy(data + 12, tag, sizeof(tag));
	data[at - 2] = 8;
	data[at - 1] = 0;
	memcpy(data + at, ip, sizeof(ip));
	memcpy(data + at + 20, tcp, sizeof(tcp));
	return at + 40 + 4000;
}

static int
packet_keeps_offloads_beside_run(void)
{
	int fd = tap_new("net0", IFF_TAP | IFF_VNET_HDR), tagged;
	static uint8_t data[8192];
	struct nicsim_frame in = frame_new();
	struct nicsim_wire *w;
	struct nicsim_wire_stats st;
	uint32_t len, at;

	UT_CHECK(fd >= 0);
	w = open_wire("packet:net0");
	UT_CHECK(w != NULL);
	for (tagged = 0; tagged < 2; tagged++) {
		at = tagged ? 18 : 14;
		len = tcp_big(data, tagged);
		UT_EQ(write(fd, data, len + sizeof(struct virtio_net_hdr)),
			len + sizeof(struct virtio_net_hdr));
		UT_CHECK(wire_next(w, &in));
		UT_EQ(in.len, len);
		UT_EQ(memcmp(in.data, data + sizeof(struct virtio_net_hdr), len), 0);
		UT_EQ(in.meta.flags, NICSIM_HDR_NEEDS_CSUM);
		UT_EQ(in.meta.gso_type, NICSIM_GSO_TCPV4);
		UT_EQ(in.meta.gso_size, 1000);
		UT_EQ(in.meta.csum_start, at + 20);
		UT_EQ(in.meta.csum_offset, 16);
		UT_EQ(in.meta.hdr_len, at + 40);
		/* whole again once it is nobody's any more */
		in.meta.gso_type = NICSIM_GSO_NONE;
		UT_EQ(nicsim_frame_check(&in), 0);
	}
	nicsim_wire_stats(w, &st);
	UT_EQ(st.rx_errors, 0);
	nicsim_wire_close(w);
	close(fd);
	return 0;
}
NETNS_CASE(packet_keeps_offloads_beside)

#define FLOOD 40000

static int
packet_counts_what_the_kernel_drops_run(void)
{
	int fd = tap_new("net0", IFF_TAP), i;
	struct nicsim_frame in = frame_new();
	struct nicsim_wire *w;
	struct nicsim_wire_stats st;
	uint8_t data[60];

	UT_CHECK(fd >= 0);
	w = open_wire("packet:net0");
	UT_CHECK(w != NULL);
	fill(data, sizeof(data), 0);
	for (i = 0; i < FLOOD; i++)
		UT_EQ(write(fd, data, sizeof(data)), sizeof(data));
	while (nicsim_wire_rx(w, &in))
		;
	nicsim_wire_stats(w, &st);
	UT_EQ(st.rx_packets + st.rx_errors, FLOOD);
	UT_GE(st.rx_packets, 100);
	UT_GE(st.rx_errors, 100);
	/* each is counted once */
	nicsim_wire_stats(w, &st);
	UT_EQ(st.rx_packets + st.rx_errors, FLOOD);
	for (i = 0; i < FLOOD; i++)
		UT_EQ(write(fd, data, sizeof(data)), sizeof(data));
	nicsim_wire_stats_reset(w);
	nicsim_wire_stats(w, &st);
	UT_EQ(st.rx_packets + st.rx_errors + st.rx_bytes, 0);
	/* longer than the interface carries: not ours to cut */
	send_filled(w, 1600, 1);
	nicsim_wire_stats(w, &st);
	UT_EQ(st.tx_packets, 0);
	UT_EQ(st.tx_errors, 1);
	nicsim_wire_close(w);
	close(fd);
	return 0;
}
NETNS_CASE(packet_counts_what_the_kernel_drops)

static int
packet_follows_its_interface_run(void)
{
	int fd = tap_new("net0", IFF_TAP);
	struct nicsim_frame in = frame_new();
	struct nicsim_wire *w;
	struct nicsim_wire_stats st;
	struct ifreq ifr = { 0 };
	struct pollfd p;
	uint8_t data[60];
	int i;

	UT_CHECK(fd >= 0);
	w = open_wire("packet:net0");
	UT_CHECK(w != NULL && link_becomes(w, true));
	UT_EQ(if_set_up("net0", false), 0);
	UT_CHECK(!nicsim_wire_link(w) && wire_is_quiet(w));
	send_filled(w, 60, 0);
	snprintf(ifr.ifr_newname, sizeof(ifr.ifr_newname), "other");
	UT_EQ(if_ioctl(SIOCSIFNAME, &ifr, "net0"), 0);
	UT_EQ(if_set_up("other", true), 0);
	UT_CHECK(link_becomes(w, true));
	fill(data, sizeof(data), 3);
	UT_EQ(write(fd, data, sizeof(data)), sizeof(data));
	UT_CHECK(wire_next(w, &in));
	UT_CHECK(is_filled(in.data, 60, 3));
	close(fd); /* which takes the interface away */
	UT_EQ(if_index("other"), 0);
	UT_CHECK(!nicsim_wire_link(w));
	for (i = 0; i < 100; i++)
		UT_CHECK(wire_is_quiet(w));
	send_filled(w, 60, 0);
	nicsim_wire_stats(w, &st);
	UT_EQ(st.tx_errors, 2);
	UT_EQ(st.rx_errors, 0);
	p = (struct pollfd){ .fd = nicsim_wire_fd(w), .events = POLLIN };
	UT_EQ(poll(&p, 1, 0), 0);
	nicsim_wire_close(w);
	return 0;
}
NETNS_CASE(packet_follows_its_interface)

/* --- a whole NIC ----------------------------------------------------------------------------- */

/* Its hardware thread sleeps until the interface has something. */
static int
nic_on_a_tap_run(void)
{
	struct nicsim_conf conf = nicsim_default;
	struct nicsim *nic;
	uint8_t data[2048];
	uint32_t len;
	int fd, i;

	conf.wire = "tap:wire0";
	nic = nicbench_nic(&conf);
	UT_CHECK(nic != NULL);
	UT_CHECK(link_becomes(nicsim_wire(nic), true));
	UT_EQ(nicsim_port_open(nicsim_port(nic, 0), 1), 0);
	fd = packet_new("wire0");
	UT_CHECK(fd >= 0);
	for (i = 0; i < 10; i++) {
		usleep(10000);
		fill(data, 200, (uint32_t)i);
		UT_EQ(write(fd, data, 200), 200);
		do {
			len = nicbench_port_wait(nicsim_port(nic, 0), data, sizeof(data), WAIT_MS);
		} while (len != 0 && is_noise(data));
		UT_EQ(len, 200);
		UT_CHECK(is_filled(data, 200, (uint32_t)i));
		UT_EQ(nicbench_port_send(nicsim_port(nic, 0), data, 200), 0);
		UT_EQ(fd_next(fd, data, sizeof(data)), 200);
		UT_CHECK(is_filled(data, 200, (uint32_t)i));
	}
	close(fd);
	nicsim_destroy(nic);
	UT_EQ(if_index("wire0"), 0);
	return 0;
}
NETNS_CASE(nic_on_a_tap)

/* --- what is missing -------------------------------------------------------------------------- */

static int
tells_what_is_missing_run(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct cap[2];

	UT_DO(refused("packet:nosuch0", -ENODEV, "ip link"));
	UT_DO(refused("packet:lo", -EINVAL, "no Ethernet interface"));
	/* no such device file, in a file system of this thread alone */
	UT_EQ(unshare(CLONE_NEWNS), 0);
	UT_EQ(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	UT_EQ(mount("none", "/dev/net", "tmpfs", 0, NULL), 0);
	UT_DO(refused("tap:wire0", -ENOENT, "load the module tun"));
	UT_EQ(umount("/dev/net"), 0);
	/* capabilities are each thread's own; the C library leaves that be only if not asked */
	UT_EQ(syscall(SYS_capget, &head, cap), 0);
	cap[0].effective &= ~(1u << CAP_NET_ADMIN | 1u << CAP_NET_RAW);
	UT_EQ(syscall(SYS_capset, &head, cap), 0);
	UT_DO(refused("tap:wire0", -EPERM, "CAP_NET_ADMIN"));
	UT_DO(refused("packet:lo", -EPERM, "CAP_NET_RAW"));
	return 0;
}
NETNS_CASE(tells_what_is_missing)

static const struct ut_case cases[] = {
	UT_CASE(tap_carries_frames),
	UT_CASE(tap_follows_its_interface),
	UT_CASE(tap_takes_one_that_is_there),
	UT_CASE(tap_asks_for_no_offload),
	UT_CASE(packet_carries_frames),
	UT_CASE(packet_puts_tags_back),
	UT_CASE(packet_keeps_offloads_beside),
	UT_CASE(packet_counts_what_the_kernel_drops),
	UT_CASE(packet_follows_its_interface),
	UT_CASE(nic_on_a_tap),
	UT_CASE(tells_what_is_missing),
	UT_END,
};
UT_SUITE(nicsim_wire_if, "fast", cases)
