from __future__ import annotations

import pytest
from hypothesis import given, settings

from conformance.programs.harmful import is_allowed, neutralised, touches
from conformance.programs.program import NO_PROCESS, NO_RESOURCE, Argument, Memory, Program, ProgramCall, Ref
from conformance.search.bind import complete, plain_call
from conformance.syscalls.files.ioctls import TCGETS, TIOCNOTTY
from conformance.syscalls.files.requests import SIOCSIFNAME
from conformance.syscalls.machinery.aliases import Zero
from conformance.syscalls.machinery.call import Operation, syscall
from conformance.syscalls.machinery.table import chapters, grammar, stubs
from conformance.syscalls.machinery.taming import Tame
from conformance.syscalls.machinery.touches import (
    CHILDREN,
    EVERYTHING,
    FILES,
    HIDDEN,
    IPC,
    MEMORY,
    MOUNTS,
    NAMES,
    NETWORK,
    NOTHING,
    PLACE,
    PROCESS,
    Touches,
)
from conformance.syscalls.machinery.world import ARENA, ARENA_PAGES, DATA, PAGE
from conformance.syscalls.memory.mapping import MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, MREMAP_FIXED, MREMAP_MAYMOVE
from conformance.syscalls.polling.uring_requests import IORING_OP_NOP, IORING_OP_UNLINKAT, Sqe
from conformance.syscalls.sockets.ip import IP_TTL, MCAST_JOIN_GROUP
from conformance.syscalls.sockets.options import SOL_SOCKET
from conformance.syscalls.sockets.socket import AF_INET, AF_UNIX, IPPROTO_IP, SOCK_NONBLOCK, SOCK_RAW, SOCK_STREAM
from tests.conformance.search.drawn import LABELS, any_programs, faults, likely
from tests.conformance.search.native import program


def with_marked(*marks: Tame) -> tuple[str, ...]:
    """The calls with an argument that is kept from doing harm in one of these ways."""
    return tuple(
        name
        for name, each in stubs().items()
        if any(mark in parameter.tame for parameter in each.parameters for mark in marks)
    )


NEVER = {name: each.facts.never for name, each in stubs().items() if each.facts.never}
SIGNALLERS = with_marked(Tame.SOMEBODY)
MAPPERS = with_marked(Tame.OWN)
ARENA_END = ARENA + ARENA_PAGES * PAGE
LARGEST = ARENA_PAGES * PAGE
EVERYBODY = -1
INIT = 1
DANGEROUS = (*SIGNALLERS, "mmap", "mmap_file", "mremap", *MAPPERS, "shmat", "keyctl", "add_key", "request_key")
OTHERS = (
    "setpriority",
    "getpriority",
    "ioprio_set",
    "ioprio_get",
    "prlimit64",
    "sched_setscheduler",
    "process_madvise",
)


def tamed(label: str, *args: Argument) -> tuple[Argument, ...]:
    """The arguments of a call after it has been made harmless."""
    (step,) = neutralised(Program((ProgramCall(label, args),))).steps
    return step.args


def as_pid(number: int) -> int:
    """A number as the kernel takes it for a process: 32 bits, signed."""
    return (number + (1 << 31)) % (1 << 32) - (1 << 31)


def is_refused(step: ProgramCall) -> bool:
    """Whether a call is one that every kernel refuses, with arguments that it does refuse, to the last bit."""
    description = step.description
    if not isinstance(description, Operation) or not description.facts.refused:
        return False
    names = [each.name for each in description.parameters][: len(step.args)]
    return all(name in names and step.args[names.index(name)] in allowed for name, allowed in description.given.items())


def may_be_refused(step: ProgramCall) -> bool:
    """Whether a call is none that is made for being refused alone, or is."""
    return not step.description.facts.refused or is_refused(step)


def harm(step: ProgramCall) -> str:  # noqa: PLR0911 - a table of rules
    """What a step would do that none may; empty when it does no harm."""
    name, args = step.description.name, step.args
    if name in NEVER and not is_refused(step):
        return f"it {NEVER[name]}"
    if name in SIGNALLERS and args and isinstance(args[0], int) and (as_pid(args[0]) < 0 or as_pid(args[0]) == INIT):
        return "it signals init, everybody, or a group that may be anybody's"
    if len(args) < len(step.description.parameters):
        return ""
    if name == "mmap" and isinstance(args[3], int):
        if not args[3] & MAP_FIXED:
            return "it maps where the kernel likes"
        return _outside(args[0], args[1], ARENA, ARENA_END)
    if name == "mremap" and isinstance(args[3], int):
        to = _outside(args[4], args[2], ARENA, ARENA_END) if args[3] & MREMAP_FIXED else ""
        return to or _outside(args[0], args[1], ARENA, ARENA_END)
    if name in MAPPERS:
        return _outside(args[0], args[1], DATA, DATA + (1 << 32))
    if name == "shmat" and args[1] != 0:
        return _outside(args[1], 0, ARENA, ARENA_END)
    return ""


