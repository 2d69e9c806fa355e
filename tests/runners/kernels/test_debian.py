from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from runners.base import RunnerError
from runners.kernels.debian import Suite, mirror, unpack
from tests.mounts import needs_root, on_small_disk
from tests.programs import put

DEB822 = """Types: deb
URIs: http://mirror.example/debian
Suites: bookworm
Components: main

Types: deb
URIs: http://mirror.example/debian-security/
Suites: bookworm-security
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CONFORMANCE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


# The mirror


@needs_root
@pytest.mark.parametrize(
    ("files", "main", "security"),
    [
        pytest.param(
            {"sources.list": "deb https://a.example/debian/ bookworm main\n"},
            "https://a.example/debian",
            "http://deb.debian.org/debian-security",
            id="a line",
        ),
        pytest.param(
            {
                "sources.list": "# deb http://no.example/debian bookworm main\n"
                "deb [signed-by=/x arch=amd64] http://b.example/pub/debian bookworm main\n"
                "deb http://c.example/debian-security bookworm-security main\n"
            },
            "http://b.example/pub/debian",
            "http://c.example/debian-security",
            id="lines with options and comments",
        ),
        pytest.param(
            {"sources.list.d/debian.sources": DEB822},
            "http://mirror.example/debian",
            "http://mirror.example/debian-security",
            id="deb822",
        ),
        pytest.param(
            {"sources.list.d/docker.list": "deb https://download.example/linux/debian-like bookworm stable\n"},
            "http://deb.debian.org/debian",
            "http://deb.debian.org/debian-security",
            id="somebody else's",
        ),
        pytest.param({}, "http://deb.debian.org/debian", "http://deb.debian.org/debian-security", id="none"),
    ],
)
def test_the_mirror_is_the_one_of_this_machines_apt(files: dict[str, str], main: str, security: str) -> None:
    def body() -> None:
        for name, text in files.items():
            path = Path("/etc/apt", name)
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        assert mirror() == main
        assert mirror("debian-security") == security

    on_small_disk(Path("/etc/apt"), "64k", body)


# A suite, with apt tools that do what they are told


def test_apt_keeps_its_state_apart_from_the_machines(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(monkeypatch, tmp_path / "bin", {"apt-get": f'printf "%s\\n" "$@" > {tmp_path}/log'})
    Suite("bookworm").update()
    said = (tmp_path / "log").read_text()
    root = cache / "apt" / "bookworm"
    for option in ("Dir::State", "Dir::State::status", "Dir::Cache", "Dir::Etc::sourcelist"):
        assert f"{option}={root}/" in said
    assert "Dir::Etc::sourceparts=/dev/null" in said
    assert said.splitlines()[-1] == "update"
    suites = [line.split()[3] for line in (root / "sources.list").read_text().splitlines()]
    assert suites == ["bookworm", "bookworm-security"]


@pytest.mark.parametrize("name", ["bookworm-backports", "trixie-backports", "sid"])
def test_a_suite_without_a_security_archive_has_one_source(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    put(monkeypatch, tmp_path / "bin", {"apt-get": "exit 0"})
    Suite(name).update()
    assert len((cache / "apt" / name / "sources.list").read_text().splitlines()) == 1


def test_packages_are_found_by_their_whole_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, tmp_path / "bin", {"apt-cache": "printf 'runsc\\nrunsc-dbg\\ngolang-runsc\\n'"})
    assert Suite("sid").packages("runsc(-dbg)?") == ["runsc", "runsc-dbg"]


def test_a_version_is_the_candidates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, tmp_path / "bin", {"apt-cache": "printf 'x:\\n  Installed: (none)\\n  Candidate: 1.2-3\\n'"})
    assert Suite("sid").version("x") == "1.2-3"
    put(monkeypatch, tmp_path / "bin", {"apt-cache": "printf 'x:\\n  Candidate: (none)\\n'"})
    with pytest.raises(RunnerError, match="Debian sid has no package x"):
        Suite("sid").version("x")


def test_a_downloaded_package_is_a_file_of_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, tmp_path / "bin", {"apt-get": "touch x_1.2_amd64.deb x-dbg_1.2_amd64.deb"})
    (tmp_path / "into").mkdir()
    assert Suite("sid").download("x", tmp_path / "into") == tmp_path / "into" / "x_1.2_amd64.deb"


def test_a_failure_of_apt_is_one_sentence_with_its_last_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, tmp_path / "bin", {"apt-get": "echo W: x >&2; echo 'E: no such mirror' >&2; exit 100"})
    with pytest.raises(
        RunnerError, match=r"^apt-get update failed for Debian trixie: E: no such mirror; is the mirror reachable\?$"
    ):
        Suite("trixie").update()


def test_a_machine_without_apt_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RunnerError, match=r"apt-cache could not be run: .*; kernels come from Debian's archive by apt"):
        Suite("sid").packages("x")


# Unpacking


@pytest.fixture
def deb(tmp_path: Path) -> Path:
    """A real package."""
    if not shutil.which("dpkg-deb"):
        pytest.skip("there is no dpkg-deb: apt install dpkg")
    root = tmp_path / "root"
    for name, text in {"boot/vmlinuz": "kernel", "usr/share/doc/x": "text", "lib/link": ""}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / "DEBIAN").mkdir()
    (root / "DEBIAN" / "control").write_text(
        "Package: x\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example>\nDescription: x\n"
    )
    subprocess.run(["dpkg-deb", "--build", str(root), str(tmp_path / "x.deb")], check=True, capture_output=True)
    (tmp_path / "into").mkdir()
    return tmp_path / "x.deb"


def test_a_package_is_unpacked_without_being_installed(deb: Path, tmp_path: Path) -> None:
    unpack(deb, tmp_path / "into")
    assert (tmp_path / "into/boot/vmlinuz").read_text() == "kernel"
    assert (tmp_path / "into/usr/share/doc/x").read_text() == "text"


def test_parts_of_a_package_are_unpacked_alone(deb: Path, tmp_path: Path) -> None:
    unpack(deb, tmp_path / "into", ["./boot"])
    assert [path.name for path in (tmp_path / "into").iterdir()] == ["boot"]


@pytest.mark.parametrize("keep", [0, 100, 300])
def test_a_package_that_is_cut_off_is_refused_by_name(deb: Path, tmp_path: Path, keep: int) -> None:
    deb.write_bytes(deb.read_bytes()[:keep])
    with pytest.raises(RunnerError, match=r"^x\.deb could not be unpacked: "):
        unpack(deb, tmp_path / "into")


def test_a_full_disk_is_no_mirror_that_cannot_be_reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONFORMANCE_CACHE", str(tmp_path / "cache"))
    said = "W: write (28: No space left on device)\nE: Some index files failed to download."
    put(monkeypatch, tmp_path / "bin", {"apt-get": f"echo '{said}' >&2; exit 100"})
    with pytest.raises(
        RunnerError, match=r"apt/bookworm: No space left on device; make room, or point TMPDIR"
    ) as found:
        Suite("bookworm").update()
    assert "is the mirror reachable" not in str(found.value)
