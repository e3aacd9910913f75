/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * What tests of whole simulated NICs share. Owns nothing; one thread for each end.
 */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/eventfd.h>

#include "nicbench.h"

#define HEAD 18 /* addresses, type, number */

const uint8_t nicbench_broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

struct nicsim *
nicbench_nic(const struct nicsim_conf *conf)
{
	struct nicsim *nic = NULL;
	char why[300] = "";
	int ret = nicsim_create(conf, &nic, why, sizeof(why));

	if (ret != 0)
		printf("    nicsim_create: %d: %s\n", ret, why);
	return ret == 0 ? nic : NULL;
}

static void
far_wake(void *ctx)
{
	eventfd_write(*(int *)ctx, 1);
}

int
nicbench_far_open(struct nicbench_far *far, const char *text)
{
	char why[300];
	int ret;

	far->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ret = nicsim_wire_open(text, far_wake, &far->fd, &far->wire, why, sizeof(why));
	if (ret != 0)
		close(far->fd);
	return ret;
}

void
nicbench_far_close(struct nicbench_far *far)
{
	nicsim_wire_close(far->wire);
	close(far->fd);
}

void
nicbench_frame(
	uint8_t *data, uint32_t len, const uint8_t dst[6], const uint8_t src[6], uint32_t number)
{
	uint32_t i;

	memcpy(data, dst, 6);
	memcpy(data + 6, src, 6);
	data[12] = NICBENCH_TYPE >> 8;
	data[13] = NICBENCH_TYPE & 0xff;
	memcpy(data + 14, &number, sizeof(number));
	for (i = HEAD; i < len; i++)
		data[i] = (uint8_t)(number + i * 7 + (i >> 8));
}

int64_t
nicbench_number(const uint8_t *data, uint32_t len)
{
	uint32_t i, number;

	while (len >= HEAD + 4 && data[12] == 0x81 && data[13] == 0) {
		data += 4;
		len -= 4;
	}
	if (len < HEAD || data[12] != NICBENCH_TYPE >> 8 || data[13] != (NICBENCH_TYPE & 0xff))
		return -1;
	memcpy(&number, data + 14, sizeof(number));
	for (i = HEAD; i < len; i++)
		if (data[i] != (uint8_t)(number + i * 7 + (i >> 8)))
			return -1;
	return number;
}

int
nicbench_port_send(struct nicsim_port *port, const uint8_t *data, uint32_t len)
{
	const struct nicsim_meta none = { 0 };
	const void *piece = data;
	int ret = nicsim_port_tx(port, 0, &piece, &len, 1, &none);

	nicsim_port_tx_kick(port);
	return ret;
}

uint32_t
nicbench_port_wait(struct nicsim_port *port, uint8_t *data, uint32_t size, unsigned int ms)
{
	struct pollfd p = { .fd = nicsim_port_rx_fd(port, 0), .events = POLLIN };
	struct nicsim_meta meta;
	eventfd_t n;
	uint32_t len;

	for (;;) {
		len = nicsim_port_rx(port, 0, data, size, &meta);
		if (len != 0)
			return len;
		nicsim_port_rx_arm(port, 0, true);
		if (poll(&p, 1, (int)ms) != 1)
			return 0;
		nicsim_port_rx_arm(port, 0, false);
		eventfd_read(p.fd, &n);
	}
}

uint32_t
nicbench_far_wait(struct nicbench_far *far, uint8_t *data, uint32_t size, unsigned int ms)
{
	static __thread uint8_t room[NICSIM_HEADROOM + NICSIM_FRAME_MAX];
	struct nicsim_frame frame = { .data = room + NICSIM_HEADROOM };
	struct pollfd p = { .fd = far->fd, .events = POLLIN };
	eventfd_t n;

	while (!nicsim_wire_rx(far->wire, &frame)) {
		if (poll(&p, 1, (int)ms) != 1)
			return 0;
		eventfd_read(far->fd, &n);
	}
	if (frame.len > size)
		return 0;
	memcpy(data, frame.data, frame.len);
	return frame.len;
}

void
nicbench_far_send(struct nicbench_far *far, uint8_t *data, uint32_t len)
{
	struct nicsim_frame frame = { .data = data, .len = len };

	nicsim_wire_tx(far->wire, &frame);
}

void
nicbench_mac(struct nicsim *nic, unsigned int vf, uint8_t mac[6])
{
	struct nicsim_vf_stats st;

	nicsim_vf_stats(nicsim_vf(nic, vf), &st);
	memcpy(mac, st.mac, 6);
}

static unsigned int
entries(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	unsigned int n = 0;

	if (dir == NULL)
		return 0;
	while ((entry = readdir(dir)) != NULL)
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n;
}

unsigned int
nicbench_threads(void)
{
	return entries("/proc/self/task");
}

bool
nicbench_threads_are(unsigned int threads)
{
	int i;

	for (i = 0; i < 1000 && nicbench_threads() != threads; i++)
		usleep(1000);
	return nicbench_threads() == threads;
}

int
nicbench_thread(const char *name)
{
	DIR *dir = opendir("/proc/self/task");
	char path[300], comm[32];
	struct dirent *entry;
	int tid = 0;
	FILE *f;

	if (dir == NULL)
		return 0;
	while (tid == 0 && (entry = readdir(dir)) != NULL) {
		snprintf(path, sizeof(path), "/proc/self/task/%s/comm", entry->d_name);
		f = fopen(path, "r");
		if (f == NULL)
			continue;
		if (fscanf(f, "%31s", comm) == 1 && strcmp(comm, name) == 0)
			tid = atoi(entry->d_name);
		fclose(f);
	}
	closedir(dir);
	return tid;
}

unsigned int
nicbench_files(void)
{
	return entries("/proc/self/fd");
}
