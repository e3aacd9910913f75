#!/usr/bin/python3 -B
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
"""./demo as people meet it: unattended, on a terminal, misused, ended, and killed.

Environment, set by meson: DEMO the script, DEMO_BUILD the build tree. Whatever is started has a
limit. After each test nothing of it may be left: no process, no socket, no file.
"""

import fcntl
import glob
import json
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest

DEMO = os.environ["DEMO"]
BUILD = os.environ["DEMO_BUILD"]
LIMIT = 150  # of one run; one takes 15 s on an idle machine
TOOLS = ("qemu-system-x86_64", "busybox", "cpio", "dpdk-testpmd")
ROWS, COLUMNS = 24, 80

sys.path.insert(0, os.path.join(os.path.dirname(DEMO), "test", "demo"))


class Terminal:
    """As much of one as the view needs: cursor home, new lines, two screens."""

    CONTROL = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])")

    def __init__(self):
        self.main = self.now = self.blank()
        self.row = self.column = 0
        self.saved = (0, 0)
        self.rest = ""
        self.cursor = True

    @staticmethod
    def blank():
        return [[" "] * COLUMNS for _ in range(ROWS)]

    def feed(self, text):
        self.rest += text
        while self.rest:
            control = self.CONTROL.match(self.rest)
            if control:
                self.rest = self.rest[control.end():]
                self.control(*control.groups())
            elif self.rest[0] == "\x1b" and len(self.rest) < 16:
                return  # its end is still to come
            else:
                self.put(self.rest[0])
                self.rest = self.rest[1:]

    def control(self, number, kind):
        if kind == "H":
            self.row = self.column = 0
        elif number == "?1049" and kind == "h":
            self.now, self.saved = self.blank(), (self.row, self.column)
        elif number == "?1049":
            self.now, (self.row, self.column) = self.main, self.saved
        elif number == "?25":
            self.cursor = kind == "h"

    def put(self, mark):
        if mark == "\r":
            self.column = 0
        elif mark == "\n" and self.row < ROWS - 1:
            self.row += 1
        elif mark == "\n":
            self.now.append([" "] * COLUMNS)
            del self.now[0]
        else:
            if self.column >= COLUMNS:
                raise AssertionError(f"line {self.row} is longer than the terminal is wide")
            self.now[self.row][self.column] = mark
            self.column += 1

    def text(self):
        return "\n".join("".join(line).rstrip() for line in self.now)


class OnTerminal:
    """./demo on a terminal of its own."""

    def __init__(self, args, env):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update({"TERM": "xterm", **env})
            os.execv(args[0], args)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.modes = termios.tcgetattr(self.fd)
        self.terminal = Terminal()
        self.raw = b""
        self.status = None

    def pump(self, seconds):
        """Take what it writes for so long. Returns whether it goes on."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return False
        self.raw += data
        self.terminal.feed(data.decode("utf-8", "replace"))
        return bool(data)

    def wait_for(self, pattern):
        end = time.monotonic() + LIMIT
        while not re.search(pattern, self.terminal.text(), re.M):
            if not self.pump(0.1) or time.monotonic() > end:
                raise AssertionError(f"no '{pattern}' on:\n{self.terminal.text()}")

    def wait(self):
        end = time.monotonic() + LIMIT
        while self.pump(0.1):
            if time.monotonic() > end:
                raise AssertionError(f"does not end:\n{self.terminal.text()}")
        self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.status

    def end(self):
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)


class DemoTest(unittest.TestCase):
    """Each test has a folder of its own for what runs, and looks there for what is left."""

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="demo-test-")
        self.addCleanup(shutil.rmtree, self.dir)
        self.env = {"XDG_RUNTIME_DIR": self.dir, "TMPDIR": self.dir}

    def args(self, *args):
        return [DEMO, "--build", BUILD, "--no-setup", "--no-build", *args]

    def run_to_end(self, *args):
        return subprocess.run(self.args(*args), stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=LIMIT, check=False,
                              env=dict(os.environ, **self.env))

    def start(self, *args, out=subprocess.DEVNULL):
        process = subprocess.Popen(self.args(*args), stdin=subprocess.DEVNULL, stdout=out,
                                   stderr=subprocess.STDOUT, text=True,
                                   env=dict(os.environ, **self.env))
        self.addCleanup(self.reap, process)
        return process

    @staticmethod
    def reap(process):
        process.kill()
        process.wait()
        if process.stdout and not process.stdout.closed:
            process.stdout.close()

    def on_terminal(self, *args, **env):
        running = OnTerminal(self.args(*args), {**self.env, **env})
        self.addCleanup(running.end)
        return running

    def processes(self):
        """What runs with the test's folder in its arguments or environment."""
        found = []
        for path in glob.glob("/proc/[0-9]*"):
            try:
                with open(f"{path}/environ", "rb") as environ, \
                        open(f"{path}/cmdline", "rb") as cmdline:
                    words = cmdline.read().replace(b"\0", b" ").decode()
                    if f"XDG_RUNTIME_DIR={self.dir}".encode() in environ.read().split(b"\0"):
                        found.append(words)
            except OSError:
                continue
        return found

    def assert_nothing_left(self, seconds=0):
        end = time.monotonic() + seconds
        while (self.processes() or os.listdir(self.dir)) and time.monotonic() < end:
            time.sleep(0.1)
        self.assertEqual(self.processes(), [])
        self.assertEqual(os.listdir(self.dir), [])


