"""Faults that were reported of processes, and others of their kind: which cases see each, and no other."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cases.kernels import Fault, Kernel

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="most of these cases need root"),
    pytest.mark.deadline(120),
]

SCHEDULING = "cases/scheduling/test_policies.py"
FITTING = "test_attributes_that_do_not_fit_are_e2big_and_tell_the_size_that_the_kernel_knows"
FUTEX = "cases/ipc/test_futex.py"
LOCK_PI, UNLOCK_PI, TRYLOCK_PI = 6, 7, 8
MASKS = "cases/signals/test_masks.py"
FAULTS_OF_CODE = "cases/signals/test_faults.py"
SEGMENTS = "cases/processes/test_segments.py"

CONTEXT = """
from conformance.syscalls.help.code import place

def clear(handler, *offsets):  # mov qword ptr [rdx + offset], 0; movabs rax, handler; jmp rax
    cleared = b"".join(b"\\x48\\xc7\\x82" + struct.pack("<II", offset, 0) for offset in offsets)
    return place(cleared + b"\\x48\\xb8" + struct.pack("<Q", handler) + b"\\xff\\xe0")
ERR, TRAPNO, OLDMASK, CR2 = (40 + 8 * number for number in (19, 20, 21, 22))
"""
CLEARED = """
    if call.name == "rt_sigaction" and args[1] is not None and args[1].flags & 4:
        args[1].handler = clear(args[1].handler, {})"""

FAULTS = {
    # asterinas/asterinas#2575: what a failing call writes back
    "says nothing of the size that it knows": Fault(
        Kernel(
            SCHEDULING,
            """
    if call.name == "sched_setattr" and args[1] and hasattr(args[1], "address"):
        before = memory_at(args[1].address, 4)
        result, error = made()
        if error == E2BIG: write_memory(args[1].address, before)
        return result, error""",
        ),
        (f"{FITTING}*",),
    ),
    "says of what is too long that it is wrong": Fault(
        Kernel(
            SCHEDULING,
            """
    if call.name == "sched_setattr":
        result, error = made()
        return result, EINVAL if error == E2BIG else error""",
        ),
        (f"{FITTING}*",),
    ),
    "takes what is too short": Fault(
        Kernel(
            SCHEDULING,
            """
    if call.name == "sched_setattr":
        result, error = made()
        short = error == E2BIG and len(bytes(args[1])) < 56
        return (0, 0) if short else (result, error)""",
        ),
        (f"{FITTING}?short?",),
    ),
    "faults where there is nothing": Fault(
        Kernel(SCHEDULING, '    if call.name == "sched_setattr" and args[1] is None: return -1, EFAULT'),
        ("test_attributes_must_be_somewhere",),
    ),
    "leaves half of a pair behind": Fault(
        Kernel(
            "cases/processes/test_limits.py",
            """
    if call.name == "pipe2":
        result, error = made()
        if error == EMFILE: write_memory(args[0].address, struct.pack("=i", 3))
        return result, error""",
        ),
        ("test_pair_for_which_there_is_one_descriptor_only_is_none_and_nothing_is_written?pipe2?",),
    ),
    # sysprog21/elfuse#173: locks that lend their priority
    "looks at the address of a lock before its owner": Fault(
        Kernel(FUTEX, f'    if call.name == "futex" and args[1] == {UNLOCK_PI} and args[0] & 3: return -1, EINVAL'),
        ("test_lock_of_a_word_that_is_not_aligned_is_einval_but_not_ones_own_to_unlock",),
    ),
    "gives the lock of an owner that is gone": Fault(
        Kernel(
            FUTEX,
            f"""
    if call.name == "futex" and args[1] == {LOCK_PI}:
        result, error = made()
        return (0, 0) if error == ESRCH else (result, error)""",
        ),
        ("test_lock_whose_owner_is_gone_is_esrch?lock?",),
    ),
    "takes an owner that is gone for one that lives": Fault(
        Kernel(
            FUTEX,
            f"""
    if call.name == "futex" and args[1] == {TRYLOCK_PI}:
        result, error = made()
        return result, EAGAIN if error == ESRCH else error""",
        ),
        ("test_lock_whose_owner_is_gone_is_esrch?trylock?",),
    ),
    "forgets that an owner died": Fault(
        Kernel(
            FUTEX,
            f"""
    if call.name == "futex" and args[1] in ({LOCK_PI}, {TRYLOCK_PI}):
        answer = made()
        word, = struct.unpack("=I", memory_at(args[0], 4))
        if not answer[0]: write_memory(args[0], struct.pack("=I", word & ~0x40000000))
        return answer""",
        ),
        (
            "test_lock_that_is_marked_as_its_owners_who_died_is_taken_with_the_mark",
            "test_waiter_gets_the_lock_of_an_owner_that_dies_and_is_told",
        ),
    ),
    # FEX-Emu/FEX#1357: the mask after a wait
    "leaves the mask of sigsuspend": Fault(
        Kernel(
            MASKS,
            """
    if call.name == "rt_sigsuspend":
        answer = made()
        if answer[1] == EINTR: enter(rt_sigprocmask, (2, args[0], None, 8))
        return answer""",
            "from conformance.syscalls.signals import rt_sigprocmask",
        ),
        (
            "test_mask_is_put_back_when_a_signal_has_ended_the_wait?rt_sigsuspend?",
            "test_all_signals_that_a_wait_lets_in_come_before_it_ends_and_no_other?rt_sigsuspend?",
            "test_handler_runs_with_the_mask_of_the_wait?rt_sigsuspend?",
        ),
    ),
    "lets signals in where ppoll need not wait": Fault(
        Kernel(
            MASKS,
            """
    if call.name == "ppoll" and args[3]:
        answer = made()
        if answer[0] == 1:
            old = Buffer(8)
            enter(rt_sigprocmask, (2, args[3], old, 8))
            enter(rt_sigprocmask, (2, old, None, 8))
        return answer""",
            """
