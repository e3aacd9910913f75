#!/usr/bin/python3 -B
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
"""The simulated NIC as an application of DPDK's own meets it: dpdk-testpmd with the plugin by -d,
and DPDK's telemetry beside it.

Environment, set by meson: NICSIM_PLUGIN the driver's plugin, which brings the vDPA driver's along;
NICSIM_DOC doc/nicsim.md.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

PLUGIN = os.environ["NICSIM_PLUGIN"]
TESTPMD = shutil.which("dpdk-testpmd")
TIMEOUT = 60


class Testpmd:
    """dpdk-testpmd at its prompt, with the plugin and these --vdev."""

    def __init__(self, folder, *vdevs, telemetry=False, options=()):
        self.folder, self.out = folder, f"{folder}/output"
        args = ["stdbuf", "-oL", TESTPMD, "--lcores", f"(0-1)@{sorted(os.sched_getaffinity(0))[0]}",
                "--no-huge", "-m", "128", "--no-pci", "--no-shconf", "--file-prefix", "t",
                "-d", os.path.basename(PLUGIN)]
        args += [] if telemetry else ["--no-telemetry"]
        for vdev in vdevs:
            args += ["--vdev", vdev]
        args += ["--log-level", "pmd.net.nicsim:debug"]
        args += ["--", "-i", "--total-num-mbufs=2048", *options]
        # A name without a path EAL leaves to the dynamic linker: it refuses a path that anybody
        # may write to. The vDPA driver is found from where the plugin is.
        env = dict(os.environ, LC_ALL="C", RUNTIME_DIRECTORY=folder,
                   LD_LIBRARY_PATH=os.path.dirname(PLUGIN))
        with open(self.out, "wb") as out:
            self.process = subprocess.Popen(args, stdin=subprocess.PIPE, stdout=out,
                                            stderr=subprocess.STDOUT, cwd=folder, env=env,
                                            encoding="utf-8")

    def output(self):
        with open(self.out, encoding="utf-8", errors="replace") as file:
            return file.read()

    def say(self, *lines):
        for line in lines:
            print(line, file=self.process.stdin)
        self.process.stdin.flush()

    def wait_for(self, pattern):
        end = time.monotonic() + TIMEOUT
        while not re.search(pattern, self.output()):
            if self.process.poll() is not None or time.monotonic() > end:
                if re.search(pattern, self.output()):
                    break
                raise AssertionError(f"no '{pattern}':\n{self.output()}")
            time.sleep(0.01)

    def quit(self):
        """Exit status."""
        self.say("quit")
        return self.process.wait(TIMEOUT)

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdin.close()


class Telemetry:
    def __init__(self, path):
        end = time.monotonic() + TIMEOUT
        while not os.path.exists(path) and time.monotonic() < end:
            time.sleep(0.01)
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.sock.settimeout(TIMEOUT)
        self.sock.connect(path)
        self.size = json.loads(self.sock.recv(1024))["max_output_len"]

    def ask(self, command):
        self.sock.send(command.encode())
        answer = json.loads(self.sock.recv(self.size))
        return answer[command.split(",")[0]]


@unittest.skipIf(TESTPMD is None, "no dpdk-testpmd (Debian: dpdk)")
class Case(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="nicsim-")
        self.addCleanup(shutil.rmtree, self.dir)

    def start(self, *vdevs, **more):
        running = Testpmd(self.dir, *vdevs, **more)
        self.addCleanup(running.end)
        return running

    def run_commands(self, vdevs, *commands, options=()):
        """All that it says until it ends well."""
        running = self.start(*vdevs, options=options)
        running.say(*commands)
        self.assertEqual(running.quit(), 0, running.output())
        return running.output()


class Ports(Case):
    def test_starts(self):
        said = self.run_commands(["net_nicsim0,vfs=4,representor=vf[0,2-3]"],
                                 "show port summary all", "show port info 2")
        self.assertIn("Number of available ports: 4", said)
        for name in ("net_nicsim0 ", "net_nicsim0_representor_vf0 ", "net_nicsim0_representor_vf2 ",
                     "net_nicsim0_representor_vf3 "):
            self.assertIn(name, said)
        self.assertNotIn("representor_vf1 ", said)
        self.assertRegex(said, r"Switch name: net_nicsim0\nSwitch domain Id: \d+\n"
                               r"Switch Port Id: 3\n")
        self.assertIn("net_nicsim0: 4 VFs, 3 representors, wire none", said)

    def test_refused(self):
        """A wrong NIC does not keep the application from starting; it says what is wrong."""
        for args, words in (
                ("vfs=99", "vfs=99 is not a number from 0 to 64"),
                ("speed=1", "unknown key 'speed'; there are: vfs, queues, "),
                ("vfs=2,representor=vf[0-2]", "representor of vf2, but vfs=2"),
                ("vfs=2,representor=vf[0-", "is not a list of representors"),
                ("vfs=1,wire=tape:x", "no such kind; there are none, tap:NAME"),
                ("vfs=1,fault=vf0:flood", 'no fault "flood"; there is: needs-reset')):
            said = self.run_commands([f"net_nicsim0,{args}"], "show port summary all",
                                     options=["--port-topology=loop"])
            self.assertRegex(said, "NET_NICSIM: net_nicsim0: .*" + re.escape(words))
            self.assertNotRegex(said, r"(?m)^\d+ +\S+ net_nicsim0 ")

    def test_forwards(self):
        """testpmd's own frames around a circle of two NICs, and through representors by rules."""
        running = self.start("net_nicsim0,wire=ring:t,vfs=1,representor=vf0",
                               "net_nicsim1,wire=ring:t", options=["--port-topology=loop"])
        running.say("flow create 0 transfer priority 3 pattern represented_port ethdev_port_id is 0"
                    " / eth / end actions count / port_representor port_id 1 / end",
                    "set portlist 2", "set fwd txonly", "start")
        running.wait_for(r"Flow rule #0 created")
        time.sleep(0.3)
        running.say("stop", "set portlist 1", "set fwd rxonly", "start")
        time.sleep(0.3)
        running.say("stop", "show port stats 1", "flow query 0 0 count", "flow list 0",
                    "flow flush 0")
        self.assertEqual(running.quit(), 0, running.output())
        said = running.output()
        stats = re.search(r"NIC statistics for port 1 .*?RX-packets: (\d+)", said, re.S)
        self.assertGreater(int(stats.group(1)), 0, said)
        hits = re.search(r"hits: (\d+)", said)
        self.assertGreaterEqual(int(hits.group(1)), int(stats.group(1)))

    def test_rules(self):
        said = self.run_commands(
            ["net_nicsim0,vfs=2,representor=vf[0-1]"],
            "flow validate 0 transfer pattern eth / vlan vid is 5 / end actions of_pop_vlan / "
            "represented_port ethdev_port_id 1 / end",
            "flow validate 0 ingress pattern eth / end actions drop / end",
            "flow validate 0 transfer pattern eth / ipv4 src is 10.0.0.1 / end actions drop / end",
            "flow validate 0 transfer pattern eth / end actions queue index 0 / end",
            "flow create 1 transfer pattern eth dst is 02:00:00:00:00:01 / end actions "
            "of_push_vlan ethertype 0x8100 / of_set_vlan_vid vlan_vid 9 / count / "
            "port_id id 2 / end",
            "flow dump 1 all", "flow isolate 0 1")
        self.assertIn("Flow rule validated", said)
        for words in ("transfer alone", "of IPv4 only that it is there can be matched",
                      "cannot be done: there are REPRESENTED_PORT"):
            self.assertIn(words, said)
        self.assertIn("priority 0, dst 02:00:00:00:00:01: push 0x8100 tci 0x9 to vf1 count "
                      "(0 packets, 0 bytes)", said)

    def test_hotplug(self):
        said = self.run_commands(
            [], *["port attach net_nicsim5,vfs=2,representor=vf[0-1]", "port stop all",
                  "device detach net_nicsim5"] * 3,
            options=["--port-topology=loop"])
        self.assertEqual(len(re.findall(r"Port \d+ is attached", said)), 9, said)
        self.assertEqual(said.count("5: 2 VFs, 2 representors"), 3, said)
        self.assertNotIn("Fail", said)


