"""What is said of a divergence: that it names what was run, decodes what differs, and fits."""

from __future__ import annotations

import errno
import shlex
import signal
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.programs.program import Memory, Ref
from conformance.programs.wire import State
from conformance.run.lane import Lane
from conformance.search import issue, reproducer
from conformance.search.finding import Finding
from conformance.syscalls.files.opening import O_APPEND, O_LARGEFILE, O_RDWR
from conformance.syscalls.files.reading import SEEK_SET
from conformance.syscalls.machinery.world import UNMAPPED
from conformance.syscalls.polling.poll import POLLIN
from conformance.syscalls.signals import SEGV_ACCERR, SEGV_MAPERR
from conformance.syscalls.sockets.addresses import sockaddr_in, sockaddr_in6
from conformance.syscalls.sockets.socket import AF_INET, AF_INET6, AF_NETLINK, AF_UNIX, SOCK_DGRAM, SOCK_STREAM
from conformance.text import code_span
from runners.local import LocalRunner
from tests.conformance.search.test_reproducer import (
    ACTION,
    DIVERGENCES,
    OPEN,
    SOCKETS,
    Divergence,
    Turn,
    caught,
    ends,
    faults,
    found,
    result,
    written,
)
from tests.executors import needs_executor, program, room, text

PLACE = Path("results") / "fuzz a'b" / "liar-read"
MADE_BY = ("local", "runsc release-20240729.0, systrap")
NETLINK = Memory(struct.pack("=HHII", AF_NETLINK, 0, 77, 3))
UNIX = Memory((struct.pack("=H", AF_UNIX) + b"s0").ljust(110, b"\0"))


@pytest.fixture(scope="module")
def native() -> Iterator[Lane]:
    """This kernel."""
    needs_executor()
    with Lane("native", LocalRunner()) as lane:
        lane.ready()
        yield lane


def finding(native: Lane, *calls: tuple[object, ...], wrong: Turn) -> Finding:
    """A program of which a kernel that is wrong makes something else."""
    made = found(native, Divergence("", program(*calls), wrong, "", ""))  # type: ignore[arg-type] # a label, arguments
    return replace(made, made_by=MADE_BY)


def said(of: Finding, *arguments: str) -> str:
    """The text that is filed."""
    return issue.issue(of, PLACE, reproducer.program_c(of), arguments)


