"""Children of a case: forked, traced apart, and never leaving the case's process tree.

How a body ended that raised goes to the parent on a page that both share, since an exit status has no room for it:
what the child lacks (`Missing`, ENOSYS) is missing for the case as well, and what it asserted in vain is told with the
case's failure. A page needs no fd, and the child may close or forbid what it likes.
"""

from __future__ import annotations

import json
import mmap
import os
import traceback
from collections.abc import Callable
from contextlib import suppress

from conformance.syscalls.machinery import call
from conformance.syscalls.machinery.absence import Missing, Telltale, what_is_absent, witness_here

PAGE = mmap.PAGESIZE
_LACKED, _FAILED, _STATUS = "lacked", "failed", "status"


class Child(int):
    """The pid of a child, and what it said of its end."""

    _page: mmap.mmap | None
    _said: dict[str, str]
    waited_for: bool
    """Whether `wait_for` gave its status, and what it lacked, to the case."""

    def __new__(cls, pid: int, page: mmap.mmap | None) -> Child:
        self = super().__new__(cls, pid)
        self._page, self._said, self.waited_for = page, {}, False
        return self

    @property
    def lacked(self) -> str:
        """What the target lacks, where that ended the child; else empty."""
        return self._read().get(_LACKED, "")

    @property
    def failed(self) -> str:
        """The error that the child's body raised, in a line, if it is no absence; else empty."""
        return self._read().get(_FAILED, "")

    @property
    def status_of(self) -> str:
        """The call whose ENOSYS the child made its exit status; else empty."""
        return self._read().get(_STATUS, "")

    def ended(self) -> None:
        """It was waited for and says no more: give the page back."""
        self._read()
        self.waited_for = True
        if self._page is not None:
            self._page.close()
            self._page = None

    def _read(self) -> dict[str, str]:
        if self._page is not None and not self._said:
            written = bytes(self._page[:]).rstrip(b"\0")
            try:
                self._said = json.loads(written) if written else {}
            except ValueError:  # the child was killed while it wrote
                self._said = {}
        return self._said


def _new_page() -> mmap.mmap | None:
    """Memory for a child to write on; None where the case has forbidden itself more."""
    try:
        return mmap.mmap(-1, PAGE)
    except (OSError, ValueError):
        return None


def _write(page: mmap.mmap | None, what: str, told: str) -> None:
    """Say it, cut to what there is room for."""
    if page is None:
        return
    data = json.dumps({what: told}).encode()
    while len(data) > PAGE:
        told = told[: len(told) // 2]
        data = json.dumps({what: told}).encode()
    page[: len(data)] = data


def _live(body: Callable[[], int | None], page: mmap.mmap | None) -> int:
    """The child's life; its exit status."""
    try:
        status = body()
        if isinstance(status, Telltale):
            _write(page, _STATUS, status.answer.call)
    except BaseException as error:  # a child must never return into the case of its parent
        absent = what_is_absent(error)
        _write(page, _LACKED if absent else _FAILED, absent or _in_a_line(error))
        with suppress(OSError, ValueError):  # stderr may be closed
            traceback.print_exc()
        return 1
    return int(status or 0)


def _in_a_line(error: BaseException) -> str:
    """What was raised, without its traceback."""
    return f"{type(error).__name__}: {error}".strip().split("\n")[0].rstrip(": ")


def start_child(make: Callable[[], int], body: Callable[[], int | None]) -> Child:
    """Call `make`, which returns twice; the child runs `body` and exits with what that returns (None: 0). Its pid.

    An exception in `body` is printed to stderr and ends the child with status 1. Not traced: the child would write to
    its parent's trace. Raises OSError when there is no child.
    """
    page = _new_page()
    with call.untraced():
        pid = make()
        if pid == 0:
            status = 1
            try:
                status = _live(body, page)
            finally:
                os._exit(status)
    return _registered(Child(pid, page))


def fork_child(body: Callable[[], int | None]) -> Child:
    """Fork a child that runs `body` and exits with what it returns (None: 0); the child's pid.

    An exception in `body` is printed to stderr and ends the child with status 1. The child's calls are traced as a
    process of their own.
    """
    recorder, page = call.recorder_of_child(), _new_page()
    pid = os.fork()
    if pid:
        return _registered(Child(pid, page))
    status = 1
    try:
        with call.recording(recorder):
            status = _live(body, page)
    finally:
        os._exit(status)


def _registered(child: Child) -> Child:
    """Whoever waits for it by itself, and fails then, is told why as well."""
    if witness := witness_here():
        witness.children.append(child)
    return child


def wait_for(pid: int) -> int:
    """The wait status of a child, once it has ended, as `os.WIFEXITED` and friends take it. Not traced.

    Raises Missing when the child found that the target lacks something.
    """
    __tracebackhide__ = True
    status = os.waitpid(pid, 0)[1]
    if isinstance(pid, Child):
        pid.ended()
        if pid.lacked:
            raise Missing(pid.lacked)
    return status


def exit_status(pid: int) -> int:
    """Wait for a child; its exit status, or minus the signal that ended it. Not traced. Raises as `wait_for`.

    A status that is the ENOSYS which the child was told is still taken for that: see `absence`.
    """
    __tracebackhide__ = True
    status = os.waitstatus_to_exitcode(wait_for(pid))
    witness = witness_here()
    if isinstance(pid, Child) and pid.status_of and witness:
        return Telltale(status, witness.told(pid.status_of))
    return status


def in_child(body: Callable[[], int | None]) -> int:
    """Run `body` in a forked child and wait; its exit status, or minus the signal that ended it; as `wait_for`."""
    __tracebackhide__ = True
    return exit_status(fork_child(body))
