from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.programs.notation.claims import struct_of
from conformance.programs.notation.errors import NotationError
from conformance.programs.notation.fields import fields
from conformance.programs.notation.layout import WIDTH
from conformance.programs.notation.model import File, Listing, PromisedCall
from conformance.programs.notation.parse import parse_file
from conformance.programs.notation.printing import print_file
from conformance.programs.notation.promises import (
    Blocks,
    Bound,
    Compare,
    End,
    Exits,
    Fails,
    Killed,
    Promise,
    Returns,
    ReturnsResult,
    Succeeds,
    Written,
)
from conformance.programs.program import Memory, ProgramCall
from conformance.syscalls.files.opening import O_APPEND, O_RDWR
from tests.conformance.search.drawn import likely

SIZE = Bound("st_size", Compare.EQUAL, 26)
AB = Written("", (), b"ab")
LINKS = Bound("st_nlink", Compare.LEAST, 1)


def promises(line: str) -> tuple[Promise, ...]:
    """What a program's last call promises, which prints as it is written."""
    text = f"x:\n    r0 = getpid()\n    {line}\n"
    file = parse_file(text, "x.calls")
    assert print_file(file) == text
    return file.programs[0].steps[-1].promises


@pytest.mark.parametrize(
    ("line", "promise"),
    [
        ("dup(0) = 3", Promise(Returns(Compare.EQUAL, 3))),
        ("dup(0) >= 3", Promise(Returns(Compare.LEAST, 3))),
        ("dup(0) != 0", Promise(Returns(Compare.UNEQUAL, 0))),
        ("fcntl(0, F_GETFL, 0) = O_RDWR|O_APPEND", Promise(Returns(Compare.EQUAL, O_RDWR | O_APPEND))),
        ("getpgid(r0) = r0", Promise(ReturnsResult(0))),
        ("dup(0) = ok", Promise(Succeeds())),
        ("dup(0) = -1 EBADF", Promise(Fails(("EBADF",)))),
        ("dup(0) = -1 EACCES|EPERM", Promise(Fails(("EACCES", "EPERM")))),
        ("dup(0) blocks", Promise(Blocks())),
        ("load(NULL) killed by SIGSEGV", Promise(Killed("SIGSEGV"))),
        ("load(NULL) killed by SIGSEGV (SEGV_MAPERR)", Promise(Killed("SIGSEGV", "SEGV_MAPERR"))),
        ("dup(0) exits with 7", Promise(Exits(7))),
        ("fstat(0, room) = 0, {st_size=26}", Promise(Returns(Compare.EQUAL, 0), (Written("", (SIZE,)),))),
        (
            "fstat(0, room) = ok, buf={st_size=26, st_nlink >= 1}",
            Promise(Succeeds(), (Written("buf", (SIZE, LINKS)),)),
        ),
        ('read(0, room(4), 4) = 2, "ab"', Promise(Returns(Compare.EQUAL, 2), (Written("", (), b"ab"),))),
        (
            "getsockname(0, room(16), [size]) = 0, length=[16]",
            Promise(Returns(Compare.EQUAL, 0), (Written("length", (), b"\x10\0\0\0"),)),
        ),
        ('read(0, room(4), 4) = ok, "ab" [kernel >= 6.6]', Promise(Succeeds(), (AB,), condition="kernel >= 6.6")),
        ("dup(0) = ok or missing", Promise(Succeeds(), missing=())),
        ("dup(0) = ok or missing ENOSYS|ENODEV", Promise(Succeeds(), missing=("ENOSYS", "ENODEV"))),
        ("dup(0) = 3 [kernel >= 6.6]", Promise(Returns(Compare.EQUAL, 3), condition="kernel >= 6.6")),
        (
            "dup(0) = 3 or missing [kernel >= 6.6 and build != 9] needs root, x86_64",
            Promise(Returns(Compare.EQUAL, 3), (), (), "kernel >= 6.6 and build != 9", ("root", "x86_64")),
        ),
    ],
)
def test_a_promise_is_a_value(line: str, promise: Promise) -> None:
    assert promises(line) == (promise,)


def test_of_several_kernels_several_things_are_promised() -> None:
    (newer, older) = promises("dup(0) = 3 [kernel >= 6.6]\n        = -1 ENOSYS [kernel < 6.6]")
    assert (newer.end, older.end) == (Returns(Compare.EQUAL, 3), Fails(("ENOSYS",)))


def test_two_equal_signs_are_one() -> None:
    text = "x:\n    fstat(0, room) == 0, {st_size == 26}\n"
    assert "= 0, {st_size=26}" in print_file(parse_file(text, "x.calls"))


def test_text_in_a_member_is_held_against_text() -> None:
    (promise,) = promises('exec_report(room) = ok, {comm="program", uid=0}')
    assert promise.written[0].members[0] == Bound("comm", Compare.EQUAL, b"program")


def test_a_member_of_a_member_is_named_with_a_dot() -> None:
    (promise,) = promises('statx(AT_FDCWD, "f0", 0, 0, room) = 0, {stx_atime.tv_sec <= 5}')
    assert promise.written[0].members == (Bound("stx_atime.tv_sec", Compare.MOST, 5),)


