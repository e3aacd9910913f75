/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Device arguments of net_nicsim: what each comes to, and what is said of each wrong one.
 */
#include <errno.h>
#include <stdlib.h>

#include "args.h"
#include "nicsim_rig.h"

/* A name of 41 bytes, one more than it may have. */
#define LONG_NAME "net_nicsim_abcdefghijklmnopqrstuvwxyz0123"

struct wrong {
	const char *args, *words;
};

/* Known without touching anything. */
static const struct wrong wrong_text[] = {
	{ "colour=red", "unknown key 'colour'; there are: vfs, queues, queue_size, vectors, mtu, "
			"mac, features_off, notify, eswitch, wire, threads, cores, idle_us, "
			"representor, fault" },
	{ "Vfs=1", "unknown key 'Vfs'" },
	{ "=1", "unknown key ''" },
	{ "vfs", "vfs has no value" },
	{ "vfs=", "vfs has no value" },
	{ "vfs=2,vfs=2", "vfs is given twice" },
	{ "wire=none,mtu=1500,wire=none", "wire is given twice" },
	{ "vfs=65", "vfs=65 is not a number from 0 to 64" },
	{ "vfs=-1", "vfs=-1 is not a number from 0 to 64" },
	{ "vfs=0x10", "vfs=0x10 is not a number" },
	{ "vfs= 1", "is not a number" },
	{ "vfs=18446744073709551617", "is not a number from 0 to 64" },
	{ "queues=0", "queues=0 is not a number from 1 to 128" },
	{ "queues=129", "from 1 to 128" },
	{ "queue_size=1", "queue_size=1 is not a number from 2 to 32768" },
	{ "queue_size=65536", "from 2 to 32768" },
	{ "queue_size=100", "queue_size=100 is not a power of 2" },
	{ "vectors=2049", "vectors=2049 is not a number from 0 to 2048" },
	{ "mtu=67", "mtu=67 is not a number from 68 to 9578" },
	{ "mtu=9579", "from 68 to 9578" },
	{ "mac=1", "mac=1 is not a unicast MAC address, as 02:00:00:00:00:10" },
	{ "mac=01:00:5e:00:00:01", "is not a unicast MAC address" },
	{ "mac=00:00:00:00:00:00", "is not a unicast MAC address" },
	{ "features_off=x", "features_off=x is not a hexadecimal number" },
	{ "features_off=8000000000000000", "bits that a VF does not offer anyway; it offers 0x" },
	{ "notify=pages", "notify=pages is neither page nor shared" },
	{ "eswitch=vepa", "eswitch=vepa is neither switchdev nor legacy" },
	{ "threads=0", "threads=0 is not a number from 1 to 16" },
	{ "threads=17", "from 1 to 16" },
	{ "cores=x", "cores=x is not a list of cores, as 2-3 or 2+3 or [2,3]" },
	{ "cores=3-2", "is not a list of cores" },
	{ "cores=1+", "is not a list of cores" },
	{ "cores=[1,2", "is not a list of cores" },
	{ "cores=1]", "is not a list of cores" },
	{ "cores=1-x", "is not a list of cores" },
	{ "cores=0-16", "cores=0-16 are more than 16 cores" },
	{ "cores=0+1-16", "are more than 16 cores" },
	{ "cores=0-1,threads=3", "threads=3 but cores= names 2" },
	{ "idle_us=9", "idle_us=9 is not a number from 10 to 1000000" },
	{ "idle_us=1000001", "from 10 to 1000000" },
	{ "vfs=2,representor=vf2", "representor of vf2, but vfs=2" },
	{ "representor=vf0", "representor of vf0, but vfs=0" },
	{ "vfs=8,representor=vf[6-9]", "representor of vf8, but vfs=8" },
	{ "vfs=2,representor=x", "representor=x is not a list of representors, as vf[0-3,7]" },
	{ "vfs=2,representor=vf[0", "is not a list of representors" },
	{ "vfs=2,representor=vf[1-0]", "is not a list of representors" },
	{ "vfs=2,representor=sf0", "representor=sf0: only VFs have representors" },
	{ "vfs=2,representor=pf0", "representor=pf0: only VFs have representors" },
	{ "vfs=2,representor=pf1vf0", "representor=pf1vf0: there is no PF but 0" },
	{ "vfs=2,representor=c1pf0vf0", "representor=c1pf0vf0: there is no controller but 0" },
	{ "vfs=2,eswitch=legacy,representor=vf0", "no part in eswitch=legacy" },
	{ "vfs=2,fault=needs-reset", "does not say which VF, as fault=vf0:needs-reset" },
	{ "vfs=2,fault=vf:gone", "does not say which VF" },
	{ "vfs=2,fault=vf1", "does not say which VF" },
	{ "vfs=2,fault=vf64:gone", "fault=vf64:gone is of a VF that no NIC has" },
	{ "vfs=2,fault=vf2:gone", "fault=vf2:..., but vfs=2" },
	{ "vfs=2,fault=vf0:gnoe", "fault=vf0:gnoe: no fault \"gnoe\"; there is: needs-reset, " },
	{ "vfs=2,fault=vf0:gone@nowhere", "fault=vf0:gone@nowhere: no point \"nowhere\"" },
	{ "vfs=2,fault=vf0:gone@tx+0", "fault=vf0:gone@tx+0: " },
	{ "vfs=2,fault=vf0:queue-stall", "fault=vf0:queue-stall: " },
};

