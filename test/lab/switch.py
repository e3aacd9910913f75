# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
"""A running vdpa-switch as tests see it: its lines, its statistics, what it holds; and assertions.

Assertions print what they measured, as lib.sh does, and raise Failed.
"""

import os
import re
import signal
import time


class Failed(Exception):
    """An assertion that does not hold."""


OPERATORS = {
    "==": lambda a, b: a == b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
}


def note(text):
    print("--", text, flush=True)


def check(name, a, operator, b):
    if not OPERATORS[operator](a, b):
        raise Failed(f"{name}: {a}, wanted {operator} {b}")
    print(f"ok   {name}: {a} {operator} {b}", flush=True)


def wait(seconds, what, condition):
    """Until the condition is true; returns its value."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f"not within {seconds} s: {what}")
        time.sleep(0.005)


def pairs(line):
    """key=value items of a line."""
    return dict(item.split("=", 1) for item in line.split() if "=" in item)


class Switch:
    """A vdpa-switch by its pid; its standard output and error are in files."""

    def __init__(self, pid, out, err):
        self.pid, self.out, self.err = pid, out, err

    def alive(self):
        try:
            with open(f"/proc/{self.pid}/stat", encoding="ascii") as stat:
                return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
        except FileNotFoundError:
            return False

    def _from(self, path, mark):
        with open(path, encoding="utf-8", errors="replace") as file:
            file.seek(mark)
            return file.read()

    def mark(self):
        """A place in the output, for said() and wait_for()."""
        return os.stat(self.out).st_size

    def error_mark(self):
        return os.stat(self.err).st_size

    def said(self, mark=0):
        return self._from(self.out, mark)

    def logged(self, mark=0):
        return self._from(self.err, mark)

    def count(self, pattern, mark=0):
        return len(re.findall(pattern, self.said(mark), re.M))

    def wait_for(self, pattern, mark, seconds=60):
        """A line with the pattern, said after the mark."""
        def said():
            if not self.alive():
                raise Failed(f"vdpa-switch ended while '{pattern}' was waited for")
            return re.search(f"^.*{pattern}.*$", self.said(mark), re.M)
        return wait(seconds, f"'{pattern}'", said)[0]

    def stats(self, guest):
        """What SIGUSR1 prints of a guest: a dictionary; under "queue", one for each queue."""
        mark = self.mark()
        os.kill(self.pid, signal.SIGUSR1)
        self.wait_for(rf"stats guest={guest} .*\n", mark)
        # the queues' lines come in the same breath, the last line of all may be half there
        last = -1
        while last != self.mark():
            last = self.mark()
            time.sleep(0.01)
        lines = self.said(mark).splitlines()
        stats = pairs(next(line for line in lines if line.startswith(f"stats guest={guest} ")))
        stats["queue"] = {int(q["queue"]): q for q in map(pairs, lines)
                          if q.get("guest") == guest and "queue" in q}
        return stats

    def held(self):
        """What it holds: descriptors, vfio's mappings, locked KiB, threads."""
        vfio = 0
        with open(f"/proc/{self.pid}/maps", encoding="utf-8") as maps:
            vfio = sum("vfio" in line for line in maps)
        with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
            fields = dict(line.split(":", 1) for line in status)
        return {
            "fds": len(os.listdir(f"/proc/{self.pid}/fd")),
            "vfio maps": vfio,
            "memfd maps": self.guest_maps(),
            "locked KiB": int(fields["VmLck"].split()[0]),
            "threads": int(fields["Threads"]),
        }

    def guest_maps(self):
        with open(f"/proc/{self.pid}/maps", encoding="utf-8") as maps:
            return sum("/memfd:guest" in line for line in maps)

    def resident_kb(self):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
            fields = dict(line.split(":", 1) for line in status)
        return int(fields["VmRSS"].split()[0])
