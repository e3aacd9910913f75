/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * A vDPA driver of somebody else's, for tests of programs on a machine without a VF: it has what
 * rte_vdpa.h asks of any, and nothing of rte_pmd_vdpa_virtio.h. Its device works on no ring. Says
 * on standard error what it is told.
 *
 * --vdev other_vdpa0,name=NAME[,fail=1] makes a vDPA device NAME, which may read as a PCI address.
 * fail=1: it refuses every guest.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_devargs.h>
#include <rte_kvargs.h>
#include <rte_log.h>
#include <rte_string_fns.h>
#include <rte_vhost.h>

#include <bus_vdev_driver.h>
#include <dev_driver.h>
#include <vdpa_driver.h>

#define PAIRS 2
#define SAY(fmt, ...)                                                                              \
	rte_log(RTE_LOG_NOTICE, RTE_LOGTYPE_USER2, "other_vdpa: " fmt "\n", ##__VA_ARGS__)

struct other {
	char name[RTE_DEV_NAME_MAX_LEN];
	struct rte_device rte;
	struct rte_vdpa_device *vdpa;
	bool fail;
};

/* One is enough for tests, and the ops find it without a list. */
static struct other the_one;

static int
other_queue_num(struct rte_vdpa_device *vdpa, uint32_t *num)
{
	(void)vdpa;
	*num = PAIRS;
	return 0;
}

static int
other_features(struct rte_vdpa_device *vdpa, uint64_t *features)
{
	(void)vdpa;
	*features = UINT64_MAX; /* whatever lib/vhost has */
	return 0;
}

static int
other_conf(int vid)
{
	SAY("conf %d", vid);
	return the_one.fail ? -1 : 0;
}

static int
other_close(int vid)
{
	SAY("close %d", vid);
	return 0;
}

static int
other_vring_state(int vid, int vring, int state)
{
	(void)vid;
	(void)vring;
	(void)state;
	return 0;
}

static int
other_set_features(int vid)
{
	(void)vid;
	return 0;
}

static struct rte_vdpa_dev_ops other_ops = {
	.get_queue_num = other_queue_num,
	.get_features = other_features,
	.get_protocol_features = other_features,
	.dev_conf = other_conf,
	.dev_close = other_close,
	.set_vring_state = other_vring_state,
	.set_features = other_set_features,
};

static int
parse_name(const char *key, const char *value, void *arg)
{
	(void)key;
	return strlcpy(arg, value, RTE_DEV_NAME_MAX_LEN) < RTE_DEV_NAME_MAX_LEN ? 0 : -EINVAL;
}

static int
parse_fail(const char *key, const char *value, void *arg)
{
	(void)key;
	*(bool *)arg = strcmp(value, "1") == 0;
	return 0;
}

/* The PCI devices that EAL was told to allow. */
static void
say_allowed(void)
{
	struct rte_devargs *da;

	RTE_EAL_DEVARGS_FOREACH("pci", da)
		SAY("allowed %s,%s", da->name, da->args);
}

static int
other_probe(struct rte_vdev_device *vdev)
{
	struct rte_kvargs *args = rte_kvargs_parse(rte_vdev_device_args(vdev), NULL);
	int ret = -EINVAL;

	if (args == NULL)
		return ret;
	if (rte_kvargs_process(args, "name", parse_name, the_one.name) != 0 ||
		rte_kvargs_process(args, "fail", parse_fail, &the_one.fail) != 0 ||
		the_one.name[0] == '\0')
		goto out;
	say_allowed();
	the_one.rte.name = the_one.name;
	the_one.vdpa = rte_vdpa_register_device(&the_one.rte, &other_ops);
	ret = the_one.vdpa == NULL ? -EEXIST : 0;
out:
	rte_kvargs_free(args);
	return ret;
}

static int
other_remove(struct rte_vdev_device *vdev)
{
	(void)vdev;
	SAY("remove");
	rte_vdpa_unregister_device(the_one.vdpa);
	return 0;
}

static struct rte_vdev_driver other_driver = {
	.probe = other_probe,
	.remove = other_remove,
};

RTE_PMD_REGISTER_VDEV(other_vdpa, other_driver);
