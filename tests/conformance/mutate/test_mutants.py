"""Faults as descriptions have room for them."""

from __future__ import annotations

import pytest

from conformance.model import Step
from conformance.mutate.mutants import Fault, LeftOut, Mutant, mutants_of
from conformance.syscalls.files.descriptors import F_SETFL
from conformance.syscalls.files.opening import O_CREAT, O_DSYNC, O_SYNC, O_TRUNC
from conformance.syscalls.machinery.call import Pseudo
from conformance.syscalls.machinery.table import grammar


def found(label: str, fault: Fault | None = None) -> dict[str, Mutant]:
    """The faults of a call, by what they are about; of one kind, if that is given."""
    mutants = [each for each in mutants_of(label) if isinstance(each, Mutant)]
    return {each.what if fault else str(each): each for each in mutants if fault in (None, each.fault)}


def left_out(label: str) -> dict[str, str]:
    """Why some are none."""
    return {str(each.mutant): each.why for each in mutants_of(label) if isinstance(each, LeftOut)}


def test_each_call_may_be_refused_do_nothing_and_be_off_by_one() -> None:
    assert {name: each.rules for name, each in found("close").items()} == {
        "close: refused": "3 errno 0 5",
        "close: another errno": "3 errno -1 33",
        "close: nothing done": "3 skip 0",
        "close: off by one": "3 result add 1",
    }


def test_an_operation_is_told_by_its_arguments() -> None:
    mutant = found("fcntl_setfl")["fcntl_setfl: refused"]
    assert mutant.rules == f"72 if 1 {F_SETFL} errno 0 5"


def test_each_bit_of_flags_is_dropped_by_the_name_that_is_its_own() -> None:
    flags = found("openat", Fault.FLAG)
    assert flags["O_TRUNC"].bits == O_TRUNC
    assert flags["O_TRUNC"].rules == f"257 arg 2 and {~O_TRUNC & (1 << 64) - 1:#x}"
    assert flags["O_SYNC"].bits == O_SYNC & ~O_DSYNC
    assert "O_ACCMODE" not in flags  # O_WRONLY and O_RDWR
    bits = [each.bits for each in flags.values()]
    assert len(set(bits)) == len(bits)
    assert all(each.bit_count() == 1 for each in bits)


def test_flags_of_an_operation_that_are_those_of_its_call_are_dropped_once() -> None:
    assert found("openat", Fault.FLAG)
    assert not found("openat_file", Fault.FLAG)
    assert found("fcntl_setfl", Fault.FLAG)


def test_flags_in_memory_are_dropped_there() -> None:
    mutant = found("openat2", Fault.FLAG)["O_TRUNC of how.flags"]
    assert mutant.rules == f"437 in 2 0 8 and {~O_TRUNC & (1 << 64) - 1:#x}"


def test_what_a_call_writes_is_not_written_cut_and_zeroed_member_by_member() -> None:
    outputs = {name: each.rules for name, each in found("fstat").items() if each.argument == 1}
    assert outputs["fstat: output untouched, buf"] == "5 keep 1 144"
    assert outputs["fstat: cut by a byte, buf"] == "5 cut 1 144"
    assert outputs["fstat: member zeroed, buf.st_size"] == "5 zero 1 48 8"
    assert found("read")["read: cut by a byte, buf"].rules == "0 cut 1 0"
    assert found("pipe2")["pipe2: output untouched, fds"].rules == "293 keep 0 8"


def test_what_is_no_call_of_the_machine_has_no_faults() -> None:
    labels = [each.__name__ for each in grammar().values() if isinstance(each, Pseudo)]
    assert labels
    assert [mutant for label in labels for mutant in mutants_of(label)] == []


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("openat: flag dropped, O_LARGEFILE", "force_o_largefile"),
        ("getrandom: cut by a byte, buf", "differs from run to run"),
        ("time: off by one", "differs from run to run"),
        ("umask: another errno", "always successful"),
        ("execve: refused", "does not return"),
        ("uselib: refused", "ENOSYS"),
        ("reboot_refused: off by one", "always refused"),
    ],
)
def test_what_linux_itself_could_show_is_left_out_with_a_reason(name: str, why: str) -> None:
    label = name.partition(":")[0]
    assert why in left_out(label)[name]
    assert name not in found(label)


def test_every_fault_has_a_name_of_its_own() -> None:
    everything = [str(each) for label in grammar() for each in mutants_of(label) if isinstance(each, Mutant)]
    assert len(everything) > 5000
    assert len(set(everything)) == len(everything)


SUCCEEDED = Step("openat", [-100, "a\0", O_CREAT, 0], 3, 0, {})
REFUSED = Step("openat", [-100, "a\0", O_CREAT | O_TRUNC, 0], -1, 2, {})


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("openat: refused", (True, False, False)),
        ("openat: another errno", (False, True, False)),
        ("openat: nothing done", (True, True, True)),
        ("openat: off by one", (True, False, False)),
        ("openat: flag dropped, O_TRUNC", (False, True, True)),
    ],
)
def test_a_call_may_show_what_is_about_it(name: str, shown: tuple[bool, bool, bool]) -> None:
    mutant = found("openat")[name]
    assert (mutant.may_show(SUCCEEDED), mutant.may_show(REFUSED), mutant.may_show(None)) == shown


def test_an_output_shows_where_there_is_one() -> None:
    mutant = found("read")["read: cut by a byte, buf"]
    assert mutant.may_show(Step("read", [3, None, 1], 1, 0, {"1": "a"}))
    assert not mutant.may_show(Step("read", [3, 0, 0], 0, 0, {}))


def test_a_flag_in_memory_shows_where_it_is_set() -> None:
    mutant = found("openat2", Fault.FLAG)["O_TRUNC of how.flags"]
    assert mutant.may_show(Step("openat2", [-100, "a\0", {"flags": O_TRUNC}, 24], 3, 0, {}))
    assert not mutant.may_show(Step("openat2", [-100, "a\0", {"flags": O_CREAT}, 24], 3, 0, {}))
    assert not mutant.may_show(Step("openat2", [-100, "a\0", None, 24], -1, 14, {}))


def test_what_is_of_a_call_is_of_each_of_its_operations() -> None:
    call, operation = found("fcntl")["fcntl: refused"], found("fcntl_setfl")["fcntl_setfl: refused"]
    assert [call.is_of(each) for each in ("fcntl", "fcntl_setfl", "close")] == [True, True, False]
    assert [operation.is_of(each) for each in ("fcntl", "fcntl_setfl", "fcntl_getfl")] == [False, True, False]