def test_promises_that_are_long_stay_within_a_line() -> None:
    members = ", ".join(f"{name} >= 1000000" for name in ("st_size", "st_blocks", "st_nlink", "st_ino", "st_blksize"))
    text = print_file(parse_file(f"x:\n  fstat(0, room) = 0, {{{members}, st_uid=1, st_gid=1}} [kernel >= 6.6]\n", "x"))
    assert max(map(len, text.splitlines())) <= WIDTH
    assert print_file(parse_file(text, "x.calls")) == text


CONDITIONS = ("kernel >= 6.6", "kernel < 6.6 and build != 9")
NAMES = st.sampled_from(("root", "x86_64", "disposable"))
NUMBERS = st.integers(0, 1 << 63) | st.integers(-(1 << 63), -4096)


@st.composite
def ends(draw: st.DrawFn, at: int) -> End:
    """How a call may be promised to end."""
    choices: list[st.SearchStrategy[End]] = [
        st.builds(Returns, st.sampled_from(Compare), NUMBERS),
        st.sampled_from((Succeeds(), Blocks(), Killed("SIGSEGV"), Killed("SIGBUS", "BUS_ADRERR"), Exits(255))),
        st.lists(st.sampled_from(("ENOENT", "EPERM", "EOPNOTSUPP")), min_size=1, unique=True).map(tuple).map(Fails),
    ]
    if at:
        choices.append(st.builds(ReturnsResult, st.integers(0, at - 1)))
    found: End = draw(st.one_of(*choices))
    return found


@st.composite
def written(draw: st.DrawFn, call: ProgramCall) -> Written:
    """What a call that has memory may be promised to write."""
    memory = [at for at, each in enumerate(call.args) if isinstance(each, Memory)]
    index = draw(st.sampled_from(memory))
    name, struct = call.description.parameters[index].name, struct_of(call, index)
    if struct is None:
        return Written(name, (), draw(st.binary(max_size=80)))
    numbers = [each for each in fields(struct).values() if each.inner is None and not each.is_array]
    chosen = draw(st.lists(st.sampled_from(numbers), max_size=4)) if numbers else []
    compares = st.sampled_from(Compare)
    most = [1 << 8 * each.size for each in chosen]
    values = [draw(st.integers(-(limit // 2), limit - 1)) for limit in most]
    return Written(
        name, tuple(Bound(each.name, draw(compares), value) for each, value in zip(chosen, values, strict=True))
    )


@st.composite
def listings(draw: st.DrawFn) -> Listing:
    """Programs with all sorts of promises."""
    steps = []
    for at, call in enumerate(draw(likely()).steps):
        memory = any(isinstance(each, Memory) for each in call.args)
        several = draw(st.integers(0, 2))
        found = [
            Promise(
                draw(ends(at)),
                tuple(draw(st.lists(written(call), max_size=2))) if memory else (),
                draw(st.sampled_from((None, (), ("ENOSYS",), ("ENODEV", "ENOTTY")))),
                draw(
                    st.sampled_from(("kernel >= 6.6", "kernel < 6.6 and build != 9") + (("",) if several < 2 else ()))
                ),
                tuple(draw(st.lists(NAMES, max_size=2, unique=True))),
            )
            for _ in range(several)
        ]
        steps.append(PromisedCall(call, promises=tuple(found)))
    return Listing(
        "drawn", tuple(steps), draw(st.sampled_from(("", "kernel >= 5.3"))), tuple(draw(st.lists(NAMES, max_size=1)))
    )


@given(listings())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example])
def test_any_promises_come_back_as_they_were(listing: Listing) -> None:
    file = File("Title", (listing,))
    text = print_file(file)
    assert parse_file(text, "drawn.calls") == file
    assert print_file(parse_file(text, "drawn.calls")) == text
    assert max(map(len, text.splitlines())) <= WIDTH


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("dup(0) or missing", "was expected behind a call, not or"),
        ("dup(0) = 3 or 4", "`missing` was expected behind `or`, not 4"),
        ("dup(0) = 3 = 4", "another promise stands on a line of its own"),
        ("dup(0) exits 3", "`with` was expected"),
        ("dup(0) exits with 300", "a status is a number from 0 to 255, not 300"),
        ("fstat(0, room) = 0, {st_atime.tv_sec=1}", "nothing is known of the members"),
        ('statx(0, "f0", 0, 0, room) = 0, {stx_atime=5}', "stx_atime is a struct: one of its members was expected"),
        ("exec_report(room) = 0, {comm=5}", "comm is an array"),
        ("fstat(0, room) = 0, fd={st_size=1}", "fd is no memory whose members are known here"),
        ("fstat(0, room) = 0, bfu={st_size=1}", "fstat has no argument bfu; did you mean buf?"),
        ("clock_nanosleep(0, 0, {}, {}) = 0, {tv_sec=1}, 5", "what was written was expected"),
        ("dup(0) = 3 [kernel]", "is not a condition"),
        ("dup(0) = 3 []", "a condition such as `[kernel >= 6.6]` was expected"),
    ],
)
def test_a_promise_that_cannot_be_says_what_would_be_right(line: str, what: str) -> None:
    with pytest.raises(NotationError, match=r"^x\.calls:\d+:\d+: ") as caught:
        parse_file(f"x:\n    {line}\n", "x.calls")
    assert what in str(caught.value)
