#!/usr/bin/python3 -B
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
"""The demonstration, once everything is built: starts it, shows it, checks it, ends it.

usage: demo.py run BUILD IMAGE [--no-guests] [--seconds N]     called by ./demo
       demo.py guest BUILD IMAGE
       demo.py fault VF FAULT
       demo.py ask COMMAND

One thread: waits for lines of the processes, for signals, and for the next second.
"""

import argparse
import json
import os
import selectors
import signal
import sys
import time

from front_end import FrontEnd
from guest import Guest, command
from nic import NIC, Telemetry, Unanswered
from packets import Packets
from process import Failed, RunDir, run_dirs
from report import farewell, report
from screen import Screen, has_utf8, is_terminal
from switch import Port, Switch
from view import View

START_SECONDS = 120  # the longest that anything may take to come up; 5 on an idle machine
A_DAY = 24 * 3600

HINTS = [
    ("./demo fault vf0 link-down", "pull guest1's cable; link-up plugs it in"),
    ("./demo fault vf0 gone", "take its VF away; return brings it back"),
    ("./demo guest", "a shell in one more guest, on a VF too"),
    ("./demo ask /nicsim/fault_list", "all faults there are"),
]


class Demo:
    """What runs, and what is known of it."""

    def __init__(self, args, run_dir):
        self.front_ends = args.no_guests
        self.limit = args.seconds + START_SECONDS + 60 if args.seconds else A_DAY
        self.args, self.run_dir = args, run_dir
        self.begin = time.monotonic()
        self.up_since = None
        self.status = "starting"
        # A third guest needs what guests boot from.
        self.third = os.path.exists(f"{args.image}/kernel")
        self.hints = [hint for hint in HINTS if self.third or hint[0] != "./demo guest"]
        self.ends = []
        self.switch = Switch(args.build, run_dir, 3)
        self.spare = self.switch.ports[2]
        self.telemetry = Telemetry(run_dir.path)
        self.packets = Packets(self.telemetry, self.switch, self.ends)

    @property
    def seconds(self):
        return time.monotonic() - self.begin

    @property
    def children(self):
        return [self.switch] + self.ends

    def start_ends(self):
        one, two = self.switch.ports[:2]
        for port, peer in ((one, two), (two, one)):
            if self.front_ends:
                end = FrontEnd(port, peer, self.run_dir, self.limit, serves=port is one)
            else:
                end = Guest(self.args.image, port, peer, self.run_dir, self.limit)
            self.ends.append(end)

    def advance(self):
        """What can be done as soon as something was told."""
        if not self.ends and all(p.state == "listening" for p in self.switch.ports):
            self.start_ends()
        for end in self.ends:
            if self.up_since is None and end.port.state == "failed":
                raise Failed(f"{self.switch.events[-1][1]}")

    def is_up(self):
        return len(self.ends) == 2 and all(e.answered and e.port.hardware for e in self.ends)

    def each_second(self):
        for end in self.ends:
            end.each_second()
        self.packets.sample()
        if self.up_since is None and self.is_up():
            self.up_since = time.monotonic()
        if self.up_since is None and self.seconds > START_SECONDS:
            raise Failed(f"not running after {START_SECONDS} s")
        self.status = self._status()

    def _status(self):
        if self.up_since is not None:
            return "running"
        if not self.ends:
            return "vdpa-switch starts"
        if self.front_ends:
            return "front-ends start"
        return "guests boot" if any(end.up is None for end in self.ends) else "first pings"

    def check_children(self):
        for one in self.children:
            if one.child.ended():
                raise Failed(f"{one.child.name} ended by itself, with status "
                             f"{one.child.process.returncode}")

    def stop(self):
        """Returns what did not end as it should."""
        bad = [end.child.name for end in self.ends if not end.stop()]
        self.telemetry.close()
        return bad + ([] if self.switch.stop() else [self.switch.child.name])


class Signals:
    """Those that ask for the end are kept; they and a new size of the terminal end a wait."""

    def __init__(self):
        self.stop = False
        self.fd, write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_stop)
        signal.signal(signal.SIGWINCH, lambda *_: None)

    def _on_stop(self, *_):
        self.stop = True


