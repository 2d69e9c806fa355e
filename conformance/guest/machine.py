"""What can be told of a machine at a glance: what its kernel has complained of, is made of, has loaded and has left.

It writes a line of JSON, lists of texts by their names. Nothing is changed, and what cannot be read is not there.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import suppress

WARNING = 4
"""The least grave level that is told (syslog(2))."""
LOG_BYTES = 8192
MEMORY = ("MemTotal", "MemFree", "Slab", "PageTables")
"""Of /proc/meminfo."""
CONTROLLERS, MODULES = "/sys/fs/cgroup/cgroup.controllers", "/proc/modules"
SECURITY, VULNERABILITIES = "/sys/kernel/security/lsm", "/sys/devices/system/cpu/vulnerabilities"


def facts() -> dict[str, list[str]]:
    """All of it, by name."""
    return {
        "kernel messages": list(messages()),
        "taint": [text("/proc/sys/kernel/tainted")],
        "control groups' controllers": text(CONTROLLERS).split(),
        "security modules": [each for each in text(SECURITY).split(",") if each],
        "modules": sorted(line.split()[0] for line in text(MODULES).splitlines()),
        "vulnerabilities": [f"{name}: {text(f'{VULNERABILITIES}/{name}')}" for name in names(VULNERABILITIES)],
        "device nodes": [f"/dev/{name}" for name in names("/dev")],
        "memory": [line for line in text("/proc/meminfo").splitlines() if line.startswith(MEMORY)],
    }


def messages() -> Iterator[str]:
    """What the kernel has said of itself at this level or above, in order (Documentation/ABI/testing/dev-kmsg)."""
    with suppress(OSError):
        log = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # the process ends when all is told
        while True:
            try:
                record = os.read(log, LOG_BYTES).decode("utf-8", "replace")
            except BrokenPipeError:  # what was overwritten meanwhile is passed over
                continue
            head, _, said = record.partition(";")
            level = head.partition(",")[0]
            if level.isdecimal() and int(level) <= WARNING:
                yield said.partition("\n")[0]


def text(path: str) -> str:
    """What is in a file, without blanks around it; "" where it cannot be read."""
    with suppress(OSError), open(path, encoding="utf-8", errors="replace") as stream:
        return stream.read().strip()
    return ""


def names(folder: str) -> list[str]:
    """What is in a directory; nothing where there is none."""
    with suppress(OSError):
        return sorted(os.listdir(folder))
    return []


if __name__ == "__main__":
    sys.stdout.write(json.dumps(facts()) + "\n")