FIELDS = (
    pytest.param(
        (OPEN, ("lseek", Ref(0), 3, 0)),
        result(1, -errno.ESPIPE),
        "`lseek` fails with `ESPIPE` (Illegal seek) on liar, and succeeds on native.",
        id="an errno",
    ),
    pytest.param(
        (("open", text("absent"), 0, 0),),
        result(0, -errno.EACCES),
        "`open` fails with `EACCES` (Permission denied) on liar, and fails with `ENOENT` (No such file or directory) "
        "on native.",
        id="another errno",
    ),
    pytest.param(
        (OPEN, ("lseek", Ref(0), 3, SEEK_SET)),
        result(1, 25),
        "`lseek` returns `25` on liar, and returns `3` on native.",
        id="a number",
    ),
    pytest.param(
        (OPEN, ("fcntl_getfl", Ref(0), 3)),
        result(1, O_RDWR | O_APPEND | O_LARGEFILE),
        "`fcntl` returns `O_LARGEFILE|O_APPEND|O_RDWR` on liar, and returns `O_LARGEFILE|O_RDWR` on native.",
        id="flags",
    ),
    pytest.param(
        (("poll", Memory(struct.pack("<iHH", -1, POLLIN, 0)), 1, 0),),
        written(0, 4, struct.pack("<H", POLLIN | 0x18)),
        "`poll`: `fds.events` is `POLLHUP|POLLERR|POLLIN` on liar, and is `POLLIN` on native.",
        id="a member of flags",
    ),
    pytest.param(
        (OPEN, ("fstat", Ref(0), room(144))),
        written(1, 24, struct.pack("<I", 0o100600)),
        "`fstat`: `buf.st_mode` is `0100600` on liar, and is `0100644` on native.",
        id="a mode",
    ),
    pytest.param(
        (OPEN, ("read", Ref(0), room(64), 8)),
        written(1, 3, b"X"),
        "`read`: `buf` is `b'abcXefgh'` on liar, and is `b'abcdefgh'` on native.",
        id="bytes",
    ),
    pytest.param(
        (SOCKETS, ("write", Ref(0, 0, 4, 4), Memory(b"a" * 60), 60), ("read", Ref(0, 0, 0, 4), room(64), 64)),
        written(2, 40, b"X"),
        "`read`: `buf` is `b'Xaaaaaaa' from byte 40 of 60 on` on liar, and is `b'aaaaaaaa' from byte 40 of 60 on` on "
        "native.",
        id="many bytes",
    ),
    pytest.param(
        (
            ("socketpair_unix", AF_UNIX, SOCK_STREAM, 0, room(8)),
            ("getsockname", Ref(0, 3, 0, 4), room(110), Memory(struct.pack("<I", 110))),
        ),
        lambda outcome: replace(
            outcome, results=(outcome.results[0], (0, (*outcome.results[1][1][:1], struct.pack("<I", 25))))
        ),
        "`getsockname`: `length` is `[25]` on liar, and is `[2]` on native.",
        id="a number in memory",
    ),
    pytest.param(
        (("open", text("f0"), O_RDWR, 0),),
        ends(State.BLOCKED, after=0),
        "`open` blocks on liar, and succeeds on native.",
        id="a call that blocks",
    ),
    pytest.param(
        (OPEN,),
        ends(State.DIED, signal.SIGSEGV, after=0),
        "`open` is killed by signal 11 (SIGSEGV) on liar, and succeeds on native.",
        id="death",
    ),
    pytest.param(
        (("load", UNMAPPED),),
        faults(SEGV_MAPERR, UNMAPPED),
        "`load` is killed by signal 11 (SIGSEGV, SEGV_MAPERR) on liar, "
        "and is killed by signal 11 (SIGSEGV, SEGV_ACCERR) on native.",
        id="another fault",
    ),
    pytest.param(
        (("load", UNMAPPED),),
        faults(SEGV_ACCERR, UNMAPPED + 8),
        "`load`: `fault` is `0x200000011008` on liar, and is `UNMAPPED` on native.",
        id="a fault elsewhere",
    ),
    pytest.param(
        (OPEN,),
        ends(State.LOST, after=0),
        "`open` takes the whole guest along on liar, and succeeds on native.",
        id="the guest's death",
    ),
    pytest.param(
        (
            ("rt_sigaction", signal.SIGUSR1, ACTION, 0, 8),
            ("getpid",),
            ("kill", Ref(1), signal.SIGUSR1),
        ),
        caught(),
        "`kill` has caught `none` on liar, and has caught `1 of signal 10 (SIGUSR1)` on native.",
        id="signals",
    ),
)


@pytest.mark.parametrize(("calls", "wrong", "sentence"), FIELDS)
def test_what_differs_is_said_with_the_fields_name_and_both_values_decoded(
    native: Lane, calls: tuple[tuple[object, ...], ...], wrong: Turn, sentence: str
) -> None:
    text_ = said(finding(native, *calls, wrong=wrong))
    assert text_.split("\n\n")[1].replace("\n", " ") == sentence
    assert "gives" not in text_


def test_text_names_what_both_sides_were_made_with_and_their_kernels(native: Lane) -> None:
    text_ = said(finding(native, OPEN, wrong=result(0, -1)))
    assert "| target | liar | `runsc release-20240729.0, systrap` | `4.4.0` |" in text_
    assert "| reference | native | `local` | `6.1.0` |" in text_


def test_command_has_the_folder_and_what_is_needed_to_open_the_same_targets(native: Lane) -> None:
    of = finding(native, OPEN, wrong=result(0, -1))
    words = ["conformance", "replay", str(PLACE), "-t", "liar"]
    assert shlex.join(words) in said(of).splitlines()
    assert "FOLDER" not in said(of)
    more = ("--kernel", "lts=/boot/a b")
    other = said(replace(of, reference_name="lts"), *more)
    assert shlex.join([*words, "--reference", "lts", *more]) in other.splitlines()


