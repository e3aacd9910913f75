/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * Explains, from sysfs alone, why a PCI function cannot be taken through VFIO. Opens nothing,
 * changes nothing; any thread.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_common.h>

#include <vio_spec.h>

#include "rte_pmd_vdpa_virtio.h"
#include "sysfs.h"

#define SYSFS_PCI "/sys/bus/pci/devices"
#define NAME_LEN 32
#define ADDR_CHARS "0123456789abcdefABCDEF:." /* sscanf() takes signs, blanks and 0x for numbers */

struct pci_func {
	const char *root;
	char addr[16]; /* DDDD:BB:DD.F */
	char *text;
	size_t len;
};

static int __rte_format_printf(3, 4)
refuse(struct pci_func *f, int error, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(f->text, f->len, format, ap);
	va_end(ap);
	return error;
}

static int
addr_parse(struct pci_func *f, const char *pci)
{
	const bool clean = pci[strspn(pci, ADDR_CHARS)] == '\0';
	unsigned int domain = 0, bus, dev, fn;
	int end = 0;

	if (!clean || sscanf(pci, "%4x:%2x:%2x.%1x%n", &domain, &bus, &dev, &fn, &end) != 4 ||
		pci[end] != '\0') {
		domain = 0;
		end = 0;
		if (!clean || sscanf(pci, "%2x:%2x.%1x%n", &bus, &dev, &fn, &end) != 3 ||
			pci[end] != '\0')
			return refuse(f, -EINVAL,
				"'%.32s' is not a PCI address; write it as 0000:01:00.1", pci);
	}
	if (dev > 0x1f || fn > 7)
		return refuse(f, -EINVAL,
			"'%.32s' is not a PCI address: device up to 1f, function up to 7", pci);
	snprintf(f->addr, sizeof(f->addr), "%04x:%02x:%02x.%x", domain & 0xffff, bus & 0xff, dev,
		fn);
	return 0;
}

static int
read_id(const struct pci_func *f, const char *file, unsigned int *val)
{
	char path[PATH_MAX], buf[NAME_LEN] = "";
	FILE *fp;

	snprintf(path, sizeof(path), "%s" SYSFS_PCI "/%s/%s", f->root, f->addr, file);
	fp = fopen(path, "re");
	if (fp == NULL)
		return -errno;
	if (fgets(buf, sizeof(buf), fp) == NULL)
		buf[0] = '\0';
	fclose(fp);
	return sscanf(buf, "%x", val) == 1 ? 0 : -EINVAL;
}

/* Last component of what a symbolic link of a function points to; -ENOENT: no such link. */
static int
read_link(const char *root, const char *addr, const char *link, char *name, size_t len)
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *slash;
	ssize_t n;

	snprintf(path, sizeof(path), "%s" SYSFS_PCI "/%s/%s", root, addr, link);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return -errno;
	target[n] = '\0';
	slash = strrchr(target, '/');
	snprintf(name, len, "%.*s", (int)len - 1, slash == NULL ? target : slash + 1);
	return 0;
}

/* VFIO lends out whole groups: each other member must be on a vfio driver, pci-stub, or on none;
 * bridges may stay. */
static bool
driver_is_viable(const char *driver)
{
	return strncmp(driver, "vfio", 4) == 0 || strcmp(driver, "pci-stub") == 0 ||
		strcmp(driver, "pcieport") == 0;
}

static int
group_check(struct pci_func *f, unsigned int group)
{
	char path[PATH_MAX], driver[NAME_LEN];
	struct dirent *ent;
	int ret = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s" SYSFS_PCI "/%s/iommu_group/devices", f->root, f->addr);
	dir = opendir(path);
	if (dir == NULL)
		return 0; /* an odd sysfs; VFIO itself will say */
	while (ret == 0 && (ent = readdir(dir)) != NULL) {
		if (ent->d_name[0] == '.' || strcmp(ent->d_name, f->addr) == 0)
			continue;
		if (read_link(f->root, ent->d_name, "driver", driver, sizeof(driver)) != 0 ||
				driver_is_viable(driver))
			continue;
		ret = refuse(f, -EBUSY,
			"%s shares IOMMU group %u with %.16s, which is on driver %s, so the group "
			"is"
			" not viable; remedy: bind that one to vfio-pci too, or unbind it",
			f->addr, group, ent->d_name, driver);
	}
	closedir(dir);
	return ret;
}

int
virtio_vdpa_sysfs_check(
	const char *root, const char *pci, unsigned int *group, char *text, size_t len)
{
	struct pci_func f = { .root = root, .text = text, .len = len };
	char name[NAME_LEN], path[PATH_MAX];
	unsigned int vendor, device;
	int ret;

	if (len > 0)
		text[0] = '\0';
	ret = addr_parse(&f, pci);
	if (ret != 0)
		return ret;
	snprintf(path, sizeof(path), "%s" SYSFS_PCI "/%s", root, f.addr);
	if (access(path, F_OK) != 0 || read_id(&f, "vendor", &vendor) != 0 ||
		read_id(&f, "device", &device) != 0)
		return refuse(&f, -ENODEV,
			"there is no PCI function %s; remedy: see 'lspci -D', and create VFs"
			" through the PF's sriov_numvfs",
			f.addr);
	if (vendor != VIO_PCI_VENDOR ||
			(device != VIO_PCI_DEVICE_NET && device != VIO_PCI_DEVICE_NET_TRANSITIONAL))
		return refuse(&f, -ENOTSUP,
			"%s is %04x:%04x, not a virtio network device (1af4:1041 or 1af4:1000)",
			f.addr, vendor, device);
	if (read_link(root, f.addr, "iommu_group", name, sizeof(name)) != 0)
		return refuse(&f, -EXDEV,
			"%s is behind no IOMMU; remedy: turn it on in the firmware and boot with"
			" intel_iommu=on or amd_iommu=on",
			f.addr);
	*group = strtoul(name, NULL, 10);
	ret = read_link(root, f.addr, "driver", name, sizeof(name));
	if (ret != 0 || strcmp(name, "vfio-pci") != 0)
		return refuse(&f, -EPERM,
			"%s is bound to %s, not to vfio-pci; remedy: dpdk-devbind.py -b vfio-pci "
			"%s",
			f.addr, ret == 0 ? name : "no driver", f.addr);
	return group_check(&f, *group);
}

int
rte_pmd_vdpa_virtio_diagnose(const char *pci, char *text, size_t len)
{
	unsigned int group;

	return virtio_vdpa_sysfs_check("", pci, &group, text, len);
}
