/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * What is said of a PCI function that cannot be taken, on a sysfs of the test's own.
 */
#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rte_pmd_vdpa_virtio.h"
#include "sysfs.h"
#include "ut.h"

#define DEVICES "/sys/bus/pci/devices"
#define VF "0000:01:00.1"
#define OTHER "0000:01:00.2"

static char root[64];
static char text[RTE_PMD_VDPA_VIRTIO_TEXT];
static unsigned int group;

static int
make_dir(const char *path)
{
	char full[512], *slash;

	snprintf(full, sizeof(full), "%s%s/", root, path);
	for (slash = strchr(full + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(full, 0700) != 0 && errno != EEXIST)
			return UT_FAILED;
		*slash = '/';
	}
	return 0;
}

static int
make_file(const char *dir, const char *name, const char *content)
{
	char full[512];
	FILE *fp;

	snprintf(full, sizeof(full), "%s%s/%s", root, dir, name);
	fp = fopen(full, "w");
	if (fp == NULL)
		return UT_FAILED;
	fputs(content, fp);
	return fclose(fp);
}

static int
make_link(const char *dir, const char *name, const char *target)
{
	char full[512];

	snprintf(full, sizeof(full), "%s%s/%s", root, dir, name);
	unlink(full);
	return symlink(target, full);
}

static int
remove_at(const char *dir, const char *name)
{
	char full[512];

	snprintf(full, sizeof(full), "%s%s/%s", root, dir, name);
	return unlink(full);
}

/* A function in group 7; driver NULL: bound to none. */
static int
make_function(const char *addr, const char *vendor, const char *device, const char *driver)
{
	char dir[128], target[128];

	snprintf(dir, sizeof(dir), DEVICES "/%s", addr);
	UT_EQ(make_dir(dir), 0);
	UT_EQ(make_file(dir, "vendor", vendor), 0);
	UT_EQ(make_file(dir, "device", device), 0);
	UT_EQ(make_dir("/sys/kernel/iommu_groups/7/devices"), 0);
	snprintf(target, sizeof(target), "%s/sys/kernel/iommu_groups/7", root);
	UT_EQ(make_link(dir, "iommu_group", target), 0);
	snprintf(target, sizeof(target), "../../../../bus/pci/devices/%s", addr);
	UT_EQ(make_link("/sys/kernel/iommu_groups/7/devices", addr, target), 0);
	if (driver == NULL)
		return 0;
	snprintf(target, sizeof(target), "../../../../bus/pci/drivers/%s", driver);
	UT_EQ(make_link(dir, "driver", target), 0);
	return 0;
}

static int
drop(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int
with_tree(int (*run)(void))
{
	int ret;

	snprintf(root, sizeof(root), "/tmp/vdpa-virtio-sysfs-XXXXXX");
	UT_CHECK(mkdtemp(root) != NULL);
	ret = make_function(VF, "0x1af4\n", "0x1041\n", "vfio-pci");
	if (ret == 0)
		ret = run();
	nftw(root, drop, 8, FTW_DEPTH | FTW_PHYS);
	return ret;
}

static int
check(const char *addr)
{
	memset(text, 'x', sizeof(text));
	group = 0;
	return virtio_vdpa_sysfs_check(root, addr, &group, text, sizeof(text));
}

static int
says(const char *what)
{
	if (memchr(text, '\0', sizeof(text)) == NULL)
		UT_FAIL("a text without an end");
	if (strstr(text, what) == NULL)
		UT_FAIL("\"%s\" does not say \"%s\"", text, what);
	return 0;
}

static int
good_run(void)
{
	UT_EQ(check(VF), 0);
	UT_EQ(group, 7);
	UT_STR(text, "");
	UT_EQ(check("01:00.1"), 0);
	UT_EQ(check("0000:01:00.1"), 0);
	UT_EQ(check("0:1:0.1"), 0);
	UT_DO(make_function(VF, "0x1af4\n", "0x1000\n", "vfio-pci"));
	UT_EQ(check(VF), 0);
	return 0;
}

static int
good(void)
{
	return with_tree(good_run);
}

static int
bad_address_run(void)
{
	static const char *const bad[] = { "", "eth0", "01:00", "01:00.", "0000:01:00.8",
		"0000:01:20.0", "0000:01:00.1x", "0000:01:00.1 ", "00000:01:00.1", "0000:001:00.1",
		"0000:01:00.11", "-1:00.0", "01:00.-1", "0x1:00.0", "0000:01:00,1",
		"/sys/bus/pci/devices/0000:01:00.1", " 01:00.1", "+1:00.0" };
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (check(bad[i]) != -EINVAL)
			UT_FAIL("\"%s\" is taken for an address", bad[i]);
		UT_DO(says("is not a PCI address"));
	}
	return 0;
}

static int
bad_address(void)
{
	return with_tree(bad_address_run);
}

