# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
"""A scripted vhost-user front-end with a guest's rings: right, wrong, or dead after any message.

Speaks the set-up as QEMU does ("qemu") or as DPDK's virtio-user does ("virtio-user", which tells
DRIVER_OK with the STATUS protocol feature), offers a back-end channel and answers what comes over
it, drives split rings, and rings mapped doorbells. Needs no VM and no DPDK; python's own library
only. What it sends is what its caller asks for. Messages: QEMU's documentation, "Vhost-user
Protocol".

As a command it is one guest, until the back-end or a signal ends it:
frontend.py SOCKET PAIRS [DOORBELL].
"""

import os
import socket
import struct
import sys
import time

from guest_memory import Memory, Ring, align
from backend_channel import Channel

GET_FEATURES, SET_FEATURES, SET_OWNER, RESET_OWNER, SET_MEM_TABLE = 1, 2, 3, 4, 5
SET_VRING_NUM, SET_VRING_ADDR, SET_VRING_BASE, GET_VRING_BASE = 8, 9, 10, 11
SET_VRING_KICK, SET_VRING_CALL = 12, 13
GET_PROTOCOL_FEATURES, SET_PROTOCOL_FEATURES, GET_QUEUE_NUM, SET_VRING_ENABLE = 15, 16, 17, 18
SET_BACKEND_REQ_FD, GET_CONFIG, SET_STATUS, GET_STATUS = 21, 24, 39, 40

VERSION, NEED_REPLY = 1, 1 << 3

F_MRG_RXBUF, F_MQ, F_EVENT_IDX = 1 << 15, 1 << 22, 1 << 29
F_PROTOCOL_FEATURES, F_VERSION_1, F_ACCESS_PLATFORM = 1 << 30, 1 << 32, 1 << 33
F_RING_PACKED = 1 << 34

PF_MQ, PF_REPLY_ACK, PF_BACKEND_REQ, PF_CONFIG = 1 << 0, 1 << 3, 1 << 5, 1 << 9
PF_BACKEND_SEND_FD, PF_HOST_NOTIFIER, PF_STATUS = 1 << 10, 1 << 11, 1 << 16

ACKNOWLEDGE, DRIVER, DRIVER_OK, FEATURES_OK = 1, 2, 4, 8

NET_HDR = bytes(12)  # struct virtio_net_hdr_v1: no offload, one buffer
RX_BUFFER = 2048
FLOW_PORT = 1000  # UDP port of pair 0's flow, both ways


def udp(port, payload):
    """IPv4 and UDP around a payload; the same both ways, so that answers are of the same flow."""
    address = bytes([10, 0, 0, 1])
    head = struct.pack(">BBHHHBBH", 0x45, 0, 28 + len(payload), 0, 0, 64, 17, 0)
    total = sum(struct.unpack(">10H", head + 2 * address))
    total = ~(total % 0xffff) & 0xffff
    return head[:10] + struct.pack(">H", total) + 2 * address + \
        struct.pack(">HHHH", port, port, 8 + len(payload), 0) + payload.ljust(32, b"\0")


class Gone(Exception):
    """The back-end ended the connection."""


class Refused(Exception):
    """The back-end answered a request with an error."""


class Cut(Exception):
    """Half a message was sent, as asked for."""


