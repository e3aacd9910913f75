/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The wire "pcap:rx=FILE:tx=FILE": capture files. Owns both. One thread receives, which needs no
 * lock; any sends, under one. Plain files only: anything else might make a hardware thread wait.
 *
 * Each frame sent is written out at once, so a reader is never behind, and never sees half a frame
 * for long. A capture that could not be written to the end of a frame stops there: what came after
 * would not be found.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#include <pcap/pcap.h>

#include "nicsim_wire_priv.h"

#define PCAP_SNAPLEN 262144 /* as tcpdump has it: no frame is cut */

struct cap {
	pcap_t *rx; /* NULL: none, or at its end */
	pthread_mutex_t lock; /* the rest */
	pcap_t *dead; /* libpcap's way to say what is written */
	pcap_dumper_t *tx;
	bool broken;
};

struct cap_names {
	const char *rx, *tx; /* NULL: not given */
};

/* The next ":rx=" or ":tx=": other colons belong to file names. */
static char *
cap_next_key(char *s)
{
	for (; *s != '\0'; s++) {
		if (strncmp(s, ":rx=", 4) == 0 || strncmp(s, ":tx=", 4) == 0)
			return s;
	}
	return NULL;
}

/* Cuts arg into its parts. */
static int
cap_parse(char *arg, struct cap_names *names)
{
	const char **name;
	char *next;

	while (arg != NULL) {
		if (strncmp(arg, "rx=", 3) == 0)
			name = &names->rx;
		else if (strncmp(arg, "tx=", 3) == 0)
			name = &names->tx;
		else
			return -EINVAL;
		next = cap_next_key(arg);
		if (next != NULL)
			*next++ = '\0';
		if (*name != NULL || arg[3] == '\0')
			return -EINVAL;
		*name = arg + 3;
		arg = next;
	}
	return names->rx == NULL && names->tx == NULL ? -EINVAL : 0;
}

/* @return a file descriptor; -errno, with why filled */
static int
cap_open_file(const char *name, int flags, struct stat *st, char *why, size_t len)
{
	/* O_NONBLOCK: a pipe would have us wait for who opens its other end. */
	int fd = open(name, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0666), ret;

	if (fd < 0) {
		ret = -errno;
		snprintf(why, len, "wire pcap: %s: %s; it takes a file that can be %s", name,
			strerror(-ret),
			(flags & O_ACCMODE) == O_RDONLY ? "read" : "made and written");
		return ret;
	}
	if (fstat(fd, st) < 0 || !S_ISREG(st->st_mode)) {
		snprintf(why, len, "wire pcap: %s: no plain file; name one", name);
		close(fd);
		return -EINVAL;
	}
	return fd;
}

static int
cap_open_rx(struct cap *c, const char *name, struct stat *st, char *why, size_t len)
{
	char err[PCAP_ERRBUF_SIZE];
	FILE *f;
	int fd;

	fd = cap_open_file(name, O_RDONLY, st, why, len);
	if (fd < 0)
		return fd;
	f = fdopen(fd, "r");
	if (f == NULL) {
		close(fd);
		return -ENOMEM;
	}
	c->rx = pcap_fopen_offline(f, err);
	if (c->rx == NULL) {
		fclose(f);
		snprintf(why, len, "wire pcap: %s: %s; it takes a capture as tcpdump -w writes it",
			name, err);
		return -EINVAL;
	}
	if (pcap_datalink(c->rx) != DLT_EN10MB) {
		snprintf(why, len,
			"wire pcap: %s: frames of type %d, not Ethernet; capture on an "
			"Ethernet interface",
			name, pcap_datalink(c->rx));
		return -EINVAL;
	}
	return 0;
}

static int
cap_open_tx(struct cap *c, const char *name, const struct stat *rx, char *why, size_t len)
{
	struct stat st;
	FILE *f;
	int fd, ret;

	/* Emptied only once it is known to be another one than what is read. */
	fd = cap_open_file(name, O_WRONLY | O_CREAT, &st, why, len);
	if (fd < 0)
		return fd;
	if (c->rx != NULL && st.st_dev == rx->st_dev && st.st_ino == rx->st_ino) {
		snprintf(why, len, "wire pcap: %s: rx and tx are the same file; name two", name);
		ret = -EINVAL;
		goto close_fd;
	}
	ret = -ENOMEM;
	if (ftruncate(fd, 0) < 0)
		goto write_error;
	f = fdopen(fd, "w");
	if (f == NULL)
		goto close_fd;
	c->dead = pcap_open_dead_with_tstamp_precision(
		DLT_EN10MB, PCAP_SNAPLEN, PCAP_TSTAMP_PRECISION_NANO);
	if (c->dead == NULL) {
		fclose(f);
		return -ENOMEM;
	}
	fd = -1; /* libpcap's, and closed by it where it fails */
	c->tx = pcap_dump_fopen(c->dead, f);
	if (c->tx == NULL)
		return -ENOMEM;
	if (pcap_dump_flush(c->tx) == 0)
		return 0;
write_error:
	ret = -errno;
	snprintf(why, len, "wire pcap: %s: %s; make room for it", name, strerror(-ret));
close_fd:
	if (fd >= 0)
		close(fd);
	return ret;
}

