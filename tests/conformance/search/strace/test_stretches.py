"""Long logs, put into programs."""

from __future__ import annotations

from conformance.programs.harmful import is_tame
from conformance.programs.notation.printing import print_program
from conformance.programs.program import MOST_CALLS, from_json, to_json
from conformance.search.strace.lines import read_log
from conformance.search.strace.saying import say
from conformance.search.strace.stretches import stretches
from tests.conformance.search.strace.logs import LOGS

OPEN = '1 open("/a", O_RDONLY) = 3\n'
READ = '1 read(3, "", 10) = 0\n'
CLOSE = "1 close(3) = 0\n"


def programs(log: str) -> dict[str, list[str]]:
    """Programs as lines, by the lines of the log."""
    found, _ = stretches(say(read_log(log).calls)[0])
    return {lines: print_program(program).splitlines() for lines, program in found.items()}


def test_a_log_that_fits_is_one_program() -> None:
    assert list(programs(OPEN + READ + CLOSE)) == ["1-3"]


def test_a_long_log_is_several_each_with_what_it_needs_from_before() -> None:
    found = programs(OPEN + READ * (MOST_CALLS + 5) + CLOSE)
    assert list(found) == [f"1-{MOST_CALLS}", f"{MOST_CALLS + 1}-{MOST_CALLS + 7}"]
    assert all(calls[0] == 'r0 = open("f0", O_RDONLY)' for calls in found.values())


def test_memory_is_bounded_too() -> None:
    found = programs(OPEN + '1 read(3, "", 4096) = 0\n' * 10)
    assert list(found) == ["1-4", "5-7", "8-10", "11-11"]


def test_files_that_are_not_there_are_made() -> None:
    log = "".join(f'1 newfstatat(AT_FDCWD, "/{each}", {{st_mode={mode}, ...}}, 0) = 0\n' for each, mode in KINDS)
    (calls,) = programs(log).values()
    assert [each for each in calls if not each.startswith("newfstatat")] == [
        'mknodat(AT_FDCWD, "f1", 0100644, 0)',
        'mkdirat(AT_FDCWD, "d1", 0755)',
        'symlinkat("f0", AT_FDCWD, "l1")',
    ]


KINDS = [(f"{kind}{at}", f"S_IF{kind}|0644") for kind in ("REG", "DIR", "LNK") for at in (0, 1)]


def test_what_was_closed_is_used_no_more() -> None:
    mapped = "1 mmap(NULL, 10, PROT_READ, MAP_PRIVATE, 3, 0) = 0x7f1000\n"
    unmapped = "1 munmap(0x7f1000, 10) = 0\n"
    found = programs(OPEN + mapped + "1 getpid() = 1\n" * (MOST_CALLS - 2) + READ + CLOSE + unmapped)
    assert [calls[-1].split("(")[0] for calls in found.values()] == ["getpid", "close", "munmap"]
    assert [each.split("(")[0] for each in list(found.values())[-1]] == ["r0 = open", "plain mmap", "munmap"]


def test_programs_are_valid_and_tame() -> None:
    for log in LOGS:
        for program in stretches(say(read_log(log).calls)[0])[0].values():
            assert from_json(to_json(program)) == program
            assert is_tame(program)