class Loop:
    """Waits, and hands on what has come."""

    def __init__(self, demo, view, screen, signals):
        self.demo, self.view, self.screen, self.signals = demo, view, screen, signals
        self.selector = selectors.DefaultSelector()
        self.selector.register(signals.fd, selectors.EVENT_READ)
        if screen:
            self.selector.register(sys.stdin, selectors.EVENT_READ)
        self.watched = {}  # by who is at the other end: his child

    def _watch(self):
        for one in self.demo.children:
            old = self.watched.get(one)
            if old is one.child:
                continue
            if old is not None and old.lines.fd in self.selector.get_map():
                self.selector.unregister(old.lines.fd)
            self.watched[one] = one.child
            self.selector.register(one.child.lines.fd, selectors.EVENT_READ, one)

    def _event(self, key):
        """Returns whether it changes what is shown."""
        if key.fd == self.signals.fd:
            os.read(key.fd, 4096)
            return True
        if key.data is None:  # a key was pressed; q ends as Ctrl-C does
            typed = os.read(key.fd, 64)
            self.signals.stop |= b"q" in typed.lower() or not typed
            return False
        lines = key.data.child.lines.read()
        if lines is None:
            self.selector.unregister(key.fd)
            return True
        told = [line for line in lines if key.data.take(line)]
        self._print(told)
        return bool(told)

    def _print(self, lines):
        """Without a screen. When nobody reads them any more, that is the end."""
        if self.screen:
            return
        try:
            for line in lines:
                print(line, flush=True)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            self.signals.stop = True

    def _show(self):
        if self.screen:
            self.screen.draw(self.view)

    def run(self, seconds):
        """Until told to stop, or so many seconds after it has come up."""
        tick = time.monotonic()
        while not self.signals.stop:
            self._watch()
            events = self.selector.select(max(tick - time.monotonic(), 0))
            changed = [self._event(key) for key, _ in events]
            self.demo.check_children()
            self.demo.advance()
            if time.monotonic() >= tick:
                tick = max(tick + 1, time.monotonic() + 0.5)
                self._second()
                if seconds and self.demo.up_since and \
                        time.monotonic() - self.demo.up_since >= seconds:
                    return
            elif not any(changed):
                continue
            self._show()

    def _second(self):
        self.demo.each_second()
        self._print(self.view.plain())


def run(args):
    signals = Signals()
    run_dir = RunDir()
    screen = Screen() if is_terminal() and not args.seconds else None
    demo, status = None, 1
    try:
        demo = Demo(args, run_dir)
        loop = Loop(demo, View(demo, has_utf8()), screen, signals)
        if screen:
            screen.enter()
        loop.run(args.seconds)
        if args.seconds:
            demo.packets.last_sample()
        status = 0
    except Failed as failure:
        if screen:
            screen.leave()
        print(f"demo: {failure}", file=sys.stderr)
        for one in demo.children:
            print(f"--- {one.child.name} said last:\n{one.child.last_words()}", file=sys.stderr)
    finally:
        if screen:
            screen.leave()
        bad = demo.stop() if demo else []
        run_dir.remove()
    if args.seconds and not report(demo, args.seconds):
        status = 1
    farewell(demo, bad)
    return 1 if bad else status


def the_run():
    """The folder of the demonstration that runs."""
    found = run_dirs()
    if not found:
        raise Failed("no demonstration is running: start ./demo in another terminal first")
    return found[0]


def guest(args):
    """A shell in a guest on the VF that is free."""
    port = Port(2, f"{the_run()}/guest3.sock")
    line = ["timeout", "--foreground", "-k", "5", str(A_DAY)]
    line += command(args.image, port, "GUEST_SHELL=1")
    os.execvp(line[0], line + ["-chardev", "stdio,id=console,signal=off", "-serial",
                               "chardev:console"])


def ask(args):
    telemetry = Telemetry(the_run())
    try:
        answer = telemetry.ask(args.command)
    except Unanswered as error:
        raise Failed(f"no answer to {error}") from error
    if answer is None:
        raise Failed("nobody knows that question; those that there are: ./demo ask /")
    if isinstance(answer, dict) and "error" in answer:
        raise Failed("".join(answer["error"]))
    print(json.dumps(answer, indent=1))
    return 0


def fault(args):
    args.command = f"/nicsim/fault,{NIC},{args.vf},{args.fault}"
    return ask(args)


def parse(argv):
    parser = argparse.ArgumentParser(prog="demo")
    commands = parser.add_subparsers(dest="what", required=True)
    one = commands.add_parser("run")
    one.add_argument("build")
    one.add_argument("image")
    one.add_argument("--no-guests", action="store_true")
    one.add_argument("--seconds", type=int, default=0)
    one = commands.add_parser("guest")
    one.add_argument("build")
    one.add_argument("image")
    one = commands.add_parser("fault")
    one.add_argument("vf")
    one.add_argument("fault")
    one = commands.add_parser("ask")
    one.add_argument("command")
    return parser.parse_args(argv)


def main():
    args = parse(sys.argv[1:])
    try:
        return {"run": run, "guest": guest, "fault": fault, "ask": ask}[args.what](args)
    except Failed as failure:
        print(f"demo: {failure}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