static int
absent_run(void)
{
	UT_EQ(check("0000:01:00.3"), -ENODEV);
	UT_DO(says("no PCI function 0000:01:00.3; remedy: "));
	UT_DO(says("sriov_numvfs"));
	UT_EQ(remove_at(DEVICES "/" VF, "vendor"), 0);
	UT_EQ(check(VF), -ENODEV);
	UT_DO(make_function(VF, "", "0x1041\n", "vfio-pci"));
	UT_EQ(check(VF), -ENODEV);
	UT_DO(make_function(VF, "0x1af4\n", "none\n", "vfio-pci"));
	UT_EQ(check(VF), -ENODEV);
	return 0;
}

static int
absent(void)
{
	return with_tree(absent_run);
}

static int
not_virtio_net_run(void)
{
	static const char *const ids[][2] = { { "0x8086", "0x1041" }, { "0x1af4", "0x1042" },
		{ "0x1af4", "0x1001" }, { "0x1af4", "0x41" } };
	size_t i;

	for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		UT_DO(make_function(VF, ids[i][0], ids[i][1], "vfio-pci"));
		UT_EQ(check(VF), -ENOTSUP);
		UT_DO(says("not a virtio network device"));
		UT_DO(says(VF));
	}
	return 0;
}

static int
not_virtio_net(void)
{
	return with_tree(not_virtio_net_run);
}

static int
no_iommu_run(void)
{
	UT_EQ(remove_at(DEVICES "/" VF, "iommu_group"), 0);
	UT_EQ(check(VF), -EXDEV);
	UT_DO(says("no IOMMU; remedy: "));
	UT_DO(says("intel_iommu=on"));
	return 0;
}

static int
no_iommu(void)
{
	return with_tree(no_iommu_run);
}

static int
not_bound_run(void)
{
	UT_DO(make_function(VF, "0x1af4\n", "0x1041\n", "virtio-pci"));
	UT_EQ(check(VF), -EPERM);
	UT_DO(says("bound to virtio-pci, not to vfio-pci; remedy: "));
	UT_DO(says("dpdk-devbind.py -b vfio-pci " VF));
	UT_EQ(remove_at(DEVICES "/" VF, "driver"), 0);
	UT_EQ(check(VF), -EPERM);
	UT_DO(says("bound to no driver"));
	UT_DO(make_function(VF, "0x1af4\n", "0x1041\n", "vfio-pci-not"));
	UT_EQ(check(VF), -EPERM);
	return 0;
}

static int
not_bound(void)
{
	return with_tree(not_bound_run);
}

/* Other members of the group: which of them VFIO puts up with. */
static int
group_run(void)
{
	static const char *const viable[] = { "vfio-pci", "pci-stub", "pcieport" };
	size_t i;

	UT_DO(make_function(OTHER, "0x8086", "0x10d3", NULL));
	UT_EQ(check(VF), 0);
	for (i = 0; i < sizeof(viable) / sizeof(viable[0]); i++) {
		UT_DO(make_function(OTHER, "0x8086", "0x10d3", viable[i]));
		UT_EQ(check(VF), 0);
	}
	UT_DO(make_function(OTHER, "0x8086", "0x10d3", "e1000e"));
	UT_EQ(check(VF), -EBUSY);
	UT_DO(says(OTHER));
	UT_DO(says("e1000e"));
	UT_DO(says("not viable; remedy: "));
	return 0;
}

static int
group_members(void)
{
	return with_tree(group_run);
}

/* No room for the text: an end of it is there all the same. */
static int
short_text_run(void)
{
	char small[8];

	memset(small, 'x', sizeof(small));
	UT_EQ(virtio_vdpa_sysfs_check(root, "nonsense", &group, small, sizeof(small)), -EINVAL);
	UT_CHECK(memchr(small, '\0', sizeof(small)) != NULL);
	UT_EQ(virtio_vdpa_sysfs_check(root, "nonsense", &group, NULL, 0), -EINVAL);
	UT_EQ(virtio_vdpa_sysfs_check(root, VF, &group, NULL, 0), 0);
	return 0;
}

static int
short_text(void)
{
	return with_tree(short_text_run);
}

static int
of_this_machine(void)
{
	UT_EQ(rte_pmd_vdpa_virtio_diagnose("ffff:ff:1f.7", text, sizeof(text)), -ENODEV);
	UT_DO(says("remedy"));
	return 0;
}

static const struct ut_case cases[] = {
	UT_CASE(good),
	UT_CASE(bad_address),
	UT_CASE(absent),
	UT_CASE(not_virtio_net),
	UT_CASE(no_iommu),
	UT_CASE(not_bound),
	UT_CASE(group_members),
	UT_CASE(short_text),
	UT_CASE(of_this_machine),
	UT_END,
};
UT_SUITE(drv_sysfs, "fast", cases)
