# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
"""The programs of a check or a measurement on a simulated NIC: vdpa-switch, guests, their control.

Everything runs without huge pages and without a file outside of one folder: guest memory is a memfd
of EAL's, telemetry's socket is in the folder, the guests' sockets too. A guest is an ordinary DPDK
program on a virtio-user port. None of the programs outlives the one that started it.

Environment, set by meson: VDPA_SWITCH the program, NICSIM_PLUGIN the driver (empty: it is in
vdpa-switch).
"""

import ctypes
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

PROGRAM = os.environ["VDPA_SWITCH"]
PLUGIN = os.environ["NICSIM_PLUGIN"]

RING = 1024  # entries of each ring of a guest
TIMEOUT = 60  # seconds; no single step takes one on an idle machine
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)

# By what virtio calls them (1.2, 5.1.3 and 6).
FEATURES = {"mergeable": 15, "indirect": 28, "event_idx": 29, "version_1": 32, "platform": 33,
            "packed": 34, "in_order": 35}


def processors():
    """For EAL's --lcores: all that this process may run on."""
    return ",".join(str(cpu) for cpu in sorted(os.sched_getaffinity(0)))


def eal(megabytes, threads=1):
    """Arguments for EAL: its threads run wherever the kernel puts them."""
    lcores = ",".join(f"{n}@({processors()})" for n in range(threads))
    return ["--no-huge", "-m", str(megabytes), "--no-shconf", "--no-pci", "--lcores", lcores]


def wait_until(what, true, seconds=TIMEOUT):
    """Returns what true() does, once that is something."""
    end = time.monotonic() + seconds
    while True:
        value = true()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.01)


class Program:
    """One that was started. Its output goes to files, so it never waits for a reader."""

    def __init__(self, folder, name, args, env=None):
        self.name, self.out = name, f"{folder}/{name}.log"
        with open(self.out, "wb") as out:
            self.process = subprocess.Popen(
                args, cwd=folder, stdin=subprocess.PIPE, stdout=out, stderr=subprocess.STDOUT,
                env=dict(os.environ, LC_ALL="C", **(env or {})), encoding="utf-8",
                preexec_fn=lambda: LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL))

    def say(self, *lines):
        for line in lines:
            print(line, file=self.process.stdin)
        self.process.stdin.flush()

    def output(self):
        with open(self.out, encoding="utf-8", errors="replace") as file:
            return file.read()

    def wait_for(self, pattern, count=1):
        """Until its output has had the pattern so often; returns the last match."""
        def seen():
            found = list(re.finditer(pattern, self.output(), re.M))
            if len(found) >= count:
                return found
            if self.process.poll() is not None:
                found = list(re.finditer(pattern, self.output(), re.M))
                assert len(found) >= count, (f"{self.name} ended ({self.process.returncode}) "
                                             f"without '{pattern}':\n{self.output()}")
            return found if len(found) >= count else None
        try:
            return wait_until(f"'{pattern}'", seen)[-1]
        except AssertionError as error:
            raise AssertionError(f"{self.name}: {error}\n{self.output()[-8000:]}") from None

    def wait(self, seconds=TIMEOUT):
        """Its exit status."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} does not end:\n{self.output()[-8000:]}") from None

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdin.close()


class Telemetry:
    """DPDK's telemetry, version 2, of one process."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.sock.settimeout(TIMEOUT)
        self.sock.connect(path)
        self.size = json.loads(self.sock.recv(1024))["max_output_len"]

    def ask(self, command):
        try:
            self.sock.send(command.encode())
            answer = self.sock.recv(self.size)
        except OSError as error:
            raise AssertionError(f"telemetry: {command}: {error}") from error
        assert answer, f"telemetry: {command}: no answer, the other end is gone"
        return json.loads(answer)[command.split(",")[0]]

    def close(self):
        self.sock.close()


