# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
"""A vhost-user front-end in few words: it sets queues up and can stop, or die, after any message.

Needs no VM and no DPDK. What it sends is what its caller asks for, right or wrong. The messages are
described in QEMU's documentation, "Vhost-user Protocol".
"""

import os
import socket
import struct

GET_FEATURES, SET_FEATURES, SET_OWNER, SET_MEM_TABLE = 1, 2, 3, 5
SET_VRING_NUM, SET_VRING_ADDR, SET_VRING_BASE, GET_VRING_BASE = 8, 9, 10, 11
SET_VRING_KICK, SET_VRING_CALL = 12, 13
GET_PROTOCOL_FEATURES, SET_PROTOCOL_FEATURES = 15, 16
GET_QUEUE_NUM, SET_VRING_ENABLE = 17, 18

F_VERSION_1 = 1 << 32
F_PROTOCOL_FEATURES = 1 << 30
PROTOCOL_F_MQ = 1 << 0
PROTOCOL_F_REPLY_ACK = 1 << 3
PROTOCOL_F_CONFIG = 1 << 9

VERSION, NEED_REPLY = 1, 1 << 3
USER_BASE = 0x7F0000000000  # where the front-end claims to have the guest's memory


class Gone(Exception):
    """The back-end ended the connection."""


class Frontend:
    """One connection to a back-end.

    sock      a connected stream socket, or the path of one to connect to
    queues    rings, two a pair
    size      entries of each ring
    features  accepted ones, of those offered
    base      index that the rings start at, also found in them
    regions   memory table: (guest address, bytes, offset in the memory file) each
    ring_at   guest address of the first ring; each takes 64 KiB
    """

    def __init__(self, sock, queues=2, size=256, features=F_VERSION_1 | F_PROTOCOL_FEATURES, base=0,
                 regions=((0, 1 << 22, 0),), ring_at=0x10000):
        if isinstance(sock, str):
            path, sock = sock, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            sock.connect(path)
        self.sock = sock
        self.sock.settimeout(10)
        self.queues, self.size, self.features, self.base = queues, size, features, base
        self.regions, self.ring_at = regions, ring_at
        self.fds, self.mem_fd = [], -1
        self.offered = self.protocol = self.pairs = 0

    def close(self):
        """End the connection as a dying process would: without a word."""
        self.sock.close()
        for fd in self.fds:
            os.close(fd)
        self.fds, self.mem_fd = [], -1

    def send(self, request, payload=b"", fds=(), flags=0):
        header = struct.pack("<III", request, VERSION | flags, len(payload))
        try:
            socket.send_fds(self.sock, [header + payload], list(fds))
        except (BrokenPipeError, ConnectionResetError) as error:
            raise Gone() from error

    def _read(self, size):
        data = b""
        while len(data) < size:
            try:
                part = self.sock.recv(size - len(data))
            except ConnectionResetError as error:
                raise Gone() from error
            if not part:
                raise Gone()
            data += part
        return data

    def ask(self, request, payload=b""):
        """Send a message that has an answer, and return it."""
        self.send(request, payload)
        answer, _, size = struct.unpack("<III", self._read(12))
        assert answer == request, f"answer to {answer}, not to {request}"
        return self._read(size)

    def ask_u64(self, request):
        return struct.unpack("<Q", self.ask(request))[0]

    def _eventfd(self):
        self.fds.append(os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK))
        return self.fds[-1]

    def _mem_table(self):
        fd = self.mem_fd = os.memfd_create("guest", os.MFD_CLOEXEC)
        self.fds.append(fd)
        os.ftruncate(fd, max((offset + size for _, size, offset in self.regions), default=0))
        payload = struct.pack("<II", len(self.regions), 0)
        for address, size, offset in self.regions:
            payload += struct.pack("<QQQQ", address, size, USER_BASE + address, offset)
        self.send(SET_MEM_TABLE, payload, [fd] * len(self.regions))

    def _write(self, address, data):
        """Into the guest's memory, as far as there is any."""
        for start, size, offset in self.regions:
            if start <= address < start + size:
                os.pwrite(self.mem_fd, data, offset + address - start)

    def _addresses(self, ring):
        desc = self.ring_at + ring * 0x10000
        avail = desc + 16 * self.size
        used = (avail + 6 + 2 * self.size + 4095) & ~4095
        if self.base != 0:  # lib/vhost believes the used ring rather than SET_VRING_BASE
            self._write(avail + 2, struct.pack("<H", self.base))
            self._write(used + 2, struct.pack("<H", self.base))
        self.send(SET_VRING_ADDR, struct.pack("<IIQQQQ", ring, 0, USER_BASE + desc,
                                              USER_BASE + used, USER_BASE + avail, 0))

    def _protocol(self):
        self.protocol = self.ask_u64(GET_PROTOCOL_FEATURES)

    def _negotiate(self):
        self.offered = self.ask_u64(GET_FEATURES)

    def _queue_num(self):
        self.pairs = self.ask_u64(GET_QUEUE_NUM)

    def steps(self):
        """The messages of a set-up, in order: (name, function that sends it)."""
        use = PROTOCOL_F_MQ | PROTOCOL_F_REPLY_ACK | PROTOCOL_F_CONFIG
        yield "GET_FEATURES", self._negotiate
        yield "SET_OWNER", lambda: self.send(SET_OWNER)
        yield "GET_PROTOCOL_FEATURES", self._protocol
        yield "SET_PROTOCOL_FEATURES", lambda: self.send(
            SET_PROTOCOL_FEATURES, struct.pack("<Q", self.protocol & use))
        yield "GET_QUEUE_NUM", self._queue_num
        yield "SET_FEATURES", lambda: self.send(
            SET_FEATURES, struct.pack("<Q", self.offered & self.features))
        yield "SET_MEM_TABLE", self._mem_table
        for ring in range(self.queues):
            index = struct.pack("<Q", ring)
            yield f"SET_VRING_CALL {ring}", lambda i=index: self.send(
                SET_VRING_CALL, i, [self._eventfd()])
            yield f"SET_VRING_NUM {ring}", lambda r=ring: self.send(
                SET_VRING_NUM, struct.pack("<II", r, self.size))
            yield f"SET_VRING_BASE {ring}", lambda r=ring: self.send(
                SET_VRING_BASE, struct.pack("<II", r, self.base))
            yield f"SET_VRING_ADDR {ring}", lambda r=ring: self._addresses(r)
            yield f"SET_VRING_KICK {ring}", lambda i=index: self.send(
                SET_VRING_KICK, i, [self._eventfd()])
            yield f"SET_VRING_ENABLE {ring}", lambda r=ring: self.enable(r, True)

    def set_up(self, messages=None):
        """Send the first so many messages (None: all). Returns the name of the last one sent."""
        last = ""
        for number, (name, step) in enumerate(self.steps()):
            if number == messages:
                break
            step()
            last = name
        return last

    def enable(self, ring, on):
        self.send(SET_VRING_ENABLE, struct.pack("<II", ring, int(on)))

    def stop(self, ring):
        """Stop a ring as a guest's reset does. Returns the index where it stopped."""
        answer = self.ask(GET_VRING_BASE, struct.pack("<II", ring, 0))
        return struct.unpack("<II", answer)[1]
