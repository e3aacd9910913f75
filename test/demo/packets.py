# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
"""Counts of packets, as the NIC and the front-ends keep them, and how fast they grow."""

import time

from nic import Unanswered

COUNTERS = ("to", "to_bytes", "from", "from_bytes", "lost")


class Rate:
    """How fast one count grows, measured between its last two samples."""

    def __init__(self):
        self.value = self.when = None
        self.rate = 0.0

    def sample(self, value, when):
        if self.when is not None and when > self.when:
            self.rate = max(value - self.value, 0) / (when - self.when)
        self.value, self.when = value, when


class Packets:
    """Of each port of the NIC's embedded switch that is of interest, to and from what is on it."""

    def __init__(self, telemetry, switch, ends):
        self.telemetry, self.switch, self.ends = telemetry, switch, ends
        self.counts = {}  # by port name: dict of COUNTERS
        self.rates = {}
        self.wire = None  # what the uplink is plugged into

    def sample(self):
        """Ask once. What does not answer keeps its last figures."""
        when = time.monotonic()
        for port in self.switch.ports:
            try:
                self.counts[port.name] = self._vf(port)
            except (Unanswered, KeyError, TypeError):
                pass
        try:
            self.wire, self.counts["uplink"] = self._uplink()
        except (Unanswered, KeyError, TypeError):
            pass
        for name, counts in self.counts.items():
            for key, value in counts.items():
                self._rate(name, key).sample(value, when)
        for end in self.ends:
            for key in ("sent", "received"):
                if hasattr(end, key):
                    self._rate(end.port.name, key).sample(getattr(end, key), when)

    def last_sample(self):
        """For the record: waits for the answers."""
        self.telemetry.close()
        self.telemetry.timeout = 10
        self.sample()

    def _vf(self, port):
        said = self.telemetry.vf(port.number)
        lost = sum(value for key, value in said.items()
                   if key in ("tx_malformed", "rx_no_buffer", "rx_too_long", "rx_link_down"))
        return {"to": said["rx_packets"], "to_bytes": said["rx_bytes"],
                "from": said["tx_packets"], "from_bytes": said["tx_bytes"], "lost": lost}

    def _uplink(self):
        said = self.telemetry.nic()
        # Where nothing is plugged in nothing is lost that could have arrived.
        lost = said["wire_rx_errors"] + (said["wire_tx_errors"] if said["wire"] != "none" else 0)
        return said["wire"], {"to": said["wire_tx_packets"], "to_bytes": said["wire_tx_bytes"],
                "from": said["wire_rx_packets"], "from_bytes": said["wire_rx_bytes"],
                "lost": lost}

    def _rate(self, name, key):
        return self.rates.setdefault((name, key), Rate())

    def of(self, port):
        return self.counts.get(port.name, dict.fromkeys(COUNTERS, 0))

    def rate(self, end, key):
        return self._rate(end.port.name, key).rate

    def rows(self):
        """Of each port that something is or was on: its name, what is on it, counts and rates."""
        for port in self.switch.ports:
            count = self.of(port)
            if port.state not in ("down", "listening") or count["to"] or count["from"]:
                yield f"vf{port.number}", port.name, self._with_rates(port.name, count)
        if "uplink" in self.counts:
            yield "uplink", self.wire, self._with_rates("uplink", self.counts["uplink"])

    def _with_rates(self, name, count):
        rates = {}
        for way in ("to", "from"):
            rates[f"{way}_rate"] = self._rate(name, way).rate
            rates[f"{way}_kb"] = self._rate(name, f"{way}_bytes").rate / 1000
        return {**count, **rates}
