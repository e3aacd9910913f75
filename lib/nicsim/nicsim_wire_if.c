/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Interfaces of the kernel, as wires need them: names, existence, up, carrier. Owns nothing: the
 * socket it asks through is the caller's. Any thread.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include <net/if.h>
#include <net/if_arp.h>

#include "nicsim_wire_priv.h"

/* What the kernel refuses in a name, and '%', of which it would make a pattern. */
static bool
if_name_ok(const char *name)
{
	const char *c;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	for (c = name; *c != '\0'; c++) {
		if (*c == '/' || *c == ':' || *c == '%' || isspace((unsigned char)*c))
			return false;
	}
	return c != name;
}

int
nicsim_wire_if_check(const struct nicsim_wire *wire, const char *name, char *why, size_t len)
{
	if (name == NULL || name[0] == '\0') {
		snprintf(why, len, "wire \"%s\": the interface is missing; write %s", wire->text,
			wire->ops->form);
		return -EINVAL;
	}
	if (strlen(name) >= IFNAMSIZ) {
		snprintf(why, len,
			"wire \"%s\": name too long; an interface has at most %d characters",
			wire->text, IFNAMSIZ - 1);
		return -EINVAL;
	}
	if (!if_name_ok(name)) {
		snprintf(why, len,
			"wire \"%s\": no name for an interface; leave out '/', ':', '%%' and "
			"blanks",
			wire->text);
		return -EINVAL;
	}
	return 0;
}

static void
if_request(struct ifreq *ifr, const char *name)
{
	memset(ifr, 0, sizeof(*ifr));
	snprintf(ifr->ifr_name, sizeof(ifr->ifr_name), "%s", name);
}

int
nicsim_wire_if_index(int sock, const char *name)
{
	struct ifreq ifr;

	if_request(&ifr, name);
	return ioctl(sock, SIOCGIFINDEX, &ifr) < 0 ? -errno : ifr.ifr_ifindex;
}

bool
nicsim_wire_if_is_ether(int sock, const char *name)
{
	struct ifreq ifr;

	if_request(&ifr, name);
	return ioctl(sock, SIOCGIFHWADDR, &ifr) == 0 && ifr.ifr_hwaddr.sa_family == ARPHRD_ETHER;
}

int
nicsim_wire_if_up(int sock, const char *name)
{
	struct ifreq ifr;

	if_request(&ifr, name);
	if (ioctl(sock, SIOCGIFFLAGS, &ifr) < 0)
		return -errno;
	/* Asked first: who may use an interface need not be who may bring it up. */
	if ((ifr.ifr_flags & IFF_UP) != 0)
		return 0;
	ifr.ifr_flags |= IFF_UP;
	return ioctl(sock, SIOCSIFFLAGS, &ifr) < 0 ? -errno : 0;
}

bool
nicsim_wire_if_link(int sock, int index)
{
	struct ifreq ifr;

	memset(&ifr, 0, sizeof(ifr));
	ifr.ifr_ifindex = index;
	if (ioctl(sock, SIOCGIFNAME, &ifr) < 0 || ioctl(sock, SIOCGIFFLAGS, &ifr) < 0)
		return false;
	return (ifr.ifr_flags & IFF_UP) != 0 && (ifr.ifr_flags & IFF_RUNNING) != 0;
}
