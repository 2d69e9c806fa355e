from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from runners.base import Death, Ending, RunnerError
from runners.host import children
from runners.kernels.kernel import Kernel
from runners.qemu import machine as module
from runners.qemu.accelerator import Accelerator
from runners.qemu.machine import CLOCK, COMMAND_LINE, Machine, Memory, Size, arguments, qemu_version
from runners.qemu.panic import out_of_memory, panic
from runners.qemu.surroundings import LONGEST, wrong_commandline
from tests.processes import eventually
from tests.runners.qemu.test_panic import SYSRQ

TCG = Accelerator("tcg", 10.0, "TCG: a test")

Power = Callable[[str], Machine]
"""Powers on a machine whose QEMU is a Python program: `console` and `sys` are there."""


@pytest.fixture
def power(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Power]:
    """Machines whose QEMU is a Python program; they are closed in the end."""
    opened: list[Machine] = []
    (tmp_path / "image").write_bytes(b"kernel")
    (tmp_path / "initrd").write_bytes(b"initrd")
    monkeypatch.setattr(module, "unprivileged", lambda _: [])
    monkeypatch.setattr(module, "qemu_version", lambda: "qemu 7.2")

    def on(body: str) -> Machine:
        text = f"import os, signal, socket, sys, time\nconsole = socket.socket(fileno=int(sys.argv[1]))\n{body}"
        monkeypatch.setattr(
            module, "arguments", lambda files, streams, *_: [sys.executable, "-c", text, *map(str, (*streams, *files))]
        )
        found = Machine(Kernel(tmp_path / "image", "6.1.0", "a test"), TCG, Size(memory=512, cpus=1))
        opened.append(found)
        found.power_on(tmp_path / "initrd", serial=True)
        return found

    yield on
    for each in opened:
        each.close()


def over(machine: Machine) -> Death | None:
    """How it ended by itself."""
    machine.process.wait(30)
    eventually(lambda: bool(machine.log() or machine._complaints.text()), 1)
    return machine.death(silenced=False)


def test_a_machine_that_runs_is_alive_until_its_stream_ends(power: Power) -> None:
    machine = power("time.sleep(60)")
    assert machine.death(silenced=False) is None
    assert machine.death(silenced=True) == Death(Ending.GONE)


def test_it_gets_files_and_streams_as_descriptors_and_nothing_by_name(power: Power) -> None:
    machine = power("os.write(int(sys.argv[2]), b''.join(os.read(int(each), 99) for each in sys.argv[5:]))")
    assert machine.stream.recv(99) == b"kernelinitrd"


def test_a_panic_is_told_from_the_console(power: Power) -> None:
    death = over(power(f"console.sendall({SYSRQ.encode()!r}); time.sleep(0.2); sys.exit(0)"))
    assert death == Death(Ending.PANIC, panic(SYSRQ) or "")


def test_a_machine_that_ran_out_of_its_own_memory_says_nothing_of_the_target(power: Power) -> None:
    said = b"[ 9.0] Out of memory: Killed process 77 (python3) total-vm:1kB\n"
    machine = power(f"console.sendall({said!r}); time.sleep(60)")
    assert eventually(lambda: bool(machine.log()), 10)
    death = machine.death(silenced=False)
    assert death is not None
    assert death.ending is Ending.LIMIT
    assert death.cause == f"the guest's 512 MiB of memory did not suffice: {out_of_memory(said.decode())}"


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ("sys.exit(0)", ""),
        ("print('no such device', file=sys.stderr); sys.exit(1)", "QEMU ended with status 1: no such device"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "QEMU was ended by SIGSEGV"),
    ],
)
def test_one_that_goes_away_says_what_is_known_of_it(body: str, cause: str, power: Power) -> None:
    assert over(power(body)) == Death(Ending.GONE, cause)


@pytest.mark.parametrize(
    ("body", "last"),
    [
        ("console.sendall(b'one\\n'); print('a\\nb\\nc\\nd', file=sys.stderr)", "b / c / d"),
        ("console.sendall(b'the last word\\n')", "the last word"),
        ("console.sendall(b'[ 1.0] Kernel panic - not syncing: no root\\n[ 1.0] ---[ end ]---\\n')", "no root"),
        ("pass", "its console stayed empty"),
    ],
)
def test_why_it_did_not_start_is_its_panic_or_what_was_said_last(body: str, last: str, power: Power) -> None:
    machine = power(body)
    over(machine)
    assert eventually(lambda: str(machine.failure()).endswith(last), 5)
    assert str(machine.failure()) == f"the guest with kernel 6.1.0 did not start: {last}"


