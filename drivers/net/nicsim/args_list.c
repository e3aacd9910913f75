/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * Lists in device arguments: processors and representors. Touches no device. Main thread or
 * hot-plug thread.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args_list.h"
#include "compat.h"

int
nicsim_eth_args_refuse(struct nicsim_eth_parser *p, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(p->why, p->len, format, ap);
	va_end(ap);
	return -EINVAL;
}

/* N or N-M, then '+' and so on; in brackets also with commas: elsewhere they end the value. */
int
nicsim_eth_args_cores(struct nicsim_eth_parser *p, const char *key, const char *value)
{
	const char *at = value + (value[0] == '[');
	unsigned long first, last;
	char *end;

	for (;;) {
		if (!isdigit((unsigned char)*at))
			goto bad;
		first = last = strtoul(at, &end, 10);
		if (*end == '-' && isdigit((unsigned char)end[1]))
			last = strtoul(end + 1, &end, 10);
		if (last < first || last > INT_MAX)
			goto bad;
		if (last - first >= NICSIM_THREADS_MAX - p->cores)
			return REFUSE(
				p, "%s=%s are more than %u cores", key, value, NICSIM_THREADS_MAX);
		while (first <= last)
			p->args->core[p->cores++] = (int)first++;
		if (*end != '+' && *end != ',')
			break;
		at = end + 1;
	}
	if (value[0] == '[' ? strcmp(end, "]") == 0 : *end == '\0')
		return 0;
bad:
	return REFUSE(p, "%s=%s is not a list of cores, as 2-3 or 2+3 or [2,3]", key, value);
}

static int
uint16_compare(const void *a, const void *b)
{
	return *(const uint16_t *)a - *(const uint16_t *)b;
}

int
nicsim_eth_args_representor(struct nicsim_eth_parser *p, const char *key, const char *value)
{
	struct nicsim_eth_args *args = p->args;
	struct rte_eth_devargs da;
	char text[256];
	unsigned int i;

	memset(&da, 0, sizeof(da));
	if (snprintf(text, sizeof(text), "%s=%s", key, value) >= (int)sizeof(text) ||
		nicsim_eth_devargs_parse(text, &da) != 0)
		return REFUSE(p, "%s=%s is not a list of representors, as vf[0-3,7], of at most %u",
			key, value, RTE_MAX_ETHPORTS);
	if (da.type != RTE_ETH_REPRESENTOR_VF)
		return REFUSE(p, "%s=%s: only VFs have representors, as vf[0-3]", key, value);
	for (i = 0; i < da.nb_mh_controllers; i++)
		if (da.mh_controllers[i] != 0)
			return REFUSE(p, "%s=%s: there is no controller but 0", key, value);
	for (i = 0; i < da.nb_ports; i++)
		if (da.ports[i] != 0)
			return REFUSE(p, "%s=%s: there is no PF but 0", key, value);
	if (da.nb_representor_ports > NICSIM_VFS_MAX)
		return REFUSE(p, "%s=%s: more than %u VFs", key, value, NICSIM_VFS_MAX);
	args->representors = da.nb_representor_ports;
	memcpy(args->representor, da.representor_ports,
		da.nb_representor_ports * sizeof(da.representor_ports[0]));
	qsort(args->representor, args->representors, sizeof(args->representor[0]), uint16_compare);
	return 0;
}
