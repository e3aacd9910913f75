#!/usr/bin/python3 -B
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
"""Frames between two guests on VFs of a simulated NIC, on this machine: none lost, none changed.

The guest on VF 0 is testpmd, which returns every frame with its MAC addresses swapped. Its peer on
VF 1 is lab-frames, which sends numbered frames and checks each byte, each length, and the order in
which they come back. So every frame crosses a transmit and a receive ring of either VF, and the
NIC's embedded switch, a learning bridge here, in between. Rings of both guests are of every kind.

A VF drops what a guest has no buffers for, as hardware does. So there are at most WINDOW frames on
the way, fewer than fit into the buffers of one ring; and nothing is allowed for.

Environment, set by meson: LAB_FRAMES the program, FRAMES_COUNT frames of each combination,
SANITIZER of the build.
"""

import itertools
import os
import re
import time
import unittest

from frames_rig import (FEATURES, Folder, Program, Switch, Testpmd, eal, virtio_user,
                        wait_until)

LAB_FRAMES = os.environ["LAB_FRAMES"]
COUNT = int(os.environ["FRAMES_COUNT"])
SANITIZER = os.environ["SANITIZER"]
WINDOW = 256
FLOWS = 128
GUEST_MAC, PEER_MAC = "52:54:00:00:01:01", "52:54:00:00:01:02"
# A guest with mergeable buffers gets ones of this size: most frames, of 60 to 1514 bytes, need two
# or three.
SMALL_BUFFER, HEADROOM = 576, 128
QUEUES = 4
KEPT_KB = 4096  # of memory, from the first combination to the last

# In indirect tables of packed rings DPDK's virtio driver marks the first element as one to write to
# (virtqueue.h, vring_desc_init_indirect_packed; 22.11 to 26.03 at least), which is against virtio
# 1.2, 2.8.17: a device asks for a reset. Frames of several segments only.
INDIRECT_OFF = f"features_off={1 << FEATURES['indirect']:x}"

NIC = f"vfs=2,queues={QUEUES},eswitch=legacy"
# Counters of a VF that no guest is on any more, and that nothing went wrong on.
WHAT_IS_LEFT = {
    "open": 1, "gone": 0, "status": "0", "features": "0", "violation": "", "dma_faults": 0,
    "dma_maps": 0, "dma_bytes": 0, "tx_malformed": 0, "rx_no_buffer": 0, "rx_filtered": 0,
    "rx_link_down": 0, "rx_stopped": 0, "rx_too_long": 0}
# Ring, queue pairs, mergeable buffers, in-order.
ALL = list(itertools.product(("split", "packed"), (1, QUEUES), (False, True), (False, True)))
PACKED_MERGEABLE = [c for c in ALL if c[0] == "packed" and c[2]]
FEW = [("split", QUEUES, True, False), ("packed", QUEUES, False, True)]


