# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
"""Rings, features and memory tables that cannot be served: refused with their reason, nothing kept.

What lib/vhost refuses by itself ends the connection, unless the front-end asked for an answer
(REPLY_ACK); what it lets pass is for the driver to refuse. A memory table that cannot be mapped
ends the connection in any case: see vdpa-switch's ring_watch.c.
"""

import os

from bad_case import run
from frontend import (F_ACCESS_PLATFORM, F_RING_PACKED, F_VERSION_1, SET_VRING_NUM, Gone,
                      Refused)
from guest_memory import Memory, region
from switch import Failed, check

HIGH = 1 << 32
OUTSIDE = 0x40000000  # a guest address without memory


def attempt(lab, name, reason, front):
    """The set-up is refused by the daemon, and nothing remains. Returns the open connection."""
    mark = lab.switch.mark()
    front.set_up()
    lab.refused(name, reason, mark)
    return front


def leave(lab, name, front):
    mark = lab.switch.mark()
    front.close()
    lab.wait_gone(mark)
    lab.recovered(name)


def bad(lab, name, reason, front):
    leave(lab, name, attempt(lab, name, reason, front))


def dropped(lab, name, front):
    """The connection ends over it."""
    mark, errors = lab.switch.mark(), lab.switch.error_mark()
    try:
        front.set_up()
        front.sync()
    except Gone:
        pass
    else:
        raise Failed(f"{name}: the connection lives on")
    lab.wait_gone(mark)
    front.close()
    said = [line for line in lab.switch.logged(errors).splitlines() if "VHOST_CONFIG" in line]
    if not said:
        raise Failed(f"{name}: no word of it in the log")
    lab.recovered(f"{name}: {said[0].split(') ', 1)[-1]}")


def addresses(lab):
    """A ring's part outside guest memory, or misaligned."""
    for ring in 0, 1:
        for part in "desc", "avail", "used":
            front = lab.connect()
            setattr(front.rings[ring], part, OUTSIDE)
            bad(lab, f"{part} of ring {ring} outside guest memory", "queue-address", front)
    for part, off in ("desc", 8), ("avail", 1), ("used", 2):
        front = lab.connect()
        setattr(front.rings[1], part, getattr(front.rings[1], part) + off)
        bad(lab, f"{part} of ring 1 misaligned by {off}", "queue-address", front)


def across_regions(lab):
    """A ring's part across two regions: neighbours in the front-end, not in the guest."""
    for part in "desc", "avail", "used":
        low = region(0, 0x40000, 0)
        memory = Memory([low, region(HIGH, 0x40000, 0x40000, low.user + low.size)])
        front = lab.connect(memory=memory)
        setattr(front.rings[1], part, low.size - 0x40)
        bad(lab, f"{part} of ring 1 across regions", "queue-address", front)
    # the last byte counts
    front = lab.connect()
    ring = front.rings[1]
    ring.used = 0x80000 - (6 + 8 * ring.size)  # with its event index one word too long
    ring.used &= ~3
    lab.bring_up(front)
    lab.exchange(front)
    leave(lab, "a ring up to the last word of a region", front)


def sizes(lab):
    """Ring sizes of 0, no power of 2, more than the device's."""
    for size in 0, 3, 65535:
        front = lab.connect()
        front.size = size
        dropped(lab, f"size {size}", front)
    for size in 0, 3:
        front = lab.connect()
        steps = dict(front.steps())
        for name, step in steps.items():
            if name == "SET_VRING_NUM 1":
                try:
                    front.vring(SET_VRING_NUM, 1, size, confirm=True)
                    raise Failed(f"size {size}: not refused")
                except Refused:
                    mark = lab.switch.mark()
            else:
                step()
        lab.refused(f"size {size}, told and gone on", "queue-size", mark)
        leave(lab, f"size {size}, told and gone on", front)
    for ring, size in (0, 2048), (1, 512):
        front = lab.connect(memory=Memory([region(0, 0x100000, 0)]), size=2048)
        front.size = 64
        front.rings[ring].size = size
        bad_size(lab, f"size {size} of ring {ring}", front)


def bad_size(lab, name, front):
    """Only the one ring has its own size."""
    mark = lab.switch.mark()
    for step_name, step in front.steps():
        if step_name.startswith("SET_VRING_NUM"):
            ring = int(step_name.split()[1])
            size = front.rings[ring].size
            front.vring(SET_VRING_NUM, ring, 64 if size == 2048 and ring == 1 else size)
        else:
            step()
    lab.refused(name, "queue-size", mark)
    leave(lab, name, front)