def test_folder_that_was_written_is_named_in_its_own_text(native: Lane, tmp_path: Path) -> None:
    of = finding(native, OPEN, wrong=result(0, -1))
    for _ in range(2):
        place = reproducer.write(of, tmp_path, ("--targets", "my.toml"))
        command = shlex.join(["conformance", "replay", str(place), "-t", "liar", "--targets", "my.toml"])
        assert command in (place / "issue.md").read_text(encoding="utf-8").splitlines()


ADDRESSES = (
    ("bind_unix", "socket_unix_stream", UNIX, 110, "AF_UNIX b's0'"),
    ("bind_unix", "socket_unix_stream", Memory(struct.pack("=H", AF_UNIX) + b"\0ab"), 5, "AF_UNIX @b'ab' (5 bytes)"),
    ("bind_inet", "socket_tcp", Memory(sockaddr_in(5000)), 16, "AF_INET 127.0.0.1:5000"),
    ("bind_inet6", "socket_tcp6", Memory(sockaddr_in6(80)), 28, "AF_INET6 [::1]:80"),
    (
        "bind_netlink",
        "socket_netlink",
        Memory(struct.pack("=HHII", 16, 0, 77, 3)),
        12,
        "AF_NETLINK portid=77 groups=0x3",
    ),
)
SOCKET = {
    "socket_unix_stream": (AF_UNIX, SOCK_STREAM, 0),
    "socket_tcp": (AF_INET, SOCK_STREAM, 0),
    "socket_tcp6": (AF_INET6, SOCK_STREAM, 0),
    "socket_netlink": (AF_NETLINK, SOCK_DGRAM, 0),
}


@pytest.mark.parametrize(("label", "socket", "address", "size", "shown"), ADDRESSES)
def test_addresses_of_sockets_are_decoded_in_traces_and_in_c(
    native: Lane, label: str, socket: str, address: Memory, size: int, shown: str
) -> None:
    of = finding(native, (socket, *SOCKET[socket]), (label, Ref(0), address, size), wrong=result(1, -errno.ENOMEM))
    assert f"bind(0, {shown}, {size})" in issue.marked(of)
    assert f"/* {shown} */" in reproducer.program_c(of)


def test_what_structs_point_to_is_shown_below_the_call(native: Lane) -> None:
    vector = Memory(bytes(16), ((0, 8, Memory(b"hello")), (8, 8, 5)))
    message = Memory(bytes(56), ((0, 8, Memory(sockaddr_in(5000))), (8, 4, 16), (16, 8, vector), (24, 8, 1)))
    of = finding(
        native, ("socket_udp", AF_INET, SOCK_DGRAM, 0), ("sendmsg", Ref(0), message, 0), wrong=result(1, -errno.EINVAL)
    )
    lines = issue.marked(of).splitlines()
    assert lines[-2:] == ["      message.name: AF_INET 127.0.0.1:5000", "      message.iov: [b'hello']"]
    assert "name=0x200000000" in lines[-3]
    assert "NULL" not in lines[-3].partition("control")[0]
    assert "pad" not in lines[-3]


LONG = (
    (SOCKETS, ("write", Ref(0, 0, 4, 4), Memory(bytes(range(256)) * 8), 2048)),
    (("open", text("absent" * 40), O_RDWR | -(1 << 31), 0o644),),
    (("bind_unix", -1, Memory(struct.pack("=H", AF_UNIX) + bytes(range(1, 109))), 110),),
    (("socket_udp", AF_INET, SOCK_DGRAM, 0), ("sendmsg", Ref(0), 0, 0x4000_4000 | 0xE140)),
    (OPEN, ("pwritev2", Ref(0), 0x2000_0000_0000, -1, -(1 << 63), -(1 << 63), 0x7FFFFFFF)),
)


@pytest.mark.parametrize("calls", LONG, ids=lambda calls: str(calls[-1][0]))
def test_lines_fit_whatever_was_passed(native: Lane, calls: tuple[tuple[object, ...], ...]) -> None:
    text_ = said(finding(native, *calls, wrong=result(len(calls) - 1, -errno.EXDEV)))
    assert max(len(line.expandtabs(8)) for line in text_.splitlines()) <= 120


