from __future__ import annotations

import random

import pytest

from conformance.programs.notation.errors import NotationError
from conformance.programs.notation.model import File
from conformance.programs.notation.parse import parse_file
from conformance.programs.notation.printing import print_file, print_program
from conformance.programs.notation.promises import Bound, Compare, Fails, Promise, Written
from conformance.programs.program import MOST_CALLS, Memory, Program, ProgramCall, ProgramError, Ref
from conformance.search.generate import Generator
from conformance.syscalls.files.opening import O_CREAT, O_RDWR
from tests.conformance.programs.notation.texts import TEXT


def test_a_file_has_a_title_and_programs_with_names() -> None:
    file = parse_file(TEXT, "paths.calls")
    assert file.title == "Opening files: paths that lead nowhere"
    assert [each.name for each in file.programs] == [
        "file-in-the-middle-of-a-path-is-enotdir",
        "size-that-the-kernel-knows-is-told",
    ]
    opened = ProgramCall("openat_file", (-100, Memory(b"f0\0"), O_RDWR | O_CREAT, 0o644))
    assert file.programs[0].program.steps[0] == opened
    assert file.programs[0].steps[0].promises == ()
    assert file.programs[0].steps[1].promises == (Promise(Fails(("ENOTDIR",))),)
    known = Written("", (Bound("size", Compare.LEAST, 48),))
    assert file.of("size-that-the-kernel-knows-is-told").steps[0].promises == (Promise(Fails(("E2BIG",)), (known,)),)


def test_a_result_may_have_a_name_of_its_own() -> None:
    text = 'names:\n    fd = openat(AT_FDCWD, "f0", O_RDWR, 0)\n    dup2(fd, 5)\n'
    file = parse_file(text, "names.calls")
    assert file.programs[0].program.steps[1].args == (Ref(0), 5)
    assert print_file(file) == text


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        ("x:\n    opneat(AT_FDCWD)", "2:5", "there is no call opneat; did you mean openat"),
        ("x:\n    close(O_RDWT)", "2:11", "there is no constant O_RDWT; did you mean O_RDWR"),
        ("x:\n    sched_setattr(0, {polcy=1}, 0)", "2:23", "SchedAttr has no member polcy; did you mean policy?"),
        ("x:\n    close(fd)", "2:11", "no call before this one is `fd = …`, which names what it makes"),
        ("x:\n    fd = close(0)\n    close(df)", "3:11", "did you mean fd?"),
        ("x:\n    close(0, 1)", "2:14", "close takes 1 arguments (fd), not 2"),
        ("x:\n    close(0", "2:12", "`,` was expected or `)` behind an argument, not the end"),
        ('x:\n    unlink("f0)', "2:12", 'a text has no end: a `"` on the same line was expected'),
        ('x:\n    unlink("\\q")', "2:13", "\\q is no escape"),
        ('x:\n    unlink("\\01")', "2:13", "\\0 is no escape"),
        ("x:\n    close(08)", "2:11", "08 is no number"),
        ("x:\n    close(99999999999999999999)", "2:11", "has more than 64 bits"),
        ("x:\n    close(0) close(1)", "2:14", "was expected behind a call, not close"),
        ("x:\n    close(0) = -1", "2:18", "an errno was expected behind -1, such as ENOENT, not the end"),
        ("x:\n    close(0) = -1 ENOENTT", "2:19", "there is no errno ENOENTT; did you mean ENOENT?"),
        ("x:\n    close(0) = -9", "2:16", "`= -1` and an errno"),
        ("x:\n    close(0) = fd", "2:16", "no call before this one is `fd = …`; `ok` is any success"),
        ("x:\n    load(0) killed by SIGSEV", "2:23", "there is no signal SIGSEV; did you mean SIGSEGV?"),
        ("x:\n    load(0) killed by SIGSEGV (SEGV_MAPER)", "2:32", "did you mean SEGV_MAPERR?"),
        ("x:\n    fstat(0, room) = 0, {st_siz=1}", "2:26", "struct Stat has no member st_siz; did you mean st_size?"),
        ("x:\n    fstat(0, room) = 0, {st_size}", "2:33", "was expected behind a member, not }"),
        ("x:\n    fstat(0, room) = 0, {st_mode=0x100000000}", "2:34", "does not fit into the 4 bytes of st_mode"),
        ("x:\n    close(0) = 0, {size=1}", "2:19", "which memory is not said"),
        ("x:\n    close(0) = 0 [kernel => 6]", "2:18", "is not a condition such as `kernel >= 6.6`"),
        ("x:\n    close(0) = 0 [kernel >= 6", "2:18", "has a `]` on the same line"),
        ("x:\n    close(0) = 0\n        = -1 EBADF", "2:14", "of several promises each has a condition"),
        ("x: needs\n    close(0)", "2:5", "what is needed was expected, such as `needs root`, not close"),
        ("x:\n", "1:1", "the program x has no call"),
        ("x:\n    close(0)\nx:\n    close(1)", "3:1", "the program x is there twice: it is in line 1 too"),
        ("X_y:\n    close(0)", "1:1", "X_y is no name of a program"),
        ("close(0)", "1:1", "a program's name was expected, such as `reads-nothing:`"),
        ("x: close(0)", "1:4", "a call stands on a line of its own below the name of its program"),
        ("x:\n    room = close(0)", "2:5", "room is no name of a result"),
        ("x:\n    r1 = close(0)", "2:5", "the result of this call is r0, not r1"),
        ("x:\n    a = close(0)\n    a = close(0)", "3:5", "a is the result of an earlier call already; `r1` is free"),
        ("x:\n    pipe(room)", "2:10", "how much room is not known here: a size such as `room(64)` was expected"),
        ("x:\n    pipe({a=1})", "2:10", "nothing is known of the members of this memory"),
        ("x:\n    pipe([size])", "2:11", "`size` is that of the memory before it, and there is none"),
        ("x:\n    pipe([room(1)])", "2:11", "an address has 8 bytes, and here is room for 4"),
        ("x:\n    pipe([0x100000000])", "2:11", "does not fit into 4 bytes"),
        ('x:\n    pipe("ab" @{1:2=put(1)})', "2:17", "the place is not inside the memory, which has 2 bytes"),
        ('x:\n    pipe("ab" @{0:3=put(1)})', "2:19", "a width is 1, 2, 4 or 8 bytes, not 3"),
        ("x:\n    r0 = pipe(room(8))\n    close(r0.fsd[0])", "3:14", "pipe has no argument fsd"),
        ("x:\n    r0 = pipe(room(8))\n    close(r0.fds)", "3:14", "what in fds?"),
        ("x:\n    bind(0, {sin_family=77}, 0)", "2:13", "sun_family=AF_UNIX, sin_family=AF_INET, "),
        ("x:\n    bind(0, {sun_path=1}, 0)", "2:13", "which struct this is was expected to be said"),
        ("x:\n    pipe(" + "u64[" * 40 + "]" * 40 + ")", "2:106", "memory points to memory more than 4 times in a row"),
        ("x:\n" + "    close(0)\n" * (MOST_CALLS + 1), "26:5", "a program has at most 24 calls"),
        ('x:\n    unlink("ab"*20000)', "2:12", "a program has at most 32768 bytes of memory"),
        ('x:\n    unlink("a"*40000)', "2:16", "how often is a number from 0 to 32768, not 40000"),
        ("x:\n    close(0) & 1", "2:14", "'&' means nothing here"),
    ],
)  # fmt: skip
def test_an_error_says_where_it_is_and_what_would_be_right(text: str, place: str, what: str) -> None:
    with pytest.raises(NotationError) as caught:
        parse_file(text, "wrong.calls")
    assert str(caught.value).startswith(f"wrong.calls:{place}: ")
    assert what in str(caught.value)
    assert isinstance(caught.value, ProgramError)


