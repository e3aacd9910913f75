# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
"""The terminal: a screen of its own that is drawn anew each second, and given back as it was.

Colours are few, and left out with NO_COLOR or on a terminal that has none.
"""

import os
import shutil
import sys
import termios

ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l"  # alternate screen, no cursor, no wrapping
LEAVE = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l"
COLOURS = {"title": "7", "head": "1", "good": "32", "warn": "33", "bad": "1;31", "faint": "2"}


def is_terminal():
    """Whether there is one that a screen can be drawn on."""
    return (sys.stdout.isatty() and sys.stdin.isatty() and
            os.environ.get("TERM", "dumb") not in ("dumb", "unknown", ""))


def has_utf8():
    for name in ("DEMO_LC_ALL", "LC_CTYPE", "LANG"):
        value = os.environ.get(name)
        if value:
            return "utf-8" in value.lower() or "utf8" in value.lower()
    return False


class Screen:
    def __init__(self):
        self.colour = not os.environ.get("NO_COLOR") and "vt1" not in os.environ["TERM"]
        self.saved = None

    def enter(self):
        fd = sys.stdin.fileno()
        self.saved = termios.tcgetattr(fd)
        now = termios.tcgetattr(fd)
        # What is typed is not shown; Ctrl-C stays, and Ctrl-Z is nothing that a screen survives.
        now[3] &= ~(termios.ECHO | termios.ICANON)
        now[6][termios.VSUSP] = b"\0"
        termios.tcsetattr(fd, termios.TCSADRAIN, now)
        self._write(ENTER)

    def leave(self):
        if self.saved is None:
            return
        self._write(LEAVE)
        # Drops what was typed, too: it was not meant for the shell.
        termios.tcsetattr(sys.stdin.fileno(), termios.TCSAFLUSH, self.saved)
        self.saved = None

    def draw(self, view):
        size = shutil.get_terminal_size()
        lines = view.compose(size.columns, size.lines)
        lines += [[]] * (size.lines - len(lines))
        # Filled up with spaces: to clear the rest of a line would take a character from a full one.
        self._write("\x1b[H" + "\r\n".join(self._paint(line, size.columns) for line in lines))

    def _paint(self, line, width):
        line = line + [(" " * (width - sum(len(text) for text, _ in line)), "plain")]
        if not self.colour:
            return "".join(text for text, _ in line)
        return "".join(f"\x1b[{COLOURS[style]}m{text}\x1b[0m" if style in COLOURS else text
                       for text, style in line)

    def _write(self, text):
        """A terminal that has gone away is no error: the signal that comes with it is."""
        data = text.encode("utf-8", "replace")
        try:
            while data:
                data = data[os.write(sys.stdout.fileno(), data):]
        except OSError:
            pass