static void
cap_close(struct nicsim_wire *wire)
{
	struct cap *c = wire->end;

	if (wire->fd >= 0)
		close(wire->fd);
	if (c->rx != NULL)
		pcap_close(c->rx);
	if (c->tx != NULL)
		pcap_dump_close(c->tx);
	if (c->dead != NULL)
		pcap_close(c->dead);
	pthread_mutex_destroy(&c->lock);
	free(c);
	wire->end = NULL;
	wire->fd = -1;
}

static int
cap_open_files(struct nicsim_wire *wire, const struct cap_names *names, char *why, size_t len)
{
	struct cap *c = wire->end;
	struct stat st = { 0 };
	int ret = 0;

	if (names->rx != NULL) {
		/* Readable from cap_start() until the file's end. */
		wire->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (wire->fd < 0) {
			ret = -errno;
			snprintf(why, len, "wire pcap: eventfd: %s; allow more open files",
				strerror(-ret));
			return ret;
		}
		ret = cap_open_rx(c, names->rx, &st, why, len);
	}
	if (ret == 0 && names->tx != NULL)
		ret = cap_open_tx(c, names->tx, &st, why, len);
	return ret;
}

static int
cap_open(struct nicsim_wire *wire, const char *arg, char *why, size_t len)
{
	struct cap_names names = { NULL, NULL };
	char *copy = NULL;
	int ret = -ENOMEM;

	if (arg != NULL) {
		copy = strdup(arg);
		if (copy == NULL)
			return ret;
	}
	if (copy == NULL || cap_parse(copy, &names) != 0) {
		snprintf(why, len, "wire \"%s\": write %s, or one of the two", wire->text,
			wire->ops->form);
		ret = -EINVAL;
		goto free_copy;
	}
	wire->end = calloc(1, sizeof(struct cap));
	if (wire->end == NULL)
		goto free_copy;
	pthread_mutex_init(&((struct cap *)wire->end)->lock, NULL);
	ret = cap_open_files(wire, &names, why, len);
	if (ret != 0)
		cap_close(wire);
free_copy:
	free(copy);
	return ret;
}

static void
cap_start(struct nicsim_wire *wire)
{
	if (wire->fd >= 0)
		eventfd_write(wire->fd, 1);
}

/* Nothing more will come: who waits for it need not be woken. */
static void
cap_end(struct nicsim_wire *wire)
{
	struct cap *c = wire->end;
	uint64_t one;

	pcap_close(c->rx);
	c->rx = NULL;
	(void)!read(wire->fd, &one, sizeof(one));
}

static int
cap_rx(struct nicsim_wire *wire, struct nicsim_frame *frame)
{
	struct cap *c = wire->end;
	struct pcap_pkthdr *hdr;
	const u_char *data;
	int ret;

	if (c->rx == NULL || !wire->started)
		return 0;
	ret = pcap_next_ex(c->rx, &hdr, &data);
	if (ret != 1) {
		cap_end(wire);
		/* Another end than the file's: it is damaged from here on. */
		return ret == PCAP_ERROR_BREAK ? 0 : -EIO;
	}
	if (hdr->caplen != hdr->len || hdr->caplen > NICSIM_WIRE_MAX)
		return -EMSGSIZE;
	memcpy(frame->data, data, hdr->caplen);
	frame->len = hdr->caplen;
	return 1;
}

static int
cap_tx(struct nicsim_wire *wire, const struct nicsim_frame *frame)
{
	struct cap *c = wire->end;
	struct pcap_pkthdr hdr = { .caplen = frame->len, .len = frame->len };
	struct timespec now;
	int ret = 0;

	if (c->tx == NULL)
		return 0;
	clock_gettime(CLOCK_REALTIME, &now);
	hdr.ts.tv_sec = now.tv_sec;
	hdr.ts.tv_usec = now.tv_nsec; /* as was said when the file was opened */
	pthread_mutex_lock(&c->lock);
	if (!c->broken) {
		pcap_dump((u_char *)c->tx, &hdr, frame->data);
		c->broken = pcap_dump_flush(c->tx) != 0 || ferror(pcap_dump_file(c->tx)) != 0;
	}
	if (c->broken)
		ret = -EIO;
	pthread_mutex_unlock(&c->lock);
	return ret;
}

static bool
cap_link(const struct nicsim_wire *wire)
{
	(void)wire;
	return true;
}

const struct nicsim_wire_ops nicsim_wire_pcap_ops = {
	.kind = "pcap",
	.form = "pcap:rx=FILE:tx=FILE",
	.open = cap_open,
	.close = cap_close,
	.rx = cap_rx,
	.tx = cap_tx,
	.start = cap_start,
	.link = cap_link,
};