class Switch(Program):
    """vdpa-switch with a guest for each VF of a simulated NIC: vm1 on VF 0, and so on.

    nic  device arguments
    """

    def __init__(self, folder, nic, guests=2):
        self.guests, self.telemetry = guests, None
        args = [PROGRAM] + eal(64) + ["--file-prefix", "switch", "--vdev", f"net_nicsim0,{nic}"]
        if PLUGIN:
            # EAL refuses a path below a folder that anybody may write to, such as /tmp. A name it
            # leaves to the dynamic linker.
            args += ["-d", os.path.basename(PLUGIN)]
        args.append("--")
        for n in range(guests):
            args += ["--guest", f"socket=vm{n + 1}.sock,vf=net_nicsim0_vf{n}"]
        super().__init__(folder, "vdpa-switch", args, {
            "RUNTIME_DIRECTORY": folder, "LD_LIBRARY_PATH": os.path.dirname(PLUGIN)})
        for n in range(guests):
            self.wait_for(rf"guest vm{n + 1}: down -> listening ")
        self.asked = 0
        self.telemetry = Telemetry(f"{folder}/dpdk/switch/dpdk_telemetry.v2")

    def stats(self):
        """What SIGUSR1 prints, by guest."""
        self.asked += 1
        self.process.send_signal(signal.SIGUSR1)
        self.wait_for(rf"^stats guest=vm{self.guests} .*$", self.asked)
        lines = re.findall(r"^stats (guest=.*)$", self.output(), re.M)[-self.guests:]
        found = [dict(item.split("=", 1) for item in line.split(" ")) for line in lines]
        return {stats["guest"]: stats for stats in found}

    def wait_for_state(self, state):
        """Of all guests."""
        return wait_until(f"guests {state}", lambda: (stats := self.stats()) and all(
            guest["state"] == state for guest in stats.values()) and stats)

    def vf(self, number):
        return self.telemetry.ask(f"/nicsim/vf,net_nicsim0,vf{number}")

    def vf_queues(self, number):
        """Of each of its pairs the one that receives and the one that sends."""
        return [self.telemetry.ask(f"/nicsim/vf_queue,net_nicsim0,vf{number},{queue}")
                for queue in range(2 * self.vf(number)["pairs"])]

    def nic(self):
        return self.telemetry.ask("/nicsim/nic,net_nicsim0")

    def status(self, key):
        """A number of kilobytes, or of threads, in /proc/PID/status."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return int(re.search(rf"^{key}:\s+(\d+)", file.read(), re.M).group(1))

    def cpu_ns(self, name=""):
        """Processor time of its threads whose names begin so."""
        total = 0
        for thread in os.listdir(f"/proc/{self.process.pid}/task"):
            folder = f"/proc/{self.process.pid}/task/{thread}"
            with open(f"{folder}/comm", encoding="ascii") as comm, \
                    open(f"{folder}/schedstat", encoding="ascii") as schedstat:
                if comm.read().startswith(name):
                    total += int(schedstat.read().split()[0])
        return total

    def holds(self):
        """What it may not keep of a guest that has left."""
        with open(f"/proc/{self.process.pid}/maps", encoding="utf-8") as file:
            memory = file.read().count("/memfd:nohuge")  # as EAL calls it; one is its own
        return {"descriptors": len(os.listdir(f"/proc/{self.process.pid}/fd")),
                "threads": self.status("Threads"), "mappings of memory": memory}

    def stop(self):
        """In order; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def end(self):
        super().end()
        if self.telemetry:
            self.telemetry.close()


def virtio_user(socket_name, mac, pairs, ring, mergeable=True, in_order=False):
    """The device argument of a guest's port."""
    return (f"net_virtio_user0,path={socket_name},mac={mac},queues={pairs},queue_size={RING},"
            f"packed_vq={int(ring == 'packed')},mrg_rxbuf={int(mergeable)},"
            f"in_order={int(in_order)}")


class Testpmd(Program):
    """dpdk-testpmd with one port and one forwarding thread, told what to do line by line."""

    def __init__(self, folder, name, vdev, pairs, *options, megabytes=128):
        assert shutil.which("dpdk-testpmd"), "no dpdk-testpmd: install Debian's dpdk-dev"
        super().__init__(folder, name, [
            "stdbuf", "-oL", "dpdk-testpmd"] + eal(megabytes, threads=2) + [
            "--no-telemetry", "--vdev", vdev, "--", "-i", "--nb-cores=1", f"--rxq={pairs}",
            f"--txq={pairs}", f"--rxd={RING}", f"--txd={RING}", "--burst=64", *options])
        self.commands = 0

    def command(self, text):
        """Returns when it was carried out: there is a prompt again behind it."""
        self.say(text)
        self.commands += 1
        self.wait_for(r"testpmd> ", self.commands + 1)

    def xstats(self):
        """Ends it, and returns the port's extended statistics."""
        self.say("stop", "show port xstats 0", "quit")
        assert self.wait() == 0, self.output()[-8000:]
        return {key: int(value) for key, value in
                re.findall(r"^([a-z0-9_]+): (\d+)$", self.output(), re.M)}


class Folder:
    """A folder of one's own while it is used, and the programs in it, which end with it."""

    def __init__(self):
        # One that is ended from outside takes it all along as well.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        self.path, self.programs = tempfile.mkdtemp(prefix="nicframes-"), []

    def start(self, kind, *args, **options):
        # Known before it is started, as a start that fails raises.
        program = kind.__new__(kind)
        self.programs.append(program)
        program.__init__(self.path, *args, **options)
        return program

    def end_all_but(self, *kept):
        for program in reversed(self.programs):
            if program not in kept and hasattr(program, "process"):
                program.end()
        self.programs = [program for program in self.programs if program in kept]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end_all_but()
        shutil.rmtree(self.path)
