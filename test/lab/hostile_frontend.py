# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
"""Front-ends that do not answer, refuse, change their mind, or come twice."""

import os
import time

from bad_case import run, set_link
from switch import check, wait

PATIENCE = 5  # seconds within which the daemon must have let go of a front-end


def leave(lab, name, front, keep_channel=False):
    """It dies; the daemon has let go of it soon, and serves the next one."""
    mark, begin = lab.switch.mark(), time.monotonic()
    front.close(keep_channel)
    lab.wait_gone(mark)
    check(f"{name}: whole seconds until it was let go of", int(time.monotonic() - begin), "<=",
          PATIENCE)
    lab.recovered(name)
    front.close()


def relayed(lab, front, name):
    """Frames cross without mapped doorbells, and the daemon says so."""
    before = lab.switch.stats("g1")
    for _ in range(10):
        lab.exchange(front)
    after = lab.switch.stats("g1")
    check(f"{name}: doorbells mapped", after["mapped"], "==", "0")
    check(f"{name}: kicks of the transmit ring relayed for 10 frames",
          int(after["queue"][1]["kicks_relayed"]) - int(before["queue"][1]["kicks_relayed"]),
          ">=", 1)
    check(f"{name}: how kicks go", {q["kick"] for q in after["queue"].values()}, "==", {"relay"})


def refuses(lab):
    """Refuses to map doorbells, or closes the channel instead: kicks are relayed."""
    for policy in "refuse", "close":
        front = lab.connect(doorbell=policy)
        lab.bring_up(front, kick="relayed")
        relayed(lab, front, policy)
        leave(lab, policy, front)


def does_not_answer(lab):
    """Never answers the request for a doorbell: served all the same, also when it dies."""
    for keep in False, True:
        name = "never answers" + (", dies, and its channel stays open" if keep else ", dies")
        front = lab.connect(doorbell="silent")
        mark = lab.switch.mark()
        front.set_up()
        lab.switch.wait_for("guest g1: .*-> hardware", mark)
        wait(10, "request for a doorbell", lambda f=front: f.channel.asked)
        front.fill()
        relayed(lab, front, name)
        leave(lab, name, front, keep_channel=keep)


def resets_unanswered(lab):
    """Never answers the request for a doorbell, and resets the guest meanwhile."""
    front = lab.connect(doorbell="silent")
    mark = lab.switch.mark()
    front.set_up()
    lab.switch.wait_for("guest g1: .*-> hardware", mark)
    wait(10, "request for a doorbell", lambda: front.channel.asked)
    mark = lab.switch.mark()
    for ring in 0, 1:
        front.stop_ring(ring)
    front.set_up_again()
    lab.switch.wait_for("guest g1: .*-> hardware", mark)
    front.fill()
    relayed(lab, front, "reset without an answer")
    leave(lab, "reset without an answer", front)


def deaf(lab):
    """Stops to read its channel; it fills with notices of changes; it dies, the channel stays."""
    front = lab.connect(doorbell="deaf")
    lab.bring_up(front, kick="relayed")
    wait(10, "the end of reading", lambda: not front.channel.thread.is_alive())
    before = int(lab.switch.stats("g1")["config_changes"])
    for _ in range(12):
        set_link(1, False)
        set_link(1, True)
    check("changes of the link that the daemon saw",
          int(lab.switch.stats("g1")["config_changes"]) - before, ">=", 12)
    lab.exchange(front)
    leave(lab, "its channel is full", front, keep_channel=True)


def link(lab):
    """The VF's link goes down and up: told here, and to the front-end."""
    front = lab.connect()
    lab.bring_up(front)
    lab.exchange(front)
    for up, word in (False, "down"), (True, "up"):
        mark, before = lab.switch.mark(), front.channel.config_changes
        set_link(1, up)
        lab.switch.wait_for(f"guest g1: hardware .link {word}. reason=link", mark)
        wait(10, "a notice of the change", lambda b=before: front.channel.config_changes > b)
        stats = lab.switch.stats("g1")
        check(f"link {word}", stats["link"], "==", word)
        check(f"status field of the configuration with the link {word}",
              front.config_status() & 1, "==", int(up))
    check("notices of changes at the front-end", front.channel.config_changes, "==", 2)
    lab.exchange(front)
    leave(lab, "link", front)


