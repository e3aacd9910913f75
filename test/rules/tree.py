# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
"""Which files the rules are about: the source tree, and nothing that was built or fetched."""

import os
import re
import subprocess

SKIPPED = re.compile(r"\.git|build[^/]*|subprojects/(dpdk|packagecache)|(.*/)?__pycache__")


def source_files(top):
    """Paths below top, sorted. From git, new files included; by walking where there is no git."""
    try:
        out = subprocess.run(["git", "-C", top, "ls-files", "-z", "-co", "--exclude-standard"],
                             check=True, capture_output=True).stdout.decode()
        names = {n for n in out.split("\0") if n}
    except (OSError, subprocess.CalledProcessError):
        names = set()
        for folder, dirs, files in os.walk(top):
            dirs[:] = [d for d in dirs if not SKIPPED.fullmatch(
                os.path.relpath(os.path.join(folder, d), top))]
            names |= {os.path.relpath(os.path.join(folder, f), top) for f in files}
    return sorted(n for n in names if os.path.isfile(os.path.join(top, n)))


def default_top():
    return os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
