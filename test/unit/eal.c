/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * EAL for the suites that need it, started once and ended with the process. Owns the EAL arguments:
 * nothing of the machine is touched, so that runs beside each other do not meet.
 */
#include <stdint.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>

#include "ut.h"

static enum { EAL_NEVER, EAL_RUNS, EAL_FAILED } eal_state;

int
ut_eal(void)
{
	char prefix[32];
	const char *argv[] = { "vdpa-virtio-test", "--no-huge", "-m", "64", "--no-pci",
		"--no-shconf", "--no-telemetry", "--log-level", "lib.eal:warning", "--file-prefix",
		prefix, NULL };
	int argc = (int)(sizeof(argv) / sizeof(argv[0])) - 1;

	if (eal_state == EAL_NEVER) {
		snprintf(prefix, sizeof(prefix), "vdpa-test-%d", (int)getpid());
		if (rte_eal_init(argc, (char **)(uintptr_t)argv) < 0) {
			printf("    EAL did not start: %s\n", rte_strerror(rte_errno));
			eal_state = EAL_FAILED;
		} else {
			eal_state = EAL_RUNS;
		}
	}
	return eal_state == EAL_RUNS ? 0 : UT_FAILED;
}

void
ut_eal_fini(void)
{
	if (eal_state == EAL_RUNS)
		rte_eal_cleanup();
	eal_state = EAL_NEVER;
}