def test_memory_that_is_too_long_loses_its_middle_and_says_its_length(native: Lane) -> None:
    of = finding(native, *LONG[0], wrong=result(1, -errno.EXDEV))
    assert "(2048 bytes)" in issue.marked(of) or "…(" in issue.marked(of)
    assert "EXDEV" in issue.marked(of)
    assert issue.cut("a" * 100, 40).startswith("aaaa")
    assert "(100 characters)" in issue.cut("a" * 100, 40)
    assert len(issue.cut("a" * 100, 40)) == 40


def test_trace_is_a_diff_in_which_lines_of_both_are_once(native: Lane) -> None:
    lines = issue.marked(finding(native, OPEN, ("lseek", Ref(0), 3, 0), wrong=result(1, -errno.ESPIPE))).splitlines()
    assert [line[:2] for line in lines] == ["  ", "- ", "+ "]
    assert lines[1].endswith("= 3")
    assert lines[2].endswith("= -1 ESPIPE")


HOSTILE = "4.4`` | <script>alert(1)</script>\n# heading\n```\n\x1b[31m@someone"


def test_what_a_guest_calls_itself_is_no_markdown_of_ours(native: Lane) -> None:
    of = finding(native, OPEN, wrong=result(0, -1))
    plain = said(of)
    hostile = said(replace(of, releases=("6.1.0", HOSTILE), made_by=("local", HOSTILE)))
    assert len(hostile.splitlines()) == len(plain.splitlines())
    assert "\x1b" not in hostile
    row = next(line for line in hostile.splitlines() if line.startswith("| target"))
    assert row.count("|") == 5
    assert "```` 4.4" in row or "``` 4.4" in row or "````4.4" in row or "```4.4" in row
    traces = issue.side_by_side(replace(of, releases=("6.1.0", HOSTILE)))
    assert "\x1b" not in traces
    assert len(traces.splitlines()) == len(issue.side_by_side(of).splitlines())


def test_what_a_guest_wrote_ends_no_comment_of_c(native: Lane) -> None:
    of = finding(native, OPEN, ("read", Ref(0), room(64), 8), wrong=written(1, 0, b"*/#error"))
    head = reproducer.repro_c(of).partition("\n\n#")[0]
    assert head.count("*/") == 1
    assert head.endswith("*/")


# Traces in a file


def test_traces_are_side_by_side_and_the_call_that_differs_is_marked(native: Lane) -> None:
    lines = issue.side_by_side(found(native, DIVERGENCES[2])).splitlines()
    assert lines[0].split() == ["native", "(6.1.0)", "liar", "(4.4.0)"]
    assert [line[0] for line in lines[2:4]] == [" ", "*"]
    left, right = lines[3][2 : 2 + issue.WIDTH], lines[3][2 + issue.WIDTH :]
    assert "lseek(" in left
    assert "3" in left
    assert "ESPIPE" in right
    assert lines[-1] == "lseek: fails with ESPIPE on liar, and succeeds on native"


def test_traces_have_in_full_below_what_did_not_fit(native: Lane) -> None:
    of = finding(native, *LONG[0], wrong=result(1, -errno.EXDEV))
    lines = issue.side_by_side(of).splitlines()
    width = 2 * issue.WIDTH + 4
    assert all(len(line) <= width for line in lines[:4])
    full = [line for line in lines if line.startswith(("native (6.1.0): ", "liar (4.4.0): "))]
    assert [each.partition(": ")[2] for each in full[-2:]] == [side.lines[-1] for side in (of.reference, of.target)]


def test_traces_tell_how_a_program_ended(native: Lane) -> None:
    of = found(native, next(each for each in DIVERGENCES if each.name == "life in place of death"))
    assert "load: killed by signal 11" in issue.side_by_side(of)


@pytest.mark.parametrize("divergence", DIVERGENCES, ids=str)
def test_text_can_be_filed_as_it_is(native: Lane, divergence: Divergence) -> None:
    of = found(native, divergence)
    text_ = said(of)
    assert text_.startswith(f"# {issue.headline(of, code_span)}\n")
    assert reproducer.program_c(of).rstrip() in text_
    assert text_.count("```") == 6
    assert max(map(len, text_.splitlines())) <= 120
