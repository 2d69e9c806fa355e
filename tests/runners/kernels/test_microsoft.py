from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from runners.base import RunnerError
from runners.host.cache import digest
from runners.kernels import download, feed, microsoft
from runners.kernels.download import Unreachable
from runners.kernels.kernel import NotThere
from runners.kernels.microsoft import BYTES, fetch, find, here, take_from, to_bring
from runners.kernels.packages import take
from tests import packages
from tests.feeds import Served
from tests.feeds import feed as serving
from tests.kernels import image
from tests.mounts import grow, needs_root, on_small_disk

OLD, NEW = "6.18.33.2-2", "6.18.40.1-1"
RELEASES = {version: f"{version.partition('-')[0]}-microsoft-standard-WSL2" for version in (OLD, NEW)}


def nothing(stage: str, done: int, total: int | None) -> None:
    """Who wants to know no progress."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A package of each layout that is documented."""
    room = tmp_path_factory.mktemp("packages")
    return {OLD: packages.package(room, OLD, RELEASES[OLD]), NEW: nested(room / NEW)}


def nested(room: Path, release: str = RELEASES[NEW]) -> Path:
    """A package with a disk image as they have it since 6.18.40.1 (WSL2-Linux-Kernel, gen_artifacts_vhdx.sh)."""
    packages.tree(room / "disk" / release / "modules", release)
    for name in ("linux-headers", "perf"):
        (room / "disk" / release / name).mkdir()
        (room / "disk" / release / name / "large").write_bytes(b"not taken")
    disk = packages.dynamic_vhd(packages.ext4(room / "disk", room / "ext4"), room / "artifacts.vhd")
    files = {"kernel": image(room / "kernel", RELEASES[NEW], whole=True), "artifacts.vhd": disk}
    return packages.nuget(room / "nupkg", files, NEW)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache of our own, in which nothing half-made is left."""
    monkeypatch.setenv("CONFORMANCE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(download, "PAUSE_SECONDS", 0.0)
    yield tmp_path / "cache"
    assert list((tmp_path / "cache").rglob("*.partial")) == []


@pytest.fixture
def served(made: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    with serving(dict(made)) as found:
        monkeypatch.setenv(feed.VARIABLE, found.url)
        yield found


# The feed's


@pytest.mark.parametrize("version", [OLD, NEW])
def test_a_kernel_is_fetched_with_its_modules(served: Served, cache: Path, version: str) -> None:
    stages: list[str] = []
    found, kernel = fetch(version, lambda stage, *_: stages.append(stage))
    assert found == version
    assert (kernel.image, kernel.release) == (cache / f"kernels/wsl2-{version}/bzImage", RELEASES[version])
    assert kernel.origin == (
        f"the package Microsoft.WSL.Kernel {version} of 127.0.0.1, sha256 {digest(served.packages[version])}"
    )
    assert kernel.modules
    assert sorted(path.name for path in kernel.modules.rglob("*") if path.is_file()) == [
        *("br_netfilter.ko", "bridge.ko", "modules.builtin", "modules.dep"),
    ]
    assert (kernel.modules / "lib/modules" / RELEASES[version] / "kernel/net/bridge.ko").is_file()
    assert list(dict.fromkeys(stages)) == [
        *("downloading", "taking the kernel out of its package", "taking the modules out of their disk image"),
    ]
    assert list((cache / "downloads").iterdir()) == []


def test_the_newest_is_fetched_and_what_is_here_needs_no_network(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert fetch("", nothing)[0] == NEW
    asked = len(served.asked)
    monkeypatch.setenv(feed.VARIABLE, "http://127.0.0.1:9/offline")
    version, kernel = fetch(NEW, nothing)
    assert (version, kernel, len(served.asked)) == (NEW, find("6.18"), asked)
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1 cannot be reached: Connection refused"):
        fetch("", nothing)


def test_a_damaged_entry_is_told_and_made_anew(served: Served) -> None:
    fetch(OLD, nothing)
    (microsoft.place(OLD) / "bzImage").write_bytes(b"damage")
    with pytest.raises(RunnerError, match=rf"is damaged; fetch it anew, `conformance kernels fetch wsl2:{OLD}`"):
        find()
    assert fetch(OLD, nothing)[1] == find()


def test_a_version_that_there_is_not_is_told_with_those_that_there_are(served: Served) -> None:
    with pytest.raises(NotThere, match=r"the feed of 127\.0\.0\.1 has no kernel 6\.1 of WSL2's; what it has is 6\.18"):
        fetch("6.1", nothing)


def test_a_download_that_breaks_off_is_gone_on_with_by_the_next_command(served: Served) -> None:
    served.cut = [3000, *[0] * download.ATTEMPTS]
    with pytest.raises(Unreachable, match="the same command goes on with them"):
        fetch(OLD, nothing)
    assert fetch(OLD, nothing)[0] == OLD
    assert served.ranges[-1] == "bytes=3000-"


def test_what_would_be_fetched_is_told_with_how_large_it_is(served: Served) -> None:
    assert to_bring() == f"Microsoft's kernel, about {BYTES // 1_000_000} MB from 127.0.0.1"
    assert len(served.asked) == 1


def test_a_feed_that_is_out_of_reach_is_asked_once_a_day(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless somebody asks for it by name, or there is another by now."""
    monkeypatch.setenv(feed.VARIABLE, "http://127.0.0.1:9/index.json")
    for _ in range(2):
        with pytest.raises(Unreachable, match=r"127\.0\.0\.1 cannot be reached: Connection refused"):
            to_bring()
        assert to_bring() == ""
        with pytest.raises(Unreachable):
            fetch("", nothing)
        yesterday = time.time() - 90000
        os.utime(cache / "downloads/unreachable", (yesterday, yesterday))
    with pytest.raises(Unreachable):
        to_bring()
    monkeypatch.setenv(feed.VARIABLE, "http://127.0.0.1:9/other.json")
    with pytest.raises(Unreachable):
        to_bring()