class Unattended(DemoTest):
    def check(self, result):
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertNotIn("FAIL", result.stdout)
        self.assertIn("All has ended, and nothing is left.", result.stdout)
        for guest in ("guest1", "guest2"):
            self.assertRegex(result.stdout, rf"guest {guest}: negotiating -> hardware \(2 queues")
            self.assertIn(f"ok   {guest}: mode is hardware", result.stdout)
        self.assert_nothing_left()

    def figures(self, text, guest):
        """key=value of the guest's last line."""
        line = [line for line in text.splitlines() if re.match(rf"\d:\d\d:\d\d {guest} ", line)][-1]
        return dict(item.split("=") for item in line.split()[2:])

    def test_guests(self):
        result = self.run_to_end("--seconds", "6")
        self.check(result)
        replies = [int(n) for n in re.findall(r"(\d+) of its pings answered", result.stdout)]
        frames = re.findall(r"its VF took (\d+) frames and gave it (\d+)", result.stdout)
        self.assertGreaterEqual(min(replies), 3)
        for number in (int(n) for pair in frames for n in pair):
            self.assertGreaterEqual(number, sum(replies))  # its own requests, and its answers
        for guest in ("guest1", "guest2"):
            figures = self.figures(result.stdout, guest)
            self.assertEqual((figures["kick"], figures["irq"]), ("mapped", "direct"))

    def test_front_ends(self):
        result = self.run_to_end("--no-guests", "--seconds", "4")
        self.check(result)
        one, two = (self.figures(result.stdout, guest) for guest in ("guest1", "guest2"))
        self.assertGreater(int(one["received"]), 1000)
        self.assertLessEqual(abs(int(two["received"]) - int(two["sent"])), 64)

    def test_it_can_fail(self):
        """Its checks are about what happens: with one VF's link down no ping is answered."""
        process = self.start("--seconds", "10", out=subprocess.PIPE)
        for line in process.stdout:
            if re.search(r"guest2 .* replies=[1-9]", line):
                break
        self.assertEqual(self.ask("fault", "vf0", "link-down").returncode, 0)
        rest, _ = process.communicate(timeout=LIMIT)
        self.assertEqual(process.returncode, 1, rest)
        self.assertRegex(rest, r"FAIL guest1: \d+ of its pings answered")
        self.assert_nothing_left()

    def ask(self, *args):
        return subprocess.run([DEMO, *args], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=LIMIT, check=False,
                              env=dict(os.environ, **self.env))


class Live(DemoTest):
    def assert_given_back(self, running):
        self.assertTrue(running.terminal.cursor)
        self.assertIs(running.terminal.now, running.terminal.main)
        self.assertIn("All has ended, and nothing is left.", running.terminal.text())

    def test_guests(self):
        running = self.on_terminal(LANG="C.UTF-8", LC_ALL="C.UTF-8", NO_COLOR="")
        running.wait_for(r"^ guest1 to guest2, 10\.9\.0\.2 +[3-9] +0 .* [▁-█]{3,}")
        screen = running.terminal.text()
        for pattern in (r"^ vdpa-switch on a simulated NIC +running +0:00:\d\d$",
                        r"^ guest1 +hardware +0 +up +2 +mapped +direct +\d+ kicks, 0 irqs$",
                        r"^ guest2 +hardware +1 +up +2 +mapped +direct +\d+ kicks, 0 irqs$",
                        r"^ guest3 +listening +2 +free: \./demo guest",
                        r"^ vf0 +guest1 +\d+ +\d+ +\d+ +\d+ +\d+ +\d+ +\d+$",
                        r"^ vf1 +guest2 +[1-9]", r"^ uplink none", r"^ guest2 to guest1",
                        r"^ \./demo fault vf0 gone", r"Ctrl-C"):
            self.assertRegex(screen, re.compile(pattern, re.M))
        self.assertIn(b"\x1b[32m", running.raw)
        self.assertFalse(running.terminal.cursor)
        self.gone_and_back(running)
        os.write(running.fd, b"\x03")
        self.assertEqual(running.wait(), 0)
        self.assert_given_back(running)
        self.assert_nothing_left()

    def gone_and_back(self, running):
        """What it says to type next, typed."""
        self.tell("fault", "vf0", "gone")
        running.wait_for(r"^ guest1 +failed")
        running.wait_for(r"^ guest2 to guest1, .* silent \d+ s")
        self.tell("fault", "vf0", "return")
        running.wait_for(r"^ guest1 +hardware +0 +up +2 +mapped")
        running.wait_for(r"^ guest2 to guest1, 10\.9\.0\.1 +\d+ +\d+ .* [▁-█]{3,}")
        told = json.loads(self.tell("ask", "/nicsim/vf,net_nicsim0,vf0"))
        self.assertEqual((told["gone"], told["link_up"], told["violation"]), (0, 1, ""))

    def tell(self, *args):
        result = subprocess.run([DEMO, *args], stdin=subprocess.DEVNULL, capture_output=True,
                                text=True, timeout=LIMIT, check=False,
                                env=dict(os.environ, **self.env))
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def test_front_ends(self):
        """Without colour and UTF-8; ended with q."""
        running = self.on_terminal("--no-guests", NO_COLOR="1", LC_ALL="C")
        running.wait_for(r"^ guest1, testpmd +[1-9][\d,]* .* us$")
        self.assertRegex(running.terminal.text(),
                         re.compile(r"^ guest2 +hardware +1 +up +2 +relay +direct", re.M))
        screen = running.raw[running.raw.index(b"\x1b[?1049h"):]
        self.assertNotIn(b"m", re.findall(rb"\x1b\[[\d;]*([A-Za-z])", screen))
        screen.decode("ascii")
        os.write(running.fd, b"q")
        self.assertEqual(running.wait(), 0)
        self.assert_given_back(running)
        self.assertEqual(termios.tcgetattr(running.fd)[:4], running.modes[:4])
        self.assert_nothing_left()

    def test_early_end(self):
        """Ctrl-C while things are still starting."""
        for after in (0, 0.3, 1.5):
            running = self.on_terminal()
            running.wait_for("vdpa-switch on a simulated NIC")
            end = time.monotonic() + after
            while time.monotonic() < end:
                running.pump(0.05)
            os.write(running.fd, b"\x03")
            self.assertEqual(running.wait(), 0, running.terminal.text())
            self.assert_given_back(running)
            self.assert_nothing_left()


