/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * Checks and starts run on the main thread; the callbacks on lib/vhost's threads, where they look
 * up and post.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <rte_string_fns.h>
#include <rte_vhost.h>

#include "event.h"
#include "ring_watch.h"
#include "vf.h"
#include "vhost_sock.h"

static struct {
	struct vsw_guest *all;
	unsigned int n;
} guests;

/* The folder must take a new socket of this process. */
static int
check_folder(const struct vsw_guest_config *cfg, struct vsw_err *err)
{
	const char *slash = strrchr(cfg->socket, '/');
	char folder[VSW_SOCKET_SIZE] = ".";
	struct stat st;

	if (slash == cfg->socket)
		strlcpy(folder, "/", sizeof(folder));
	else if (slash != NULL)
		strlcpy(folder, cfg->socket, slash - cfg->socket + 1);

	if (stat(folder, &st) != 0) {
		if (errno == ENOENT)
			return vsw_err_set(err, -ENOENT,
				"folder %s of its socket does not exist: create it "
				"(mkdir -p %s)",
				folder, folder);
		return vsw_err_set(err, -errno,
			"folder %s of its socket: %s: choose another path",
			folder, strerror(errno));
	}
	if (!S_ISDIR(st.st_mode))
		return vsw_err_set(
			err, -ENOTDIR, "%s is not a folder: choose another socket path", folder);
	if (faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) != 0)
		return vsw_err_set(err, -errno,
			"folder %s of its socket is not writable for user %u (%s): "
			"change its permissions or choose another path",
			folder, geteuid(), strerror(errno));
	return 0;
}

/* Does a process listen on it? 0: no, stale; -EADDRINUSE: yes; another -errno: cannot tell. */
static int
probe_socket(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd, ret = -EADDRINUSE;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	strlcpy(un.sun_path, path, sizeof(un.sun_path));
	if (connect(fd, (struct sockaddr *)&un, sizeof(un)) != 0) {
		if (errno == ECONNREFUSED)
			ret = 0;
		else if (errno != EAGAIN && errno != EPROTOTYPE)
			ret = -errno; /* else somebody is there: backlog full, or not a stream */
	}
	close(fd);
	return ret;
}

/* Server mode. *stale: the path holds a socket that nobody serves. */
static int
check_server(const struct vsw_guest_config *cfg, bool *stale, struct vsw_err *err)
{
	struct stat st;
	int ret;

	*stale = false;
	ret = check_folder(cfg, err);
	if (ret != 0)
		return ret;
	if (lstat(cfg->socket, &st) != 0) {
		if (errno == ENOENT)
			return 0;
		return vsw_err_set(err, -errno, "socket %s: %s: choose another path", cfg->socket,
			strerror(errno));
	}
	if (!S_ISSOCK(st.st_mode))
		return vsw_err_set(err, -EEXIST,
			"%s exists and is not a socket: remove it or choose another path",
			cfg->socket);
	ret = probe_socket(cfg->socket);
	if (ret == -EADDRINUSE)
		return vsw_err_set(err, ret,
			"another process listens on socket %s: stop it or choose another "
			"path, or use mode=client if it is the front-end",
			cfg->socket);
	if (ret != 0)
		return vsw_err_set(err, ret,
			"cannot tell whether socket %s is in use (%s): remove it or "
			"choose another path",
			cfg->socket, strerror(-ret));
	*stale = true;
	return 0;
}

int
vsw_vhost_sock_check(const struct vsw_guest_config *cfg, struct vsw_err *err)
{
	struct stat st;
	bool stale;

	if (cfg->mode == VSW_SOCKET_SERVER)
		return check_server(cfg, &stale, err);
	/* The front-end may create it, and its folder, at any time. */
	if (stat(cfg->socket, &st) == 0 && !S_ISSOCK(st.st_mode))
		return vsw_err_set(err, -ENOTSOCK,
			"%s exists and is not a socket: give the path of the front-end's",
			cfg->socket);
	return 0;
}

/* Just before the socket is created: things may have changed since the check. */
static int
clear_path(const struct vsw_guest_config *cfg, struct vsw_err *err)
{
	bool stale;
	int ret;

	ret = check_server(cfg, &stale, err);
	if (ret != 0 || !stale)
		return ret;
	if (unlink(cfg->socket) != 0 && errno != ENOENT)
		return vsw_err_set(err, -errno,
			"cannot remove stale socket %s: %s: remove it or choose another path",
			cfg->socket, strerror(errno));
	VSW_LOG(NOTICE, "guest %s: removed stale socket %s that nobody served", cfg->name,
		cfg->socket);
	return 0;
}