def start_index(lab):
    """A queue asked to start elsewhere than at index 0."""
    front = lab.connect(base={1: 5})
    front.rings[1].used_idx = 5  # lib/vhost takes the used ring's word over SET_VRING_BASE's
    attempt(lab, "split ring at index 5", "queue-index", front)
    mark = lab.switch.mark()
    for ring in 0, 1:
        front.stop_ring(ring)
    front.base = {}
    front.set_up_again()
    lab.running(front, "g1", mark)
    lab.exchange(front)
    leave(lab, "split ring at index 5, then reset by the guest and served", front)
    for name, base in ("at index 3", 3 | 1 << 15), ("with wrap counter 0", 0):
        front = lab.connect(features=F_RING_PACKED, base={0: base})
        bad(lab, f"packed ring {name}", "queue-index", front)


def features(lab):
    """Guests that cannot be served as a whole: legacy, or behind a virtual IOMMU."""
    front = lab.connect()
    front.features &= ~F_VERSION_1
    attempt(lab, "without VERSION_1", "guest-legacy", front)
    failures = int(lab.switch.stats("g1")["failures"])
    mark = lab.switch.mark()
    for ring in 0, 1:
        front.stop_ring(ring)
    check("failures while the guest resets", int(lab.switch.stats("g1")["failures"]), "==",
          failures)
    front.features |= F_VERSION_1
    front.set_features()
    front.set_up_again()
    lab.running(front, "g1", mark)
    lab.exchange(front)
    leave(lab, "without VERSION_1, then with it on the same connection", front)

    dropped(lab, "ACCESS_PLATFORM", lab.connect(features=F_ACCESS_PLATFORM, force=True))


def tables(lab):
    """Memory tables that overlap, overflow, are not aligned, or are more than can be."""
    good = region(0, 0x80000, 0)
    last_page = (1 << 64) - 0x1000
    for name, second in (
            ("overlaps in the guest", region(0x7f000, 0x2000, 0x80000, 1 << 40)),
            ("is the same twice", region(0, 0x80000, 0x80000, 1 << 40)),
            ("wraps around", region(last_page, 0x2000, 0x80000, 1 << 40)),
            ("reaches the last byte", region(last_page, 0x1000, 0x80000, 1 << 40)),
            ("starts between pages", region(HIGH + 0x800, 0x10000, 0x80000)),
            ("ends between pages", region(HIGH, 0x10800, 0x80000)),
            ("is between pages in its file", region(HIGH, 0x10000, 0x80800)),
            ("lies over the interrupts' addresses", region(0xfedf0000, 0x20000, 0x80000)),
            ("is beyond the IOMMU's width", region(1 << 60, 0x10000, 0x80000, 1 << 40))):
        bad(lab, f"a region that {name}", "mem-table", lab.connect(memory=Memory([good, second])))
    nine = [region(i << 32, 0x80000, 0, 0x7f0000000000 + (i << 32)) for i in range(9)]
    dropped(lab, "9 regions", lab.connect(memory=Memory(nine)))
    bad(lab, "0 regions", "queue-address", lab.connect(memory=Memory([], 0x100000)))


def longer_than_file(lab):
    """A region that its memory file is too short for."""
    memory = Memory([region(0, 0x80000, 0), region(HIGH, 0x80000, 0x80000)], 0x90000)
    bad(lab, "a region longer than its file", "dma-map", lab.connect(memory=memory))


def unmappable(lab):
    """Regions that cannot be mapped: before the VF runs and while it does, answer wanted or not."""
    good = region(0, 0x80000, 0)
    no_file = os.eventfd(0)
    for name, second, fd in (
            ("of no bytes", region(HIGH, 0, 0), None),
            ("past the end of offsets", region(HIGH, 0x10000, (1 << 64) - 0x1000), None),
            ("of 2^63 bytes", region(HIGH, 1 << 63, 0, 1 << 62), None),
            ("of an eventfd", region(HIGH, 0x10000, 0), no_file)):
        for running in False, True:
            for confirm in False, True:
                unmappable_region(lab, name, [good, second], fd, running, confirm)
    os.close(no_file)


