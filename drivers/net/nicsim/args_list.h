/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/* What the two files that parse device arguments share. */
#ifndef NICSIM_ETH_ARGS_LIST_H
#define NICSIM_ETH_ARGS_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_common.h>

#include "args.h"

struct nicsim_eth_parser {
	struct nicsim_eth_args *args;
	uint32_t seen; /* bit n: key n was given */
	unsigned int cores;
	bool threads_set;
	char *why;
	size_t len;
};

/* Keep why. -EINVAL */
int nicsim_eth_args_refuse(struct nicsim_eth_parser *p, const char *format, ...)
	__rte_format_printf(2, 3);

#define REFUSE(p, ...) nicsim_eth_args_refuse(p, __VA_ARGS__)

/* cores= and representor=. 0; -EINVAL, and why is kept */
int nicsim_eth_args_cores(struct nicsim_eth_parser *p, const char *key, const char *value);
int nicsim_eth_args_representor(struct nicsim_eth_parser *p, const char *key, const char *value);

#endif /* NICSIM_ETH_ARGS_LIST_H */
