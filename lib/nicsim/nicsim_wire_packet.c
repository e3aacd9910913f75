/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The wire "packet:NAME": an interface of the kernel through AF_PACKET, in promiscuous mode. Owns
 * the socket. One thread receives, any sends; the kernel keeps frames whole.
 *
 * The kernel takes the outer VLAN tag out of what it receives, and may hand over frames that are
 * not cut or have no checksum yet (from a veth, a bridge, or put together by GRO). It says so
 * beside the frame: the tag is put back, the rest becomes the frame's meta.
 */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>

#include "nicsim_wire_priv.h"

#define PACKET_BUF (4 << 20) /* bytes that the kernel keeps for us while we do other things */
#define PACKET_TAG 4

struct packet {
	int sock;
	int index;
};

static int
packet_socket(const struct nicsim_wire *wire, struct packet *p, char *why, size_t len)
{
	int err;

	/* Protocol 0: nothing is received before it is bound to its interface. */
	p->sock = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (p->sock >= 0)
		return 0;
	err = errno;
	snprintf(why, len, "wire \"%s\": AF_PACKET socket: %s; %s", wire->text, strerror(err),
		err == EPERM ? "run with CAP_NET_RAW" : "the kernel must have it");
	return -err;
}

static int
packet_find(
	const struct nicsim_wire *wire, struct packet *p, const char *name, char *why, size_t len)
{
	p->index = nicsim_wire_if_index(p->sock, name);
	if (p->index < 0) {
		snprintf(why, len, "wire \"%s\": %s; \"ip link\" lists the interfaces there are",
			wire->text, strerror(-p->index));
		return p->index;
	}
	if (!nicsim_wire_if_is_ether(p->sock, name)) {
		snprintf(why, len, "wire \"%s\": no Ethernet interface; take one that is, or a TAP",
			wire->text);
		return -EINVAL;
	}
	return 0;
}

static int
packet_option(const struct packet *p, int option)
{
	const int on = 1;

	return setsockopt(p->sock, SOL_PACKET, option, &on, sizeof(on)) < 0 ? -errno : 0;
}

static int
packet_bind(const struct packet *p)
{
	struct packet_mreq mreq = { .mr_ifindex = p->index, .mr_type = PACKET_MR_PROMISC };
	struct sockaddr_ll ll = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = p->index,
	};
	const int buf = PACKET_BUF;
	int ret;

	/* As much of it as we may have. */
	if (setsockopt(p->sock, SOL_SOCKET, SO_RCVBUFFORCE, &buf, sizeof(buf)) < 0)
		(void)setsockopt(p->sock, SOL_SOCKET, SO_RCVBUF, &buf, sizeof(buf));
	ret = packet_option(p, PACKET_AUXDATA);
	if (ret == 0)
		ret = packet_option(p, PACKET_VNET_HDR);
	if (ret == 0)
		ret = packet_option(p, PACKET_IGNORE_OUTGOING);
	if (ret != 0)
		return ret;
	if (bind(p->sock, (struct sockaddr *)&ll, sizeof(ll)) < 0 ||
		setsockopt(p->sock, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &mreq, sizeof(mreq)) < 0)
		return -errno;
	return 0;
}

static void
packet_close(struct nicsim_wire *wire)
{
	struct packet *p = wire->end;

	if (p->sock >= 0)
		close(p->sock);
	free(p);
	wire->end = NULL;
	wire->fd = -1;
}

static int
packet_open(struct nicsim_wire *wire, const char *arg, char *why, size_t len)
{
	struct packet *p;
	int ret;

	ret = nicsim_wire_if_check(wire, arg, why, len);
	if (ret != 0)
		return ret;
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return -ENOMEM;
	wire->end = p;
	ret = packet_socket(wire, p, why, len);
	if (ret == 0)
		ret = packet_find(wire, p, arg, why, len);
	if (ret != 0)
		goto close;
	ret = packet_bind(p);
	if (ret != 0) {
		snprintf(why, len, "wire \"%s\": cannot set up the socket: %s; it takes Linux 4.20",
			wire->text, strerror(-ret));
		goto close;
	}
	wire->fd = p->sock;
	return 0;

close:
	packet_close(wire);
	return ret;
}