static int
refused(void)
{
	struct nicsim_eth_args args;
	char why[640];
	size_t i;

	for (i = 0; i < RTE_DIM(wrong_text); i++) {
		strcpy(why, "(nothing)");
		if (nicsim_eth_args_parse("net_nicsim0", wrong_text[i].args, &args, why,
			    sizeof(why)) != -EINVAL ||
			strstr(why, wrong_text[i].words) == NULL)
			UT_FAIL("%s: \"%s\", without \"%s\"", wrong_text[i].args, why,
				wrong_text[i].words);
	}
	UT_EQ(nicsim_eth_args_parse(LONG_NAME, "", &args, why, sizeof(why)), -EINVAL);
	UT_CHECK(strstr(why, "more than 40 bytes") != NULL);
	return 0;
}

static int
taken(void)
{
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 16 };
	struct nicsim_eth_args a;
	char why[640];

	UT_EQ(nicsim_eth_args_parse("net_nicsim0",
		      "vfs=8,queues=4,queue_size=256,vectors=3,mtu=9000,mac=02:00:00:00:00:10,"
		      "features_off=1,notify=shared,wire=pcap:rx=a.pcap:tx=b/c=d.pcap,cores=2-3+5,"
		      "idle_us=50,representor=vf[7,0-2],fault=vf1:dma-map=12@map+3,"
		      "fault=vf0:needs-reset",
		      &a, why, sizeof(why)),
		0);
	UT_EQ(a.conf.vfs, 8);
	UT_EQ(a.conf.vf.pairs, 4);
	UT_EQ(a.conf.vf.queue_size, 256);
	UT_EQ(a.conf.vf.vectors, 3);
	UT_EQ(a.conf.vf.mtu, 9000);
	UT_EQ(memcmp(a.conf.vf.mac, mac, sizeof(mac)), 0);
	UT_EQ(a.conf.vf.features, nicsim_vf_default.features & ~UINT64_C(1));
	UT_EQ(a.conf.vf.notify_pages, false);
	UT_EQ(a.conf.mode, NICSIM_SWITCHDEV);
	UT_STR(a.conf.wire, "pcap:rx=a.pcap:tx=b/c=d.pcap");
	UT_EQ(a.conf.threads, 3);
	UT_EQ(a.conf.cores[0], 2);
	UT_EQ(a.conf.cores[1], 3);
	UT_EQ(a.conf.cores[2], 5);
	UT_EQ(a.conf.idle_us, 50);
	UT_EQ(a.representors, 4);
	UT_EQ(a.representor[0], 0);
	UT_EQ(a.representor[3], 7);
	UT_EQ(a.conf.num_faults, 2);
	UT_EQ(a.conf.faults[0].vf, 1);
	UT_EQ(a.conf.faults[0].fault.kind, NICSIM_FAULT_DMA_MAP);
	UT_EQ(a.conf.faults[0].fault.arg, 12);
	UT_EQ(a.conf.faults[0].fault.at, NICSIM_AT_MAP);
	UT_EQ(a.conf.faults[0].fault.count, 3);
	UT_EQ(a.conf.faults[1].fault.kind, NICSIM_FAULT_NEEDS_RESET);
	return 0;
}

