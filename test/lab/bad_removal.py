# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
"""VFs are taken away while guests run: their front-ends are told, and the kernel has them soon.

First one VF from its driver, then all of them from the PF. g1 and g4 have their doorbells mapped, as
a guest has; g3's front-end never answers.
"""

import os
import subprocess
import time

from bad_case import run
from switch import check, note

SECONDS = 10  # for the kernel to have all VFs back


def taken(lab, path, value):
    """Written in the background: it returns when the last user of each VF has let go."""
    begin = time.monotonic()
    writer = subprocess.run(["timeout", "40", "sh", "-c", f"echo {value} > {path}"], check=False)
    seconds = time.monotonic() - begin
    name = os.path.basename(path)
    check(f"exit status of the write to {name} (124: it hung)", writer.returncode, "==", 0)
    note(f"it took {seconds:.2f} s")
    check("whole seconds that it took", int(seconds), "<=", SECONDS)
    check("the daemon lives", lab.switch.alive(), "==", True)


def is_gone(lab, guest, mark):
    lab.switch.wait_for(f"guest {guest}: hardware -> failed .*reason=device-gone", mark)
    stats = lab.switch.stats(guest)
    check(f"{guest}: state and reason", (stats["state"], stats["reason"]), "==",
          ("failed", "device-gone"))
    check(f"{guest}: maps, queues", (stats["dma_maps"], stats["queues"]), "==", ("0", "0"))


def one_unbound(lab):
    """One VF is taken from vfio-pci while its guest runs: the guests beside it do not notice."""
    front, beside = lab.connect("g4"), lab.connect("g1")
    lab.bring_up(front, "g4")
    lab.exchange(front, 0, 4)
    lab.bring_up(beside, "g1")
    lab.exchange(beside)
    mark = lab.switch.mark()
    vf = os.environ["LAB_VF4"]
    taken(lab, f"/sys/bus/pci/devices/{vf}/driver/unbind", vf)
    is_gone(lab, "g4", mark)
    check("doorbells left in g4", len(front.channel.doorbells), "==", 0)
    for _ in range(10):
        lab.exchange(beside)
    for guest in "g1", "g2":
        stats = lab.switch.stats(guest)
        check(f"{guest}: state, starts, failures",
              (stats["state"], stats["starts"], stats["failures"]), "==", ("hardware", "1", "0"))
    check("lines of the others meanwhile", lab.switch.count("guest g[123]: ", mark), "==", 0)


def all_removed(lab):
    """sriov_numvfs = 0 while the other guests run."""
    fronts = {"g1": lab.open[1], "g2": lab.neighbour, "g3": lab.connect("g3", doorbell="silent")}
    mark = lab.switch.mark()
    fronts["g3"].set_up()
    lab.switch.wait_for("guest g3: .*-> hardware", mark)
    fronts["g3"].fill()
    lab.exchange(fronts["g3"], 0, 3)
    check("doorbells mapped into g1", sorted(fronts["g1"].channel.doorbells), "==", [0, 1])
    mark = lab.switch.mark()
    taken(lab, f"/sys/bus/pci/devices/{os.environ['LAB_PF']}/sriov_numvfs", 0)
    for guest in fronts:
        is_gone(lab, guest, mark)
    check("doorbells left", sum(len(front.channel.doorbells) for front in fronts.values()), "==", 0)
    held = lab.switch.held()
    check("vfio maps", held["vfio maps"], "==", 0)
    check("KiB locked", held["locked KiB"], "==", 0)
    links = [os.readlink(f"/proc/{lab.switch.pid}/fd/{fd}")
             for fd in os.listdir(f"/proc/{lab.switch.pid}/fd")]
    # EAL has a container of its own, which no function is in
    check("vfio descriptors", [link for link in links if "vfio" in link], "==", ["/dev/vfio/vfio"])


def guests_go_on(lab):
    """The front-ends of VFs that are gone may speak, reset, leave, and come again."""
    for guest in "g1", "g3":
        mark = lab.switch.mark()
        front = lab.connect(guest)
        front.set_up()
        front.sync()
        for ring in 0, 1:
            front.stop_ring(ring)
        front.set_up_again()
        front.sync()
        stats = lab.switch.stats(guest)
        check(f"{guest}: state and reason for a new guest", (stats["state"], stats["reason"]), "==",
              ("failed", "device-gone"))
        check(f"{guest}: starts", lab.switch.count(f"guest {guest}: .*-> hardware", mark), "==", 0)
        front.close()


if __name__ == "__main__":
    run([one_unbound, all_removed, guests_go_on], finish=False)