class Ended(DemoTest):
    def test_killed(self):
        """SIGKILL, which it cannot see: all that it started ends all the same."""
        for args in ((), ("--no-guests",)):
            process = self.start(*args, out=subprocess.PIPE)
            for line in process.stdout:
                if "guest2 mode=hardware" in line:
                    break
            self.assertGreater(len(self.processes()), 3)
            process.kill()
            process.communicate()
            self.assert_nothing_left(seconds=20)

    def test_terminated(self):
        process = self.start(out=subprocess.PIPE)
        for line in process.stdout:
            if "guest1 mode=negotiating" in line:
                break
        process.terminate()
        process.communicate(timeout=LIMIT)
        self.assertEqual(process.returncode, 0)
        self.assert_nothing_left()

    def test_guest_dies(self):
        """A guest that ends by itself ends the demonstration, with what it said."""
        process = self.start("--seconds", "60", out=subprocess.PIPE)
        for line in process.stdout:
            if "guest1 mode=hardware" in line:
                break
        for path in glob.glob("/proc/[0-9]*"):
            try:
                with open(f"{path}/cmdline", "rb") as file:
                    words = file.read().split(b"\0")
            except OSError:
                continue
            if words[0] == b"qemu-system-x86_64" and any(self.dir.encode() in w for w in words):
                os.kill(int(path.split("/")[-1]), signal.SIGKILL)
        rest, _ = process.communicate(timeout=LIMIT)
        self.assertEqual(process.returncode, 1)
        self.assertRegex(rest, r"demo: guest\d ended by itself")
        self.assert_nothing_left()


class Usage(DemoTest):
    def test_bad_usage(self):
        for args, words in ((("--seconds",), "--seconds wants a number"),
                            (("--seconds", "0"), "--seconds wants a number"),
                            (("--seconds", "-1"), "--seconds wants a number"),
                            (("--colour",), "there is no '--colour'"), (("labs",), "no 'labs'"),
                            (("fault", "vf0"), "./demo fault vf0 link-down"),
                            (("ask",), "./demo ask /nicsim/list"),
                            (("guest", "2"), "guest takes no more words")):
            result = self.run_to_end(*args)
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertIn(words, result.stderr)

    def test_help(self):
        result = self.run_to_end("--help")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        for word in ("--no-guests", "--seconds", "lab", "guest", "fault", "ask", "--build"):
            self.assertIn(word, result.stdout)

    def test_nothing_runs(self):
        for args in (("ask", "/nicsim/list"), ("fault", "vf0", "gone"), ("guest",)):
            result = self.run_to_end(*args)
            self.assertEqual(result.returncode, 1)
            self.assertIn("start ./demo in another terminal first", result.stderr)


if __name__ == "__main__":
    lacking = [tool for tool in TOOLS if shutil.which(tool) is None]
    if lacking:
        print(f"not installed: {' '.join(lacking)} (config/setup demo)")
        sys.exit(77)
    image = os.path.join(os.path.dirname(DEMO), "test", "demo", "guest_image")
    subprocess.run([image, f"{BUILD}/demo"], check=True, timeout=LIMIT, stdin=subprocess.DEVNULL)
    unittest.main(verbosity=2)