class Telemetries(Case):
    def setUp(self):
        super().setUp()
        self.running = self.start("net_nicsim0,vfs=2,queues=2,representor=vf1,wire=ring:x",
                                    "net_nicsim1,wire=ring:x", telemetry=True,
                                    options=["--port-topology=loop"])
        self.running.wait_for("testpmd> ")
        self.ask = Telemetry(f"{self.dir}/dpdk/t/dpdk_telemetry.v2").ask

    def test_shows(self):
        self.assertEqual(self.ask("/nicsim/list"), ["net_nicsim0", "net_nicsim1"])
        nic = self.ask("/nicsim/nic,net_nicsim0")
        self.assertEqual((nic["eswitch"], nic["vfs"], nic["wire"], nic["wire_link"], nic["flows"]),
                         ("switchdev", 2, "ring:x", 1, 0))
        for key in ("switch_drop_rule", "hw_frames", "hw_sleeps", "wire_tx_packets",
                    "pf_tx_malformed"):
            self.assertIn(key, nic)
        self.assertEqual(self.ask("/nicsim/ports,net_nicsim0"), {"pf": 0, "vf1": 1})
        for name in ("1", "vf1"):
            vf = self.ask(f"/nicsim/vf,net_nicsim0,{name}")
            self.assertEqual((vf["vdpa"], vf["open"], vf["gone"], vf["pairs"], vf["violation"]),
                             ("net_nicsim0_vf1", 1, 0, 2, ""))
        self.assertRegex(vf["mac"], r"^[0-9A-Fa-f:]{17}$")
        self.assertEqual((vf["tx_link_down"], vf["representor_tx_malformed"]), (0, 0))
        queue = self.ask("/nicsim/vf_queue,net_nicsim0,vf0,4")
        self.assertEqual((queue["running"], queue["packets"]), (0, 0))

    def test_rules(self):
        self.running.say(*[f"flow create {n % 2} transfer pattern eth dst is 02:00:00:00:00:{n:02x}"
                           " / end actions count / drop / end" for n in range(50)])
        self.running.wait_for(r"Flow rule #24 created(.*\n)*.*Flow rule #24 created")
        flows = self.ask("/nicsim/flows,net_nicsim0")
        self.assertEqual((flows["total"], flows["first"], len(flows["rules"])), (50, 0, 40))
        self.assertEqual(flows["rules"]["1"], {"port": 0, "priority": 0, "packets": 0, "bytes": 0,
                                               "match": "dst 02:00:00:00:00:02",
                                               "actions": "drop count"})
        self.assertEqual(list(self.ask("/nicsim/flows,net_nicsim0,40")["rules"]),
                         [str(n) for n in range(40, 50)])
        self.assertEqual(self.ask("/nicsim/flows,net_nicsim1")["total"], 0)

    def test_faults(self):
        self.assertEqual(self.ask("/nicsim/faults,net_nicsim0,vf0"), [])
        armed = self.ask("/nicsim/fault,net_nicsim0,vf0,dma-map=12@map+3")
        self.assertEqual(armed, {"armed": "dma-map=12@map+3"})
        self.assertEqual(self.ask("/nicsim/faults,net_nicsim0,vf0"), ["dma-map=12@map+3"])
        self.assertEqual(self.ask("/nicsim/faults,net_nicsim0,vf1"), [])
        self.assertEqual(self.ask("/nicsim/fault_clear,net_nicsim0,vf0"), {"cleared": "vf0"})
        self.assertEqual(self.ask("/nicsim/faults,net_nicsim0,vf0"), [])
        note = "takes effect when vf0 returns: fault vf0,gone then vf0,return"
        for fault in "vectors=1", "no-ring-reset", "no-notify-pages", "no-packed":
            self.assertEqual(self.ask(f"/nicsim/fault,net_nicsim0,vf0,{fault}"),
                             {"armed": fault, "note": note})
            self.assertEqual(self.ask("/nicsim/faults,net_nicsim0,vf0"), [fault])
            self.assertEqual(self.ask("/nicsim/fault_clear,net_nicsim0,vf0"),
                             {"cleared": "vf0", "note": note})
        self.ask("/nicsim/fault,net_nicsim0,vf1,link-down")
        self.assertEqual(self.ask("/nicsim/vf,net_nicsim0,vf1")["link_up"], 0)
        self.running.wait_for("Port 1: link state change event")
        self.ask("/nicsim/fault,net_nicsim0,vf1,gone")
        self.assertEqual(self.ask("/nicsim/vf,net_nicsim0,vf1")["gone"], 1)
        self.ask("/nicsim/fault,net_nicsim0,vf1,return")
        end = time.monotonic() + TIMEOUT
        while self.ask("/nicsim/vf,net_nicsim0,vf1")["open"] == 0 and time.monotonic() < end:
            time.sleep(0.01)
        vf = self.ask("/nicsim/vf,net_nicsim0,vf1")
        self.assertEqual((vf["gone"], vf["open"], vf["link_up"]), (0, 1, 1))

    def test_wrong(self):
        for command, words in (
                ("/nicsim/nic", "no simulated NIC ''; /nicsim/list has their names"),
                ("/nicsim/nic,eth0", "no simulated NIC 'eth0'"),
                ("/nicsim/ports,eth0", "no simulated NIC"),
                ("/nicsim/vf,net_nicsim0", "no VF '': net_nicsim0 has 2 VFs"),
                ("/nicsim/vf,net_nicsim0,vf2", "no VF 'vf2'"),
                ("/nicsim/vf,net_nicsim0,-1", "no VF '-1'"),
                ("/nicsim/vf,net_nicsim0,vf4294967297", "no VF 'vf4294967297'"),
                ("/nicsim/vf,net_nicsim0,18446744073709551617", "no VF '1844674407370955"),
                ("/nicsim/flows,net_nicsim0,4294967296", "'4294967296' is not the number"),
                ("/nicsim/vf_queue,net_nicsim0,0,4294967296", "no queue '4294967296'"),
                ("/nicsim/vf_queue,net_nicsim0,0", "no queue ''"),
                ("/nicsim/vf_queue,net_nicsim0,0,5", "no queue '5'"),
                ("/nicsim/vf_queue,net_nicsim0,0,65536", "no queue '65536'"),
                ("/nicsim/flows,net_nicsim0,x", "'x' is not the number of the first rule"),
                ("/nicsim/fault,net_nicsim0,vf0", "needs-reset"),
                ("/nicsim/fault,net_nicsim0,vf0,flood", 'no fault "flood"; there is: needs-reset'),
                ("/nicsim/fault,net_nicsim0,vf9,gone", "no VF 'vf9'"),
                ("/nicsim/faults,net_nicsim0,9", "no VF '9'"),
                ("/nicsim/fault_clear,net_nicsim9,0", "no simulated NIC 'net_nicsim9'")):
            answer = self.ask(command)
            self.assertEqual(list(answer), ["error"], command)
            self.assertIn(words, "".join(answer["error"]), command)

    def test_whole(self):
        """Telemetry cuts strings at 127 bytes: what is longer comes in lines."""
        names = [line.split(":")[0] for line in self.ask("/nicsim/fault_list")]
        lines = self.ask("/nicsim/fault,net_nicsim0,vf0,flood")["error"]
        self.assertGreater(len(lines), 1)
        self.assertLess(max(map(len, lines)), 128)
        self.assertEqual("".join(lines), 'no fault "flood"; there is: ' + ", ".join(names))
        odd = "x" * 200
        self.assertEqual("".join(self.ask(f"/nicsim/vf,net_nicsim0,{odd}")["error"]),
                         f"no VF '{odd}': net_nicsim0 has 2 VFs")
        self.running.say("flow create 1 transfer pattern represented_port ethdev_port_id is 1 / "
                         "eth dst spec 02:00:00:00:00:01 dst mask ff:ff:ff:ff:ff:00 "
                         "src spec 02:00:00:00:00:02 src mask ff:ff:ff:ff:00:00 "
                         "/ vlan tci spec 0x5 tci mask 0xfff inner_type spec 0x806 "
                         "inner_type mask 0xfffe / end actions count / drop / end")
        self.running.wait_for(r"Flow rule #0 created")
        rule = self.ask("/nicsim/flows,net_nicsim0")["rules"]["0"]
        self.assertGreater(len(rule["match"]), 1)
        self.assertEqual("".join(rule["match"]),
                         "from vf1 dst 02:00:00:00:00:00/FF:FF:FF:FF:FF:00 "
                         "src 02:00:00:00:00:00/FF:FF:FF:FF:00:00 tagged tci 0x5/0xfff "
                         "type 0x806/0xfffe")

    def test_documented(self):
        """The tables of faults and of commands in the documentation are the driver's own."""
        with open(os.environ["NICSIM_DOC"], encoding="utf-8") as file:
            doc = file.read()
        table = re.search(r"<!-- faults -->\n(.*?)<!-- end -->", doc, re.S).group(1)
        rows = dict(re.findall(r"^\| `([a-z-]+)` \| (.*) \|$", table, re.M))
        self.assertEqual([f"{name}: {text}" for name, text in rows.items()],
                         self.ask("/nicsim/fault_list"))
        for command in self.ask("/"):
            if command.startswith("/nicsim/"):
                self.assertIn(f"`{command}", doc)
        for command in re.findall(r"`(/nicsim/\w+)", doc):
            self.assertIn(command, self.ask("/"))


class Arguments(unittest.TestCase):
    def test_documented(self):
        """Keys of the devargs in the documentation are those that dpdk-pmdinfo.py shows."""
        tool = shutil.which("dpdk-pmdinfo.py")
        if tool is None:
            self.skipTest("no dpdk-pmdinfo.py (Debian: dpdk)")
        said = subprocess.run(["/usr/bin/python3", tool, PLUGIN], capture_output=True, text=True,
                              check=True, timeout=TIMEOUT).stdout
        params = next(d["params"] for d in json.loads(said) if d["name"] == "net_nicsim")
        with open(os.environ["NICSIM_DOC"], encoding="utf-8") as file:
            table = re.search(r"## Device arguments\n(.*?)\n## ", file.read(), re.S).group(1)
        self.assertEqual(re.findall(r"^\| `(\w+)=", table, re.M), re.findall(r"(\w+)=<", params))


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=[sys.argv[0]])
