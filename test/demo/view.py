# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
"""What is shown, as lines of text: knows the demonstration's state, and nothing of terminals.

A line is a list of (text, style). Sections that do not fit are left out whole, the least important
first, so that small terminals show less and not half of it.
"""

from front_end import BURST

PLAIN, HEAD, TITLE, FAINT = "plain", "head", "title", "faint"
GOOD, WARN, BAD = "good", "warn", "bad"
MODES = {"hardware": GOOD, "failed": BAD}
SPARKS = {True: "▁▂▃▄▅▆▇█", False: "_.-=+*#"}


def number(value):
    """At most 9 characters: 1,234,567, and from 10 million on 12.3 M."""
    if value is None:
        return "-"
    for size, unit in ((1e12, "T"), (1e9, "G"), (1e7, "M")):
        if value >= size:
            return f"{value / (1e6 if unit == 'M' else size):.1f} {unit}"
    return f"{value:,.0f}"


def milliseconds(value):
    return "-" if value is None else f"{value:.2f}" if value < 100 else f"{value:.0f}"


def sparks(values, width, utf8):
    """The last values as a row of bars, between the least and the greatest of them."""
    marks, values = SPARKS[utf8], values[-max(width, 0):] if width > 0 else []
    if not values:
        return ""
    low, span = min(values), max(values) - min(values)
    return "".join(marks[int((v - low) / span * (len(marks) - 1)) if span else 0] for v in values)


def clock(seconds):
    seconds = int(seconds)
    return f"{seconds // 3600:d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def cut(line, width):
    """The line without what goes beyond width."""
    out = []
    for text, style in line:
        if width <= 0:
            break
        out.append((text[:width], style))
        width -= len(text)
    return out


class Section:
    def __init__(self, weight, head, lines):
        self.weight = weight  # the greater, the longer it stays
        self.lines = ([[(head, HEAD)]] if head else []) + lines