def _outside(address: Argument, length: Argument, start: int, end: int) -> str:
    if isinstance(address, int) and not start <= address < end:
        return f"it touches {address:#x}"
    # What is longer than the address space is refused by every kernel (mmap(2): ENOMEM).
    if isinstance(length, int) and LARGEST < length % (1 << 64) < 1 << 63:
        return f"it touches {length} bytes"
    return ""


# Whatever is drawn


@settings(deadline=None, max_examples=200)
@given(likely() | any_programs() | any_programs((*DANGEROUS, *OTHERS, "getpid", "mmap", "kill")))
def test_no_program_does_harm_once_it_is_neutralised(program: Program) -> None:
    tame = neutralised(program)
    assert [found for step in tame.steps if (found := harm(step))] == []
    assert faults(tame) == []


@settings(deadline=None, max_examples=100)
@given(likely() | any_programs())
def test_a_harmless_program_stays_as_it_is(program: Program) -> None:
    tame = neutralised(program)
    assert neutralised(tame) == tame
    kept = [step.label for step in program.steps if is_allowed(step.label) and may_be_refused(step)]
    assert [step.label for step in tame.steps] == kept


@settings(deadline=None, max_examples=100)
@given(likely() | any_programs())
def test_more_calls_touch_no_less(program: Program) -> None:
    together = NOTHING
    for step in program.steps:
        together |= touches(Program((step,)))
    assert touches(program) & together == together
    assert not touches(program) & ~together & ~(NETWORK | PROCESS), "what a socket is used for is another call's"
    assert not together & (IPC | NETWORK | MOUNTS | CHILDREN) or together & PROCESS, "they are had by processes"


# Calls that are never made


@pytest.mark.parametrize("name", sorted(NEVER))
def test_what_must_never_be_called_is_a_call_and_is_dropped(name: str) -> None:
    assert name in stubs()
    labels = [label for label in LABELS if grammar()[label].name == name and not grammar()[label].facts.refused]
    assert labels, "its operations are dropped, too, whatever they are called"
    for label in labels:
        assert not is_allowed(label)
        assert neutralised(Program((ProgramCall(label, ()), ProgramCall("getpid", ())))).steps == (
            ProgramCall("getpid", ()),
        )
    assert len(NEVER[name].split()) > 2, "with a reason"


def test_what_would_hurt_the_machine_or_the_executor_is_never_called() -> None:
    worst = """
    reboot kexec_load kexec_file_load init_module finit_module delete_module swapon syslog modify_ldt clone clone3 fork
    vfork rt_sigreturn pause vhangup arch_prctl set_tid_address rseq sync bpf perf_event_open pivot_root
    """
    assert set(worst.split()) - NEVER.keys() == set()


REFUSED = {label: each.facts.refused for label, each in grammar().items() if each.facts.refused}


@pytest.mark.parametrize("label", sorted(REFUSED))
def test_what_every_kernel_refuses_is_made_and_nothing_beside_it(label: str) -> None:
    description = grammar()[label]
    assert isinstance(description, Operation)
    assert description.name in NEVER
    assert len(REFUSED[label].split()) > 1, "with a reason"
    given = complete([plain_call(label)])
    assert neutralised(given) == given
    last = len(given.steps) - 1
    for at, _ in description._places:
        for other in (77, 1 << 45, Ref(0), Memory(b"x")):
            assert len(neutralised(given.with_argument(last, at, other)).steps) == last, "it would not be refused"


def test_most_calls_are_allowed() -> None:
    assert len([name for name in stubs() if name not in NEVER]) > 300
    assert all(map(is_allowed, ("openat", "mount", "ptrace_attach", "spawn_exit", "kill")))


def test_what_a_dropped_call_made_is_no_resource() -> None:
    tame = neutralised(program(("fork",), ("kill", Ref(0), 9), ("close", Ref(0))))
    assert tame == program(("kill", NO_PROCESS, 9), ("close", NO_RESOURCE))


