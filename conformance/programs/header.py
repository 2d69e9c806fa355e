"""What the executor and reproducers must know as it is known here: headers in C, made of the modules that say it.

`python -m conformance.programs.header` writes the executor's anew after a change of what they are made of.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from conformance.programs import wire
from conformance.protocol import agent, executor
from conformance.syscalls import pseudo
from conformance.syscalls.machinery import world
from conformance.syscalls.machinery.buffers import POISON, Struct
from conformance.syscalls.machinery.touches import EVERYTHING

FOLDER = Path(__file__).with_name("executor")
_ABOUT = """\
// SPDX-License-Identifier: MIT
/*
 * {what}
 *
 * Made by `python -m conformance.programs.header`. What is to be edited, and says what it means, is in
 * {where}.
 */

"""
_WORLD = (
    "The world that programs live in.",
    "conformance/syscalls/machinery/world.py and conformance/syscalls/pseudo.py",
)
_PROTOCOL = (
    "The numbers of the protocol.",
    "conformance/protocol/executor.py, conformance/programs/wire.py and conformance/syscalls/machinery/touches.py",
)
_WIDEST = 100
"""Characters of a line of a table."""
_C_TYPES: dict[Any, str] = {ctypes.c_uint64: "uint64_t", ctypes.c_uint32: "uint32_t", ctypes.c_int32: "int32_t"}


def headers() -> dict[str, str]:
    """The executor's, by name."""
    return {
        name: _ABOUT.format(what=what, where=where) + said
        for name, (what, where), said in (
            ("world.h", _WORLD, world_c()),
            ("protocol.h", _PROTOCOL, protocol_c()),
        )
    }


def protocol_c() -> str:
    """The protocol: frames, programs, outcomes."""
    frames = {each: getattr(executor, each) for each in ("RUN", "FORKS", "HELLO", "RESULTS", "ERROR", "FORKED")}
    instructions = {each: getattr(wire, each) for each in ("COPYIN", "FILL", "STORE", "CALL")}
    kinds = (
        *("SPAWN", "THREAD", "EXEC", "LOAD", "STORE", "PTY_MASTER", "PTY_SLAVE", "PROC", "URING"),
        *("FORK", "TURN", "COPY", "CLONE", "CLONE3"),
    )
    calls = {f"CALL_{each}": getattr(pseudo, each) for each in kinds}
    touches = {f"TOUCHES_{each.name}": int(each) for each in EVERYTHING}
    wishes = {f"WISH_{each.name}": int(each) for each in wire.Wish}
    return "\n".join(
        (
            f'#define PORT "{agent.PORT}"',
            "",
            _enum({"MAGIC": executor.MAGIC, "VERSION": executor.VERSION, "FRAME_MAX": executor.LONGEST_FRAME}),
            _enum(frames),
            "",
            "/* What programs touch unless they promise otherwise, what they wish for, what they consist of. */",
            _enum(touches | {"TOUCHES_EVERYTHING": int(EVERYTHING)}),
            _enum(wishes | {"WISHES_KNOWN": sum(wishes.values())}),
            _enum(instructions),
            _enum({"SLOTS": wire.SLOTS, "NO_SLOT": wire.NO_SLOT}),
            "",
            "/* Calls beside the kernel's. */",
            _enum(calls | {"CALLS_END": pseudo.CLONE3 + len(pseudo.DEEDS)}),
            "",
            "/* How programs end. */",
            _enum({each.name: int(each) for each in wire.State}),
            "",
        )
    )


def _enum(numbers: Mapping[str, int]) -> str:
    """Names for numbers, a line each."""
    style = "#x" if max(numbers.values()) > 0xFF else "d"
    return "\n".join(("enum {", *(f"\t{name} = {number:{style}}," for name, number in numbers.items()), "};"))


def world_c() -> str:
    """The world as C: constants, and tables as macros, so that who needs only some of them has no others."""
    return "\n".join([*_memory(), "", *_limits(), "", *_files(), "", *_pseudo_calls(), ""])


def _memory() -> Iterator[str]:
    yield "/* Memory: an area with single pages behind it that nothing follows, a page to be read, room for maps. */"
    addresses = ("READ_ONLY", "HANDLER", "RESTORER", "OTHER_HANDLER", "SIGLOG", "ARENA", "MEMORY_END")
    yield f"#define PAGE {world.PAGE}"
    yield f"#define DATA {world.DATA:#x}UL"
    yield f"#define DATA_SIZE {world.DATA_BYTES:#x}UL"
    yield f"#define EDGES {len(world.EDGES)}"
    yield f"#define EDGE_STRIDE {world.EDGE_STRIDE:#x}UL"
    for name in addresses:
        yield f"#define {name} (DATA + {getattr(world, name) - world.DATA:#x})"
    yield f"#define SIGLOG_SIZE {world.SIGLOG_BYTES}"
    yield f"#define ARENA_SIZE {world.ARENA_PAGES * world.PAGE:#x}UL"
    yield f"#define READ_ONLY_BYTE {world.READ_ONLY_BYTE:#x}"
    yield f"#define POISON {POISON:#x}"
    yield from _code("HANDLER_CODE", world.HANDLER_CODE)
    yield from _code("RESTORER_CODE", world.RESTORER_CODE)


