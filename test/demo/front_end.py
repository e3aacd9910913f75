# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
"""In a guest's place: DPDK's own testpmd with a virtio-user port, a vhost-user front-end without a
machine around it. Both return each frame that they receive to where it came from; the first serves
a burst of them, which then bounces between the two. Neither needs huge pages or root.
"""

import os
import re

from process import Child

BURST = 32  # frames, of one serve
SILENCE = 3  # seconds without a frame, after which they are taken for lost
COUNTS = re.compile(r"\s*(RX|TX)-packets: (\d+)")


class FrontEnd:
    """testpmd, told what to do and asked for its figures through its prompt."""

    def __init__(self, port, peer, run_dir, limit, serves):
        self.port, self.peer = port, peer
        self.received = self.sent = 0
        self.serves = 0 if serves else None  # so far; None: it only returns
        self.silent = SILENCE  # seconds
        self.before = (0, 0)  # received and sent, by those that ran here earlier
        processors = ",".join(map(str, sorted(os.sched_getaffinity(0))))
        # Its own output would be kept back until there are 4 KB of it.
        self.args = ["stdbuf", "-oL", "dpdk-testpmd", "--no-huge", "-m", "64", "--no-pci",
                     "--no-shconf", "--no-telemetry",
                     f"--lcores=0@({processors}),1@({processors})",
                     f"--vdev=net_virtio_user0,path={port.socket},queues=1,mac={port.mac}",
                     "--", "-i", f"--eth-peer=0,{peer.mac}", "--total-num-mbufs=4096",
                     f"--burst={BURST}", "--forward-mode=macswap"]
        self.args += [] if serves else ["--auto-start"]
        self.run_dir, self.limit = run_dir, limit
        self.child = self._start()

    def _start(self):
        return Child(self.port.name, self.args, self.run_dir / f"{self.port.name}.log", stdin=True,
                     env={"RUNTIME_DIRECTORY": self.run_dir.path}, limit=self.limit)

    def take(self, line):
        counts = COUNTS.match(line)
        if counts and counts[1] == "RX":
            received = self.before[0] + int(counts[2])
            self.port.ready = True
            self.silent = self.silent + 1 if received == self.received else 0
            self.received = received
        elif counts:
            self.sent = self.before[1] + int(counts[2])

    def each_second(self):
        if self.port.returned:
            self._again()
        self._tell("show port stats 0")
        if self.serves is not None and self.silent >= SILENCE and \
                all(port.hardware and port.ready for port in (self.port, self.peer)):
            self._tell("stop", "start tx_first")
            self.serves += 1
            self.silent = 0

    def _again(self):
        """A virtio-user port has its rings set up once in its life, so it takes a new one."""
        self.port.returned = self.port.ready = False
        self.child.kill()
        self.before = (self.received, self.sent)
        self.child = self._start()

    def _tell(self, *lines):
        for line in lines:
            self.child.tell(line)

    @property
    def answered(self):
        return self.received > 0

    @property
    def lost(self):
        """Of the one that serves: frames that neither came back nor can be under way."""
        return max(self.sent - self.received - BURST, 0)

    def stop(self):
        self._tell("stop", "quit")
        return self.child.stop() == 0
