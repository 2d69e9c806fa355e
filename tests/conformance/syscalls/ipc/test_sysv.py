from __future__ import annotations

from dataclasses import dataclass

import pytest

from conformance.matrix.normalise import Normal, normalise
from conformance.model import Json
from conformance.syscalls.ipc.msg import MsqidDs
from conformance.syscalls.ipc.sem import SEM_STAT, SemidDs
from conformance.syscalls.ipc.shm import ShmidDs
from conformance.syscalls.ipc.sysv import IPC_STAT, IpcPerm
from conformance.syscalls.machinery.buffers import Struct
from conformance.syscalls.machinery.call import see
from tests.builders import passed, step


@dataclass(frozen=True)
class Asked:
    """A call that shows the state of something, and the struct that it fills."""

    call: str
    args: tuple[Json, ...]
    struct: type[Struct]
    buffer: str

    def __str__(self) -> str:
        return self.call


ASKED = (
    Asked("shmctl", (5, IPC_STAT, None), ShmidDs, "2"),
    Asked("semctl", (5, 0, IPC_STAT, None), SemidDs, "3"),
    Asked("msgctl", (5, IPC_STAT, None), MsqidDs, "2"),
)


def today(asked: Asked, mode: int, seq: int) -> dict[str, Json]:
    """The struct as a record has it."""
    found = see(asked.struct(perm=IpcPerm(key=77, mode=mode, seq=seq)))
    assert isinstance(found, dict)
    return found


def of_old(asked: Asked, mode: int, seq: int) -> dict[str, Json]:
    """The same in a record of old: permissions stood beside the rest."""
    rest = today(asked, mode, seq)
    inner = rest.pop("perm")
    assert isinstance(inner, dict)
    return {**inner, **rest}


def normal(asked: Asked, seen: Json) -> Normal:
    return normalise(passed(step(asked.call, *asked.args, outs={asked.buffer: seen})))


@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_records_of_old_whose_permissions_stood_beside_the_rest_are_compared_with_those_of_today(asked: Asked) -> None:
    assert normal(asked, of_old(asked, 0o600, 3)) == normal(asked, today(asked, 0o600, 3))
    assert normal(asked, of_old(asked, 0o600, 3)) == normal(asked, today(asked, 0o600, 4)), "which is the kernel's own"
    assert normal(asked, of_old(asked, 0o600, 3)) != normal(asked, today(asked, 0o644, 3))


def test_a_semaphores_state_is_compared_member_by_member_whatever_command_asks_for_it() -> None:
    asked = Asked("semctl", (0, 0, SEM_STAT, None), SemidDs, "3")
    assert normal(asked, today(asked, 0o600, 3)) == normal(asked, today(asked, 0o600, 4))
    assert normal(asked, today(asked, 0o600, 3)) != normal(asked, today(asked, 0o644, 3))