class View:
    def __init__(self, demo, utf8=True):
        self.demo = demo
        self.utf8 = utf8

    # --- sections ------------------------------------------------------------------------------

    def title(self, width):
        left = " vdpa-switch on a simulated NIC"
        right = f"{self.demo.status}   {clock(self.demo.seconds)} "
        gap = max(width - len(left) - len(right), 1)
        return Section(100, None, [[(left + " " * gap + right, TITLE)]])

    def guests(self):
        lines = []
        for port in self.demo.switch.ports:
            one = port.figures
            if port.state == "listening":
                about = "waits for a front-end on its socket"
                if port is self.demo.spare and self.demo.third:
                    about = "free: ./demo guest starts one there"
                lines.append([(f" {port.name:<9}", PLAIN), (f"{port.state:<12}", FAINT),
                              (f"{port.number:<4}", FAINT), (about, FAINT)])
                continue
            relayed = (f"{number(int(one.get('kicks_relayed', 0)))} kicks, "
                       f"{number(int(one.get('irqs_relayed', 0)))} irqs")
            link = one.get("link", "-")
            lines.append([
                (f" {port.name:<9}", PLAIN), (f"{port.state:<12}", MODES.get(port.state, WARN)),
                (f"{port.number:<4}", PLAIN), (f"{link:<6}", WARN if link == "down" else PLAIN),
                (f"{len(port.rings) or '-':<7}", PLAIN),
                (f"{port.all_rings('kick') or '-':<9}", PLAIN),
                (f"{port.all_rings('irq') or '-':<12}", PLAIN), (relayed, PLAIN)])
        return Section(90, " GUEST    MODE        VF  LINK  RINGS  KICKS    INTERRUPTS  "
                           "RELAYED IN ALL", lines)

    def rings(self):
        lines = []
        for port in self.demo.switch.ports:
            for number_, ring in sorted(port.rings.items()):
                lines.append([(f" {port.name:<9}{number_:<6}"
                               f"{'to guest' if number_ % 2 == 0 else 'from guest':<12}"
                               f"{ring.get('size', '-'):<7}{ring.get('kick', '-'):<10}"
                               f"{ring.get('irq', '-'):<12}{ring.get('vector', '-'):<8}"
                               f"{ring.get('mode', '-')}", PLAIN)])
        return Section(10, " GUEST    RING  WAY         SIZE   KICKS     INTERRUPTS  VECTOR  MODE",
                       lines) if lines else None

    def ports(self):
        lines = []
        for name, user, count in self.demo.packets.rows():
            lines.append([(f" {name:<7}{user:<8}", PLAIN)] + [
                (f"{number(count[key]):>{width}}", PLAIN) for key, width in (
                    ("to", 10), ("to_rate", 10), ("to_kb", 9),
                    ("from", 10), ("from_rate", 10), ("from_kb", 9))] + [
                (f"{number(count['lost']):>6}", WARN if count["lost"] else FAINT)])
        return Section(80, f" {'PORT':<15}{'TO IT':>10}{'/s':>10}{'kB/s':>9}{'FROM IT':>10}"
                           f"{'/s':>10}{'kB/s':>9}{'LOST':>6}", lines) if lines else None

    def pings(self, width):
        lines = []
        for end in self.demo.ends:
            ping = end.ping
            who = f"{end.port.name} to {end.peer.name}, {end.peer.address}"
            text = (f" {who:<29}{number(ping.replies):>8}{number(ping.lost):>6}"
                    f"{milliseconds(ping.times[-1] if ping.times else None):>7}"
                    f"{milliseconds(ping.best):>7}{milliseconds(ping.mean):>7}")
            line = [(text, PLAIN)]
            if ping.silent > 2:
                line.append((f"  silent {ping.silent} s", BAD))
            else:
                line.append(("  " + sparks(ping.times, min(width - len(text) - 3, 40), self.utf8),
                             GOOD))
            lines.append(line)
        return Section(85, f" {'PING':<29}{'REPLIES':>8}{'LOST':>6}{'LAST':>7}{'BEST':>7}"
                           f"{'MEAN':>7} ms", lines)

    def bounces(self):
        lines = []
        for end in self.demo.ends:
            sent, received = (self.demo.packets.rate(end, key) for key in ("sent", "received"))
            line = (f" {end.port.name + ', testpmd':<19}{number(end.sent):>11}{number(sent):>10}"
                    f"{number(end.received):>12}{number(received):>10}")
            if end.serves is not None and received > 0:
                line += f"{BURST / received * 1e6:>11,.0f} us"
            lines.append([(line, PLAIN)])
        return Section(85, f" {'BOUNCING FRAMES':<19}{'SENT':>11}{'/s':>10}{'RECEIVED':>12}"
                           f"{'/s':>10}{'ROUND TRIP':>14}", lines)

    def events(self, count):
        lines = [[(f" {when} ", FAINT), (text, PLAIN)]
                 for when, text in self.demo.switch.events[-count:]]
        return Section(40, None, lines) if lines else None

    def hints(self):
        width = max(len(command) for command, _ in self.demo.hints) + 3
        return Section(60, " IN A SECOND TERMINAL, IN THIS FOLDER                (Ctrl-C here "
                           "ends all)", [
            [(f" {command:<{width}}", PLAIN), (about, FAINT)]
            for command, about in self.demo.hints])

    # --- the whole -----------------------------------------------------------------------------

    def compose(self, width, height):
        """At most height lines, of at most width characters each."""
        width, height = max(width, 1), max(height, 1)
        middle = self.bounces() if self.demo.front_ends else self.pings(width)
        sections = [self.title(width), self.guests(), self.ports(), middle, self.rings(),
                    self.events(2), self.hints()]
        sections = [section for section in sections if section]
        while len(sections) > 1:
            last = min(sections, key=lambda s: s.weight)
            # What is worth little must leave air for the others.
            room = height - (len(sections) if last.weight < 20 else 0)
            if sum(len(s.lines) for s in sections) <= room:
                break
            sections.remove(last)
        room = height - sum(len(s.lines) for s in sections)
        room -= self.more_events(sections, room - len(sections))
        lines = []
        for i, section in enumerate(sections):
            # Air, as far as there is some; below the title, which is marked anyhow, last.
            if i > 1 and i - 1 <= room or i == 1 and room >= len(sections) - 1:
                lines.append([])
            lines += section.lines
        return [cut(line, width) for line in lines[:height]]

    def more_events(self, sections, room):
        """In a tall terminal. Returns how many lines were added."""
        for i, section in enumerate(sections):
            if section.weight == 40 and room > 0:
                sections[i] = self.events(len(section.lines) + room)
                return len(sections[i].lines) - len(section.lines)
        return 0

    # --- without a terminal --------------------------------------------------------------------

    def plain(self):
        """One line for each guest: key=value."""
        for end in self.demo.ends:
            port = end.port
            count = self.demo.packets.of(port)
            items = [f"mode={port.state}", f"link={port.figures.get('link', '-')}",
                     f"rings={len(port.rings)}", f"kick={port.all_rings('kick') or '-'}",
                     f"irq={port.all_rings('irq') or '-'}", f"to={count['to']}",
                     f"from={count['from']}"]
            if self.demo.front_ends:
                items += [f"sent={end.sent}", f"received={end.received}"]
            else:
                last = end.ping.times[-1] if end.ping.times else None
                items += [f"replies={end.ping.replies}", f"lost={end.ping.lost}",
                          f"rtt_ms={milliseconds(last)}"]
            yield f"{clock(self.demo.seconds)} {port.name} {' '.join(items)}"
