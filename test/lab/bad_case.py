# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
"""What the bad-input scripts have in common: a guest under test and one that must not notice.

Guest g1 is on VF 1 and misbehaves. Guest g2, on VF 2, is good and stays; it is whom g1 exchanges
frames with, over the wire between the VFs. After each case, settled() shows that the daemon holds
what it held before, and served() that it still serves a good guest.

Scripts run it as: CASES.py PID STDOUT STDERR FOLDER-OF-SOCKETS [CASE...].
"""

import json
import os
import sys
import time
import traceback

from frontend import F_MRG_RXBUF, Frontend
from switch import Failed, Switch, check, note, wait


def mac(function):
    """Of VF N, as machine.sh gives them out; the bridge knows it by that."""
    return bytes([0x52, 0x54, 0, 0, 1, function])


class Lab:
    """The daemon, its good guest g2, and what it held when only that was there.

    kick: how kicks reach these VFs, "mapped" or "relayed"
    """

    def __init__(self, argv, kick="mapped"):
        self.folder, self.kick = argv[4], kick
        self.switch = Switch(int(argv[1]), argv[2], argv[3])
        self.frames = 0
        self.open = []  # front-ends of the case
        self.neighbour = self.connect("g2", features=F_MRG_RXBUF)
        self.bring_up(self.neighbour, "g2")
        self.open = []
        self.before = self.switch.held()
        self.rss = self.switch.resident_kb()

    def path(self, guest):
        return f"{self.folder}/{guest}.sock"

    def connect(self, guest="g1", **options):
        front = Frontend(self.path(guest), **options)
        self.open.append(front)
        return front

    def close_all(self):
        """What a case that failed may have left open."""
        for front in self.open:
            front.close()
        self.open = []

    def bring_up(self, front, guest="g1", kick=None):
        """The whole set-up, until the VF runs and it is settled how kicks reach it."""
        mark = self.switch.mark()
        front.set_up()
        self.running(front, guest, mark, kick)

    def running(self, front, guest, mark, kick=None):
        self.switch.wait_for(f"guest {guest}: .*-> hardware", mark)
        text = {"mapped": "doorbells mapped", "relayed": "kicks relayed"}[kick or self.kick]
        self.switch.wait_for(f"guest {guest}: .*{text}", mark)
        front.fill()

    def exchange(self, front, pair=0, function=1, flow=None):
        """A frame each way between a guest and g2. Returns the ring that the answer came on.

        flow: by default the pair's own, whose answers come back to the pair
        """
        flow = pair if flow is None else flow
        self.frames += 1
        text = f"frame {self.frames}.".encode()
        if not front.send_frame(mac(2), mac(function), text, pair, flow=flow):
            raise Failed(f"the device did not take {text.decode()} from pair {pair}")
        if self.neighbour.receive(text) is None:
            raise Failed(f"{text.decode()} from pair {pair} did not arrive")
        if not self.neighbour.send_frame(mac(function), mac(2), text, flow=flow):
            raise Failed(f"the device did not take g2's {text.decode()}")
        ring = front.receive(text)
        if ring is None:
            raise Failed(f"g2's {text.decode()} did not arrive")
        return ring

    def wait_gone(self, mark, guest="g1"):
        self.switch.wait_for(f"guest {guest}: .*-> listening", mark)

    def settled(self, guest="g1", leaked=0):
        """Nothing of the guest is left; waits for the daemon to finish. Returns what is held.

        leaked: descriptors that lib/vhost may have left open at most, see bad_rings.sh
        """
        held = {}

        def same():
            held.clear()
            held.update(self.switch.held())
            for more in range(leaked + 1):
                if held == dict(self.before, fds=self.before["fds"] + more):
                    self.before = dict(held)
                    return True
            return False
        try:
            wait(5, "baseline", same)
        except Failed as failed:
            raise Failed(f"held: {held}, before: {self.before}") from failed
        stats = self.switch.stats(guest)
        for key in ("dma_maps", "dma_bytes", "queues", "mapped", "connections"):
            if stats[key] != "0":
                raise Failed(f"{key} of {guest} without a guest: {stats[key]}")
        return held

    def served(self, guest="g1", function=1, **options):
        """A good guest's whole life. Returns seconds until its frames had crossed."""
        begin = time.monotonic()
        front = self.connect(guest, **options)
        self.bring_up(front, guest)
        for pair in range(front.pairs):
            self.exchange(front, pair, function)
        seconds = time.monotonic() - begin
        mark = self.switch.mark()
        front.close()
        self.wait_gone(mark, guest)
        return seconds

    def recovered(self, name, guest="g1", function=1, leaked=0, **options):
        """Baseline, good guest, baseline; one line for it all."""
        fds = self.before["fds"]
        held = self.settled(guest, leaked)
        seconds = self.served(guest, function, **options)
        self.settled(guest)
        as_before = "as before" if held["fds"] == fds else f"{held['fds'] - fds} fds more"
        print(f"ok   {name}: holds {held['fds']} fds, {held['vfio maps']} vfio maps, "
              f"{held['locked KiB']} KiB locked, {as_before}; a good guest was served "
              f"in {seconds:.2f} s", flush=True)

    def refused(self, name, reason, mark, guest="g1"):
        """The daemon said that it failed, with this reason, and holds nothing of the guest."""
        line = self.switch.wait_for(rf"guest {guest}: .*reason={reason}\b", mark)
        stats = self.switch.stats(guest)
        check(f"{name}: state", stats["state"], "==", "failed")
        check(f"{name}: reason", stats["reason"], "==", reason)
        if (stats["dma_maps"], stats["queues"]) != ("0", "0"):
            raise Failed(f"{name}: {stats['dma_maps']} maps, {stats['queues']} queues left")
        note(line[line.index("guest "):])
        return stats

    def finish(self):
        """g2 was never disturbed; memory did not grow."""
        self.settled()
        stats = self.switch.stats("g2")
        check("starts of the guest beside, which was not to notice", stats["starts"], "==", "1")
        check("its failures", stats["failures"], "==", "0")
        self.neighbour.close()


