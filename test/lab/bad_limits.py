# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
"""Limits of the host that a guest's memory meets: named, with nothing left mapped."""

from bad_case import run
from guest_memory import Memory, region
from switch import Failed, check

HIGH = 1 << 32


def small(size=0x40000):
    return Memory([region(0, size, 0)])


def refused(lab, name, front, *words):
    mark = lab.switch.mark()
    front.set_up()
    lab.refused(name, "dma-map", mark)
    said = lab.switch.wait_for("guest g1: .*reason=dma-map", mark)
    for word in words:
        if word not in said:
            raise Failed(f"{name}: no '{word}' in: {said}")
    check(f"{name}: KiB locked", lab.switch.held()["locked KiB"], "==", lab.before["locked KiB"])
    mark = lab.switch.mark()
    front.set_memory(small())
    lab.running(front, "g1", mark)
    lab.exchange(front)
    mark = lab.switch.mark()
    front.close()
    lab.wait_gone(mark)
    lab.recovered(f"{name}, then a smaller table", memory=small())


def memlock(lab):
    """RLIMIT_MEMLOCK is too small for the second guest's memory."""
    refused(lab, "RLIMIT_MEMLOCK", lab.connect(), "RLIMIT_MEMLOCK is 1600 KiB", "remedy",
            "ulimit -l", "Cannot allocate memory")


def memlock_roll_back(lab):
    """It is enough for the first of two regions: that one is unmapped again."""
    memory = Memory([region(0, 0x40000, 0), region(HIGH, 0x80000, 0x40000)])
    refused(lab, "RLIMIT_MEMLOCK, second region", lab.connect(memory=memory),
            "at 0x100000000", "RLIMIT_MEMLOCK is 1600 KiB")


def entries(lab):
    """dma_entry_limit is 3: too few for 4 regions."""
    memory = Memory([region(i << 32, 0x40000, i * 0x40000) for i in range(4)])
    refused(lab, "dma_entry_limit", lab.connect(memory=memory), "dma_entry_limit",
            "3 mappings held", "remedy")


def entries_control_queue(lab):
    """dma_entry_limit is 3: enough for 3 regions, but not for the control queue beside them."""
    memory = Memory([region(i << 32, 0x40000, i * 0x40000) for i in range(3)])
    refused(lab, "dma_entry_limit, control queue", lab.connect(memory=memory), "control queue",
            "dma_entry_limit", "remedy")


if __name__ == "__main__":
    run([memlock, memlock_roll_back, entries, entries_control_queue])