class Frontend:
    """One connection to a back-end.

    path      socket to connect to
    pairs     queue pairs
    size      entries of each ring
    features  to be accepted, of those offered unless force is set
    style     "qemu" or "virtio-user"
    order     QEMU's: "all" rings, then all enabled; or "each" ring by itself with its enabling
    base      {ring: index} that rings start at, 0 where not named
    memory    Memory, with room for the rings at ring_at and the buffers behind them. QEMU's devices
              take a ring at address 0 for none
    doorbell  what becomes of a request to map one: see backend_channel.Channel
    """

    def __init__(self, path, pairs=1, size=64, features=0, style="qemu", order="all", base=None,
                 memory=None, ring_at=0x1000, doorbell="accept", force=False):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(20)
        self.sock.connect(path)
        self.pairs, self.size, self.style, self.order = pairs, size, style, order
        self.features = features | F_VERSION_1 | F_PROTOCOL_FEATURES | (F_MQ if pairs > 1 else 0)
        self.force = force
        self.base = base or {}
        self.memory = memory or Memory()
        self.offered = self.protocol = self.max_pairs = self.accepted = 0
        self.rings, at = [], ring_at
        for index in range(2 * pairs):
            self.rings.append(Ring(self.memory, index, size, at))
            at = self.rings[-1].end
        self.buffers_at = align(at, 4096)
        self.channel = Channel(doorbell)
        self.sent = 0
        self.cut = None  # "header" or "payload": only the half of that is sent, once

    # --- messages ------------------------------------------------------------------------------

    def send(self, request, payload=b"", fds=(), flags=0):
        data = struct.pack("<III", request, VERSION | flags, len(payload)) + payload
        cut, self.cut = self.cut, None
        if cut is not None:
            data = data[:6 if cut == "header" or not payload else 12 + len(payload) // 2]
        try:
            socket.send_fds(self.sock, [data], list(fds))
        except (BrokenPipeError, ConnectionResetError) as error:
            raise Gone() from error
        if cut is not None:
            raise Cut()

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

    def answer(self, request):
        """The payload of the answer to a request."""
        got, _, size = struct.unpack("<III", self._read(12))
        assert got == request, f"answer to {got}, not to {request}"
        return self._read(size)

    def ask(self, request, payload=b""):
        self.send(request, payload)
        return self.answer(request)

    def ask_u64(self, request, payload=b""):
        return struct.unpack("<Q", self.ask(request, payload))[0]

    def tell(self, request, payload=b"", fds=()):
        """Send, and have the back-end confirm it (REPLY_ACK): it lives on where it refuses."""
        self.send(request, payload, fds, NEED_REPLY)
        if struct.unpack("<Q", self.answer(request))[0] != 0:
            raise Refused(request)

    def sync(self):
        """Returns when all that was sent has been handled."""
        self.ask(GET_FEATURES)

    # --- the set-up, a message at a time -------------------------------------------------------

    def _offer(self):
        self.offered = self.ask_u64(GET_FEATURES)

    def _protocol(self):
        self.protocol = self.ask_u64(GET_PROTOCOL_FEATURES)
        use = PF_MQ | PF_REPLY_ACK | PF_BACKEND_REQ | PF_CONFIG | PF_BACKEND_SEND_FD | \
            PF_HOST_NOTIFIER
        if self.style == "virtio-user":
            use = PF_MQ | PF_REPLY_ACK | PF_STATUS
        self.protocol &= use

    def _max_pairs(self):
        self.max_pairs = self.ask_u64(GET_QUEUE_NUM)

    def set_features(self):
        self.accepted = self.features if self.force else self.features & self.offered
        self.send(SET_FEATURES, struct.pack("<Q", self.accepted))

    def set_memory(self, memory=None, confirm=True):
        """SET_MEM_TABLE; rings stay where they are in the new memory."""
        if memory is not None and memory is not self.memory:
            for ring in self.rings:
                ring.move(memory)
            self.memory.close()
            self.memory = memory
        send = self.tell if confirm else self.send
        send(SET_MEM_TABLE, self.memory.table(), self.memory.fds())

    def vring(self, request, ring, value, confirm=False):
        send = self.tell if confirm else self.send
        send(request, struct.pack("<II", ring, value))

    def address(self, ring, confirm=False):
        r = self.rings[ring]
        send = self.tell if confirm else self.send
        send(SET_VRING_ADDR, struct.pack("<IIQQQQ", ring, 0, r.user(r.desc), r.user(r.used),
                                         r.user(r.avail), 0))

    def new_call(self, ring):
        self.send(SET_VRING_CALL, struct.pack("<Q", ring), [self.rings[ring].new_call()])

    def new_kick(self, ring):
        self.send(SET_VRING_KICK, struct.pack("<Q", ring), [self.rings[ring].new_kick()])

    def enable(self, ring, on=True):
        self.vring(SET_VRING_ENABLE, ring, int(on))

    def status(self, value):
        self.send(SET_STATUS, struct.pack("<Q", value))

    def stop_ring(self, ring):
        """As a guest's reset does. Returns the index where the ring stopped."""
        return struct.unpack("<II", self.ask(GET_VRING_BASE, struct.pack("<II", ring, 0)))[1]

    def config_status(self):
        """The network device's status field, virtio 1.2, 5.1.4."""
        answer = self.ask(GET_CONFIG, struct.pack("<III", 0, 8, 0) + bytes(8))
        return struct.unpack("<H", answer[12 + 6:12 + 8])[0]

    def _negotiate(self):
        if self.style == "virtio-user":
            yield "SET_OWNER", lambda: self.send(SET_OWNER)
        yield "GET_FEATURES", self._offer
        yield "GET_PROTOCOL_FEATURES", self._protocol
        yield "SET_PROTOCOL_FEATURES", lambda: self.send(SET_PROTOCOL_FEATURES,
                                                         struct.pack("<Q", self.protocol))
        yield "GET_QUEUE_NUM", self._max_pairs
        if self.style == "qemu":
            yield "SET_BACKEND_REQ_FD", lambda: self.send(SET_BACKEND_REQ_FD, b"",
                                                          [self.channel.peer()])
            yield "SET_OWNER", lambda: self.send(SET_OWNER)
            return
        yield "SET_STATUS 0", lambda: self.status(0)
        yield "SET_STATUS ACKNOWLEDGE", lambda: self.status(ACKNOWLEDGE)
        yield "SET_STATUS DRIVER", lambda: self.status(ACKNOWLEDGE | DRIVER)

    def _features(self):
        yield "SET_FEATURES", self.set_features
        if self.style == "virtio-user":
            yield "SET_STATUS FEATURES_OK", lambda: self.status(ACKNOWLEDGE | DRIVER | FEATURES_OK)
            yield "GET_STATUS", lambda: self.ask_u64(GET_STATUS)

    def _calls(self):
        for ring in range(2 * self.pairs):
            yield f"SET_VRING_CALL {ring}", lambda r=ring: self.new_call(r)

    def _ring(self, ring):
        yield f"SET_VRING_NUM {ring}", lambda: self.vring(SET_VRING_NUM, ring, self.size)
        yield f"SET_VRING_BASE {ring}", lambda: self.vring(SET_VRING_BASE, ring,
                                                           self.first(ring))
        yield f"SET_VRING_ADDR {ring}", lambda: self.address(ring)
        yield f"SET_VRING_KICK {ring}", lambda: self.new_kick(ring)

    def first(self, ring):
        """Where the ring starts: packed ones with the wrap counter in bit 15."""
        return self.base.get(ring, 1 << 15 if self.accepted & F_RING_PACKED else 0)

    def rings_steps(self):
        """From the rings on: what comes after the memory table, also after a reset."""
        for ring in range(2 * self.pairs):
            yield from self._ring(ring)
            if self.style == "qemu":
                # again, now that the guest's driver has its vectors
                yield f"SET_VRING_CALL {ring} again", lambda r=ring: self.new_call(r)
            if self.order == "each":
                yield f"SET_VRING_ENABLE {ring}", lambda r=ring: self.enable(r)
        if self.order == "all":
            for ring in range(2 * self.pairs):
                yield f"SET_VRING_ENABLE {ring}", lambda r=ring: self.enable(r)
        if self.style == "virtio-user":
            yield "SET_STATUS DRIVER_OK", lambda: self.status(
                ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK)

    def steps(self):
        """The messages of a set-up, in order: (name, function that sends it)."""
        yield from self._negotiate()
        if self.order == "all":
            yield from self._calls()
        yield from self._features()
        yield "SET_MEM_TABLE", self.set_memory
        yield from self.rings_steps()

    def set_up(self, messages=None, cut=None):
        """Send the first so many messages (None: all). Returns the name of the last one sent.

        cut: "header" or "payload", to send the half of that of the next one.
        """
        last = "nothing"
        for number, (name, step) in enumerate(self.steps()):
            if number == messages:
                if cut is None:
                    break
                self.cut = cut
                try:
                    step()
                except Cut:
                    return f"half of {name}"
            step()
            last = name
        return last

    def set_up_again(self):
        """After stop_ring() of all rings: as a guest's driver does that was loaded anew."""
        for ring in self.rings:
            ring.clear()
        for _, step in self.rings_steps():
            step()

    def close(self, keep_channel=False):
        """End the connection as a dying process would: without a word. May be called twice."""
        self.sock.close()
        for ring in self.rings:
            ring.close()
        if not keep_channel:
            self.channel.close()
        self.memory.close()

    # --- frames --------------------------------------------------------------------------------

    def kick(self, ring):
        """By the doorbell where it is mapped, else by the eventfd."""
        doorbell = self.channel.doorbells.get(ring)
        if doorbell is None:
            os.eventfd_write(self.rings[ring].kick_fd, 1)
        else:
            doorbell.ring(ring)

    def _buffer(self, ring, slot):
        return self.buffers_at + (ring * 8 + slot % 8) * RX_BUFFER

    def fill(self):
        """Give each receive ring buffers, as far as it has not."""
        for ring in self.rings[::2]:
            while ring.pending < min(8, ring.size):
                slot = ring.avail_idx
                ring.post(self._buffer(ring.index, slot), RX_BUFFER, True)
            self.kick(ring.index)

    def send_frame(self, destination, source, payload, pair=0, timeout=10, flow=None):
        """Returns when the device has taken the frame, in UDP: a flow for each pair."""
        ring = self.rings[2 * pair + 1]
        at = self._buffer(ring.index, self.sent)
        self.sent += 1
        port = FLOW_PORT + (pair if flow is None else flow)
        frame = NET_HDR + destination + source + b"\x08\x00" + udp(port, payload)
        self.memory.write(at, frame)
        want = ring.post(at, len(frame), False)
        self.kick(ring.index)
        end = time.monotonic() + timeout
        while ring.used_idx != want:
            if time.monotonic() > end:
                return False
            time.sleep(0.001)
        ring.reap()
        return True

    def receive(self, payload, timeout=10):
        """Waits for a frame with this payload; returns the number of its ring, or None."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            found = None
            for ring in self.rings[::2]:
                for at, size in ring.reap():
                    frame = self.memory.read(at, min(size, RX_BUFFER))
                    if frame[len(NET_HDR) + 42:].startswith(payload):
                        found = ring.index
            if found is not None:
                self.fill()
                return found
            time.sleep(0.001)
        return None


def main():
    guest = Frontend(sys.argv[1], int(sys.argv[2]), doorbell=(sys.argv[3:] or ["accept"])[0])
    guest.set_up()
    guest.fill()
    guest.sock.settimeout(None)
    guest.sock.recv(1)
    guest.close()


if __name__ == "__main__":
    main()
