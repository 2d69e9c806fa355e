from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.guest.init import preload
from runners.qemu.multiplex import FramedChannel, Multiplexer
from tests.processes import eventually
from tests.suite import environment

AGENT = """
import sys
from conformance.guest.init import Agent
Agent(int(sys.argv[1])).serve()
"""
PATIENCE = 30.0


@pytest.fixture
def streams() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The host's and the guest's end."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


@pytest.fixture
def agent(streams: tuple[socket.socket, socket.socket]) -> Iterator[subprocess.Popen[bytes]]:
    """The agent of a guest, in a process of this machine; its stream is a socket."""
    theirs = streams[1].fileno()
    process = subprocess.Popen([sys.executable, "-c", AGENT, str(theirs)], pass_fds=[theirs], env=environment())
    streams[1].close()
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def host(streams: tuple[socket.socket, socket.socket], agent: subprocess.Popen[bytes]) -> Multiplexer:
    """The host's end."""
    multiplexer = Multiplexer(streams[0])
    hello = multiplexer.hello.get(timeout=PATIENCE)
    assert hello
    assert hello["release"] == os.uname().release
    return multiplexer


def spawn(host: Multiplexer, script: str, **env: str) -> FramedChannel:
    """A shell's script in the guest."""
    return host.spawn(["/bin/sh", "-c", script], {"PATH": os.environ["PATH"], **env})


def everything(channel: FramedChannel) -> bytes:
    """What a process says until its end."""
    said = b""
    while data := channel.read(PATIENCE):
        said += data
    return said


def test_a_process_runs_with_its_arguments_and_environment_and_its_status_comes_back(host: Multiplexer) -> None:
    channel = spawn(host, 'echo "$WORD"; exit 7', WORD="hello")
    assert everything(channel) == b"hello\n"
    assert channel.wait(PATIENCE) == 7


def test_input_goes_in_and_its_end_is_seen(host: Multiplexer) -> None:
    channel = spawn(host, "cat; echo end")
    channel.write(b"one ")
    channel.write(b"two ")
    channel.close_input()
    assert everything(channel) == b"one two end\n"
    assert channel.wait(PATIENCE) == 0


def test_a_lot_of_output_comes_through_whole(host: Multiplexer) -> None:
    channel = spawn(host, "head -c 3000000 /dev/zero")
    assert everything(channel) == bytes(3_000_000)


def test_processes_do_not_wait_for_one_another(host: Multiplexer) -> None:
    waiting = spawn(host, "read line; echo $line")
    assert everything(spawn(host, "echo first")) == b"first\n"
    waiting.write(b"second\n")
    assert everything(waiting) == b"second\n"


def test_a_lot_of_input_goes_in_whole(host: Multiplexer) -> None:
    channel = spawn(host, "sleep 0.05; wc -c")
    channel.write(bytes(1_000_000))
    channel.write(bytes(1_000_000))
    channel.close_input()
    assert int(everything(channel)) == 2_000_000


def test_input_that_a_process_does_not_read_holds_nobody_up(host: Multiplexer) -> None:
    deaf = spawn(host, "sleep 1000")
    deaf.write(bytes(1_000_000))
    assert everything(spawn(host, "echo other")) == b"other\n"
    deaf.kill()
    assert deaf.wait(PATIENCE) == -signal.SIGKILL


def test_a_process_that_closes_its_output_and_goes_on_holds_nobody_up(host: Multiplexer) -> None:
    quiet = spawn(host, "exec >&-; read line; exit 5")
    assert everything(spawn(host, "echo other")) == b"other\n"
    quiet.write(b"go on\n")
    assert quiet.wait(PATIENCE) == 5


def test_a_process_whose_child_keeps_its_output_ends_when_that_does(host: Multiplexer) -> None:
    channel = spawn(host, "exec 3<&0; (read line <&3; echo late) & echo early; exit 3")
    assert channel.read(PATIENCE) == b"early\n"
    channel.write(b"x\n")
    assert everything(channel) == b"late\n"
    assert channel.wait(PATIENCE) == 3


def test_a_kill_ends_a_process_and_its_children(host: Multiplexer) -> None:
    channel = spawn(host, "sleep 1000 & echo $!; wait")
    child = int(channel.read(PATIENCE))
    channel.kill()
    assert channel.wait(PATIENCE) == -signal.SIGKILL
    assert eventually(lambda: not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text())


def test_a_program_that_is_not_there_ends_at_once(host: Multiplexer) -> None:
    channel = host.spawn(["/no/such/program"], {})
    assert channel.wait(PATIENCE) == 127
    assert everything(spawn(host, "echo more")) == b"more\n"


def test_input_for_a_process_that_has_ended_is_dropped(host: Multiplexer) -> None:
    channel = spawn(host, "exit 0")
    channel.wait(PATIENCE)
    channel.write(b"too late")
    channel.kill()
    assert everything(spawn(host, "echo more")) == b"more\n"


def test_a_guest_that_dies_ends_all_its_processes(agent: subprocess.Popen[bytes], host: Multiplexer) -> None:
    channel = spawn(host, "echo up; read line")
    assert channel.read(PATIENCE) == b"up\n"
    agent.kill()
    assert everything(channel) == b""
    assert channel.wait(PATIENCE) == -9
    assert host.broken.wait(PATIENCE)


def test_modules_that_cannot_be_loaded_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`modprobe` here loads those that are called as it knows one."""
    (tmp_path / "modprobe").write_text('#!/bin/sh\ncase "$2" in tun|loop) exit 0;; esac\nexit 1\n')
    (tmp_path / "modprobe").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert preload(["tun", "br_netfilter", "loop"]) == ["br_netfilter"]
    assert preload([]) == []