def test_a_feed_that_says_nothing_is_not_waited_for_as_long_as_when_it_was_asked_for(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(microsoft, "QUICK_SECONDS", 0.2)
    served.answers["/v3/index.json"] = lambda _: time.sleep(2)
    before = time.monotonic()
    with pytest.raises(Unreachable, match="says nothing for 0 seconds"):
        to_bring()
    assert time.monotonic() - before < 1.5


def test_what_is_no_package_is_not_kept(served: Served, cache: Path, tmp_path: Path) -> None:
    (tmp_path / "page").write_bytes(b"<html>Sign in</html>")
    served.packages = {OLD: tmp_path / "page"}
    with pytest.raises(RunnerError, match=r"microsoft\.wsl\.kernel\.6.* is no \.nupkg, .*; the download was removed"):
        fetch(OLD, nothing)
    assert list((cache / "downloads").iterdir()) == []
    assert here() == []


@needs_root
def test_a_full_disk_loses_no_download(served: Served, cache: Path) -> None:
    """The package has room, what is in it has not."""

    def body() -> None:
        with pytest.raises(RunnerError, match=r"could not be made: No space left on device; free some space or point"):
            fetch(OLD, nothing)
        assert [path.name for path in (cache / "downloads").iterdir()] == [f"microsoft.wsl.kernel.{OLD}.nupkg"]
        asked = len(served.ranges)
        grow(cache, "64m")
        assert fetch(OLD, nothing)[0] == OLD
        assert len(served.ranges) == asked

    cache.mkdir()
    on_small_disk(cache, "256k", body)


# From a file


def test_a_kernel_is_taken_from_a_file_by_the_version_that_it_has(made: dict[str, Path], tmp_path: Path) -> None:
    file = tmp_path / "kernel.nupkg"
    shutil.copy(made[OLD], file)
    version, kernel = take_from(file, "", nothing)
    assert (version, kernel.origin) == (OLD, f"the file kernel.nupkg, sha256 {digest(file)}")
    assert here() == [OLD]
    assert find() == kernel


def test_what_says_no_version_has_that_of_its_kernel(made: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """As an installer, which has WSL's."""
    monkeypatch.setattr(microsoft, "take", lambda *each: replace(take(*each), version=""))
    assert take_from(made[OLD], "6.18", nothing)[0] == "6.18.33.2"


def test_another_version_than_is_wanted_is_not_taken(made: dict[str, Path]) -> None:
    with pytest.raises(NotThere, match=r"nupkg has no kernel 6\.6 of WSL2's; what it has is 6\.18\.33\.2-2$"):
        take_from(made[OLD], "6.6", nothing)
    assert here() == []


def test_the_same_version_of_another_file_is_replaced(made: dict[str, Path], tmp_path: Path, served: Served) -> None:
    fetch(OLD, nothing)
    other = packages.package(tmp_path / "other", OLD, "6.18.33.2-of-somebody-else")
    kernel = take_from(other, OLD, nothing)[1]
    assert (kernel.release, find()) == ("6.18.33.2-of-somebody-else", kernel)


@pytest.mark.parametrize("name", ["absent.msi", "."])
def test_what_is_no_file_is_told_in_a_sentence(tmp_path: Path, name: str) -> None:
    with pytest.raises(RunnerError, match=r"there is no file .*; give the path of a \.nupkg, \.msi, \.msix or"):
        take_from(tmp_path / name, "", nothing)


@needs_root
def test_a_full_disk_is_told_in_a_sentence(
    made: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is unpacked lies in TMPDIR until it is known what it is."""
    (tmp_path / "small").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "small"))

    def body() -> None:
        with pytest.raises(RunnerError, match=r"^nupkg could not be unpacked: No space left on device; make room, or"):
            take_from(made[OLD], "", nothing)

    on_small_disk(tmp_path / "small", "256k", body)


# What is wrong in a package that is one


def repacked(room: Path, change: Callable[[Path], None], release: str = RELEASES[OLD], head: bytes = b"") -> Path:
    """A package whose disk image has a tree that was changed, or whose kernel has another beginning."""
    tree = packages.tree(room / "tree", RELEASES[OLD])
    change(tree)
    disk = packages.fixed_vhd(packages.ext4(tree, room / "ext4"), room / "modules.vhd")
    kernel = image(room / "kernel", release, whole=True)
    kernel.write_bytes(head + kernel.read_bytes()[len(head) :])
    return packages.nuget(room / "x.nupkg", {"kernel": kernel, "modules.vhd": disk}, OLD)


def listed(name: str) -> Callable[[Path], None]:
    """A tree whose list of modules names something else, too."""

    def change(tree: Path) -> None:
        with (tree / "modules.dep").open("a", encoding="ascii") as stream:
            stream.write(f"kernel/net/bridge.ko: {name}\n")

    return change


def unchanged(tree: Path) -> None:
    """A tree that is right."""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(shutil.rmtree, "its top nor in 6.18.33.2-microsoft-standard-WSL2/modules, but lost", id="none"),
        pytest.param(lambda tree: (tree / "modules.dep").unlink(), "neither at its top nor in", id="unknown layout"),
        pytest.param(
            lambda tree: (tree / "kernel/net/bridge.ko").unlink(),
            "modules.dep names kernel/net/bridge.ko",
            id="incomplete",
        ),
        pytest.param(listed("../../../../etc/shadow"), "names ../../../../etc/shadow, which", id="outside"),
        pytest.param(listed("/etc/shadow"), "names /etc/shadow, which is not in it", id="absolute"),
        pytest.param(
            lambda tree: [path.write_bytes(b"\0vermagic=5.15.1-x SMP \0") for path in tree.rglob("*.ko")],
            "has the modules of 5.15.1-x, and the kernel is 6.18.33.2-microsoft-standard-WSL2",
            id="another kernel's",
        ),
    ],
)
def test_a_disk_image_that_has_something_else_is_told_in_a_sentence(
    tmp_path: Path, change: Callable[[Path], None], said: str
) -> None:
    def emptied(tree: Path) -> None:
        change(tree)
        tree.mkdir(exist_ok=True)

    with pytest.raises(RunnerError, match=r"^x\.nupkg is not as packages of WSL2's kernel are: the disk") as caught:
        take_from(repacked(tmp_path, emptied), "", nothing)
    assert said in str(caught.value)
    assert here() == []


@pytest.mark.parametrize(
    ("release", "head", "said"),
    [
        ("../../../../evil", b"", "does not say its release"),
        ("..", b"", "does not say its release"),
        ("6.18.33.2/../../x", b"", "does not say its release"),
        ("", b"", "does not say its release"),
        (RELEASES[OLD], b"MZ" + bytes(0x210), "is none for x86-64, or is cut off"),  # as arm64's
    ],
)
def test_a_kernel_that_is_none_is_told_in_a_sentence(tmp_path: Path, release: str, head: bytes, said: str) -> None:
    with pytest.raises(RunnerError, match=r"^x\.nupkg is not as packages of WSL2's kernel are: the kern") as caught:
        take_from(repacked(tmp_path, unchanged, release, head), "", nothing)
    assert said in str(caught.value)


# What is here


def test_nothing_is_found_where_nothing_was_fetched() -> None:
    assert here() == []
    with pytest.raises(NotThere, match="the cache has no kernel of WSL2's; it has none"):
        find()


def test_what_was_built_or_half_made_is_not_taken_for_fetched(cache: Path) -> None:
    for name in ("wsl2-6.1", "wsl2-6.18.1-1.partial", "debian-6.1", "wsl2-not-a-version"):
        (cache / "kernels" / name).mkdir(parents=True)
    (cache / "kernels/wsl2-not-a-version/origin.json").write_text(json.dumps({}))
    shutil.rmtree(cache / "kernels/wsl2-6.18.1-1.partial")
    assert here() == []
