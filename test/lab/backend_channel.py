# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
"""The front-end's end of the back-end channel: a thread that answers, or does not."""

import mmap
import os
import socket
import struct
import threading

CONFIG_CHANGE, VRING_HOST_NOTIFIER = 2, 3
VERSION, REPLY, NEED_REPLY = 1, 1 << 2, 1 << 3
INDEX_MASK, NOFD = 0xff, 1 << 8


class Doorbell:
    """A mapped doorbell. It holds on to the device until it is unmapped, as a guest's does."""

    def __init__(self, fd, size, offset):
        self.map = mmap.mmap(fd, size, offset=offset)
        self.words = memoryview(self.map).cast("H")

    def ring(self, queue):
        self.words[0] = queue  # one store of 16 bits

    def close(self):
        self.words.release()
        self.map.close()


class Channel:
    """What becomes of a request for a doorbell:

    accept  it is mapped             refuse  the answer is an error
    silent  there is no answer       close   the channel is closed
    deaf    the answer is an error; from then on nobody reads, and the socket has little room
    """

    def __init__(self, policy):
        self.policy = policy
        self.doorbells = {}  # ring: Doorbell
        self.asked = []  # rings, in the order of the requests
        self.unmapped = []  # rings that the back-end took back
        self.config_changes = 0
        self.error = None
        self.ours, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self.thread = None
        if policy == "deaf":
            self.theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)

    def peer(self):
        """The end for the back-end. From then on there is someone at ours."""
        if self.thread is None:
            self.thread = threading.Thread(target=self._run, daemon=True)
            self.thread.start()
        return self.theirs.fileno()

    def _run(self):
        try:
            while True:
                header, fds, _, _ = socket.recv_fds(self.ours, 12, 1)
                if not header:
                    return
                request, flags, size = struct.unpack("<III", header)
                payload = self.ours.recv(size, socket.MSG_WAITALL) if size else b""
                if request == CONFIG_CHANGE:
                    self.config_changes += 1
                    result = 0
                elif request == VRING_HOST_NOTIFIER:
                    result = self._notifier(payload, fds)
                else:
                    result = 1
                for fd in fds:
                    os.close(fd)
                if result is None:
                    continue
                if flags & NEED_REPLY:
                    self.ours.sendall(struct.pack("<IIIQ", request, VERSION | REPLY, 8, result))
                if self.policy == "deaf" and self.unmapped:
                    return
        except OSError as error:
            self.error = error

    def _notifier(self, payload, fds):
        index, size, offset = struct.unpack("<QQQ", payload)
        ring = index & INDEX_MASK
        old = self.doorbells.pop(ring, None)
        if old is not None:
            old.close()
        if index & NOFD:
            self.unmapped.append(ring)
            return None if self.policy == "silent" else 0
        self.asked.append(ring)
        if self.policy == "accept":
            self.doorbells[ring] = Doorbell(fds[0], size, offset)
            return 0
        if self.policy == "close":
            self.ours.shutdown(socket.SHUT_RDWR)
        return 1 if self.policy in ("refuse", "deaf") else None

    def close(self):
        for end in (self.ours, self.theirs):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        if self.thread is not None:
            self.thread.join(10)
        self.ours.close()
        self.theirs.close()
        for doorbell in self.doorbells.values():
            doorbell.close()
        self.doorbells = {}
