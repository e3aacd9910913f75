# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
"""A guest's memory as a front-end shares it, and the driver's side of a split ring in it."""

import collections
import mmap
import os
import struct

PAGE = 4096
USER_BASE = 0x7F0000000000  # where the front-end claims to have the guest's memory

DESC_NEXT, DESC_WRITE = 1, 2

Region = collections.namedtuple("Region", "gpa size offset user")


def align(value, to):
    return (value + to - 1) & ~(to - 1)


def region(gpa, size, offset, user=None):
    """user: its address in the front-end; None: one that goes with the guest's."""
    return Region(gpa, size, offset, USER_BASE + gpa if user is None else user)


class Memory:
    """One memory file, shown as regions.

    regions  Region each; by default two, as a PC has them: low memory and some above 4 GiB
    size     of the file; None: as the regions need
    """

    def __init__(self, regions=None, size=None):
        if regions is None:
            regions = [region(0, 0x80000, 0), region(1 << 32, 0x80000, 0x80000)]
        self.regions = regions
        self.fd = os.memfd_create("guest", os.MFD_CLOEXEC)
        need = max([r.offset + r.size for r in regions if r.offset + r.size < 1 << 40] + [PAGE])
        self.size = need if size is None else size
        os.ftruncate(self.fd, self.size)
        self.map = mmap.mmap(self.fd, self.size)
        self.words = memoryview(self.map).cast("H")  # stores of 16 bits are not torn

    def table(self):
        """Payload of SET_MEM_TABLE."""
        return struct.pack("<II", len(self.regions), 0) + b"".join(
            struct.pack("<QQQQ", r.gpa, r.size, r.user, r.offset) for r in self.regions)

    def fds(self):
        return [self.fd] * len(self.regions)

    def _find(self, gpa):
        for r in self.regions:
            if r.gpa <= gpa < r.gpa + r.size:
                return r
        return None

    def offset(self, gpa):
        """In the file; where no region has the address, as the first one would go on."""
        r = self._find(gpa) or self.regions[0]
        return gpa - r.gpa + r.offset

    def user(self, gpa):
        r = self._find(gpa)
        return USER_BASE + gpa if r is None else gpa - r.gpa + r.user

    def write(self, gpa, data):
        at = self.offset(gpa)
        self.map[at:at + len(data)] = data

    def read(self, gpa, size):
        at = self.offset(gpa)
        return self.map[at:at + size]

    def store16(self, gpa, value):
        self.words[self.offset(gpa) // 2] = value & 0xffff

    def load16(self, gpa):
        return self.words[self.offset(gpa) // 2]

    def close(self):
        if self.fd < 0:
            return
        self.words.release()
        self.map.close()
        os.close(self.fd)
        self.fd = -1


class Ring:
    """A split ring, its three parts one after another from a guest address on."""

    def __init__(self, memory, index, size, gpa):
        self.memory, self.index, self.size = memory, index, size
        self.desc = gpa
        self.avail = gpa + 16 * size
        self.used = align(self.avail + 6 + 2 * size, PAGE)
        self.end = align(self.used + 6 + 8 * size, PAGE)
        self.kick_fd = self.call_fd = -1
        self.avail_idx = self.seen = 0

    def user(self, gpa):
        return self.memory.user(gpa)

    def move(self, memory):
        """To other memory: a ring that has not been used yet."""
        self.memory = memory
        self.avail_idx = self.seen = 0

    def clear(self):
        """As new."""
        self.memory.write(self.desc, bytes(self.used + 6 + 8 * self.size - self.desc))
        self.avail_idx = self.seen = 0

    def _eventfd(self, old):
        if old >= 0:
            os.close(old)
        return os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)

    def new_kick(self):
        self.kick_fd = self._eventfd(self.kick_fd)
        return self.kick_fd

    def new_call(self):
        self.call_fd = self._eventfd(self.call_fd)
        return self.call_fd

    def calls(self):
        """Interrupts since last asked."""
        try:
            return os.eventfd_read(self.call_fd)
        except BlockingIOError:
            return 0

    def close(self):
        for fd in (self.kick_fd, self.call_fd):
            if fd >= 0:
                os.close(fd)
        self.kick_fd = self.call_fd = -1

    @property
    def used_idx(self):
        return self.memory.load16(self.used + 2)

    @used_idx.setter
    def used_idx(self, value):
        self.memory.store16(self.used + 2, value)

    @property
    def pending(self):
        """Buffers given and not taken back."""
        return (self.avail_idx - self.seen) & 0xffff

    def post(self, gpa, size, writable):
        """Make one buffer available. Returns the used index that will tell it was used."""
        slot = self.avail_idx % self.size
        self.memory.write(self.desc + 16 * slot,
                          struct.pack("<QIHH", gpa, size, DESC_WRITE if writable else 0, 0))
        self.memory.store16(self.avail + 4 + 2 * slot, slot)
        self.avail_idx = (self.avail_idx + 1) & 0xffff
        self.memory.store16(self.avail + 2, self.avail_idx)
        return self.avail_idx

    def reap(self):
        """Take back what was used: (guest address, bytes written) each."""
        done = []
        while self.seen != self.used_idx and len(done) < self.size:
            at = self.used + 4 + 8 * (self.seen % self.size)
            slot, size = struct.unpack("<II", self.memory.read(at, 8))
            assert slot < self.size, f"ring {self.index}: used entry {slot} of {self.size}"
            gpa, = struct.unpack("<Q", self.memory.read(self.desc + 16 * slot, 8))
            done.append((gpa, size))
            self.seen = (self.seen + 1) & 0xffff
        return done
