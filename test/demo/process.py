# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
"""Processes that end with the demonstration, however it ends, and the folder that goes with it.

Children get no terminal: their stdin is a pipe or empty, their output goes to a pipe or a log. Each
is in a session of its own: Ctrl-C reaches the demonstration alone, which ends them in order.
"""

import ctypes
import os
import shutil
import signal
import subprocess
import tempfile

PR_SET_PDEATHSIG = 1
PREFIX = "vdpa-demo."
_libc = ctypes.CDLL(None, use_errno=True)


class Failed(Exception):
    """Something that ends the demonstration; the text is for people."""


def _die_with(parent):
    """In a child before its exec. SIGTERM, which timeout passes on to what it looks after."""
    def prepare():
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)
    return prepare


class Lines:
    """Takes what comes out of a descriptor apart into lines. Never waits."""

    LIMIT = 4096

    def __init__(self, fd):
        self.fd = fd
        os.set_blocking(fd, False)
        self.rest = b""

    def read(self):
        """The lines that are complete by now, as text; None: it has been closed."""
        try:
            data = os.read(self.fd, 65536)
        except BlockingIOError:
            return []
        if not data:
            return None
        *lines, self.rest = (self.rest + data).split(b"\n")
        self.rest = self.rest[-self.LIMIT:]
        return [line.decode("utf-8", "replace").rstrip("\r") for line in lines]


class Child:
    """A program that was started: its output comes as lines, its errors go to LOG."""

    def __init__(self, name, args, log, stdin=False, env=None, limit=None):
        self.name = name
        self.log = log
        if limit is not None:
            args = ["timeout", "-k", "5", str(limit)] + args
        with open(log, "wb") as errors:
            self.process = subprocess.Popen(
                args, stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=errors, start_new_session=True,
                env=dict(os.environ, LC_ALL="C", **(env or {})),
                preexec_fn=_die_with(os.getpid()))
        self.lines = Lines(self.process.stdout.fileno())

    def ended(self):
        return self.process.poll() is not None

    def tell(self, line):
        """A line to its stdin. It may have ended, or not be reading: then the line is lost."""
        try:
            os.set_blocking(self.process.stdin.fileno(), False)
            os.write(self.process.stdin.fileno(), line.encode() + b"\n")
        except OSError:
            pass

    def signal(self, number):
        if not self.ended():
            self.process.send_signal(number)

    def stop(self, seconds=20):
        """It was asked to end: see that it does. Returns its exit status, None: it was killed."""
        try:
            # what it still says must go somewhere, or it could wait for that for ever
            os.set_blocking(self.process.stdout.fileno(), True)
            self.process.communicate(timeout=seconds)
            return self.process.returncode
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def kill(self):
        if not self.ended():
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()

    def last_words(self, lines=12):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return "".join(file.readlines()[-lines:])


def run_dirs():
    """Folders of demonstrations that run, newest first."""
    found = []
    for top in {tempfile.gettempdir(), os.environ.get("XDG_RUNTIME_DIR", tempfile.gettempdir())}:
        for name in os.listdir(top) if os.path.isdir(top) else []:
            path = f"{top}/{name}"
            if name.startswith(PREFIX) and os.path.exists(f"{path}/dpdk/demo/dpdk_telemetry.v2"):
                found.append((os.stat(path).st_ctime_ns, path))
    return [path for _, path in sorted(found, reverse=True)]


class RunDir:
    """A folder for sockets and logs. A process of its own removes it, should nobody else do."""

    def __init__(self):
        top = os.environ.get("XDG_RUNTIME_DIR", "")
        self.path = tempfile.mkdtemp(prefix=PREFIX, dir=top if os.access(top, os.W_OK) else None)
        read, self.alive = os.pipe()
        # Waits for the end of this process, which closes the pipe.
        self.keeper = subprocess.Popen(
            ["sh", "-c", 'read -r line; rm -rf "$0"', self.path], stdin=read,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        os.close(read)

    def __truediv__(self, name):
        return f"{self.path}/{name}"

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self.alive)
        self.keeper.wait()
