# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
"""What is said at the end: what must have been seen and was or was not, and the last figures."""


def checks(demo, seconds):
    """What must have been seen, as (text, whether it was)."""
    for end in demo.ends:
        name, port, count = end.port.name, end.port, demo.packets.of(end.port)
        yield f"{name}: mode is hardware", port.hardware
        yield f"{name}: 2 rings, interrupts direct", (
            len(port.rings) == 2 and port.all_rings("irq") == "direct")
        if demo.front_ends:
            yield f"{name}: {end.received} frames received, at least 1000", end.received >= 1000
            if end.serves is not None:
                yield (f"{name}: of {end.sent} frames sent, {end.lost} did not come back",
                       end.lost == 0)
            yield (f"{name}: its VF took {count['from']} frames and gave it {count['to']}",
                   count["from"] > 0 and count["to"] > 0)
            continue
        yield f"{name}: doorbells mapped", port.all_rings("kick") == "mapped"
        replies, least = end.ping.replies, max(seconds // 2, 1)
        yield f"{name}: {replies} of its pings answered, at least {least}", replies >= least
        yield (f"{name}: its VF took {count['from']} frames and gave it {count['to']}",
               min(count["from"], count["to"]) >= replies)


def report(demo, seconds):
    """After the end of an unattended run. Returns whether all was as it should."""
    results = list(checks(demo, seconds)) if demo.up_since else [("it came up", False)]
    for text, good in results:
        print(f"{'ok  ' if good else 'FAIL'} {text}")
    return all(good for _, good in results)


def farewell(demo, bad):
    for end in demo.ends:
        if demo.front_ends:
            print(f"{end.port.name}: sent {end.sent:,} frames, "
                  f"received {end.received:,}")
        else:
            print(f"{end.port.name}: {end.ping.replies} pings answered by {end.peer.name}")
    print(f"Not ended in order: {', '.join(bad)}" if bad else "All has ended, and nothing is left.")
