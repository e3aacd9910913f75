/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * vf-script: plays one script of register accesses, commands and frames on two virtio-net
 * functions, and says all that a driver can observe, in lines that are the same for every device
 * that behaves the same. See README.md beside it. Owns the order of things; one thread.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "open.h"
#include "say.h"
#include "script.h"

/* What the script knows how to use. */
#define KNOWN                                                                                      \
	(VIO_BIT(VIO_F_VERSION_1) | VIO_BIT(VIO_F_ACCESS_PLATFORM) | VIO_BIT(VIO_F_RING_PACKED) |  \
		VIO_BIT(VIO_F_IN_ORDER) | VIO_BIT(VIO_F_EVENT_IDX) |                               \
		VIO_BIT(VIO_F_INDIRECT_DESC) | VIO_BIT(VIO_F_RING_RESET) |                         \
		VIO_BIT(VIO_NET_F_CSUM) | VIO_BIT(VIO_NET_F_GUEST_CSUM) |                          \
		VIO_BIT(VIO_NET_F_CTRL_GUEST_OFFLOADS) | VIO_BIT(VIO_NET_F_MAC) |                  \
		VIO_BIT(VIO_NET_F_GUEST_TSO4) | VIO_BIT(VIO_NET_F_GUEST_ECN) |                     \
		VIO_BIT(VIO_NET_F_HOST_TSO4) | VIO_BIT(VIO_NET_F_HOST_ECN) |                       \
		VIO_BIT(VIO_NET_F_HOST_USO) | VIO_BIT(VIO_NET_F_GUEST_USO4) |                      \
		VIO_BIT(VIO_NET_F_GUEST_USO6) | VIO_BIT(VIO_NET_F_MRG_RXBUF) |                     \
		VIO_BIT(VIO_NET_F_STATUS) | VIO_BIT(VIO_NET_F_CTRL_VQ) |                           \
		VIO_BIT(VIO_NET_F_CTRL_RX) | VIO_BIT(VIO_NET_F_CTRL_RX_EXTRA) |                    \
		VIO_BIT(VIO_NET_F_GUEST_ANNOUNCE) | VIO_BIT(VIO_NET_F_MQ) |                        \
		VIO_BIT(VIO_NET_F_CTRL_MAC_ADDR))
#define BASE                                                                                       \
	(VIO_BIT(VIO_F_RING_RESET) | VIO_BIT(VIO_NET_F_MAC) | VIO_BIT(VIO_NET_F_STATUS) |          \
		VIO_BIT(VIO_NET_F_CTRL_VQ) | VIO_BIT(VIO_NET_F_CTRL_RX) |                          \
		VIO_BIT(VIO_NET_F_CTRL_RX_EXTRA) | VIO_BIT(VIO_NET_F_GUEST_ANNOUNCE) |             \
		VIO_BIT(VIO_NET_F_CTRL_MAC_ADDR))
#define MQ VIO_BIT(VIO_NET_F_MQ)
#define MRG VIO_BIT(VIO_NET_F_MRG_RXBUF)
#define EVENT VIO_BIT(VIO_F_EVENT_IDX)
#define ORDER VIO_BIT(VIO_F_IN_ORDER)
#define TABLES VIO_BIT(VIO_F_INDIRECT_DESC)
#define OFFLOADS (VIO_BIT(VIO_NET_F_GUEST_CSUM) | VIO_BIT(VIO_NET_F_CTRL_GUEST_OFFLOADS))

typedef void (*part_fn)(struct diff_vf *a, struct diff_vf *b, const struct diff_mode *mode);

/* What is played, each for split and for packed rings. */
static const struct part {
	part_fn fn;
	const char *name;
	uint64_t features;
	uint16_t pairs;
} parts[] = {
	{ diff_script_ctrl, "", 0, 1 },
	{ diff_script_ctrl, "-mq", MQ | OFFLOADS, DIFF_PAIRS },
	{ diff_script_filter, "", 0, 1 },
	{ diff_script_net, "", 0, 1 },
	{ diff_script_net, "-mrg", MRG, 1 },
	{ diff_script_net, "-event", EVENT, 1 },
	{ diff_script_net, "-order", ORDER, 1 },
	{ diff_script_net, "-indirect", TABLES, 1 },
	{ diff_script_net, "-mq", MQ, DIFF_PAIRS },
	{ diff_script_net, "-all", MQ | MRG | EVENT | ORDER | TABLES, DIFF_PAIRS },
	{ diff_script_irq, "", 0, 1 },
	{ diff_script_irq, "-event", EVENT, 1 },
	{ diff_script_irq, "-all", MRG | EVENT | ORDER | TABLES, 1 },
	{ diff_script_irq, "-mq", MQ, DIFF_PAIRS },
	{ diff_script_edge, "", 0, 1 },
	{ diff_script_edge, "-mrg", MRG, 1 },
	{ diff_script_offload, "", 0, 1 },
	{ diff_script_offload, "-mrg", MRG, 1 },
	{ diff_script_wrong, "-indirect", TABLES, 1 },
};

