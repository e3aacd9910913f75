#!/usr/bin/python3 -B
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
"""What vdpa-switch says to a command line that is wrong, or right but impossible here.

Each case asserts the exit status, the words that name the remedy, that EAL was not reached before
the error was known, and that nothing was left behind.
"""

import os
import re
import socket
import stat
import unittest

from vsw import EAL, SwitchTest, drop_dac, pci_function

USAGE, FAILED = 2, 1
ABSENT = "0000:ff:1f.7"  # nothing is there


class Help(SwitchTest):
    def test_help(self):
        for args in (["--help"], ["-h"], ["--", "--help"], ["-l", "0", "--", "-h"]):
            result = self.run_to_end(args)
            self.assertEqual((result.returncode, result.stderr), (0, ""), args)
            for word in ("Usage: vdpa-switch", "--guest", "socket=PATH", "vf=VF", "mode=",
                         "queues=", "mac=", "name=", "--stats-interval", "SIGUSR1", "Exit status"):
                self.assertIn(word, result.stdout)
            self.assertLess(max(len(line) for line in result.stdout.splitlines()), 80)

    def test_version(self):
        for args in (["--version"], ["--", "--version"]):
            result = self.run_to_end(args)
            self.assertEqual((result.returncode, result.stderr), (0, ""), args)
            version = re.escape(os.environ["VDPA_VERSION"])
            self.assertRegex(result.stdout, rf"^vdpa-switch {version}, DPDK \d+\.\d+\.\d+\S*\n$")


class Order(SwitchTest):
    """EAL's options before the '--', the program's after it."""

    def test_no_guest(self):
        for args in ([], ["-l", "0"], ["--"], EAL + ["--", "--stats-interval", "1"]):
            self.assert_refused(args, USAGE, "no guest", "--guest socket=PATH,vf=VF")

    def test_guest_before_dashes(self):
        for args in (self.guest(), ["--guest=socket=a,vf=b"], ["--stats-interval", "1"]):
            self.assert_refused(args, USAGE, args[0].split("=")[0], "after a lone '--'")

    def test_eal_after_dashes(self):
        self.assert_refused(["--"] + self.guest() + ["-l", "0"], USAGE, "unknown option -l",
                            "EAL options go before")
        self.assert_refused(["--", "--no-huge"] + self.guest(), USAGE, "unknown option --no-huge")

    def test_odd_arguments(self):
        self.assert_refused(["--"] + self.guest() + ["more"], USAGE, "unexpected argument 'more'")
        self.assert_refused(["--"] + self.guest() + ["--", "x"], USAGE, "unexpected argument")
        self.assert_refused(["--", "--guest"], USAGE, "--guest needs a value")
        for value in ("0", "-1", "86401", "x", "1s", "", "99999999999999999999"):
            self.assert_refused(["--"] + self.guest() + ["--stats-interval", value], USAGE,
                                "--stats-interval", "1 to 86400")


class Spec(SwitchTest):
    """The text of --guest."""

    def refuse(self, text, *words):
        self.assert_refused(["--", "--guest", text], USAGE, f"--guest {text[:300]}: ", *words)

    def refuse_value(self, item, *words):
        self.refuse(f"socket={self.path()},vf=01:00.2,{item}", *words)

    def test_keys(self):
        self.refuse("vf=01:00.2", "'socket' is missing", "socket=PATH,vf=VF")
        self.refuse(f"socket={self.path()}", "'vf' is missing", "socket=PATH,vf=VF")
        self.refuse_value("colour=red", "unknown key 'colour'", "socket, vf, name, mode, queues")
        self.refuse_value("Queues=1", "unknown key 'Queues'")
        self.refuse_value("vf=01:00.3", "'vf' is given twice")
        self.refuse_value("queues=1,queues=1", "'queues' is given twice")
        self.refuse_value("", "'' is not key=value")
        self.refuse_value("server", "'server' is not key=value")

    def test_vf(self):
        for vf in ("", "0eth", "eth/0", "01:00", "1", "0000:01:00.8", "0000:01:20.0", "01:00.2x",
                   "0000:01:00.2 ", "-1:00.0", "0000:0000:01:00.0", "x" * 200):
            self.refuse(f"socket={self.path()},vf={vf}", "is not a PCI address", "0000:01:00.2",
                        "net_nicsim0_vf0")

    def test_vf_by_name(self):
        args = EAL + ["--"] + self.guest(vf="net_nicsim7_vf0")
        self.assert_refused(args, FAILED, "no vDPA device net_nicsim7_vf0", "--vdev net_nicsim0",
                            eal=True)

    def test_numbers(self):
        for queues in ("0", "129", "-1", "+1", "x", "1x", "", " 1", "18446744073709551617"):
            self.refuse_value(f"queues={queues}", "queue pairs, 1 to 128")

    def test_mac(self):
        for mac in ("", "52:54:00:00:00", "52:54:00:00:00:00:00", "52:54:00:00:00:0g", "random"):
            self.refuse_value(f"mac={mac}", "is not a MAC address", "52:54:00:12:34:56")
        for mac in ("00:00:00:00:00:00", "01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff"):
            self.refuse_value(f"mac={mac}", "multicast address or zero", "unicast")

    def test_mode_and_name(self):
        for mode in ("", "Server", "both"):
            self.refuse_value(f"mode={mode}", "server", "client")
        for name in ("", "a b", "a/b", "x" * 33, "ü"):
            self.refuse_value(f"name={name}", "1 to 32 letters")
        self.refuse(f"socket={self.path('a b.sock')},vf=01:00.2", "name=", "1 to 32 letters")

    def test_socket(self):
        fits, long = "/tmp/" + "x" * 102, "/tmp/" + "x" * 103
        self.refuse(f"socket={long},vf=01:00.2", "too long: 108 bytes", "takes 107", "shorter")
        self.refuse(f"socket={long * 20},vf=01:00.2", "too long", "takes 107")
        self.refuse("socket=,vf=01:00.2", "not the path of a socket")
        self.refuse("socket=/tmp/,vf=01:00.2", "not the path of a socket")
        # 107 bytes are not too long: the next obstacle is reported
        self.assert_refused(["--", "--guest", f"socket={fits},vf={ABSENT},name=a"], FAILED, ABSENT)