# Signals


@pytest.mark.parametrize("name", SIGNALLERS)
@pytest.mark.parametrize("pid", [EVERYBODY, INIT, -2, -77, 1 << 31, (1 << 32) - 1, (1 << 32) + 1, (1 << 64) - 1])
def test_a_signal_to_everybody_or_init_or_a_group_goes_to_the_own_group(name: str, pid: int) -> None:
    """kill(2) takes 32 bits of its argument, so that 0xffffffff is everybody, too."""
    args = [pid, *[0] * (len(grammar()[name].parameters) - 1)]
    assert tamed(name, *args)[0] == 0


@pytest.mark.parametrize("pid", [0, 2, NO_PROCESS, Ref(0)])
def test_a_signal_to_a_process_is_sent(pid: Argument) -> None:
    steps = program(("getpid",), ("kill", pid, 9))
    assert neutralised(steps) == steps


@pytest.mark.parametrize(
    ("label", "at"), [("pidfd_open", 0), ("ptrace_attach", 1), ("setpgid", 0), ("sched_setaffinity", 0)]
)
def test_nothing_is_done_to_the_process_that_keeps_the_others(label: str, at: int) -> None:
    """It is process 1 of its namespace."""
    args: list[Argument] = [7] * len(grammar()[label].parameters)
    args[at] = INIT
    assert tamed(label, *args)[at] == 0


# Memory