struct options {
	const char *pci[2]; /* NULL: a simulated NIC */
	uint64_t features;
	unsigned int quiet_ms;
	bool offers;
};

static void
play(struct diff_vf *a, struct diff_vf *b)
{
	static const struct {
		const char *name;
		uint64_t features;
	} rings[] = { { "split", 0 }, { "packed", VIO_BIT(VIO_F_RING_PACKED) } };
	struct diff_mode mode;
	unsigned int i, r;
	char name[64];

	diff_script_offers(a, a->dev.offered);
	diff_script_regs(a);
	diff_script_queues(a);
	for (r = 0; r < DIFF_LEN(rings); r++) {
		for (i = 0; i < DIFF_LEN(parts); i++) {
			snprintf(name, sizeof(name), "%s%s", rings[r].name, parts[i].name);
			mode = (struct diff_mode){ .name = name,
				.pairs = parts[i].pairs,
				.features = BASE | rings[r].features | parts[i].features };
			parts[i].fn(a, b, &mode);
		}
	}
}

static int
run(struct diff_pair *p, const struct options *o)
{
	struct diff_vf *a = &p->vf[0], *b = &p->vf[1];
	unsigned int i;
	int ret;

	for (i = 0; i < 2; i++) {
		p->vf[i].name = i == 0 ? "A" : "B";
		p->vf[i].quiet_ms = o->quiet_ms;
		ret = diff_vf_init(&p->vf[i]);
		if (ret != 0) {
			fprintf(stderr, "vf-script: function %s: %s\n", p->vf[i].name,
				strerror(-ret));
			return ret;
		}
	}
	a->mask = b->mask = a->dev.offered & b->dev.offered & o->features & KNOWN;
	if (o->offers)
		printf("0x%" PRIx64 "\n", a->dev.offered & b->dev.offered);
	else
		play(a, b);
	return 0;
}

static void
usage(FILE *to)
{
	fprintf(to, "usage: vf-script [options]         on two VFs of a simulated NIC\n"
		    "       vf-script [options] A B     on two PCI functions, bound to vfio-pci\n"
		    "\n"
		    "  --features MASK  use these feature bits only (all that both offer)\n"
		    "  --offers         print what both offer, and do nothing\n"
		    "  --quiet MS       that nothing more comes is believed after so long (50)\n");
}

/* @return 0; 1 the program is to end well; -EINVAL */
static int
parse(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = { { "features", required_argument, NULL, 'f' },
		{ "offers", no_argument, NULL, 'o' }, { "quiet", required_argument, NULL, 'q' },
		{ "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 } };
	char *end = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
		switch (c) {
		case 'f':
			o->features = strtoull(optarg, &end, 0);
			break;
		case 'q':
			o->quiet_ms = (unsigned int)strtoul(optarg, &end, 10);
			break;
		case 'o':
			o->offers = true;
			break;
		case 'h':
			usage(stdout);
			return 1;
		default:
			return -EINVAL;
		}
		if (end != NULL && *end != '\0')
			return -EINVAL;
	}
	if (o->quiet_ms < 1 || o->quiet_ms > 10000 || (argc != optind && argc != optind + 2))
		return -EINVAL;
	if (argc != optind) {
		o->pci[0] = argv[optind];
		o->pci[1] = argv[optind + 1];
	}
	return 0;
}

int
main(int argc, char **argv)
{
	struct options o = { .features = UINT64_MAX, .quiet_ms = 50 };
	static struct diff_pair p;
	int ret;

	ret = parse(argc, argv, &o);
	if (ret != 0) {
		if (ret < 0)
			usage(stderr);
		return ret < 0 ? 2 : 0;
	}
	if (o.pci[0] != NULL)
		ret = diff_open_vfio(&p, o.pci[0], o.pci[1]);
	else
		ret = diff_open_nicsim(&p);
	if (ret == 0)
		ret = run(&p, &o);
	diff_vf_fini(&p.vf[0]);
	diff_vf_fini(&p.vf[1]);
	diff_close_nicsim(&p);
	return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