def monitor(command, **arguments):
    """A command to the QEMU that L1 runs in."""
    log = "/.lab/monitor"
    before = os.stat(log).st_size
    with open(os.environ["LAB_MONITOR"], "wb", buffering=0) as port:
        port.write(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")

    def answered():
        with open(log, encoding="utf-8") as file:
            file.seek(before)
            for line in file.read().splitlines():
                if '"return"' in line or '"error"' in line:
                    return line
        return None
    answer = wait(30, f"answer to {command}", answered)
    if '"error"' in answer:
        raise Failed(f"{command}: {answer}")


def set_link(function, up):
    monitor("set_link", name=f"vf{function}", up=up)


def run(cases, kick="mapped", finish=True):
    """Each case with the lab, also after one that failed; the exit status tells.

    finish: g2 is to be there at the end as it was at the beginning
    """
    lab, failed = Lab(sys.argv, kick), []
    only = sys.argv[5:]
    for case in cases:
        if only and case.__name__ not in only:
            continue
        note(case.__doc__.splitlines()[0])
        begin = time.monotonic()
        try:
            case(lab)
        except Exception as error:
            if not isinstance(error, Failed):
                traceback.print_exc(file=sys.stdout)
            print("FAIL", error, flush=True)
            failed.append(case.__name__)
        if finish or failed:
            lab.close_all()
        if not lab.switch.alive():
            print("FAIL vdpa-switch ended", flush=True)
            sys.exit(1)
        note(f"took {time.monotonic() - begin:.1f} s")
    try:
        if finish:
            lab.finish()
    except Failed as error:
        print("FAIL", error, flush=True)
        failed.append("finish")
    if failed:
        print("FAIL cases:", *failed, flush=True)
        sys.exit(1)
