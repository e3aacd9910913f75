/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * The configuration: what the command line asks for, parsed and validated before anything is
 * touched.
 *
 * Owns struct vsw_config. Immutable once vsw_config_parse() has returned, so every thread may read
 * it. Looks at no device and creates no file.
 */
#ifndef VSW_CONFIG_H
#define VSW_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/un.h>

#include <rte_dev.h>
#include <rte_ether.h>
#include <rte_pci.h>

#include "log.h"

/** Connections that lib/vhost can carry at once (its MAX_VHOST_DEVICE). */
#define VSW_MAX_GUESTS 1024
/** Queue pairs that lib/vhost can carry for one guest. */
#define VSW_MAX_PAIRS 128
#define VSW_MAX_STATS_INTERVAL 86400

#define VSW_NAME_SIZE 33
#define VSW_SOCKET_SIZE sizeof(((struct sockaddr_un *)0)->sun_path)
#define VSW_VF_SIZE RTE_DEV_NAME_MAX_LEN

enum vsw_socket_mode {
	VSW_SOCKET_SERVER, /**< This program creates the socket and the front-end connects. */
	VSW_SOCKET_CLIENT, /**< The front-end creates it; this program connects, again and again. */
};

/** One --guest. */
struct vsw_guest_config {
	char name[VSW_NAME_SIZE]; /**< Unique; letters, digits, '.', '_' and '-' only. */
	char socket[VSW_SOCKET_SIZE]; /**< As given; unique with its folder resolved. */
	char vf[VSW_VF_SIZE]; /**< EAL's name of the device; unique. */
	bool vf_is_pci; /**< It is DDDD:BB:DD.F; else a device that a driver made up. */
	enum vsw_socket_mode mode;
	uint16_t pairs; /**< Queue pairs to offer; 0: all that the VF has. */
	bool has_mac;
	struct rte_ether_addr mac;
};

enum vsw_action {
	VSW_ACTION_RUN,
	VSW_ACTION_HELP,
	VSW_ACTION_VERSION,
};

struct vsw_config {
	enum vsw_action action;
	unsigned int stats_interval; /**< Seconds between statistics; 0: on SIGUSR1 only. */
	unsigned int n_guests; /**< 1..VSW_MAX_GUESTS when action is RUN. */
	struct vsw_guest_config *guests;
	/** EAL's arguments, the program's name first: the user's and one -a a PCI VF. */
	int eal_argc;
	char **eal_argv;
	char *eal_text; /**< Backs the arguments that were put in. */
};

/**
 * Parse and validate the whole command line.
 *
 * @param cfg   filled; vsw_config_free() it even after an error
 * @param argv  must stay valid and unchanged while cfg is in use
 * @param err   says what is wrong and what to do, when not 0
 * @return 0; -EINVAL the command line is wrong; -ENOMEM
 */
int
vsw_config_parse(struct vsw_config *cfg, int argc, char **argv, struct vsw_err *err);

/** Undo vsw_config_parse(); harmless on a zeroed or freed one. */
void
vsw_config_free(struct vsw_config *cfg);

/**
 * Read a PCI address.
 *
 * @param text  [DDDD:]BB:DD.F, hexadecimal
 * @param name  VSW_VF_SIZE bytes: the address as EAL writes it
 * @return 0; -EINVAL
 */
int
vsw_config_pci(const char *text, char *name);

/**
 * Read a whole decimal number.
 *
 * @return 0; -EINVAL not a number or not within min..max
 */
int
vsw_config_number(const char *text, unsigned long min, unsigned long max, unsigned long *value);

/**
 * Parse the text of one --guest.
 *
 * @param guest  zeroed; filled
 * @param text   "key=value,..."; taken apart
 * @param err    says what is wrong, without naming the argument
 * @return 0; -EINVAL
 */
int
vsw_guest_spec_parse(struct vsw_guest_config *guest, char *text, struct vsw_err *err);

/**
 * Make EAL's arguments from the user's: each guest's PCI VF is allowed with vdpa=1, and nothing
 * else that the user did not name, so that neither net_virtio nor any other driver claims it.
 *
 * @param cfg   guests are read; eal_* is filled
 * @param argc  EAL's part of the command line, the program's name first
 * @return 0; -EINVAL the user's own -a or -b contradict the guests; -ENOMEM
 */
int
vsw_eal_args(struct vsw_config *cfg, int argc, char **argv, struct vsw_err *err);

#endif /* VSW_CONFIG_H */
