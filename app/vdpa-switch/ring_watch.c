/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * Runs on lib/vhost's event thread after each message of a front-end; looks and posts, no more.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <rte_vhost.h>

#include "event.h"
#include "ring_watch.h"
#include "vhost_sock.h"

/* The vhost-user protocol: which message, and where its number of the queue is. */
#define VHOST_USER_SET_MEM_TABLE 5
#define VHOST_USER_SET_VRING_KICK 12
#define MSG_FLAGS 4
#define MSG_NEED_REPLY (1u << 3)
#define MSG_PAYLOAD 12 /* after request, flags and size of 32 bits each */
#define MSG_QUEUE_MASK 0xff

static uint32_t
msg_request(const void *msg)
{
	uint32_t request;

	memcpy(&request, msg, sizeof(request));
	return request;
}

static uint32_t
msg_flags(const void *msg)
{
	uint32_t flags;

	memcpy(&flags, (const char *)msg + MSG_FLAGS, sizeof(flags));
	return flags;
}

static void
msg_set_flags(void *msg, uint32_t flags)
{
	memcpy((char *)msg + MSG_FLAGS, &flags, sizeof(flags));
}

static uint16_t
msg_queue(const void *msg)
{
	uint64_t payload;

	memcpy(&payload, (const char *)msg + MSG_PAYLOAD, sizeof(payload));
	return payload & MSG_QUEUE_MASK;
}

static void
refuse(int vid, uint16_t queue)
{
	struct vsw_event event = {
		.guest = vsw_vhost_sock_guest(vid),
		.type = VSW_EVENT_REFUSED,
		.reason = RTE_PMD_VDPA_VIRTIO_QUEUE_ADDRESS,
		.error = -EFAULT,
	};

	snprintf(event.text, sizeof(event.text), "queue %u: its ring is not inside one region of "
		"the guest's memory; remedy: share all of it (share=on)", queue);
	if (event.guest != NULL)
		vsw_event_post(&event);
}

/* A memory table's answer is owed; lib/vhost handles one message after another, on one thread. */
static bool owed;

/*
 * A memory table that lib/vhost could not map leaves the guest without one. Asked for an answer it
 * says so and goes on, and then looks for the table (rte_vhost_get_mem_table()) where there is none:
 * the process ends. Not asked, it ends the connection.
 */
static enum rte_vhost_msg_result
before_message(int vid, void *msg)
{
	(void)vid;
	owed = msg_request(msg) == VHOST_USER_SET_MEM_TABLE &&
		(msg_flags(msg) & MSG_NEED_REPLY) != 0;
	if (owed)
		msg_set_flags(msg, msg_flags(msg) & ~MSG_NEED_REPLY);
	return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
}

/*
 * Called for what was handled well. The kick fd is a ring's last word: lib/vhost has translated the
 * addresses by then, or could not.
 */
static enum rte_vhost_msg_result
after_message(int vid, void *msg)
{
	struct rte_vhost_vring vring;

	if (owed)
		msg_set_flags(msg, msg_flags(msg) | MSG_NEED_REPLY);
	owed = false;
	if (msg_request(msg) == VHOST_USER_SET_VRING_KICK &&
		rte_vhost_get_vhost_vring(vid, msg_queue(msg), &vring) == 0 &&
		(vring.desc == NULL || vring.avail == NULL || vring.used == NULL))
		refuse(vid, msg_queue(msg));
	return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
}

static const struct rte_vhost_user_extern_ops ops = {
	.pre_msg_handle = before_message,
	.post_msg_handle = after_message,
};

int
vsw_ring_watch(int vid)
{
	return rte_vhost_extern_callback_register(vid, &ops, NULL) == 0 ? 0 : -EIO;
}