from conformance.syscalls import Buffer
from conformance.syscalls.signals import rt_sigprocmask
""",
        ),
        ("test_wait_that_needs_no_waiting_lets_nothing_in?ppoll?",),
    ),
    "takes no notice of what epoll_pwait is to block": Fault(
        Kernel(
            MASKS,
            """
    if call.name == "epoll_pwait" and args[3] == 200: args = (*args[:4], None, 8)""",
        ),
        ("test_signal_that_the_mask_of_a_wait_blocks_does_not_end_it?epoll_pwait?",),
    ),
    # microsoft/WSL#4473: the machine context of a signal
    "clears the number and the address of a fault": Fault(
        Kernel(FAULTS_OF_CODE, CLEARED.format("TRAPNO, CR2"), CONTEXT),
        (
            "test_context_of_a_page_fault*",
            "test_context_of_a_fault_has_the_processors_number_for_it?[!d]*",
        ),
    ),
    "clears the error of a fault": Fault(
        Kernel(FAULTS_OF_CODE, CLEARED.format("ERR"), CONTEXT),
        (
            "test_context_of_a_page_fault*",
            "test_context_of_a_fault_has_the_processors_number_for_it?segment?",
        ),
    ),
    "tells no mask": Fault(
        Kernel(FAULTS_OF_CODE, CLEARED.format("OLDMASK"), CONTEXT),
        ("test_context_has_the_registers_of_the_instruction_and_what_was_blocked",),
    ),
    # microsoft/WSL#12987: the local descriptor table
    "loses what was written": Fault(
        Kernel(
            SEGMENTS,
            '    if call.name == "modify_ldt" and args[0] in (1, 0x11) and args[1] != 8 and args[2] == 16'
            " and args[1].flags & 6 != 6 and args[1].entry_number < 8192: return 0, 0",
        ),
        ("*",),
    ),
    "gives the length of the table for that of what was read": Fault(
        Kernel(
            SEGMENTS,
            """
    if call.name == "modify_ldt" and not args[0]:
        result, error = made()
        return (24 if result == 64 and not error else result), error""",
        ),
        ("test_table_is_as_long_as_it_is_asked_for_once_there_is_one",),
    ),
    "shares the table with children": Fault(
        Kernel(
            SEGMENTS,
            """
    if call.name == "modify_ldt" and args[0] == 0x11 and args[1] != 8 and args[1].base_addr == 0x2000:
        return 0, 0""",
        ),
        ("test_table_is_copied_to_a_child_and_then_its_own",),
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_seen_by_the_cases_that_are_about_it_and_by_no_other(tmp_path: Path, name: str) -> None:
    seen = FAULTS[name].seen(tmp_path)
    assert seen.cases == seen.about, seen.output