def _code(name: str, instructions: tuple[tuple[bytes, str], ...]) -> Iterator[str]:
    """Machine code, an instruction a line."""
    rows = [(", ".join(f"{byte:#04x}" for byte in code) + ",", said) for code, said in instructions]
    yield from _table(name, _explained(rows))


def _explained(rows: list[tuple[str, str]]) -> list[str]:
    """Lines of C with a comment each, one below the other."""
    width = max(len(line) for line, _ in rows)
    return [f"{line:{width}} /* {said} */" for line, said in rows]


def _table(name: str, lines: list[str]) -> Iterator[str]:
    """A macro of several lines."""
    yield f"#define {name} \\"
    yield from (f"\t{line} \\" for line in lines[:-1])
    yield f"\t{lines[-1]}"


def _limits() -> Iterator[str]:
    yield "/* Limits: number, soft, hard. Those of its own are a process's that runs programs, and not its parent's. */"
    yield f"#define FILES_MAX {world.FILES}"
    for name, limits in (("LIMITS", world.LIMITS), ("OWN_LIMITS", world.OWN_LIMITS)):
        rows = [(f"{{ {n}, {_limit(soft)}, {_limit(hard)} }},", which) for which, (n, soft, hard) in limits.items()]
        yield from _table(name, _explained(rows))
    yield ""
    yield "/* Capabilities that could harm the machine, or that not every target can grant. */"
    newer = f"{', '.join(map(str, world.NEWER_CAPABILITIES))} /* newer ones */"
    yield from _table("DROPPED_CAPABILITIES", [*_filled(world.DROPPED_CAPABILITIES), newer])


def _limit(value: int) -> str:
    return "~0UL" if value == world.UNLIMITED else str(value)


def _filled(numbers: Mapping[str, int]) -> Iterator[str]:
    """Numbers with their names, as many on a line as fit."""
    line = ""
    for name, number in numbers.items():
        item = f"{number}, /* {name} */"
        if line and len(line) + len(item) > _WIDEST:
            yield line
            line = ""
        line += (" " if line else "") + item
    yield line


def _files() -> Iterator[str]:
    yield "/* The files of a program's working directory; the link leads to the file. */"
    for name in ("FILE", "FILE_HAS", "DIRECTORY", "FILE_BELOW", "FILE_BELOW_HAS", "LINK"):
        yield f'#define TREE_{name} "{getattr(world, name).decode()}"'
    yield f"#define FILE_MODE {_octal(world.FILE_MODE)}"
    yield f"#define DIRECTORY_MODE {_octal(world.DIRECTORY_MODE)}"
    yield "/* How the tmpfs below it is mounted, the first that works. */"
    yield f"#define ROOM_OPTIONS {', '.join(_quoted(each) for each in world.ROOM_OPTIONS)}"
    yield ""
    yield "/* Files of its own in /proc, and how that is mounted: but for the first way, to be read only. */"
    yield f"#define PROC_FILES {', '.join(_quoted(each.decode()) for each in world.PROC_FILES)}"
    yield f"#define PROC_OPTIONS {', '.join(_quoted(each) for each in world.PROC_OPTIONS)}"
    yield ""
    yield "/* What else it can see of itself. */"
    yield f"#define UMASK {_octal(world.UMASK)}"
    yield f"#define NAME {_quoted(world.NAME)}"
    yield f"#define HOST_NAME {_quoted(world.HOST_NAME)}"


def _octal(mode: int) -> str:
    return f"0{mode:o}"


def _quoted(text: str) -> str:
    return f'"{text}"'


def _pseudo_calls() -> Iterator[str]:
    yield "/* What children do, and threads. */"
    for kinds in ("SPAWN_", "THREAD_", "CHILD_"):
        yield _enum({name: value for name, value in vars(pseudo).items() if name.startswith(kinds)})
    yield ""
    yield "/* What a new image finds, and to which fd it says so. */"
    yield f"#define REPORT_FD {world.REPORT_FD}"
    yield from _struct("report", pseudo.ExecReport)


def _struct(name: str, of: type[Struct]) -> Iterator[str]:
    """A struct of numbers and strings."""
    yield f"struct {name} {{"
    for field in of._fields_:
        member, ctype = field[0], field[1]
        if issubclass(ctype, ctypes.Array):
            yield f"\tchar {member}[{ctype._length_}];"
        else:
            yield f"\t{_C_TYPES[ctype]} {member};"
    yield "};"


if __name__ == "__main__":
    for name, text in headers().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
