"""The `conformance` command, and `python -m conformance`: what must stand before anything that takes time to import.

Nothing that takes time is imported here. Until the subcommand is there, a signal ends the process at once, since
there is nothing yet to be tidied up, and importing takes longer than a hasty Ctrl-C.
"""

from __future__ import annotations

import gc
import os
import signal
import sys

GARBAGE = 50_000
"""How many new objects make Python look for circles of them. Its own 700 cost a short command a tenth of its time."""


def main() -> None:
    """The entry point: an interrupted start says so, and has the documented exit status."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as after nohup(1)
            signal.signal(number, _leave)
    for descriptor in (0, 1, 2):
        _open(descriptor)
    gc.set_threshold(GARBAGE)
    from conformance.cli import main as command  # noqa: PLC0415 - see above

    sys.exit(command())


def _leave(number: int, _: object) -> None:
    """End here and now."""
    os.write(2, b"conformance: interrupted before anything was begun\n")
    os._exit(128 + number)


def _open(descriptor: int) -> None:
    """A standard stream that is closed would be the number of the next file that is opened."""
    try:
        os.fstat(descriptor)
    except OSError:
        os.open(os.devnull, os.O_RDWR)


if __name__ == "__main__":
    main()
