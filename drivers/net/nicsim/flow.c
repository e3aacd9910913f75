/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * Transfer rules of the ports of a NIC: made, asked, aged, taken away. A rule belongs to the port
 * it was made on, and goes with it. Any thread: flow_lock guards the lists of rules.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow.h"

#define REFUSE(error, code, type, cause, ...)                                                      \
	nicsim_eth_flow_refuse(error, code, RTE_FLOW_ERROR_TYPE_##type, cause, __VA_ARGS__)

static struct nicsim_flows *
table(const struct nicsim_eth_nic *nic)
{
	return nicsim_switch_flows(nicsim_switch(nic->sim));
}

static int
flow_validate(struct rte_eth_dev *dev, const struct rte_flow_attr *attr,
	const struct rte_flow_item pattern[], const struct rte_flow_action actions[],
	struct rte_flow_error *error)
{
	struct nicsim_eth_rule rule;

	return nicsim_eth_flow_parse(
		nicsim_eth_port_of(dev)->nic, attr, pattern, actions, &rule, error);
}

static int
refuse_add(struct rte_flow_error *error, int ret)
{
	switch (ret) {
	case -EEXIST:
		return REFUSE(error, EEXIST, UNSPECIFIED, NULL,
			"a rule with the same pattern and priority is there");
	case -ENOSPC:
		return REFUSE(error, ENOSPC, UNSPECIFIED, NULL,
			"the table is full: it takes %u rules, of %u kinds of masks and priorities",
			NICSIM_FLOW_MAX, NICSIM_FLOW_MASKS);
	default:
		return REFUSE(error, -ret, UNSPECIFIED, NULL, "the switch refuses the rule: %s",
			strerror(-ret));
	}
}

static struct rte_flow *
flow_create(struct rte_eth_dev *dev, const struct rte_flow_attr *attr,
	const struct rte_flow_item pattern[], const struct rte_flow_action actions[],
	struct rte_flow_error *error)
{
	struct nicsim_eth_port *port = nicsim_eth_port_of(dev);
	struct nicsim_eth_nic *nic = port->nic;
	struct rte_flow *flow = calloc(1, sizeof(*flow));
	bool ages;
	int ret;

	if (flow == NULL) {
		REFUSE(error, ENOMEM, HANDLE, NULL, "out of memory");
		return NULL;
	}
	flow->port = port;
	ret = nicsim_eth_flow_parse(nic, attr, pattern, actions, &flow->rule, error);
	if (ret != 0)
		goto free_flow;
	ages = flow->rule.actions.age_s != 0;
	pthread_mutex_lock(&nic->flow_lock);
	ret = nicsim_flow_add(table(nic), flow->rule.priority, &flow->rule.match,
		&flow->rule.actions, flow, &flow->sim);
	if (ret == 0) {
		TAILQ_INSERT_TAIL(&port->flows, flow, next);
		if (ages)
			__atomic_fetch_add(&nic->aging, 1, __ATOMIC_RELAXED);
	}
	pthread_mutex_unlock(&nic->flow_lock);
	if (ret != 0) {
		refuse_add(error, ret);
		goto free_flow;
	}
	if (ages)
		nicsim_eth_keeper_wake(nic);
	return flow;

free_flow:
	free(flow);
	return NULL;
}

/* Lock held. */
static void
aged_del(struct rte_flow *flow)
{
	if (flow->in_aged)
		TAILQ_REMOVE(&flow->port->aged, flow, next_aged);
	flow->in_aged = false;
}

/* Lock held. */
static void
flow_drop(struct rte_flow *flow)
{
	struct nicsim_eth_nic *nic = flow->port->nic;

	aged_del(flow);
	nicsim_flow_del(table(nic), flow->sim);
	TAILQ_REMOVE(&flow->port->flows, flow, next);
	if (flow->rule.actions.age_s != 0)
		__atomic_fetch_sub(&nic->aging, 1, __ATOMIC_RELAXED);
	free(flow);
}

static int
flow_destroy(struct rte_eth_dev *dev, struct rte_flow *flow, struct rte_flow_error *error)
{
	struct nicsim_eth_port *port = nicsim_eth_port_of(dev);
	int ret = 0;

	pthread_mutex_lock(&port->nic->flow_lock);
	if (flow != NULL && flow->port == port)
		flow_drop(flow);
	else
		ret = REFUSE(error, EINVAL, HANDLE, flow, "the rule is not of port %u",
			dev->data->port_id);
	pthread_mutex_unlock(&port->nic->flow_lock);
	return ret;
}

void
nicsim_eth_flow_drop_all(struct nicsim_eth_port *port)
{
	struct rte_flow *flow;

	pthread_mutex_lock(&port->nic->flow_lock);
	while ((flow = TAILQ_FIRST(&port->flows)) != NULL)
		flow_drop(flow);
	pthread_mutex_unlock(&port->nic->flow_lock);
}

static int
flow_flush(struct rte_eth_dev *dev, struct rte_flow_error *error)
{
	(void)error;
	nicsim_eth_flow_drop_all(nicsim_eth_port_of(dev));
	return 0;
}

static int
query_count(struct nicsim_eth_nic *nic, struct rte_flow *flow, struct rte_flow_query_count *count)
{
	struct nicsim_flow_stats stats;
	bool reset = count->reset;

	nicsim_flow_query(table(nic), flow->sim, reset, &stats);
	memset(count, 0, sizeof(*count));
	count->reset = reset;
	count->hits_set = 1;
	count->bytes_set = 1;
	count->hits = stats.packets;
	count->bytes = stats.bytes;
	return 0;
}

static int
query_age(struct nicsim_eth_nic *nic, struct rte_flow *flow, struct rte_flow_query_age *age)
{
	struct nicsim_flow_stats stats;

	nicsim_flow_query(table(nic), flow->sim, false, &stats);
	memset(age, 0, sizeof(*age));
	age->aged = stats.aged;
	age->sec_since_last_hit_valid = 1;
	age->sec_since_last_hit = RTE_MIN(stats.idle_s, RTE_BIT32(24) - 1);
	return 0;
}

/* Lock held. */
static int
query(struct nicsim_eth_port *port, struct rte_flow *flow, const struct rte_flow_action *action,
	void *data, struct rte_flow_error *error)
{
	if (flow == NULL || flow->port != port)
		return REFUSE(error, EINVAL, HANDLE, flow, "the rule is not of this port");
	if (action->type == RTE_FLOW_ACTION_TYPE_COUNT && flow->rule.count)
		return query_count(port->nic, flow, data);
	if (action->type == RTE_FLOW_ACTION_TYPE_AGE && flow->rule.actions.age_s != 0)
		return query_age(port->nic, flow, data);
	return REFUSE(error, ENOTSUP, ACTION, action,
		"the rule was not made with that action, or it has nothing to tell: COUNT and AGE "
		"do");
}

static int
flow_query(struct rte_eth_dev *dev, struct rte_flow *flow, const struct rte_flow_action *action,
	void *data, struct rte_flow_error *error)
{
	struct nicsim_eth_port *port = nicsim_eth_port_of(dev);
	int ret;

	pthread_mutex_lock(&port->nic->flow_lock);
	ret = query(port, flow, action, data, error);
	pthread_mutex_unlock(&port->nic->flow_lock);
	return ret;
}

static void
dump_one(struct nicsim_eth_nic *nic, struct rte_flow *flow, FILE *file)
{
	char match[NICSIM_ETH_FLOW_TEXT], actions[NICSIM_ETH_FLOW_TEXT];
	struct nicsim_flow_stats stats;

	nicsim_flow_query(table(nic), flow->sim, false, &stats);
	nicsim_eth_flow_match_text(&flow->rule.match, match, sizeof(match));
	nicsim_eth_flow_actions_text(&flow->rule, actions, sizeof(actions));
	fprintf(file, "priority %u, %s: %s (%" PRIu64 " packets, %" PRIu64 " bytes)\n",
		flow->rule.priority, match, actions, stats.packets, stats.bytes);
}

static int
flow_dump(struct rte_eth_dev *dev, struct rte_flow *only, FILE *file, struct rte_flow_error *error)
{
	struct nicsim_eth_port *port = nicsim_eth_port_of(dev);
	struct rte_flow *flow;

	(void)error;
	pthread_mutex_lock(&port->nic->flow_lock);
	TAILQ_FOREACH(flow, &port->flows, next)
		if (only == NULL || flow == only)
			dump_one(port->nic, flow, file);
	pthread_mutex_unlock(&port->nic->flow_lock);
	return 0;
}

/* Lock held. Move what the switch reports to the lists of the ports. */
static void
aged_collect(struct nicsim_eth_nic *nic)
{
	struct rte_flow *flow;
	void *ctx[64];
	unsigned int i, n;

	do {
		n = nicsim_flow_aged(table(nic), ctx, RTE_DIM(ctx));
		for (i = 0; i < n; i++) {
			flow = ctx[i];
			if (flow->in_aged)
				continue;
			flow->in_aged = true;
			TAILQ_INSERT_TAIL(&flow->port->aged, flow, next_aged);
		}
	} while (n == RTE_DIM(ctx));
}

/* A frame may have come since it was reported: the switch will report it anew. */
static bool
is_aged_still(struct nicsim_eth_nic *nic, struct rte_flow *flow)
{
	struct nicsim_flow_stats stats;

	nicsim_flow_query(table(nic), flow->sim, false, &stats);
	if (!stats.aged)
		aged_del(flow);
	return stats.aged;
}

static int
flow_get_aged(struct rte_eth_dev *dev, void **ctx, uint32_t num, struct rte_flow_error *error)
{
	struct nicsim_eth_port *port = nicsim_eth_port_of(dev);
	struct nicsim_eth_nic *nic = port->nic;
	struct rte_flow *flow, *next;
	uint32_t n = 0;

	if (num != 0 && ctx == NULL)
		return REFUSE(error, EINVAL, UNSPECIFIED, NULL, "no room for %u contexts", num);
	pthread_mutex_lock(&nic->flow_lock);
	aged_collect(nic);
	for (flow = TAILQ_FIRST(&port->aged); flow != NULL && (num == 0 || n < num); flow = next) {
		next = TAILQ_NEXT(flow, next_aged);
		if (!is_aged_still(nic, flow))
			continue;
		if (num != 0) {
			ctx[n] = flow->rule.age_ctx != NULL ? flow->rule.age_ctx : flow;
			aged_del(flow);
		}
		n++;
	}
	port->aged_told = false;
	pthread_mutex_unlock(&nic->flow_lock);
	return n;
}

void
nicsim_eth_flow_collect_aged(struct nicsim_eth_nic *nic)
{
	pthread_mutex_lock(&nic->flow_lock);
	aged_collect(nic);
	pthread_mutex_unlock(&nic->flow_lock);
}

/* rte_flow_get_aged_flows(): the event comes once until the list is fetched. */
bool
nicsim_eth_flow_aged_news(struct nicsim_eth_port *port)
{
	bool news;

	pthread_mutex_lock(&port->nic->flow_lock);
	news = !port->aged_told && !TAILQ_EMPTY(&port->aged);
	port->aged_told = port->aged_told || news;
	pthread_mutex_unlock(&port->nic->flow_lock);
	return news;
}

static const struct rte_flow_ops flow_ops = {
	.validate = flow_validate,
	.create = flow_create,
	.destroy = flow_destroy,
	.flush = flow_flush,
	.query = flow_query,
	.dev_dump = flow_dump,
	.get_aged_flows = flow_get_aged,
};

int
nicsim_eth_flow_ops(struct rte_eth_dev *dev, const struct rte_flow_ops **ops)
{
	(void)dev;
	*ops = &flow_ops;
	return 0;
}
