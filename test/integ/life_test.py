#!/usr/bin/python3 -B
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
"""A guest's life in vdpa-switch without a VF: on a device of a vDPA driver that is not vdpa_virtio.

Such a driver reports nothing, so no guest may ever be shown as running on hardware here.
"""

import os
import re
import signal
import socket
import stat
import time
import unittest

from frontend import F_VERSION_1, PROTOCOL_F_CONFIG, PROTOCOL_F_MQ, Frontend, Gone
from vsw import EAL, OTHER_VDPA, SwitchTest, pci_function

FAILED = 1


@unittest.skipUnless(OTHER_VDPA, "DPDK is linked in whole: no driver can be loaded")
@unittest.skipUnless(pci_function(), "this machine has no PCI bridge to name")
class Life(SwitchTest):
    def args(self, vdev="", extra="", options=(), eal=()):
        vf = pci_function()
        return (EAL + list(eal) + ["--no-pci", "--vdev", f"other_vdpa0,name={vf}{vdev}", "--"] +
                self.guest(vf=vf, extra=extra) + list(options))

    def start_switch(self, **args):
        running = self.start(self.args(**args), preload=True)
        running.wait_for(r"guest vm1: down -> listening \(VF \S+, (server|client) of socket .*\) "
                         r"reason=started$")
        return running

    def test_connect_run_leave(self):
        running = self.start_switch()
        self.assertTrue(stat.S_ISSOCK(os.stat(self.path()).st_mode))
        front = Frontend(self.path())
        front.set_up()
        running.wait_for(r"guest vm1: listening -> negotiating \(front-end connected\) "
                         r"reason=connected$")
        running.wait_for(r"guest vm1: negotiating \(rings handed to .*\) reason=handed-over$")
        self.assertTrue(front.offered & F_VERSION_1)
        self.assertTrue(front.protocol & PROTOCOL_F_CONFIG, hex(front.protocol))
        self.assertTrue(front.protocol & PROTOCOL_F_MQ, hex(front.protocol))
        self.assertEqual(front.pairs, 2)
        front.close()
        running.wait_for(r"guest vm1: negotiating -> listening \(.*\) reason=disconnected$")
        self.assertEqual(running.stop(), 0)
        self.assertEqual(running.states("vm1"),
                         ["down", "listening", "negotiating", "listening", "down"])
        self.assertEqual(os.listdir(self.run_dir), [])
        self.assertNotIn("hardware", running.stdout())

    def test_lines(self):
        """Each line reads as it is documented."""
        running = self.start_switch()
        Frontend(self.path()).close()
        running.wait_for("-> listening", 2)
        running.stop()
        for line in running.stdout().splitlines():
            self.assertRegex(line, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z guest vm1: "
                                   r"\w+( -> \w+)? \(.+\) reason=[a-z-]+$")

    def test_allowed_devices(self):
        """EAL is told of the VF with vdpa=1, once, and of what the user named."""
        vf = pci_function()
        for eal, allowed in (((), [f"{vf},vdpa=1"]),
                             (("-a", f"{vf},x=1,vdpa=1"), [f"{vf},x=1,vdpa=1"]),
                             (("-a", "0000:ff:1f.7"), ["0000:ff:1f.7,", f"{vf},vdpa=1"])):
            running = self.start_switch(eal=eal)
            self.assertEqual(running.stop(), 0)
            told = re.findall(r"other_vdpa: allowed (\S+)", running.stderr())
            self.assertEqual(sorted(told), sorted(allowed))

    def test_stop_with_guest(self):
        """Three signals at once: the guest still leaves the device before EAL lets go of it."""
        running = self.start_switch()
        front = Frontend(self.path())
        front.set_up()
        running.wait_for("reason=handed-over")
        self.assertEqual(running.stop(signal.SIGINT, signal.SIGTERM, signal.SIGTERM), 0)
        told = re.findall(r"other_vdpa: (conf|close|remove)", running.stderr())
        self.assertEqual(told, ["conf", "close", "remove"])
        self.assertEqual(running.states("vm1"), ["down", "listening", "negotiating", "down"])
        self.assertEqual(os.listdir(self.run_dir), [])
        front.close()

    def test_front_end_dies_between_any_two_messages(self):
        running = self.start_switch()
        front = Frontend(self.path())
        steps = len(list(front.steps()))
        front.close()
        running.wait_for("reason=disconnected")
        before = running.fds()
        for messages in range(steps + 1):
            front = Frontend(self.path())
            last = front.set_up(messages)
            front.close()
            running.wait_for("reason=disconnected", messages + 2)
            running.wait_for_fds(before, last)
        served = running.stdout().count("reason=handed-over")
        front = Frontend(self.path())  # and the next one is served
        front.set_up()
        running.wait_for("reason=handed-over", served + 1)
        front.close()
        self.assertEqual(running.stop(), 0)
        told = re.findall(r"other_vdpa: (conf|close)", running.stderr())
        self.assertEqual(told.count("conf"), told.count("close"))

    def test_front_end_that_sends_nonsense(self):
        """It harms itself at most: the program lives, keeps nothing of it and serves the next.

        Not here, since lib/vhost of DPDK 22.11 has no answer: a region that cannot be mapped costs
        it a descriptor, and one past the end of its file the whole process (SIGBUS).
        """
        running = self.start_switch()
        Frontend(self.path()).close()
        running.wait_for("reason=disconnected")
        before = running.fds()
        for number, nonsense in enumerate((
                {"size": 0}, {"size": 3}, {"size": 0x8001}, {"size": 0xFFFFFFFF // 16},
                {"ring_at": 1 << 22}, {"ring_at": (1 << 22) - 0x1000}, {"ring_at": 1},
                {"base": 65535}, {"queues": 1}, {"queues": 256},
                {"regions": ()}, {"regions": ((0, 1 << 22, 0), (1 << 21, 1 << 22, 0))},
                {"regions": ((0, 1 << 21, 0),) * 9})):
            front = Frontend(self.path(), **nonsense)
            try:
                front.set_up()
            except Gone:
                pass
            front.close()
            running.wait_for("reason=disconnected", number + 2)
            running.wait_for_fds(before, nonsense)
        served = running.stdout().count("reason=handed-over")
        front = Frontend(self.path())
        front.set_up()
        running.wait_for("reason=handed-over", served + 1)
        front.close()
        self.assertEqual(running.stop(), 0)

    def test_two_front_ends_on_one_socket(self):
        """The guest is free again when the last one leaves, not the first."""
        running = self.start_switch()
        first, second = Frontend(self.path()), Frontend(self.path())
        first.set_up(3)
        second.set_up(3)
        first.close()
        running.process.send_signal(signal.SIGUSR1)
        running.wait_for("^stats ")
        self.assertEqual(running.states("vm1"), ["down", "listening", "negotiating"])
        second.close()
        running.wait_for("negotiating -> listening")
        self.assertEqual(running.stop(), 0)

    def test_device_that_refuses(self):
        running = self.start_switch(vdev=",fail=1")
        front = Frontend(self.path())
        front.set_up()
        running.wait_for("reason=handed-over")
        front.close()
        running.wait_for("reason=disconnected")
        self.assertEqual(running.stop(), 0)

    def test_stats(self):
        running = self.start_switch()
        running.process.send_signal(signal.SIGUSR1)
        running.wait_for("^stats ")
        fields = dict(item.split("=", 1) for item in
                      re.search("^stats (.*)$", running.stdout(), re.M).group(1).split(" "))
        for key, value in (("guest", "vm1"), ("state", "listening"), ("reason", "started"),
                           ("connections", "0"), ("vf", pci_function()), ("changes", "1"),
                           ("events_lost", "0")):
            self.assertEqual(fields[key], value, fields)
        for key in ("queues", "mapped", "irq_direct", "kicks_relayed", "irqs_relayed", "dma_maps",
                    "dma_bytes", "starts", "failures", "link"):
            self.assertEqual(fields[key], "-", fields)  # this driver does not tell
        self.assertEqual(running.stop(), 0)

    def test_stats_interval(self):
        running = self.start_switch(options=["--stats-interval", "1"])
        begin = time.monotonic()
        running.wait_for("^stats guest=vm1 ", 2)
        self.assertGreater(time.monotonic() - begin, 0.9)
        self.assertEqual(running.stop(), 0)

    def test_stale_socket(self):
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(self.path())
        running = self.start_switch()
        self.assertIn(f"guest vm1: removed stale socket {self.path()}", running.stderr())
        Frontend(self.path()).close()
        self.assertEqual(running.stop(), 0)
        self.assertEqual(os.listdir(self.run_dir), [])

    def test_socket_of_a_running_one(self):
        running = self.start_switch()
        self.assert_refused(self.args(), FAILED, "guest vm1: another process listens on socket",
                            left=["vm1.sock"])
        front = Frontend(self.path())  # undisturbed
        front.set_up()
        running.wait_for("reason=handed-over")
        front.close()
        running.wait_for("negotiating -> listening")
        self.assertEqual(running.stop(), 0)

    def test_client_mode(self):
        with socket.socket(socket.AF_UNIX) as listener:
            running = self.start_switch(extra=",mode=client")
            listener.bind(self.path())
            listener.settimeout(30)
            listener.listen()
            for number in (1, 2):  # the second time is a reconnection
                front = Frontend(listener.accept()[0])
                front.set_up()
                running.wait_for("reason=handed-over", number)
                front.close()
                running.wait_for("reason=disconnected", number)
            self.assertEqual(running.stop(), 0)
        self.assertEqual(os.listdir(self.run_dir), ["vm1.sock"])  # the front-end's, not ours

    def test_what_only_vdpa_virtio_can(self):
        for extra, word in ((",queues=2", "queues=2"), (",mac=52:54:00:00:00:01", "mac=")):
            running = self.start(self.args(extra=extra), preload=True)
            self.assertEqual(running.process.wait(60), FAILED, running.stderr())
            error = re.search("^vdpa-switch: guest vm1: (.*)$", running.stderr(), re.M).group(1)
            self.assertIn(word, error)
            self.assertIn("(vdpa_virtio can): leave", error)
            self.assertEqual(running.states("vm1"), ["down", "failed", "down"])
            self.assertEqual(os.listdir(self.run_dir), [])

    def test_signal_at_once(self):
        """A stop that is asked for while the program still starts comes in order as well."""
        for delay in (0.05, 0.1, 0.2):
            running = self.start(self.args(), preload=True)
            time.sleep(delay)
            self.assertIn(running.stop(), (0, -signal.SIGTERM))
            self.assertEqual(os.listdir(self.run_dir), [])

    def test_reader_of_standard_output_goes_away(self):
        """That does not take the guests with it."""
        read, write = os.pipe()
        running = self.start(self.args(), preload=True, stdout=write)
        os.close(write)
        self.assertIn(b" guest vm1: down -> listening ", os.read(read, 4096))
        os.close(read)
        for _ in range(3):
            running.process.send_signal(signal.SIGUSR1)  # prints, to nobody
        Frontend(self.path()).close()
        self.assertEqual(running.stop(), 0)
        self.assertEqual(os.listdir(self.run_dir), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