static int
left_out(void)
{
	static const char *const nothing[] = { NULL, "", ",", ",," };
	static const uint8_t by_name[6];
	struct nicsim_eth_args a;
	char why[640];
	size_t i;

	for (i = 0; i < RTE_DIM(nothing); i++) {
		UT_EQ(nicsim_eth_args_parse("net_nicsim0", nothing[i], &a, why, sizeof(why)), 0);
		UT_EQ(a.conf.vfs, 0);
		UT_EQ(a.conf.vf.pairs, nicsim_vf_default.pairs);
		UT_EQ(a.conf.vf.features, nicsim_vf_default.features);
		UT_EQ(memcmp(a.conf.vf.mac, by_name, sizeof(by_name)), 0);
		UT_EQ(a.conf.vf.notify_pages, nicsim_vf_default.notify_pages);
		UT_EQ(a.conf.mode, NICSIM_SWITCHDEV);
		UT_STR(a.conf.wire, "none");
		UT_EQ(a.conf.threads, 1);
		UT_CHECK(a.conf.cores == NULL);
		UT_EQ(a.representors, 0);
	}
	UT_EQ(nicsim_eth_args_parse("n", "cores=[0,2-3],threads=3", &a, why, sizeof(why)), 0);
	UT_EQ(a.conf.threads, 3);
	UT_EQ(a.conf.cores[2], 3);
	UT_EQ(nicsim_eth_args_parse("n", "vfs=4,representor=[1-2]", &a, why, sizeof(why)), 0);
	UT_EQ(a.representors, 2);
	UT_EQ(nicsim_eth_args_parse("n", "vfs=4,representor=c0pf0vf3", &a, why, sizeof(why)), 0);
	UT_EQ(a.representor[0], 3);
	return 0;
}

/* Found out by trying: each leaves nothing behind, and a line that names the remedy. */
static const struct wrong wrong_world[] = {
	{ "vfs=1,wire=xdp:eth0", "no such kind; there are none, tap:NAME, packet:NAME, pcap:" },
	{ "wire=packet:no-such-if0", "no-such-if0" },
	{ "vfs=2,wire=pcap:rx=/no/such/file.pcap", "/no/such/file.pcap" },
	{ "vfs=2,cores=1023", "cannot run on processor 1023: name one that is there" },
	{ "vfs=40,representor=vf[0-31]", "give fewer representors" },
	{ "vfs=1,queues=8", NULL },
};

static int
impossible(void)
{
	int fds, threads, ret;
	char *said;
	size_t i;

	UT_DO(ut_eal());
	/* What EAL and ethdev keep for good, they have after this. */
	UT_EQ(nr_add("net_nicsim0", "vfs=1"), 0);
	UT_EQ(nr_remove("net_nicsim0"), 0);
	fds = nr_fds();
	threads = nr_threads();
	for (i = 0; i < RTE_DIM(wrong_world); i++) {
		nr_log_start();
		ret = nr_add("net_nicsim0", wrong_world[i].args);
		said = nr_log_end();
		if (wrong_world[i].words == NULL) {
			UT_EQ(ret, 0);
			UT_EQ(nr_remove("net_nicsim0"), 0);
		} else if (ret >= 0 || strstr(said, wrong_world[i].words) == NULL) {
			UT_FAIL("%s: %d, \"%s\", without \"%s\"", wrong_world[i].args, ret, said,
				wrong_world[i].words);
		}
		free(said);
		UT_EQ(nr_fds(), fds);
		UT_EQ(nr_threads(), threads);
		UT_EQ(nr_port("net_nicsim0"), -1);
		UT_EQ(rte_eth_dev_count_avail(), 0);
	}
	return 0;
}

static const struct ut_case cases[] = {
	UT_CASE(refused),
	UT_CASE(taken),
	UT_CASE(left_out),
	UT_CASE(impossible),
	UT_END,
};
UT_SUITE(nicsim_args, "integration", cases)