class Unique(SwitchTest):
    def test_one_vf(self):
        guests = self.guest("vm1", "0000:01:00.2") + self.guest("vm2", "01:00.2")
        self.assert_refused(["--"] + guests, USAGE, "guests vm1 and vm2", "VF 0000:01:00.2",
                            "one guest only")

    def test_one_socket(self):
        os.symlink(self.run_dir, f"{self.dir}/link")
        for other in (self.path(), f"{self.run_dir}/./vm1.sock", "run/vm1.sock",
                      f"{self.dir}/link/vm1.sock"):
            self.assert_refused(["--"] + self.guest("vm1", "01:00.2") +
                                ["--guest", f"socket={other},vf=01:00.3,name=vm2"],
                                USAGE, "two guests are on socket", "give each its own")

    def test_one_name(self):
        self.assert_refused(["--"] + self.guest("vm1", "01:00.2") +
                            ["--guest", "socket=/tmp/vm1,vf=01:00.3"],
                            USAGE, "name vm1", "name=")

    def test_too_many(self):
        guests = [a for i in range(1025) for a in self.guest(f"vm{i}", f"dev{i}")]
        self.assert_refused(["--"] + guests, USAGE, "too many guests", "1024")
        # the limit is not lower than it says
        self.assert_refused(EAL + ["--"] + guests[:2048], FAILED, "guest vm0", eal=True)


class EalArguments(SwitchTest):
    def test_allowed_without_vdpa(self):
        for allow in (["-a", "0000:01:00.2"], ["-a01:00.2"], ["--allow=01:00.2,vdpa=0"],
                      ["--allow", "pci:0000:01:00.2,vdpa=11"], ["--al", "01:00.2,xvdpa=1"],
                      ["-l", "0", "-a", "01:00.2,vdpa=1", "-a", "01:00.2,speed=1"]):
            self.assert_refused(allow + ["--"] + self.guest(vf="01:00.2"), USAGE,
                                "guest vm1", "must carry vdpa=1", "-a 0000:01:00.2,vdpa=1")

    def test_blocked(self):
        for block in (["-b", "01:00.3"], ["-b01:00.3"], ["--block=01:00.3"], ["--bl", "01:00.2"]):
            self.assert_refused(block + ["--"] + self.guest(), USAGE, "-b (--block)",
                                "leave -b out")

    def test_allowed_otherwise(self):
        """Other devices, and the VF with vdpa=1, are no reason to refuse: the next obstacle is."""
        for allow in (["-a", "01:00.7"], ["-a", f"{ABSENT},vdpa=1"], ["-a", f"{ABSENT},x=1,vdpa=1"],
                      ["--base-virtaddr", "0x100000000"]):
            self.assert_refused(allow + ["--"] + self.guest(), FAILED, ABSENT)


