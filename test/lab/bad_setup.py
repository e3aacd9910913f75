# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
"""The front-end dies between any two messages of the set-up, or in the middle of one."""

from bad_case import run


def die(lab, messages, cut=None, **options):
    """Returns the name of the last message, or None if there are not so many."""
    front = lab.connect(**options)
    total = len(list(front.steps()))
    if messages > total or (cut is not None and messages >= total):
        front.close()
        return None
    mark = lab.switch.mark()
    last = front.set_up(messages, cut)
    front.close()
    lab.wait_gone(mark)
    return f"after {messages} of {total} messages, {last}"


def die_after_each(lab, **options):
    words = " ".join(str(value) for value in options.values())
    for messages in range(1000):
        last = die(lab, messages, **options)
        if last is None:
            break
        lab.recovered(f"{words}: dies {last}", pairs=options["pairs"])


def one_pair(lab):
    """Front-end as QEMU is, 1 queue pair: dies after each message."""
    die_after_each(lab, pairs=1, style="qemu")


def two_pairs(lab):
    """Front-end as QEMU is, 2 queue pairs: dies after each message."""
    die_after_each(lab, pairs=2, style="qemu")


def one_pair_status(lab):
    """Front-end as virtio-user is, 1 queue pair: dies after each message."""
    die_after_each(lab, pairs=1, style="virtio-user")


def two_pairs_status(lab):
    """Front-end as virtio-user is, 2 queue pairs: dies after each message."""
    die_after_each(lab, pairs=2, style="virtio-user")


def half_messages(lab):
    """Dies with half a message sent: its header, or its payload."""
    for style, cut in ("qemu", "header"), ("qemu", "payload"), ("virtio-user", "payload"):
        number = 0
        while True:
            last = die(lab, number, cut, pairs=1, style=style)
            if last is None:
                break
            number += 1
        lab.recovered(f"{style}: {number} times dead with half of a {cut}")


def one_by_one(lab):
    """Each ring is enabled before the next one is told of: both pairs run."""
    front = lab.connect(pairs=2, order="each")
    lab.bring_up(front)
    for pair in 0, 1:
        lab.exchange(front, pair)
    mark = lab.switch.mark()
    front.close()
    lab.wait_gone(mark)
    lab.recovered("rings one by one")


if __name__ == "__main__":
    run([one_pair, one_pair_status, two_pairs, two_pairs_status, half_messages, one_by_one])
