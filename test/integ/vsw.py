# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
"""Runs vdpa-switch for tests: in a folder of its own, no longer than it should, leaving nothing.

Environment, set by meson: VDPA_SWITCH the program, OTHER_VDPA a vDPA driver to load into it (empty:
none), VDPA_VERSION the project's.
"""

import ctypes
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

PROGRAM = os.environ["VDPA_SWITCH"]
OTHER_VDPA = os.environ.get("OTHER_VDPA", "")

# No huge pages, no files of EAL's own, nothing of the machine.
EAL = ["--no-huge", "-m", "64", "--no-shconf", "--no-telemetry", "-l", "0"]

TIMEOUT = 60  # no single step takes a second on an idle machine

PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2


def drop_dac():
    """In a child: modes of files count for root as well after its exec."""
    libc = ctypes.CDLL(None, use_errno=True)
    for cap in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
        if libc.prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_CAPBSET_DROP)")


def pci_function():
    """A PCI bridge, of which nothing but the address is used; None: there is none."""
    top = "/sys/bus/pci/devices"
    for name in sorted(os.listdir(top)) if os.path.isdir(top) else []:
        with open(f"{top}/{name}/vendor", encoding="ascii") as vendor, \
                open(f"{top}/{name}/class", encoding="ascii") as kind:
            if vendor.read().strip() != "0x1af4" and kind.read().startswith("0x06"):
                return name
    return None


class Running:
    """A vdpa-switch that was started. Its output goes to files, so it never waits for a reader."""

    def __init__(self, folder, args, preload=False, stdout=None):
        self.out, self.err = f"{folder}/stdout", f"{folder}/stderr"
        env = dict(os.environ, LC_ALL="C")
        if preload:
            # EAL's -d takes nothing from below a folder that anybody may write to, such as /tmp
            env["LD_PRELOAD"] = OTHER_VDPA
            env["ASAN_OPTIONS"] = env.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = subprocess.Popen([PROGRAM] + args, stdin=subprocess.DEVNULL,
                                            stdout=out if stdout is None else stdout, stderr=err,
                                            env=env, cwd=folder)

    def stdout(self):
        with open(self.out, encoding="utf-8") as file:
            return file.read()

    def stderr(self):
        with open(self.err, encoding="utf-8") as file:
            return file.read()

    def wait_for(self, pattern, count=1):
        """Until standard output has had so many lines with the pattern."""
        end = time.monotonic() + TIMEOUT
        while len(re.findall(pattern, self.stdout(), re.M)) < count:
            if self.process.poll() is not None:
                raise AssertionError(f"ended ({self.process.returncode}) before '{pattern}':\n"
                                     f"{self.stdout()}{self.stderr()}")
            if time.monotonic() > end:
                raise AssertionError(f"no '{pattern}' within {TIMEOUT} s:\n"
                                     f"{self.stdout()}{self.stderr()}")
            time.sleep(0.01)

    def stop(self, *signals):
        """Signal it and return its exit status."""
        for number in signals or (signal.SIGTERM,):
            self.process.send_signal(number)
        return self.process.wait(TIMEOUT)

    def fds(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def wait_for_fds(self, count, after):
        """lib/vhost closes descriptors of a front-end after it has said that it left."""
        end = time.monotonic() + TIMEOUT
        while self.fds() != count:
            if time.monotonic() > end:
                raise AssertionError(f"{self.fds()} descriptors after {after}, {count} before")
            time.sleep(0.01)

    def states(self, guest):
        """The states that the guest has been in, from the first line on."""
        seen = re.findall(rf"guest {guest}: (\S+) -> (\S+) ", self.stdout())
        return [seen[0][0]] + [to for _, to in seen] if seen else []

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class SwitchTest(unittest.TestCase):
    """Gives each test a folder, and sees to it that no process is left over."""

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="vsw-")
        self.addCleanup(shutil.rmtree, self.dir)
        self.run_dir = f"{self.dir}/run"  # where sockets go; the output is not in it
        os.mkdir(self.run_dir)

    def path(self, name="vm1.sock"):
        return f"{self.run_dir}/{name}"

    def guest(self, name="vm1", vf="0000:ff:1f.7", extra=""):
        return ["--guest", f"socket={self.path(name + '.sock')},vf={vf}{extra}"]

    def start(self, args, preload=False, stdout=None):
        running = Running(self.dir, args, preload, stdout)
        self.addCleanup(running.end)
        return running

    def run_to_end(self, args, **popen):
        return subprocess.run([PROGRAM] + args, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=TIMEOUT, cwd=self.dir, check=False,
                              env=dict(os.environ, LC_ALL="C"), **popen)

    def assert_refused(self, args, status, *words, left=(), eal=False, **popen):
        """It ends with the status, says the words in one line of its own, leaves only `left`."""
        result = self.run_to_end(args, **popen)
        ours = [line for line in result.stderr.splitlines() if line.startswith("vdpa-switch: ")]
        self.assertEqual(result.returncode, status, result.stderr)
        self.assertEqual(len(ours), 1, result.stderr)
        for word in words:
            self.assertIn(word, ours[0])
        if not eal:
            self.assertNotIn("EAL", result.stderr.replace(ours[0], ""), "EAL was touched")
            self.assertEqual(result.stdout, "")
        self.assertEqual("Try 'vdpa-switch --help'." in result.stderr, status == 2)
        self.assertEqual(sorted(os.listdir(self.run_dir)), sorted(left))
        return result