class SocketPath(SwitchTest):
    """Known before EAL, and before the VF is looked at."""

    def refuse(self, *words, left=(), args=None, **popen):
        self.assert_refused(["--"] + (args or self.guest()), FAILED, "guest vm1: ", *words,
                            left=left, **popen)

    def test_existing_file(self):
        with open(self.path(), "w", encoding="ascii") as file:
            file.write("precious")
        self.refuse("exists and is not a socket", "remove it or choose another path",
                    left=["vm1.sock"])
        with open(self.path(), encoding="ascii") as file:
            self.assertEqual(file.read(), "precious")

    def test_existing_folder_and_link(self):
        os.mkdir(self.path())
        self.refuse("exists and is not a socket", left=["vm1.sock"])
        os.rmdir(self.path())
        os.symlink("/nowhere", self.path())
        self.refuse("exists and is not a socket", left=["vm1.sock"])

    def test_live_socket(self):
        for kind in (socket.SOCK_STREAM, socket.SOCK_SEQPACKET, socket.SOCK_DGRAM):
            with socket.socket(socket.AF_UNIX, kind) as server:
                server.bind(self.path())
                if kind != socket.SOCK_DGRAM:
                    server.listen()
                inode = os.stat(self.path()).st_ino
                self.refuse("another process listens", "mode=client", left=["vm1.sock"])
                self.assertEqual(os.stat(self.path()).st_ino, inode)
            os.unlink(self.path())

    def test_stale_socket_is_kept_until_the_start(self):
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(self.path())
        self.refuse(ABSENT, left=["vm1.sock"])  # the VF is the obstacle
        self.assertTrue(stat.S_ISSOCK(os.stat(self.path()).st_mode))

    def test_missing_folder(self):
        self.refuse("does not exist", f"mkdir -p {self.run_dir}/no",
                    args=["--guest", f"socket={self.run_dir}/no/vm1.sock,vf={ABSENT}"])

    def test_folder_is_a_file(self):
        with open(self.path("file"), "w", encoding="ascii"):
            pass
        self.refuse("Not a directory", "another path", left=["file"],
                    args=["--guest", f"socket={self.path('file')}/x/vm1.sock,vf={ABSENT}"])
        self.refuse("is not a folder", "another socket path", left=["file"],
                    args=["--guest", f"socket={self.path('file')}/vm1.sock,vf={ABSENT}"])

    def test_folder_not_writable(self):
        os.chmod(self.run_dir, 0o555)
        try:
            self.refuse("not writable", f"user {os.geteuid()}", "change its permissions",
                        preexec_fn=drop_dac if os.geteuid() == 0 else None)
        finally:
            os.chmod(self.run_dir, 0o755)

    def test_client_mode(self):
        args = ["--guest", f"socket={self.run_dir}/no/vm1.sock,vf={ABSENT},mode=client"]
        self.refuse(ABSENT, args=args)  # neither socket nor folder need be there
        with open(self.path(), "w", encoding="ascii"):
            pass
        self.refuse("exists and is not a socket", "front-end's", left=["vm1.sock"],
                    args=self.guest(extra=",mode=client"))


class Vf(SwitchTest):
    def test_absent(self):
        self.assert_refused(["--"] + self.guest(), FAILED, "guest vm1: ", ABSENT)

    def test_second_guest(self):
        """One guest that cannot be is enough; the others do not start."""
        self.assert_refused(["--"] + self.guest("vm1") + self.guest("vm2", "0000:ff:1f.6"), FAILED,
                            "guest vm1: ", ABSENT)


@unittest.skipUnless(pci_function(), "this machine has no PCI bridge to name")
class Eal(SwitchTest):
    """Past the checks: a PCI function exists, and EAL is asked."""

    def test_eal_option(self):
        args = ["--no-such-option", "--"] + self.guest(vf=pci_function())
        result = self.assert_refused(args, FAILED, "EAL did not start", eal=True)
        self.assertEqual(result.stdout, "")

    def test_no_pci(self):
        args = EAL + ["--no-pci", "--"] + self.guest(vf=pci_function())
        result = self.assert_refused(args, FAILED, "guest vm1: ", "leave out EAL option --no-pci",
                                     eal=True)
        self.assertRegex(result.stdout, r"(?m)^\S+Z guest vm1: down -> failed \(.*--no-pci\) "
                                        r"reason=start-failed$")

    def test_no_vdpa_driver(self):
        args = EAL + ["--"] + self.guest(vf=pci_function()) + self.guest("vm2", ABSENT[:-1] + "6")
        self.assert_refused(args, FAILED, "guest vm2: ")
        args = EAL + ["--"] + self.guest(vf=pci_function())
        self.assert_refused(args, FAILED, "guest vm1: no vDPA driver took", pci_function(),
                            eal=True)


if __name__ == "__main__":
    unittest.main(verbosity=2)