struct vsw_guest *
vsw_vhost_sock_guest(int vid)
{
	char path[PATH_MAX];
	unsigned int i;

	if (rte_vhost_get_ifname(vid, path, sizeof(path)) != 0)
		return NULL;
	for (i = 0; i < guests.n; i++)
		if (strcmp(guests.all[i].cfg->socket, path) == 0)
			return &guests.all[i];
	return NULL;
}

static void
post(struct vsw_guest *guest, enum vsw_guest_event type)
{
	struct vsw_event event = { .guest = guest, .type = type };

	vsw_event_post(&event);
}

static int
on_connection(int vid)
{
	struct vsw_guest *guest = vsw_vhost_sock_guest(vid);

	if (guest == NULL || vsw_ring_watch(vid) != 0)
		return -1;
	atomic_fetch_add(&guest->connections, 1);
	post(guest, VSW_EVENT_CONNECTED);
	return 0;
}

static void
on_disconnection(int vid)
{
	struct vsw_guest *guest = vsw_vhost_sock_guest(vid);

	if (guest != NULL && atomic_fetch_sub(&guest->connections, 1) == 1)
		post(guest, VSW_EVENT_DISCONNECTED);
}

/*
 * All that is known of a guest whose VF's driver tells nothing: it is about to be given the rings.
 */
static int
on_device(int vid)
{
	struct vsw_guest *guest = vsw_vhost_sock_guest(vid);
	struct rte_pmd_vdpa_virtio_status st;

	if (guest != NULL && vsw_vf_status(guest, &st) == -ENODEV)
		post(guest, VSW_EVENT_HANDED_OVER);
	return 0;
}

static void
on_device_gone(int vid)
{
	struct vsw_guest *guest = vsw_vhost_sock_guest(vid);
	struct rte_pmd_vdpa_virtio_status st;

	if (guest != NULL && vsw_vf_status(guest, &st) == -ENODEV)
		post(guest, VSW_EVENT_ENDED);
}

static const struct rte_vhost_device_ops callbacks = {
	.new_connection = on_connection,
	.destroy_connection = on_disconnection,
	.new_device = on_device,
	.destroy_device = on_device_gone,
};

void
vsw_vhost_sock_guests(struct vsw_guest *all, unsigned int n)
{
	guests.all = all;
	guests.n = n;
}

/*
 * Configuration changes (link, announce) reach a front-end only if F_CONFIG is offered, and
 * lib/vhost does not offer it by itself. Never rte_vhost_driver_set_features(): it turns
 * lib/vhost's own net back-end off for good.
 */
static int
set_up(const struct vsw_guest *guest)
{
	const char *path = guest->cfg->socket;
	uint64_t features;

	if (rte_vhost_driver_get_protocol_features(path, &features) != 0)
		return -EIO;
	features |= 1ULL << VHOST_USER_PROTOCOL_F_CONFIG;
	if (rte_vhost_driver_set_protocol_features(path, features) != 0 ||
		rte_vhost_driver_attach_vdpa_device(path, guest->dev) != 0 ||
		rte_vhost_driver_callback_register(path, &callbacks) != 0)
		return -EIO;
	return 0;
}

int
vsw_vhost_sock_start(struct vsw_guest *guest, struct vsw_err *err)
{
	const struct vsw_guest_config *cfg = guest->cfg;
	const bool client = cfg->mode == VSW_SOCKET_CLIENT;
	int ret;

	if (!client) {
		ret = clear_path(cfg, err);
		if (ret != 0)
			return ret;
	}
	if (rte_vhost_driver_register(cfg->socket, client ? RTE_VHOST_USER_CLIENT : 0) != 0)
		return vsw_err_set(err, -EIO,
			"lib/vhost did not register socket %s: its log lines above say why",
			cfg->socket);
	guest->registered = true;
	if (set_up(guest) != 0) {
		vsw_vhost_sock_stop(guest);
		return vsw_err_set(
			err, -EIO, "lib/vhost did not take the VF for socket %s", cfg->socket);
	}
	if (rte_vhost_driver_start(cfg->socket) != 0) {
		/*
		 * It has closed its descriptor, and to unregister would close that number again and
		 * unlink a path that may be another's by now: leave it registered, without effect.
		 */
		guest->registered = false;
		return vsw_err_set(err, -EADDRINUSE,
			"socket %s could not be bound: lib/vhost's log line above says why",
			cfg->socket);
	}
	return 0;
}

void
vsw_vhost_sock_stop(struct vsw_guest *guest)
{
	if (!guest->registered)
		return;
	rte_vhost_driver_unregister(guest->cfg->socket);
	guest->registered = false;
	/* Unregistering drops connections without saying so. */
	atomic_store(&guest->connections, 0);
}
