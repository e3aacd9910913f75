/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * vdpa-switch: what happens in which order, and what is printed. All is checked before anything is
 * touched; what was set up is taken down in reverse.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_version.h>

#include "config.h"
#include "control.h"
#include "vf.h"
#include "vhost_sock.h"

enum {
	EXIT_OK = 0,
	EXIT_RUN = 1, /* Something on this machine is in the way, or broke. */
	EXIT_USAGE = 2, /* The command line is wrong. */
};

static const char usage[] =
	"Usage: vdpa-switch [EAL options] -- --guest SPEC [--guest SPEC]... [options]\n"
	"\n"
	"Gives each guest an SR-IOV VF: the guest's plain virtio-net rings, offered on a\n"
	"vhost-user socket, run on the VF itself, past this process.\n"
	"\n"
	"Options, after the lone '--':\n"
	"  --guest SPEC          one guest; SPEC is key=value items between commas:\n"
	"      socket=PATH         its vhost-user socket (needed)\n"
	"      vf=VF               its VF, bound to vfio-pci, such as 0000:01:00.2, or\n"
	"                          a simulated one, such as net_nicsim0_vf0 (needed)\n"
	"      mode=server|client  who creates the socket: this program (server, the\n"
	"                          default) or the front-end, such as QEMU (client)\n"
	"      name=NAME           its name in output; default: the socket's file name\n"
	"                          without .sock\n"
	"      queues=N            offer N queue pairs; default: all that the VF has\n"
	"      mac=XX:XX:XX:XX:XX:XX\n"
	"                          the address that the VF filters for; default: none,\n"
	"                          the VF receives all\n"
	"  --stats-interval S    print statistics every S seconds\n"
	"  --help, --version     print this, or the versions, and exit\n"
	"\n"
	"EAL options, before it, are DPDK's: such as -l 0, -m 256, --file-prefix NAME or\n"
	"--log-level vsw:debug. The VFs need no -a; one that is given for a VF must say\n"
	"-a PCI,vdpa=1. Other PCI devices are left alone unless named with -a.\n"
	"\n"
	"Signals: SIGINT and SIGTERM stop the program in order, SIGUSR1 prints the\n"
	"statistics. Standard output has a line for each change of a guest's state, and\n"
	"statistics as key=value; errors and logs go to standard error.\n"
	"\n"
	"Exit status: 0 stopped in order, 1 could not start or broke, 2 usage.\n"
	"\n"
	"Examples:\n"
	"  vdpa-switch -l 0 -- --guest socket=/run/vm1.sock,vf=0000:01:00.2\n"
	"  vdpa-switch -l 0 --no-huge --vdev net_nicsim0,vfs=1 -- \\\n"
	"      --guest socket=/run/vm1.sock,vf=net_nicsim0_vf0\n";

/* The one place that writes to standard output. */
static void
print_line(const char *line)
{
	printf("%s\n", line);
}

static int
complain(const struct vsw_err *err, int status)
{
	fprintf(stderr, "vdpa-switch: %s\n", err->text);
	if (status == EXIT_USAGE)
		fprintf(stderr, "Try 'vdpa-switch --help'.\n");
	return status;
}

/* Before the first thread, so that all inherit it: the signals are the control thread's to read. */
static void
set_up_process(void)
{
	sigset_t set;

	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	signal(SIGPIPE, SIG_IGN);
	vsw_control_signals(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

/* What can be known before EAL touches the VFs. */
static int
check_guests(const struct vsw_config *cfg, struct vsw_err *err)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < cfg->n_guests && ret == 0; i++) {
		ret = vsw_vhost_sock_check(&cfg->guests[i], err);
		if (ret == 0)
			ret = vsw_vf_check(&cfg->guests[i], err);
		if (ret != 0)
			vsw_err_about(err, "guest", cfg->guests[i].name);
	}
	return ret;
}

/*
 * EAL prints a page of usage to standard output when it dislikes an option; that is for lines of
 * guests only.
 */
static int
start_eal(const struct vsw_config *cfg, struct vsw_err *err)
{
	int out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	int ret, error;

	if (out >= 0)
		dup2(STDERR_FILENO, STDOUT_FILENO);
	ret = rte_eal_init(cfg->eal_argc, cfg->eal_argv);
	error = rte_errno;
	if (out >= 0) {
		fflush(stdout);
		dup2(out, STDOUT_FILENO);
		close(out);
	}
	if (ret < 0)
		return vsw_err_set(err, -EIO,
			"DPDK's EAL did not start (%s): its log lines above say why",
			rte_strerror(error));
	return 0;
}

static int
run(const struct vsw_config *cfg, struct vsw_err *err)
{
	int ret;

	ret = check_guests(cfg, err);
	if (ret == 0)
		ret = start_eal(cfg, err);
	if (ret != 0)
		return ret;
	ret = vsw_control_run(cfg, print_line, err);
	rte_eal_cleanup();
	return ret;
}

int
main(int argc, char **argv)
{
	struct vsw_config cfg;
	struct vsw_err err = { "" };
	int status = EXIT_OK;

	set_up_process();
	vsw_log_init();
	if (vsw_config_parse(&cfg, argc, argv, &err) != 0)
		status = complain(&err, EXIT_USAGE);
	else if (cfg.action == VSW_ACTION_HELP)
		fputs(usage, stdout);
	else if (cfg.action == VSW_ACTION_VERSION)
		printf("vdpa-switch %s, %s\n", VSW_VERSION, rte_version());
	else if (run(&cfg, &err) != 0)
		status = complain(&err, EXIT_RUN);
	vsw_config_free(&cfg);
	return status;
}
