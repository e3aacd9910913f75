# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
"""A guest: QEMU without acceleration by hardware, Debian's kernel with its plain virtio-net driver,
and on its console the pings that it sends to another guest.
"""

import re
import signal
import time

from process import Child

REPLY = re.compile(r"\d+ bytes from \S+: seq=(\d+) ttl=\d+ time=([\d.]+) ms$")
MEGABYTES = 192

# What the kernel would do at boot and nobody needs here is left out: to test its ciphers, read
# certificates, look for pages both writable and executable, look for AGP bridges, and make a folder
# for each trace event. That is most of its time.
APPEND = ("console=ttyS0 quiet loglevel=1 nokaslr mitigations=off nowatchdog init_on_alloc=0 "
          "cryptomgr.notests initcall_blacklist=load_system_certificate_list,tracer_init_tracefs "
          "rodata=off pci=noearly no_timer_check random.trust_cpu=on ipv6.disable=1 apparmor=0 "
          "audit=0")
# Devices that it can do without.
MACHINE = "q35,sata=off,smbus=off,i8042=off,vmport=off,hpet=off,memory-backend=mem"


def command(image, port, append):
    """QEMU's command line for a guest on that port; its console is stdin and stdout."""
    # A page for each doorbell, to map the VF's there. No MSI-X: with that, and a vhost-user NIC,
    # and no KVM, QEMU 7.2 crashes (in virtio-pci, on routes that only KVM has).
    nic = (f"virtio-net-pci,netdev=net,mac={port.mac},disable-legacy=on,page-per-vq=on,vectors=0,"
           "romfile=")
    return ["qemu-system-x86_64", "-name", port.name, "-nodefaults", "-no-user-config",
            "-no-reboot", "-display", "none", "-M", MACHINE, "-bios", "qboot.rom",
            "-accel", "tcg,thread=single", "-cpu", "qemu64", "-m", str(MEGABYTES),
            "-object", f"memory-backend-memfd,id=mem,size={MEGABYTES}M,share=on",
            "-kernel", f"{image}/kernel", "-initrd", f"{image}/initramfs",
            "-append", f"{APPEND} GUEST_ADDRESS={port.address}/24 {append}",
            "-chardev", f"socket,id=vhost,path={port.socket}",
            "-netdev", "vhost-user,id=net,chardev=vhost", "-device", nic]


class Ping:
    """What is known of a row of pings."""

    KEPT = 60

    def __init__(self):
        self.replies = 0
        self.lost = 0
        self.last = None  # sequence number
        self.when = None  # the last reply came
        self.times = []  # ms, the latest last
        self.best, self.worst, self.sum = None, None, 0.0

    def reply(self, seq, ms):
        self.replies += 1
        if self.last is not None and seq > self.last:
            self.lost += seq - self.last - 1
        self.last = seq
        self.when = time.monotonic()
        self.times = self.times[1 - self.KEPT:] + [ms]
        self.best = ms if self.best is None else min(ms, self.best)
        self.worst = ms if self.worst is None else max(ms, self.worst)
        self.sum += ms

    @property
    def silent(self):
        """Whole seconds without a reply, once there was one."""
        return 0 if self.when is None else int(time.monotonic() - self.when)

    @property
    def mean(self):
        return self.sum / self.replies if self.replies else None


class Guest:
    """One of the two that ping each other."""

    def __init__(self, image, port, peer, run_dir, limit):
        self.port, self.peer = port, peer
        self.up = None  # seconds that it took to boot, by its own clock
        self.ping = Ping()
        args = command(image, port, f"GUEST_PEER={peer.address}")
        self.child = Child(port.name, args + ["-chardev", "stdio,id=console,signal=off",
                                              "-serial", "chardev:console"],
                           run_dir / f"{port.name}.log", stdin=True, limit=limit)

    def take(self, line):
        """One line of its console."""
        reply = REPLY.search(line)
        if reply:
            self.ping.reply(int(reply[1]), float(reply[2]))
        elif line.startswith("@up "):
            self.up = float(line.split()[1])
        elif line.startswith("@again") or line.startswith("PING "):
            self.ping.last = None

    def each_second(self):
        if self.port.returned:
            self.port.returned = False
            self.child.tell("again")

    @property
    def answered(self):
        """Whether at least one frame of its went to its peer and one came back."""
        return self.ping.replies > 0

    def stop(self):
        """Returns whether it ended by itself when told to."""
        self.child.signal(signal.SIGTERM)
        return self.child.stop() is not None
