# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
"""What a simulated NIC tells about itself, asked through the telemetry socket of the process that
it lives in. A question has a deadline; one that is not answered is asked anew the next time.
"""

import json
import os
import socket

NIC = "net_nicsim0"
TIMEOUT = 0.5  # seconds; what is shown must not wait longer


class Unanswered(Exception):
    """The process is not there, or said nothing in time."""


class Telemetry:
    def __init__(self, run_dir):
        self.path = f"{run_dir}/dpdk/demo/dpdk_telemetry.v2"
        self.socket = None
        self.timeout = TIMEOUT
        self.limit = 0

    def close(self):
        if self.socket is not None:
            self.socket.close()
        self.socket = None

    def _connect(self):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(self.timeout)
        # The path may be longer than an address can be.
        folder = os.open(os.path.dirname(self.path), os.O_PATH | os.O_DIRECTORY)
        try:
            self.socket.connect(f"/proc/self/fd/{folder}/{os.path.basename(self.path)}")
        finally:
            os.close(folder)
        self.limit = json.loads(self.socket.recv(1024))["max_output_len"]

    def ask(self, command):
        """The answer to a command such as "/nicsim/list"."""
        try:
            if self.socket is None:
                self._connect()
            self.socket.send(command.encode())
            answer = json.loads(self.socket.recv(self.limit))
        except (OSError, ValueError, KeyError) as error:
            self.close()
            raise Unanswered(f"{command}: {error}") from error
        return next(iter(answer.values()), None)

    def vf(self, number):
        """What one VF of the demonstration's NIC counts."""
        return self.ask(f"/nicsim/vf,{NIC},vf{number}")

    def nic(self):
        """What the NIC itself counts."""
        return self.ask(f"/nicsim/nic,{NIC}")