class Combination:
    """One guest, one peer, one run."""

    number = 0

    def __init__(self, case, folder, switch, ring, pairs, mergeable, in_order, wired):
        self.wired = 2 * pairs if wired is None else wired
        self.case, self.folder, self.switch = case, folder, switch
        self.ring, self.pairs, self.mergeable, self.in_order = ring, pairs, mergeable, in_order
        # The peer's: each kind meets each of the guest's.
        self.peer_ring = ("split", "packed")[(ring == "packed") ^ mergeable ^ in_order]
        self.peer_mergeable = in_order
        self.interrupts = mergeable  # or else the peer looks time and again
        Combination.number = (Combination.number + 1) % 256
        self.name = f"{ring}, {pairs} pairs, mergeable {mergeable}, in-order {in_order}"

    def run(self):
        begin = time.monotonic()
        try:
            self.start()
            self.peer.say("")
            sums = self.check_peer()
            self.check_guest()
        except AssertionError as error:
            raise AssertionError(f"{self.name}: {error}") from error
        finally:
            self.folder.end_all_but(self.switch)
        self.switch.wait_for_state("listening")
        print(f"{self.name}; peer {self.peer_ring}: {sums['received']} frames, "
              f"{sums['per_second']} a second, {sums['sleeps']} interrupts, "
              f"{time.monotonic() - begin:.1f} s in all", flush=True)

    def start(self):
        buffers = []
        if self.mergeable:
            buffers = [f"--mbuf-size={SMALL_BUFFER + HEADROOM}", "--enable-scatter"]
        self.guest = self.folder.start(
            Testpmd, "guest", virtio_user("vm1.sock", GUEST_MAC, self.pairs, self.ring,
                                          self.mergeable, self.in_order),
            # What it finds when it starts is to be returned as well, not thrown away.
            self.pairs, "--no-flush-rx", "--total-num-mbufs=16384", *buffers)
        self.peer = self.folder.start(
            Program, "peer", [LAB_FRAMES] + eal(64) + [
                "--no-telemetry", "--vdev",
                virtio_user("vm2.sock", PEER_MAC, self.pairs, self.peer_ring, self.peer_mergeable),
                "--", "--peer", GUEST_MAC, "--queues", str(self.pairs), "--flows", str(FLOWS),
                "--count", str(COUNT), "--window", str(WINDOW), "--burst", "64", "--stall", "5",
                "--wait", "--run", str(self.number),
                *(["--interrupts"] if self.interrupts else ["--idle", "20"])])
        self.guest.say("set fwd macswap retry", "set burst tx delay 10 retry 100000", "start")
        self.guest.wait_for("macswap packet forwarding")
        self.peer.wait_for("^ready$")
        stats = self.switch.wait_for_state("hardware")
        self.check_negotiated(stats["vm1"], self.ring, self.mergeable, self.in_order)
        self.check_negotiated(stats["vm2"], self.peer_ring, self.peer_mergeable, False)

    def check_negotiated(self, stats, ring, mergeable, in_order):
        features = int(stats["features"], 16)
        has = {name: bool(features >> bit & 1) for name, bit in FEATURES.items()}
        self.case.assertEqual(
            {name: has[name] for name in ("packed", "mergeable", "in_order", "version_1",
                                          "platform")},
            {"packed": ring == "packed", "mergeable": mergeable, "in_order": in_order,
             "version_1": True, "platform": True}, stats)
        self.case.assertEqual([stats["queues"], stats["irq_direct"]],
                              [str(2 * self.pairs), str(self.wired)], stats)
        self.case.assertEqual(stats["failures"], "0", stats)

    def watch(self, seconds):
        """Look at the NIC while frames go, as whoever watches it does."""
        end = time.monotonic() + seconds
        while self.peer.process.poll() is None and time.monotonic() < end:
            self.case.assertEqual(self.switch.nic()["eswitch"], "legacy")
            for number in range(2):
                self.case.assertEqual(self.switch.vf(number)["violation"], "")
                self.switch.vf_queues(number)
            time.sleep(0.05)

    def check_peer(self):
        """Each frame came back as it was sent, once, in its flow's order."""
        self.watch(120)
        status = self.peer.wait()
        sums = dict(re.findall(r"(\w+)=(\S+)", self.peer.wait_for(r"^frames sent=.*$").group()))
        self.case.assertEqual({key: int(sums[key]) for key in (
            "sent", "received", "lost", "corrupt", "ahead", "behind", "missed")}, {
                "sent": COUNT, "received": COUNT, "lost": 0, "corrupt": 0, "ahead": 0,
                "behind": 0, "missed": 0}, self.peer.output())
        self.case.assertEqual(status, 0, self.peer.output())
        self.case.assertEqual(int(sums["sleeps"]) > 0, self.interrupts, sums)
        return sums

    def check_guest(self):
        """The frames were in the guest, and on each of its queues."""
        xstats = self.guest.xstats()
        self.case.assertGreaterEqual(xstats["rx_good_packets"], COUNT)
        self.case.assertGreaterEqual(xstats["tx_good_packets"], COUNT)
        for queue, way in itertools.product(range(self.pairs), ("rx", "tx")):
            # The hash gives each queue its part of the flows, more or less.
            self.case.assertGreaterEqual(xstats[f"{way}_q{queue}_good_packets"],
                                         COUNT // self.pairs // 4, (way, queue))


class Frames(unittest.TestCase):
    def run_all(self, nic, combinations, wired=None):
        """wired: rings whose interrupts go to the guest past vdpa-switch; None: all."""
        with Folder() as folder:
            switch = folder.start(Switch, f"{NIC},{nic}".rstrip(","))
            try:
                self.run_on(folder, switch, combinations, wired)
            except AssertionError as error:
                # The other end may have the reason, and not have said all of it yet.
                time.sleep(1)
                raise AssertionError(f"{error}\nvdpa-switch ({switch.process.poll()}):\n"
                                     f"{switch.output()[-16000:]}") from error

    def run_on(self, folder, switch, combinations, wired):
        before, memory = switch.holds(), 0
        for combination in combinations:
            Combination(self, folder, switch, *combination, wired).run()
            memory = memory or switch.status("RssAnon")
        self.check_reports(switch)
        wait_until(f"vdpa-switch holds {before} again", lambda: switch.holds() == before)
        if SANITIZER == "none":
            self.assertLess(switch.status("RssAnon") - memory, KEPT_KB)
        for number in range(2):
            self.check_vf(switch, number, COUNT * len(combinations))
        self.assertEqual(switch.stop(), 0)
        self.check_reports(switch)

    def check_reports(self, switch):
        """Nothing of a sanitizer; first of all, as its symbolizer is one that holds descriptors."""
        self.assertNotRegex(switch.output(), "WARNING: ThreadSanitizer|ERROR: |runtime error:")

    def check_vf(self, switch, number, count):
        """It lost nothing, nobody broke a rule, and nothing of a guest is left in it."""
        vf = switch.vf(number)
        self.assertEqual({key: vf[key] for key in WHAT_IS_LEFT}, WHAT_IS_LEFT, vf)
        self.assertEqual([vf["tx_packets"], vf["rx_packets"]], [count, count], vf)
        self.assertEqual(vf["tx_bytes"], vf["rx_bytes"], vf)
        for queue in switch.vf_queues(number):
            wrong = {key: value for key, value in queue.items()
                     if key.startswith("error_") or key in ("drops", "running") and value != 0}
            self.assertEqual(wrong, {}, queue)

    def test_all_but_packed_mergeable(self):
        self.run_all("", [c for c in ALL if c not in PACKED_MERGEABLE])

    def test_packed_mergeable(self):
        self.run_all(INDIRECT_OFF, PACKED_MERGEABLE)

    def test_two_hardware_threads(self):
        """One for each VF; either puts frames into the other's."""
        self.run_all("threads=2", FEW)

    def test_shared_doorbells(self):
        """All doorbells in one page: none could be mapped into a guest."""
        self.run_all("threads=2,notify=shared", FEW)

    def test_fewer_vectors_than_queues(self):
        """One for configuration changes, one for all rings, as vdpa-switch can use no other."""
        self.run_all("vectors=2", FEW, wired=0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
