from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from runners.base import RunnerError
from runners.host.cache import entry, locked
from runners.kernels import microsoft
from runners.kernels.pruning import Unneeded, remove, unneeded
from runners.qemu import snapshot
from tests import packages
from tests.kernels import image


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With two kernels of Debian's, one that was built, and two of WSL2's."""
    monkeypatch.setenv("CONFORMANCE_CACHE", str(tmp_path / "cache"))
    for name in ("debian-6.1", "debian-6.12"):
        entry(f"kernels/{name}", lambda into: image(into / "vmlinuz").touch())
    entry("kernels/wsl2-6.1", lambda into: image(into / "bzImage", "6.1.192-wsl2-config").touch())
    for version in ("6.18.33.2-2", "6.18.40.1-1"):
        microsoft.take_from(packages.package(tmp_path, version), "", lambda *_: None)
    return tmp_path / "cache"


def names(sources: Iterable[str]) -> set[str]:
    return {each.name for each in unneeded(sources)}


@pytest.mark.parametrize(
    ("sources", "going"),
    [
        (["debian:6.1", "wsl2"], {"debian:6.12", "wsl2:6.1", "wsl2:6.18.33.2-2"}),
        (["debian:6.12", "wsl2:6.18.33.2"], {"debian:6.1", "wsl2:6.1", "wsl2:6.18.40.1-1"}),
        (["wsl2:6.1", "/boot/x", "debian:7"], {"debian:6.1", "debian:6.12", "wsl2:6.18.33.2-2", "wsl2:6.18.40.1-1"}),
        (["debian:6.1", "debian:6.12", "wsl2:6.1", "wsl2:6.18", "wsl2:6.18.33.2-2"], set()),
    ],
)
def test_what_no_target_has_goes(sources: list[str], going: set[str]) -> None:
    assert names(sources) == going


def test_without_any_that_was_fetched_the_one_that_was_built_is_wsl2s(cache: Path) -> None:
    for path in (cache / "kernels").glob("wsl2-6.18*"):
        if path.is_dir():
            (path / "origin.json").unlink()
    assert "wsl2:6.1" not in names(["wsl2"])


def test_guests_that_were_remembered_on_a_kernel_go_with_it(cache: Path) -> None:
    kernel = cache / "kernels/debian-6.12"
    guest = snapshot.place(kernel / "vmlinuz", ["x"])
    guest.mkdir(parents=True)
    (guest / "memory").write_bytes(b"x" * 8192)
    other = snapshot.place(cache / "kernels/debian-6.1/vmlinuz", ["x"])
    other.mkdir(parents=True)
    (found,) = [each for each in unneeded(["debian:6.1", "wsl2"]) if each.name == "debian:6.12"]
    assert found.paths == (kernel, guest.parent)
    assert found.bytes >= 32768 + 8192
    assert remove(found)
    assert (kernel.exists(), guest.parent.exists(), other.exists()) == (False, False, True)
    assert (cache / "kernels/debian-6.1/vmlinuz").exists()


def test_what_was_put_together_of_a_kernel_that_was_given_goes_with_its_guests(cache: Path) -> None:
    made = entry("given/0123456789abcdef", lambda into: image(into / "bzImage").touch())
    guest = snapshot.place(made / "bzImage", ["x"])
    guest.mkdir(parents=True)
    (found,) = unneeded(["debian:6.1", "debian:6.12", "wsl2:6.1", "wsl2:6.18", "wsl2:6.18.33.2-2"])
    assert found.name == "what was given, 0123456789abcdef"
    assert remove(found)
    assert not made.exists()
    assert not guest.exists()


def test_what_was_begun_goes_unless_somebody_is_at_it(cache: Path) -> None:
    (cache / "kernels/debian-6.18.partial").mkdir()
    (cache / "downloads").mkdir()
    part = cache / "downloads/microsoft.wsl.kernel.6.18.35.2-1.nupkg.part"
    part.write_bytes(b"x" * 4096)
    begun = {"the beginning of debian:6.18", f"the download {part.name}"}
    kept = ["debian:6.1", "debian:6.12", "wsl2:6.1", "wsl2:6.18", "wsl2:6.18.33.2-2"]
    assert names(kept) == begun
    with locked(cache / "kernels/debian-6.18.lock"), locked(cache / "kernels/wsl2-6.18.35.2-1.lock"):
        assert names(kept) == set()
    found = unneeded(kept)
    with locked(cache / "kernels/debian-6.18.lock"), locked(cache / "kernels/wsl2-6.18.35.2-1.lock"):
        assert [remove(each) for each in found] == [False, False]
    assert [remove(each) for each in found] == [True, True]
    assert names(kept) == set()
    assert not part.exists()


def test_what_cannot_be_removed_is_a_sentence(tmp_path: Path) -> None:
    lock = tmp_path / "file"
    lock.touch()
    with pytest.raises(RunnerError, match=r"^x could not be removed: .*Not a directory"):
        remove(Unneeded("x", (), lock / "a" / "lock"))


def test_an_empty_cache_has_nothing_to_lose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONFORMANCE_CACHE", str(tmp_path / "none"))
    assert unneeded(["wsl2", "debian:6.1"]) == []
