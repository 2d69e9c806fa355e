from __future__ import annotations

import sys

from conformance.syscalls.files.opening import openat
from conformance.syscalls.machinery.call import Operation, Pseudo
from conformance.syscalls.machinery.table import _described, constants, describe, grammar, numbers, operations, stubs


def test_stubs_are_found_by_name_in_all_modules() -> None:
    found = stubs()
    assert found["openat"] is openat
    assert {"getpid", "socket", "ptrace", "mount", "clock_gettime", "unshare", "futex"} <= set(found)
    assert all(stub.name == name for name, stub in found.items())


def test_every_stub_has_a_number_on_x86_64() -> None:
    described = {name for name, stub in stubs().items() if not isinstance(stub, Pseudo)}
    assert len(described) > 370
    assert numbers("x86_64").keys() == described


def test_a_constant_has_one_value_wherever_it_stands() -> None:
    found = constants()
    assert (found["AF_INET6"], found["O_CREAT"], found["CLONE_NEWNET"]) == (10, 0o100, 0x40000000)
    modules = {stub.__module__ for stub in stubs().values()}
    assert {
        (module, name)
        for module in modules
        for name, value in vars(sys.modules[module]).items()
        if type(value) is int and found.get(name, value) != value
    } == set()


def test_an_operation_has_the_parameters_of_its_call() -> None:
    odd: dict[str, list[str]] = {}
    for name, each in operations().items():
        names = [parameter.name for parameter in stubs()[name].parameters]
        odd |= {
            one.__name__: own
            for one in each
            if (own := [parameter.name for parameter in one.parameters]) != names[: len(own)]
            or not one.given.keys() <= set(own)
        }
    assert odd == {}


def test_an_operation_is_called_after_its_call() -> None:
    labels = {one.__name__: name for name, each in operations().items() for one in each}
    assert {label for label, name in labels.items() if not label.startswith(f"{name}_")} == set()


def test_no_two_descriptions_share_a_label() -> None:
    by_label = [each for each in grammar().values() if isinstance(each, Operation) and not each.given]
    count = len(stubs()) + sum(map(len, operations().values())) + len(by_label)
    assert len(grammar()) == count == len(list(_described()))


def test_what_arguments_do_not_tell_is_described_by_its_label_alone() -> None:
    args = [0, "", 0]
    told = describe("recvmsg", args, "recvmsg_udp")
    assert (told, describe("recvmsg", args)) == (grammar()["recvmsg_udp"], grammar()["recvmsg"])
    assert describe("recvmsg", args, "recvmsg_unheard_of") is grammar()["recvmsg"]


def test_what_nobody_has_named_is_tried_by_the_call_itself() -> None:
    one, other = (grammar()[label].parameters[2] for label in ("recvmsg", "recvmsg_udp"))
    assert one.strays
    assert other.strays == ()


def test_a_call_is_described_by_the_operation_that_its_arguments_ask_for() -> None:
    plain = describe("openat", [-100, "f0", 2, 0])
    assert plain is not None
    assert plain.name == "openat"
    assert describe("a call that nobody described", []) is None


def test_everything_described_has_something_to_try_for_each_argument() -> None:
    bare = {
        (label, parameter.name)
        for label, each in grammar().items()
        for parameter in each.parameters
        if not parameter.choices
    }
    assert bare == set()
