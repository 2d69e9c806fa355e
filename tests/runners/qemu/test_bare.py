"""What of a bare guest needs no machine; the rest is in `tests/integration/test_bare.py`."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from runners.kernels import modules
from runners.kernels.kernel import Kernel
from runners.payload import layers
from runners.qemu import bare
from runners.qemu.bare import StreamChannel, readable, write_initrd
from runners.qemu.machine import Machine
from runners.qemu.surroundings import Surroundings
from tests.packages import RELEASE, tree


class Plug:
    """A machine that is nothing but a process."""

    def __init__(self) -> None:
        self.process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])

    def end(self) -> None:
        """See `Machine`."""
        self.process.kill()
        self.process.wait()


@pytest.fixture
def ends() -> Iterator[tuple[StreamChannel, socket.socket, Plug]]:
    """A channel, the guest's end of it, and the machine."""
    ours, theirs = socket.socketpair()
    plug = Plug()
    with ours, theirs:
        yield StreamChannel(cast("Machine", plug), ours), theirs, plug
    plug.end()


Ends = tuple[StreamChannel, socket.socket, Plug]


def test_what_the_executor_says_is_read_and_then_its_end(ends: Ends) -> None:
    channel, guest, _ = ends
    guest.send(b"hello")
    assert channel.read(5) == b"hello"
    assert not channel.ended
    guest.close()
    assert (channel.read(5), channel.ended, channel.read(5)) == (b"", True, b"")


def test_silence_is_a_timeout_and_no_end(ends: Ends) -> None:
    channel, _, _ = ends
    with pytest.raises(TimeoutError):
        channel.read(0.01)
    assert not channel.ended


def test_writing_to_a_guest_that_is_gone_is_a_broken_pipe(ends: Ends) -> None:
    channel, guest, _ = ends
    channel.write(b"request")
    assert guest.recv(16) == b"request"
    guest.close()
    with pytest.raises(BrokenPipeError, match="the guest is gone"):
        channel.write(b"more")


def test_the_guest_sees_the_end_of_its_input(ends: Ends) -> None:
    channel, guest, _ = ends
    channel.close_input()
    assert guest.recv(1) == b""


def test_its_status_is_the_machine_s_and_killing_it_pulls_the_plug(ends: Ends) -> None:
    channel, _, plug = ends
    with pytest.raises(TimeoutError):
        channel.wait(0.01)
    with channel:
        pass
    assert channel.ended
    assert channel.wait(5) == plug.process.returncode == -9


def test_of_several_streams_those_that_have_something_are_told() -> None:
    pairs = [socket.socketpair() for _ in range(3)]
    ours = [one for one, _ in pairs]
    assert readable(ours, 0.01) == []
    pairs[1][1].send(b"x")
    pairs[2][1].close()
    assert readable(ours, 1) == ours[1:]
    for pair in pairs:
        for each in pair:
            each.close()


def test_a_stream_is_waited_for_without_end_where_no_time_is_given() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        later = threading.Timer(0.05, theirs.send, (b"x",))
        before = time.monotonic()
        later.start()
        assert readable([ours], None) == [ours]
        assert time.monotonic() - before >= 0.04
        later.join()


def test_modules_to_preload_are_loaded_behind_those_that_reach_the_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each behind what it needs; the executor loads what is called by a number, in order, until there is no such."""
    folder = tmp_path / "lib/modules" / RELEASE
    folder.mkdir(parents=True)
    tree(folder)
    (folder / "kernel/virtio_pci.ko").write_bytes(b"virtio_pci")
    with (folder / "modules.dep").open("a") as lists:
        lists.write("kernel/virtio_pci.ko:\n")
    (folder / "modules.builtin").write_text("kernel/virtio_console.ko\nkernel/net/tun.ko\n")
    (folder / "kernel/net/bridge.ko").write_bytes(b"bridge")
    (folder / "kernel/net/br_netfilter.ko").write_bytes(b"br_netfilter")
    loaded: dict[str, bytes] = {}
    (tmp_path / "executor").touch()
    monkeypatch.setattr(bare, "executable", lambda: tmp_path / "executor")
    monkeypatch.setattr(layers, "loader", lambda: SimpleNamespace(archive=tmp_path / "executor"))
    monkeypatch.setattr(modules, "archive", lambda _: tmp_path / "executor")
    monkeypatch.setattr(
        bare,
        "write_archive",
        lambda root, to: (to.touch(), loaded.update({each.name: each.read_bytes() for each in root.glob("modules/*")})),
    )
    kernel = Kernel(tmp_path / "image", RELEASE, "a test", tmp_path)
    write_initrd(tmp_path / "initrd", kernel, Surroundings(preload=("tun", "br_netfilter", "absent")))
    assert loaded == {"0": b"virtio_pci", "1": b"bridge", "2": b"br_netfilter"}
