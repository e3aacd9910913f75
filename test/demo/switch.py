# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
"""vdpa-switch, on a simulated NIC: how it is started, and what its lines say."""

import os
import re
import signal

from nic import NIC
from process import Child

STATE = re.compile(r"\S*T([\d:]+)\.\d+Z guest (\S+): (\S+)(?: -> (\S+))? \((.*)\) reason=(\S+)$")


class Port:
    """A guest as vdpa-switch sees it: one VF, one socket."""

    def __init__(self, number, socket):
        self.number = number  # of the VF
        self.name = f"guest{number + 1}"
        self.vf = f"{NIC}_vf{number}"
        self.mac = f"52:54:00:00:00:{number + 1:02x}"
        self.address = f"10.9.0.{number + 1}"
        self.socket = socket
        self.state = "down"
        self.figures = {}  # of its last "stats" line
        self.rings = {}  # by number, of its last "stats-queue" lines
        self.ready = False  # who is on it said that he takes frames
        self.returned = False  # its VF came back: whoever is on it must start anew

    @property
    def hardware(self):
        return self.state == "hardware"

    def all_rings(self, key):
        """The value that all rings have, or None. No ring: None."""
        values = {ring.get(key) for ring in self.rings.values()}
        return values.pop() if len(values) == 1 else None


class Switch:
    """The process, and what it last said of each guest."""

    def __init__(self, build, run_dir, vfs, mode="legacy"):
        self.ports = [Port(n, run_dir / f"guest{n + 1}.sock") for n in range(vfs)]
        self.events = []  # (time of day, text), the latest last
        processors = ",".join(map(str, sorted(os.sched_getaffinity(0))))
        # "legacy": the NIC's embedded switch is a bridge between its VFs.
        args = [f"{build}/app/vdpa-switch/vdpa-switch", f"--lcores=0@({processors})",
                "--no-huge", "-m", "64", "--file-prefix=demo",
                f"-d{build}/drivers/net/nicsim/librte_net_nicsim.so",
                f"--vdev={NIC},vfs={vfs},eswitch={mode}",
                "--log-level=lib.vhost.*:warning", "--"]
        for port in self.ports:
            args += ["--guest", f"name={port.name},socket={port.socket},vf={port.vf},"
                                f"mac={port.mac}"]
        args += ["--stats-interval", "1"]
        self.child = Child("vdpa-switch", args, run_dir / "vdpa-switch.log",
                           env={"RUNTIME_DIRECTORY": run_dir.path})

    def take(self, line):
        """One line of its standard output. Returns whether it tells of a change."""
        state = STATE.match(line)
        if state:
            when, name, old, new, text, reason = state.groups()
            port = self._port(name)
            port.state = new or old
            port.returned |= reason == "returned"
            change = f"{old} -> {new}" if new else old
            self.events.append((when, f"{name}: {change} ({text})"))
            del self.events[:-50]
            return True
        kind, _, rest = line.partition(" ")
        if kind not in ("stats", "stats-queue"):
            return False
        values = dict(item.partition("=")[::2] for item in rest.split())
        port = self._port(values.get("guest"))
        if kind == "stats":
            port.figures = values
            port.rings = {}
        else:
            port.rings[int(values["queue"])] = values
        return False

    def _port(self, name):
        return next(port for port in self.ports if port.name == name)

    def stop(self):
        """In order; returns whether it ended as it should."""
        self.child.signal(signal.SIGTERM)
        status = self.child.stop()
        # Before its first steps it dies of the signal, with nothing to undo.
        return status == 0 or status == -signal.SIGTERM and not self.events
