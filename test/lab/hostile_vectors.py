# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
"""VFs with fewer vectors than queues, and without doorbells of their own: nothing is lost.

g1, g3 and g4 are on VFs with 3, 2 and 1 vectors.
"""

from bad_case import run, set_link
from switch import check, wait


def calls_of(front):
    for ring in front.rings:
        ring.calls()


def each_ring_is_woken(lab, front, guest, function, pairs):
    """A frame from each pair, and its answer: each wakes its ring."""
    woken = set()
    for round_ in range(3):
        for pair in range(pairs):
            calls_of(front)
            ring = lab.exchange(front, pair, function)
            for index in 2 * pair + 1, ring:
                wait(10, f"{guest}: interrupt of ring {index}, round {round_}",
                     front.rings[index].calls)
                woken.add(index)
    check(f"{guest}: rings that were woken", sorted(woken), "==", list(range(2 * pairs)))


def with_vectors(lab, guest, function, vectors, direct):
    """4 pairs on a VF with so many vectors, of which so many queues have one of their own."""
    front = lab.connect(guest, pairs=4)
    lab.bring_up(front, guest)
    each_ring_is_woken(lab, front, guest, function, 4)
    stats = lab.switch.stats(guest)
    queues = [stats["queue"][i] for i in range(8)]
    check(f"{guest}: vectors of the VF", stats["vectors"], "==", str(vectors))
    check(f"{guest}: queues that run", stats["queues"], "==", "8")
    check(f"{guest}: queues with a vector of their own", stats["irq_direct"], "==", str(direct))
    check(f"{guest}: interrupts", [q["irq"] for q in queues], "==",
          ["direct"] * direct + ["relay"] * (8 - direct))
    for q in queues[direct:]:
        check(f"{guest}: interrupts relayed for queue {q['queue']}", int(q["irqs_relayed"]),
              ">=", 3)
    check(f"{guest}: interrupts relayed for the others",
          sum(int(q["irqs_relayed"]) for q in queues[:direct]), "==", 0)
    check(f"{guest}: doorbells mapped", stats["mapped"], "==", "0")
    for q in queues[1::2]:
        check(f"{guest}: kicks relayed for queue {q['queue']}", int(q["kicks_relayed"]), ">=", 3)
    new_call_fd(lab, front, guest, function)
    link_is_noticed(lab, front, guest, function)
    mark = lab.switch.mark()
    front.close()
    lab.wait_gone(mark, guest)
    lab.recovered(f"{guest}: {vectors} vectors", guest, function, pairs=4)


def new_call_fd(lab, front, guest, function):
    """Also of a queue whose interrupts are relayed."""
    for ring in 1, 7:
        front.new_call(ring)
        front.sync()
        wait(10, f"{guest}: the interrupt of ring {ring} that may have been lost",
             front.rings[ring].calls)
        lab.exchange(front, ring // 2, function)
        wait(10, f"{guest}: interrupt of ring {ring} on its new fd", front.rings[ring].calls)


def link_is_noticed(lab, front, guest, function):
    """The configuration's vector may be one of the shared ones."""
    for up, word in (False, "down"), (True, "up"):
        mark, before = lab.switch.mark(), front.channel.config_changes
        set_link(function, up)
        lab.switch.wait_for(f"guest {guest}: .*link {word}.* reason=link", mark, 10)
        wait(10, "a notice of the change", lambda b=before: front.channel.config_changes > b)
    check(f"{guest}: changes of the link, told to the front-end", front.channel.config_changes,
          "==", 2)


def three_vectors(lab):
    """3 vectors: the configuration's, one of queue 0, one that 7 queues share."""
    with_vectors(lab, "g1", 1, 3, 1)


def two_vectors(lab):
    """2 vectors: the configuration's, one that all queues share."""
    with_vectors(lab, "g3", 3, 2, 0)


def one_vector(lab):
    """1 vector: for the configuration and all queues."""
    with_vectors(lab, "g4", 4, 1, 0)


def two_queues(lab):
    """Of the VF with 3 vectors, a guest with 1 pair needs no sharing."""
    front = lab.connect("g1")
    lab.bring_up(front)
    each_ring_is_woken(lab, front, "g1", 1, 1)
    stats = lab.switch.stats("g1")
    check("queues with a vector of their own", stats["irq_direct"], "==", "2")
    mark = lab.switch.mark()
    front.close()
    lab.wait_gone(mark)
    lab.recovered("1 pair with 3 vectors")


if __name__ == "__main__":
    run([three_vectors, two_vectors, two_queues, one_vector], kick="relayed")