# -- texts that somebody has spoilt

PIECES = (
    *('"', "\\", "{", "}", "[", "]", "(", ")", "=", ",", "|", "@", "*", "...", "-1", "0x", "room", "edge", "size"),
    *("put(", "u64[", "r0", "r1.", "#", "\n", " ", "'", "é", "\0", "9" * 30, "ok", "or missing", "blocks", "plain "),
    *("killed by", "[kernel", " = ", "ENOENT", "name:\n"),
)


def spoilt(text: str, chance: random.Random) -> str:
    """A text with something cut, put in, doubled or changed."""
    at = chance.randrange(len(text))
    match chance.randrange(5):
        case 0:
            return text[:at] + text[at + chance.randint(1, 8) :]
        case 1:
            return text[:at] + chance.choice(PIECES) + text[at:]
        case 2:
            return text[: at + 30] + text[at:]
        case 3:
            return text[:at] + "\n"
    return text[:at] + chr(chance.randrange(256)) + text[at + 1 :]


def named(program: Program) -> str:
    """A program as a file has it."""
    return "name: needs root [kernel >= 6.1]\n" + "".join(
        f"    {line}\n" for line in print_program(program).splitlines()
    )


def read_or_refused(text: str) -> File | NotationError:
    """What a text is, or what is wrong with it."""
    try:
        return parse_file(text, "spoilt.calls")
    except NotationError as error:
        return error


def test_a_spoilt_text_is_read_or_refused_with_a_place_and_nothing_else_happens() -> None:
    chance = random.Random(5)
    texts = [TEXT] * 10 + [named(program) for _, program in Generator((), 5).batch(40)]
    read = refused = 0
    for _ in range(1500):
        text = spoilt(chance.choice(texts), chance)
        found = read_or_refused(text)
        if isinstance(found, File):
            assert parse_file(print_file(found), "again.calls") == found
            read += 1
        else:
            assert str(found).startswith(f"spoilt.calls:{found.line}:{found.column}: ")
            assert 1 <= found.line <= text.count("\n") + 1
            refused += 1
    assert read > 100
    assert refused > 100