@pytest.mark.parametrize("address", [0, 0x1234, -1, DATA, ARENA - 1, ARENA_END, 0x7F0000001000, (1 << 64) - 1])
def test_a_map_outside_the_arena_is_moved_into_it_and_keeps_its_place_in_a_page(address: int) -> None:
    where, length, _, flags, *_ = tamed("mmap", address, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    assert where == ARENA + address % PAGE
    assert (length, flags) == (4096, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED)


@pytest.mark.parametrize("label", ["mmap", "mmap_file"])
def test_a_map_in_the_arena_stays_where_it_is(label: str) -> None:
    for address in (ARENA, ARENA + PAGE + 1, ARENA_END - 1, Ref(0)):
        assert tamed(label, address, 4096, 3, MAP_PRIVATE | MAP_FIXED, -1, 0)[0] == address


@pytest.mark.parametrize(
    ("length", "kept"),
    [
        (0, 0),
        (LARGEST, LARGEST),
        (LARGEST + 1, LARGEST),
        (1 << 40, LARGEST),
        (1 << 47, LARGEST),
        ((1 << 63) - 1, LARGEST),
        (1 << 63, 1 << 63),
        (-1, -1),
        (Ref(0), Ref(0)),
    ],
)
def test_a_map_is_no_longer_than_the_arena_or_than_every_kernel_allows(length: Argument, kept: Argument) -> None:
    assert tamed("mmap", ARENA, length, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)[1] == kept
    assert tamed("munmap", ARENA, length)[1] == kept
    assert tamed("mremap", ARENA, length, length, 0, 0)[1:3] == (kept, kept)


def test_memory_moves_from_the_arena_into_the_arena_alone() -> None:
    fixed = MREMAP_FIXED | MREMAP_MAYMOVE
    assert tamed("mremap", 0x5000, 1, 2, fixed, 0x7001) == (ARENA, 1, 2, fixed, ARENA + 1)
    assert tamed("mremap", ARENA + 5, 1, 2, MREMAP_MAYMOVE, 0x7001) == (ARENA + 5, 1, 2, MREMAP_MAYMOVE, ARENA + 1)


@pytest.mark.parametrize("name", sorted(MAPPERS))
def test_memory_of_others_is_not_touched(name: str) -> None:
    rest = [0] * (len(grammar()[name].parameters) - 2)
    assert tamed(name, 0x7F0000001000, 1 << 30, *rest)[:2] == (ARENA, LARGEST)
    assert tamed(name, 0, 1, *rest)[:2] == (ARENA, 1)
    assert tamed(name, DATA + PAGE, 1, *rest)[:2] == (DATA + PAGE, 1)
    assert tamed(name, Ref(0), 1, *rest)[:2] == (Ref(0), 1)


def test_shared_memory_is_attached_in_the_arena_or_where_the_kernel_likes() -> None:
    assert tamed("shmat", 7, 0, 0) == (7, 0, 0)
    assert tamed("shmat", 7, 0x7F0000001000, 0) == (7, ARENA, 0)
    assert tamed("shmat", 7, ARENA + PAGE, 0) == (7, ARENA + PAGE, 0)


# What outlives a program, or belongs to others


@pytest.mark.parametrize("keyring", [-4, -5, -6])
def test_keyrings_of_the_user_are_left_alone(keyring: int) -> None:
    assert tamed("keyctl", 1, keyring, 0, 0, 0) == (1, -2, 0, 0, 0)
    assert tamed("add_key", 1, 2, 3, 4, keyring)[4] == -2
    assert tamed("request_key", 1, 2, 3, keyring)[3] == -2
    assert tamed("keyctl", 1, -3, 0, 0, 0)[1] == -3
    assert tamed("close", keyring) == (keyring,)


@pytest.mark.parametrize(("name", "user", "process"), [("priority", 2, 0), ("ioprio", 3, 1)])
def test_priorities_of_the_users_other_processes_stay(name: str, user: int, process: int) -> None:
    for label in ("setpriority", "getpriority") if name == "priority" else ("ioprio_set", "ioprio_get"):
        rest = [0] * (len(grammar()[label].parameters) - 1)
        assert tamed(label, user, *rest)[0] == process
        assert tamed(label, process, *rest)[0] == process


def test_limits_are_changed_of_the_program_itself_alone() -> None:
    assert tamed("prlimit64", 77, 7, 0, 0) == (0, 7, 0, 0)
    assert tamed("prlimit64", Ref(0), 7, 0, 0)[0] == Ref(0)


# What a program touches

FILE = Memory(b"f0\0")
UNIX = ("socket_unix_stream", AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0)
TCP = ("socket_tcp", AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)


def request(opcode: int, path: bytes = b"") -> Memory:
    """A request of a ring, of a file if a path is given."""
    return Memory(bytes(Sqe(opcode=opcode)), ((16, 8, Memory(path)),) if path else ())


@pytest.mark.parametrize(
    ("made", "touched"),
    [
        (program(("openat", -100, FILE, 0, 0), ("read", Ref(0), Memory(bytes(4), room=True), 4)), FILES),
        (program(("read", 0, Memory(bytes(4), room=True), 4), ("umask", 0)), NOTHING),
        (program(("chdir", FILE), ("umask", 0), ("mkdir", FILE, 0)), FILES | PLACE),
        (program(("getdents64", 0, Memory(bytes(4), room=True), 4)), NAMES),
        (program(("setxattr", FILE, FILE, FILE, 3, 0)), FILES | Touches.LABELS),
        (program(("fcntl_getfd", 0, 1)), NOTHING),
        (program(("fcntl_set_rw_hint", 0, 1036)), HIDDEN),
        (program(("ioctl_setflags", 0, 0x40086602, FILE)), Touches.LABELS),
        (program(("ioctl", 0, 0x40086602, FILE)), PROCESS | Touches.LABELS),
        (program(("ioctl", 0, Ref(0), FILE)), PROCESS | Touches.LABELS),
        (program(UNIX, ("ioctl", Ref(0), Ref(1), FILE)), PROCESS | Touches.LABELS | NETWORK),
        (program(UNIX, ("ioctl", Ref(0), SIOCSIFNAME, FILE)), PROCESS | NETWORK),
        (program(("ioctl", 0, SIOCSIFNAME, FILE)), NOTHING),
        (program(UNIX, ("ioctl", Ref(0), TCGETS, FILE)), NOTHING),
        (program(("ioctl", 0, TIOCNOTTY, FILE)), PROCESS),
        (program(("fcntl", 0, 1036)), PROCESS | HIDDEN),
        (program(("fcntl", 0, 0, 0)), PROCESS),
        (program(("fcntl_setlk", 0, 6, 0)), PROCESS),
        (program(("fcntl_setown", 0, 8, 0)), PROCESS),
        (program(("kill", 0, 0)), PROCESS),
        (program(("setuid", 0)), PROCESS | Touches.PRIVILEGES),
        (program(("setrlimit", 0, 0)), PROCESS | MEMORY),
        (program(("mmap", 0, 0, 0, 0, 0, 0)), PROCESS | MEMORY),
        (program(("mount", 0, 0, 0, 0, 0)), PROCESS | MOUNTS),
        (program(("fsopen", 0, 0)), PROCESS | MOUNTS),
        (program(("chroot", FILE)), PROCESS | MOUNTS),
        (program(("stat", Memory(b"/f0\0"), 0)), FILES | PROCESS | MOUNTS),
        (program(("stat", Memory(b"../f0\0"), 0)), FILES | PROCESS | MOUNTS),
        (program(("semget", 0, 0, 0)), PROCESS | IPC),
        (program(("sethostname", FILE, 1)), PROCESS | IPC),
        (program(UNIX), NOTHING),
        (program(("socket", AF_UNIX, SOCK_RAW, 0)), NOTHING),
        (program(("socketpair_unix", AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, 0)), NOTHING),
        (program(TCP), NOTHING),
        (program(TCP, ("getsockopt", Ref(0), 1, 2, 0, 0), ("close", Ref(0))), NOTHING),
        (program(TCP, ("setsockopt", Ref(0), SOL_SOCKET, Ref(0), 0, 4)), NOTHING),
        (program(TCP, ("setsockopt", Ref(0), IPPROTO_IP, 64, 0, 4)), PROCESS | NETWORK),
        (program(TCP, ("setsockopt_ip", Ref(0), IPPROTO_IP, IP_TTL, 0, 4)), NOTHING),
        (program(TCP, ("setsockopt_ip", Ref(0), IPPROTO_IP, MCAST_JOIN_GROUP, 0, 4)), PROCESS | NETWORK),
        (program(TCP, ("bind", Ref(0), 0, 16)), FILES | PROCESS | NETWORK),
        (program(TCP, ("umask", 0)), PROCESS | NETWORK),
        (program(("socketpair", AF_INET, SOCK_STREAM, 0, 0)), NOTHING),
        (program(("uring_nothing", request(IORING_OP_NOP))), PROCESS),
        (program(("uring_nothing", request(IORING_OP_UNLINKAT))), EVERYTHING),
        (program(("uring_nothing", Memory(bytes(64), ((0, 1, Ref(0)),)))), EVERYTHING),
        (program(("uring_nothing", DATA)), EVERYTHING),
        (program(("uring_path", request(IORING_OP_UNLINKAT, b"f0\0"))), FILES | Touches.LABELS | PROCESS),
        (program(("uring_path", request(IORING_OP_UNLINKAT, b"/f0\0"))), FILES | Touches.LABELS | PROCESS | MOUNTS),
        (program(("socket", 46, SOCK_STREAM, 0)), PROCESS | NETWORK),
        (program(("socket", Ref(0), 1, 0)), PROCESS | NETWORK),
        (program(("socket",)), PROCESS | NETWORK),
        (program(("spawn_exit", 0, 0)), PROCESS | CHILDREN),
        (program(("thread", 1)), PROCESS | CHILDREN),
        (program(("exec_report", 0)), FILES | PROCESS | CHILDREN),
        (program(("load", DATA)), PROCESS),
        (program(("semget", 0, 0, 0), ("mount", 0, 0, 0, 0, 0)), PROCESS | IPC | MOUNTS),
    ],
    ids=lambda value: "-".join(step.label for step in value.steps) if isinstance(value, Program) else "",
)
def test_a_program_touches_what_its_calls_do(made: Program, touched: Touches) -> None:
    assert touches(made) == touched


@pytest.mark.parametrize(
    "made",
    [
        program(("fcntl_getfd", 0, 1036)),
        program(("fcntl_getfd", 0, Ref(0))),
        program(("fcntl_getfd", 0)),
        program(("socket_unix_stream", AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)),
    ],
    ids=["another command", "an unknown command", "no command", "another family"],
)
def test_an_operation_with_arguments_that_are_not_its_own_is_taken_to_touch_everything(made: Program) -> None:
    assert touches(made) & EVERYTHING == EVERYTHING


def test_a_call_that_says_nothing_touches_everything() -> None:
    @syscall(number=4711)
    def frobnicate() -> Zero: ...  # type: ignore[empty-body] # a stub's body is its signature

    assert frobnicate.facts.touches == EVERYTHING


def test_every_call_that_may_be_made_says_what_it_touches() -> None:
    assert [label for label in LABELS if is_allowed(label) and grammar()[label].facts.touches == EVERYTHING] == []


def test_whatever_changes_mounts_or_ipc_has_namespaces_of_its_own() -> None:
    """A call that is new in these chapters is not forgotten."""
    for chapter, what in (("ipc", IPC), ("mounts", MOUNTS)):
        apart = [label for label in filter(is_allowed, LABELS) if chapters()[label] == chapter]
        assert apart
        assert [label for label in apart if not grammar()[label].facts.touches & (what | FILES)] == []
