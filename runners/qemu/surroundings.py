"""What a kernel under test finds around it: words on its command line, and modules that are loaded before the suite.

They belong to what is tested, as the kernel's configuration does: a distribution's kernel, or WSL2's, is never met
without them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from runners.kernels import modules
from runners.kernels.kernel import Kernel

MODULE = re.compile(r"[A-Za-z0-9_-]{1,55}", re.ASCII)
"""A module's name (MODULE_NAME_LEN)."""
LONGEST = 1024
"""How much may be behind a command line. All of it must fit in 2047 characters (COMMAND_LINE_SIZE of x86), or the
kernel cuts it off without a word."""
WORD = re.compile(r'(?:"[^"]*"|[^\s"])+')
"""A word, as the kernel parts them (lib/cmdline.c, next_arg): what is between quotes may have blanks."""

NEEDED = {
    **dict.fromkeys(
        ("console", "earlycon", "earlyprintk", "quiet", "debug", "loglevel", "ignore_loglevel", "sysctl.kernel.printk"),
        "the console is where a crash is read",
    ),
    **dict.fromkeys(
        ("panic", "oops", "sysctl.kernel.panic", "sysctl.kernel.panic_on_oops"), "a guest ends when its kernel crashes"
    ),
    **dict.fromkeys(("rdinit", "initrd", "initrdmem", "noinitrd"), "a guest begins with the runner's own init"),
    **dict.fromkeys(("tsc", "notsc", "clocksource", "hpet", "nohpet"), "time limits go by the guest's clock"),
    **dict.fromkeys(("8250.nr_uarts",), "the guest is spoken with over serial ports"),
    "random.trust_cpu": "without it, cases would wait for random numbers",
    "mem": "what a guest has is said by the option memory",
}
"""Words that say something of which the runner has its own word, or that it cannot do without; and why."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a kernel under test finds around it."""

    commandline: str = ""
    """Words that stand behind the runner's own."""
    preload: tuple[str, ...] = ()
    """Modules that are loaded before the suite begins, in this order."""

    def loadable(self, kernel: Kernel) -> list[str]:
        """Those to preload that the kernel has as modules. Raises RunnerError."""
        tree = kernel.tree
        return modules.standing(tree, self.preload).loadable if tree and self.preload else []

    def notes(self, kernel: Kernel) -> Iterator[str]:
        """What a reader of the column must know of them, a sentence each. Raises RunnerError."""
        if self.commandline:
            yield f"command line: {self.commandline}"
        tree = kernel.tree
        if not self.preload:
            return
        if tree is None:
            yield f"not loaded beforehand: {', '.join(self.preload)}, since the kernel has come without modules"
            return
        found = modules.standing(tree, self.preload)
        for names, what in (
            (found.loadable, "loaded beforehand"),
            (found.built_in, "not loaded beforehand, since built in"),
            (found.missing, "not loaded beforehand, since this kernel has no such module"),
        ):
            if names:
                yield f"{what}: {', '.join(names)}"


NONE = Surroundings()
"""What a target has that says nothing."""


def wrong_commandline(value: str) -> str:
    """What is wrong with words for a command line, and what to do; nothing when they are as they should be."""
    if not re.fullmatch(r"[ -~]*", value):
        return "has a character that is no printable ASCII, and the kernel would not take it as it is; leave it out"
    if value.count('"') % 2:
        return "has a quote that is not closed; close it"
    if len(value) > LONGEST:
        return f"is {len(value)} characters long, of which a command line has room for {LONGEST}; shorten it"
    for word in WORD.findall(value):
        if word == "--":
            return "has --, behind which words are for init, which is the runner's own; leave it out"
        if why := NEEDED.get(_name(word)):
            return f"has {word}, which the runner needs for itself: {why}; leave it out"
    return ""


def _name(word: str) -> str:
    """What a word sets, as the kernel compares it: dashes are underscores (kernel/params.c, parameq), quotes may stand
    around all of it, and parts of a sysctl's name may be parted by slashes (fs/proc/proc_sysctl.c)."""
    name = word.lstrip('"').partition("=")[0].rstrip('"').replace("-", "_")
    return name.replace("/", ".") if name.startswith("sysctl") else name


def wrong_preload(value: str) -> str:
    """What is wrong with names of modules, and what to do; nothing when they are as they should be."""
    for name in value.split():
        if not MODULE.fullmatch(name):
            return f"has {name!r}, which names no module; write names with blanks between them (tun br_netfilter)"
    return ""


def named(value: str) -> tuple[str, ...]:
    """The modules that such a text names, as the kernel calls them, each once."""
    return tuple(dict.fromkeys(name.replace("-", "_") for name in value.split()))