static void
packet_put_tag(struct nicsim_frame *frame, const struct tpacket_auxdata *aux)
{
	uint16_t tpid = ETH_P_8021Q;
	uint8_t *tag = frame->data + 2 * ETH_ALEN;

	if ((aux->tp_status & TP_STATUS_VLAN_TPID_VALID) != 0)
		tpid = aux->tp_vlan_tpid;
	memmove(tag + PACKET_TAG, tag, frame->len - 2 * ETH_ALEN);
	tag[0] = (uint8_t)(tpid >> 8);
	tag[1] = (uint8_t)tpid;
	tag[2] = (uint8_t)(aux->tp_vlan_tci >> 8);
	tag[3] = (uint8_t)aux->tp_vlan_tci;
	frame->len += PACKET_TAG;
	if ((frame->meta.flags & NICSIM_HDR_NEEDS_CSUM) != 0)
		frame->meta.csum_start += PACKET_TAG;
}

static void
packet_meta(struct nicsim_meta *meta, const struct virtio_net_hdr *hdr)
{
	meta->flags = hdr->flags & (NICSIM_HDR_NEEDS_CSUM | NICSIM_HDR_DATA_VALID);
	meta->gso_type = hdr->gso_type;
	meta->hdr_len = le16toh(hdr->hdr_len);
	meta->gso_size = le16toh(hdr->gso_size);
	meta->csum_start = le16toh(hdr->csum_start);
	meta->csum_offset = le16toh(hdr->csum_offset);
}

static int
packet_rx(struct nicsim_wire *wire, struct nicsim_frame *frame)
{
	const struct packet *p = wire->end;
	char control[CMSG_SPACE(sizeof(struct tpacket_auxdata))] __attribute__((aligned(8)));
	struct virtio_net_hdr hdr;
	struct iovec iov[2] = {
		{ &hdr, sizeof(hdr) },
		{ frame->data, NICSIM_FRAME_MAX - PACKET_TAG },
	};
	struct msghdr msg = { .msg_iov = iov,
		.msg_iovlen = 2,
		.msg_control = control,
		.msg_controllen = sizeof(control) };
	struct tpacket_auxdata aux = { 0 };
	struct cmsghdr *c;
	ssize_t n;

	n = recvmsg(p->sock, &msg, MSG_DONTWAIT);
	if (n < 0) /* ENETDOWN tells once that it went down, which is the link's affair */
		return errno == EAGAIN || errno == EINTR || errno == ENETDOWN ? 0 : -errno;
	if ((msg.msg_flags & MSG_TRUNC) != 0 || n < (ssize_t)sizeof(hdr) + NICSIM_FRAME_MIN)
		return -EMSGSIZE;
	frame->len = (uint32_t)n - (uint32_t)sizeof(hdr);
	packet_meta(&frame->meta, &hdr);
	for (c = CMSG_FIRSTHDR(&msg); c != NULL; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level == SOL_PACKET && c->cmsg_type == PACKET_AUXDATA)
			memcpy(&aux, CMSG_DATA(c), sizeof(aux));
	}
	if ((aux.tp_status & TP_STATUS_VLAN_VALID) != 0)
		packet_put_tag(frame, &aux);
	return 1;
}

static int
packet_tx(struct nicsim_wire *wire, const struct nicsim_frame *frame)
{
	const struct packet *p = wire->end;
	struct virtio_net_hdr hdr = { 0 };
	struct iovec iov[2] = { { &hdr, sizeof(hdr) }, { frame->data, frame->len } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };

	return sendmsg(p->sock, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static bool
packet_link(const struct nicsim_wire *wire)
{
	const struct packet *p = wire->end;

	return nicsim_wire_if_link(p->sock, p->index);
}

/* What the kernel had no room for; asking sets its count to 0. */
static uint64_t
packet_lost(struct nicsim_wire *wire)
{
	const struct packet *p = wire->end;
	struct tpacket_stats st = { 0 };
	socklen_t len = sizeof(st);

	if (getsockopt(p->sock, SOL_PACKET, PACKET_STATISTICS, &st, &len) < 0)
		return 0;
	return st.tp_drops;
}

const struct nicsim_wire_ops nicsim_wire_packet_ops = {
	.kind = "packet",
	.form = "packet:NAME",
	.open = packet_open,
	.close = packet_close,
	.rx = packet_rx,
	.tx = packet_tx,
	.link = packet_link,
	.lost = packet_lost,
};