def test_a_guest_in_it_says_how_it_was_made(power: Power) -> None:
    about = power("pass").about("virtio-serial")
    assert about.made_by == "qemu 7.2, tcg, 1 cpus, 512 MiB, virtio-serial"
    assert about.notes == ("kernel 6.1.0: a test",)
    assert (about.disposable, about.slowdown) == (True, 10.0)


def test_closing_it_leaves_no_process_and_no_file(power: Power) -> None:
    machine = power("time.sleep(60)")
    room = machine.room
    assert (room / "qemu.pid").read_text() == str(machine.process.pid)
    machine.close()
    assert machine.process.poll() is not None
    assert not room.exists()


# -- the command line


def after(words: list[str], option: str) -> list[str]:
    """What stands behind each of an option's places."""
    return [value for name, value in pairwise(words) if name == option]


@pytest.mark.parametrize(
    ("accel", "word", "cpu", "clock"),
    [("kvm", "kvm", "host", "reliable"), ("tcg", "tcg,thread=multi", "max,erms=off,fsrm=off", "unstable")],
)
def test_all_that_qemu_works_on_are_descriptors(accel: str, word: str, cpu: str, clock: str) -> None:
    words = arguments((10, 11), (12, 13, 14), accel, Size(memory=256, cpus=3))
    assert after(words, "-kernel") == ["/dev/fd/10"]
    assert after(words, "-initrd") == ["/dev/fd/11"]
    assert [each.rpartition("fd=")[2] for each in after(words, "-chardev")] == ["12", "13", "14"]
    assert (after(words, "-accel"), after(words, "-cpu")) == ([word], [cpu])
    assert (after(words, "-m"), after(words, "-smp")) == (["256"], ["3"])
    assert after(words, "-append") == [f"{COMMAND_LINE} tsc={clock}"]
    assert after(words, "-incoming") == []


def test_words_of_a_target_stand_last_on_the_kernels_command_line() -> None:
    words = arguments((10, 11), (12, 13, 14), "kvm", Size(), words='a=1 b="c d"')
    assert after(words, "-append") == [f'{COMMAND_LINE} tsc=reliable a=1 b="c d"']


def test_no_word_of_the_runners_own_may_be_given_by_a_target() -> None:
    for word in f"{COMMAND_LINE} {CLOCK['kvm']}".split():
        assert bool(wrong_commandline(word)) is (word != "mitigations=off"), word
    assert len(f"{COMMAND_LINE} {CLOCK['tcg']} ") + LONGEST < 2048


@pytest.mark.parametrize(("remembered", "share", "incoming"), [(False, "on", []), (True, "off", ["defer"])])
def test_a_memory_is_the_machines_own_or_what_it_begins_with(remembered: bool, share: str, incoming: list[str]) -> None:
    words = arguments((10, 11), (12, 13, 14), "tcg", Size(memory=256), Memory(15, remembered=remembered))
    assert after(words, "-machine") == ["pc,memory-backend=memory"]
    assert after(words, "-object") == [
        f"memory-backend-file,id=memory,size=256M,mem-path=/dev/fd/15,share={share}",
    ]
    assert after(words, "-incoming") == incoming


def test_a_second_serial_port_comes_last() -> None:
    words = arguments((10, 11), (12, 13, 14, 16), "kvm", Size())
    assert (after(words, "-machine"), after(words, "-object"), after(words, "-incoming")) == (["pc"], [], [])
    assert after(words, "-chardev")[-1] == "socket,id=serial,fd=16"
    assert after(words, "-serial") == ["chardev:console", "chardev:serial"]


@pytest.mark.parametrize(
    ("said", "version"),
    [("QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg)\nCopyright", "qemu 7.2.22"), ("something else", "qemu")],
)
def test_the_version_is_what_qemu_says(said: str, version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "run", lambda *_, **__: subprocess.CompletedProcess([], 0, said, ""))
    qemu_version.cache_clear()
    assert qemu_version() == version
    qemu_version.cache_clear()


def test_without_qemu_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise FileNotFoundError("qemu")

    monkeypatch.setattr(children, "run", fails)
    qemu_version.cache_clear()
    with pytest.raises(RunnerError, match="conformance doctor --install"):
        qemu_version()