def second_guest(lab):
    """A second guest on the VF: refused as busy, and the first one not disturbed."""
    first = lab.connect()
    lab.bring_up(first)
    lab.exchange(first)
    failures = int(lab.switch.stats("g1")["failures"])
    mark = lab.switch.mark()
    second = lab.connect()
    second.set_up()
    for _ in range(50):
        second.enable(0)
        second.enable(1)
    second.sync()
    lab.switch.wait_for(r"guest g1: hardware \(.*\) reason=busy", mark)
    stats = lab.switch.stats("g1")
    check("state of the first", stats["state"], "==", "hardware")
    check("connections", stats["connections"], "==", "2")
    check("refusals", int(stats["failures"]) - failures, "==", 1)
    check("lines of it", lab.switch.count("reason=busy", mark), "==", 1)
    check("doorbells asked of the second", second.channel.asked, "==", [])
    for _ in range(10):
        lab.exchange(first)
    second.close()
    wait(10, "the second is gone", lambda: lab.switch.stats("g1")["connections"] == "1")
    for _ in range(10):
        lab.exchange(first)
    check("starts of the VF meanwhile", int(lab.switch.stats("g1")["starts"]) -
          int(stats["starts"]), "==", 0)
    check("changes of state meanwhile", lab.switch.count("guest g1: .*->", mark), "==", 0)

    third = lab.connect()
    third.set_up()
    third.sync()
    mark = lab.switch.mark()
    first.close()
    wait(10, "the first is gone", lambda: lab.switch.stats("g1")["connections"] == "1")
    third.enable(0)  # any message has lib/vhost try again
    lab.switch.wait_for("guest g1: .*-> hardware", mark)
    third.fill()
    lab.exchange(third)
    leave(lab, "the first left, the one after it was served", third)


def calls_taken(call_fd):
    try:
        return os.eventfd_read(call_fd)
    except BlockingIOError:
        return 0


def new_call_fds(lab):
    """New call fds while it runs: interrupts come on the new ones, none is lost."""
    front = lab.connect(pairs=2)
    lab.bring_up(front)
    for ring in front.rings:
        ring.calls()
    transmit = front.rings[1]
    for number in range(20):
        old = os.dup(transmit.call_fd)
        front.new_call(1)
        # not waited for: the frame may be sent while the fds change
        if number % 2:
            front.sync()
        lab.exchange(front)
        wait(10, f"interrupt {number} on the new fd", transmit.calls)
        os.close(old)
    old = os.dup(transmit.call_fd)
    front.new_call(1)
    front.sync()
    wait(10, "the interrupt that may have been lost", transmit.calls)
    calls_taken(old)  # up to here they could come on either
    lab.exchange(front)
    wait(10, "an interrupt on the last fd", transmit.calls)
    late = calls_taken(old)
    os.close(old)
    check("interrupts on the fd before it", late, "==", 0)
    stats = lab.switch.stats("g1")
    check("interrupts of ring 1", stats["queue"][1]["irq"], "==", "direct")
    check("starts for it", stats["state"], "==", "hardware")
    leave(lab, "new call fds", front)


def new_kick_fds(lab):
    """New kick fds while it runs: kicks on the new ones reach the device, none is lost."""
    front = lab.connect(doorbell="refuse")
    lab.bring_up(front, kick="relayed")
    for number in range(20):
        front.new_kick(1)
        if number % 2:
            front.sync()
        lab.exchange(front)
    check("state", lab.switch.stats("g1")["state"], "==", "hardware")
    leave(lab, "new kick fds", front)


def second_pair(lab):
    """The second pair is disabled and enabled while it runs."""
    front = lab.connect(pairs=2)
    lab.bring_up(front)
    lab.exchange(front, 0)
    lab.exchange(front, 1)
    starts = lab.switch.stats("g1")["starts"]
    for _ in range(3):
        for ring in 2, 3:
            front.enable(ring, False)
        front.sync()
        wait(10, "queue 3 disabled", lambda: enabled(lab, 3) == "0")
        wait(10, "the second pair's flow on the first pair",
             lambda: lab.exchange(front, 0, flow=1) == 0)
        for ring in 2, 3:
            front.enable(ring, True)
        front.sync()
        wait(10, "queue 3 enabled", lambda: enabled(lab, 3) == "1")
        wait(10, "the second pair's flow on the second pair", lambda: lab.exchange(front, 1) == 2)
        lab.exchange(front, 0)
    check("starts of the VF for it", lab.switch.stats("g1")["starts"], "==", starts)
    leave(lab, "second pair", front)


def enabled(lab, queue):
    return lab.switch.stats("g1")["queue"].get(queue, {}).get("enabled", "0")


if __name__ == "__main__":
    run([refuses, does_not_answer, resets_unanswered, link, second_guest, new_call_fds,
         new_kick_fds, second_pair, deaf])