def unmappable_region(lab, name, regions, fd, running, confirm):
    name = f"a region {name}{', while the VF runs' if running else ''}" \
        f"{', answer wanted' if confirm else ''}"
    front = lab.connect()
    if running:
        lab.bring_up(front)
        lab.exchange(front)
    memory = Memory(regions, 0x100000)
    if fd is not None:
        memory.fds = lambda: [memory.fd, fd]
    mark = lab.switch.mark()
    set_memory = front.set_memory
    front.set_memory = lambda: set_memory(memory, confirm)
    try:
        if running:
            front.set_memory()
        else:
            front.set_up()
        front.sync()
        raise Failed(f"{name}: the connection lives on")
    except Gone:
        pass
    lab.wait_gone(mark)
    front.close()
    lab.recovered(name, leaked=1)


def eight_regions(lab):
    """As many regions as lib/vhost takes are served, and neighbours are merged."""
    apart = [region(i << 20, 0x10000, i << 16) for i in range(8)]
    front = lab.connect(memory=Memory(apart), size=16, ring_at=0x1000)
    front.buffers_at = 0x100000
    mark = lab.switch.mark()
    front.set_up()
    lab.running(front, "g1", mark)
    lab.exchange(front)
    check("maps of 8 regions apart, and the control queue's",
          int(lab.switch.stats("g1")["dma_maps"]), "==", 9)
    leave(lab, "8 regions apart", front)
    front = lab.connect(memory=Memory([region(i << 16, 0x10000, i << 16) for i in range(8)]))
    lab.bring_up(front)
    lab.exchange(front)
    stats = lab.switch.stats("g1")
    check("bytes of 8 regions side by side, less the control queue's page",
          int(stats["dma_bytes"]) // 0x10000, "==", 8)
    leave(lab, f"8 regions side by side in {stats['dma_maps']} maps", front)


def no_spinning(lab):
    """A failure counts once, however many messages follow; a good table then is served."""
    good = region(0, 0x80000, 0)
    overlap = region(0x7f000, 0x2000, 0x80000, 1 << 40)
    front = lab.connect(memory=Memory([good, overlap]))
    before = int(lab.switch.stats("g1")["failures"])
    mark, errors = lab.switch.mark(), lab.switch.error_mark()
    attempt(lab, "overlapping table", "mem-table", front)
    for _ in range(100):
        front.enable(0)
        front.enable(1)
    front.sync()
    check("failures after 200 more messages", int(lab.switch.stats("g1")["failures"]) - before,
          "==", 1)
    check("lines of it", lab.switch.count("guest g1: .*mem-table", mark), "==", 1)
    check("lines of it in the log", lab.switch.logged(errors).count("mem-table"), "==", 1)
    front.set_memory(Memory([good, region(0x90000, 0x1000, 0x80000, 1 << 40)]))
    lab.running(front, "g1", mark)
    lab.exchange(front)

    mark = lab.switch.mark()
    front.set_memory(Memory([good, overlap]))
    lab.refused("overlapping table while it runs", "mem-table", mark)
    for _ in range(100):
        front.enable(0)
    front.sync()
    check("failures after 100 more messages", int(lab.switch.stats("g1")["failures"]) - before,
          "==", 2)
    mark = lab.switch.mark()
    front.set_memory(Memory([], 0x100000))
    front.sync()
    lab.switch.wait_for("reason=(mem-table|queue-address)", mark)
    leave(lab, "a failure, a good table, a bad one, none", front)

    front = lab.connect(base={1: 5})
    front.rings[1].used_idx = 5
    before = int(lab.switch.stats("g1")["failures"])
    attempt(lab, "index 5", "queue-index", front)
    for _ in range(100):
        front.enable(0)
    front.sync()
    check("failures of the index after 100 more messages",
          int(lab.switch.stats("g1")["failures"]) - before, "==", 1)
    leave(lab, "a failure that is found later", front)


def changing_table(lab):
    """Memory comes and goes while the guest runs: only the difference is mapped, frames go on."""
    first, second = region(0, 0x80000, 0), region(HIGH, 0x80000, 0x80000)
    memory = Memory([first], 0x100000)
    front = lab.connect(memory=memory)
    lab.bring_up(front)
    lab.exchange(front)
    for name, regions, maps in (("more", [first, second], 3), ("less", [first], 2)):
        for ring in 0, 1:
            front.stop_ring(ring)
        mark = lab.switch.mark()
        memory.regions = regions
        front.set_memory()
        front.set_up_again()
        lab.running(front, "g1", mark)
        lab.exchange(front)
        check(f"maps with {name} memory", int(lab.switch.stats("g1")["dma_maps"]), "==", maps)
    leave(lab, "changing memory", front)


if __name__ == "__main__":
    run([addresses, across_regions, sizes, start_index, features, tables, longer_than_file,
         eight_regions, no_spinning, changing_table, unmappable])
