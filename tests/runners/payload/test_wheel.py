"""Wheels, built from a copy of the source with the setuptools that is installed, and nothing from a network."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import conformance
from tests.reports.browser import lacking
from tests.suite import SOURCES

PACKAGES = ("conformance", "cases", "runners", "reports")
BUILD = "import sys; from setuptools import build_meta; print(getattr(build_meta, sys.argv[1])('dist'))"
SHIPPED = ("targets.toml", *(f"expectations/{path.name}" for path in (SOURCES / "expectations").iterdir()))
OLDEST = 77
"""The setuptools that pyproject.toml asks for."""


def copied(to: Path) -> Path:
    """The source, without what running it has left in it; and with a binary that somebody once made there."""
    if int(importlib.metadata.version("setuptools").partition(".")[0]) < OLDEST:
        pytest.skip(f"building a wheel takes setuptools {OLDEST}: pip install -e '.[dev]'")
    copy = to / "checkout"
    copy.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", "targets.toml"):
        shutil.copy(SOURCES / name, copy)
    for name in (*PACKAGES, "expectations"):
        shutil.copytree(SOURCES / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "conformance/programs/executor/executor-x86_64").write_text("stale")
    (copy / "dist").mkdir()
    return copy


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the source for one test."""
    return copied(tmp_path)


def built(checkout: Path, how: str, cc: str) -> tuple[Path, str]:
    """The wheel that `build_wheel` or `build_editable` makes, and what building it said."""
    done = subprocess.run(
        [sys.executable, "-c", BUILD, how],
        cwd=checkout,
        env={**os.environ, "CC": cc},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return checkout / "dist" / done.stdout.splitlines()[-1], done.stderr


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A wheel that was built without a compiler, and what building it said."""
    return built(copied(tmp_path_factory.mktemp("plain")), "build_wheel", "/no/such/compiler")


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel that was built with a compiler."""
    checkout = copied(tmp_path_factory.mktemp("ready"))
    return built(checkout, "build_wheel", os.environ.get("CC") or "cc")[0]


def binaries(wheel: Path) -> list[str]:
    """The executors in a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return [name for name in archive.namelist() if Path(name).name.startswith("executor-")]


def test_installed_wheel_runs_the_executor_without_a_compiler(ready: Path, tmp_path: Path) -> None:
    assert ready.name.endswith(f"-py3-none-linux_{os.uname().machine}.whl")
    site = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", str(site)]
    subprocess.run([*install, str(ready)], check=True, capture_output=True, timeout=300)
    environment = {
        **os.environ,
        "PYTHONPATH": str(site),
        "CC": "/no/such/compiler",
        "CONFORMANCE_CACHE": str(tmp_path / "cache"),
    }
    asked = [sys.executable, "-m", "runners.payload.executor"]
    said = subprocess.run(
        asked, cwd="/", env=environment, capture_output=True, text=True, timeout=60, check=True
    ).stdout
    path = Path(said.strip())
    assert path.is_relative_to(site)
    hello = subprocess.run([path], stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=True).stdout
    assert hello[:8] == b"SCX1\x10\0\0\0"
    assert (site / "conformance/search/repro.c.in").exists()


def test_binary_that_lies_in_the_source_stays_out_of_a_wheel(ready: Path) -> None:
    assert [Path(name).name.count("-") for name in binaries(ready)] == [2]


def test_wheel_is_made_without_a_compiler_and_says_what_it_lacks(plain: tuple[Path, str]) -> None:
    wheel, said = plain
    assert "this wheel is without a ready-made executor: no C compiler" in said
    assert binaries(wheel) == []
    assert wheel.name.endswith("-py3-none-any.whl")


@pytest.mark.parametrize(
    "checker", [("twine", "check", "--strict"), ("check_wheel_contents",)], ids=lambda each: each[0]
)
def test_wheel_is_one_that_an_index_takes_and_has_no_more_than_the_suite(
    checker: tuple[str, ...], plain: tuple[Path, str]
) -> None:
    if importlib.util.find_spec(checker[0]) is None:
        lacking(f"{checker[0]} is not installed: pip install -e '.[release]'")
    config = ("--config", str(SOURCES / "pyproject.toml")) if checker[0] == "check_wheel_contents" else ()
    asked = [sys.executable, "-m", *checker, *config, str(plain[0])]
    done = subprocess.run(asked, capture_output=True, encoding="utf-8", timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_wheel_tells_type_checkers_that_it_has_types(plain: tuple[Path, str]) -> None:
    with zipfile.ZipFile(plain[0]) as archive:
        assert {f"{package}/py.typed" for package in PACKAGES} <= set(archive.namelist())


def test_wheel_has_the_version_that_stands_in_the_package(plain: tuple[Path, str]) -> None:
    assert plain[0].name.split("-")[1] == conformance.__version__


def test_wheel_says_in_itself_what_its_name_says(plain: tuple[Path, str], ready: Path) -> None:
    for wheel in (plain[0], ready):
        with zipfile.ZipFile(wheel) as archive:
            said = archive.read(next(name for name in archive.namelist() if name.endswith(".dist-info/WHEEL"))).decode()
        assert f"Tag: {'-'.join(wheel.stem.split('-')[2:])}\n" in said


def test_wheel_has_no_expectations_of_an_earlier_build(plain: tuple[Path, str], tmp_path: Path) -> None:
    checkout = tmp_path / "again"
    shutil.copytree(plain[0].parent.parent, checkout)
    assert (checkout / "build").is_dir(), "the earlier build has left it"
    (checkout / "expectations/wsl1.toml").unlink()
    wheel, _ = built(checkout, "build_wheel", "/no/such/compiler")
    with zipfile.ZipFile(wheel) as archive:
        shipped = {name for name in archive.namelist() if name.startswith("conformance/expectations/")}
    assert shipped == {f"conformance/{name}" for name in SHIPPED if name.startswith("exp") and "wsl1" not in name}


def test_wheel_has_what_ships_and_the_checkout_no_second_copy_of_it(plain: tuple[Path, str]) -> None:
    with zipfile.ZipFile(plain[0]) as archive:
        for name in SHIPPED:
            assert archive.read(f"conformance/{name}") == (SOURCES / name).read_bytes()
    assert not [name for name in SHIPPED if (SOURCES / "conformance" / name).exists()]


def test_wheel_can_be_made_of_a_source_distribution(checkout: Path, tmp_path: Path) -> None:
    archive, _ = built(checkout, "build_sdist", "/no/such/compiler")
    unpacked = tmp_path / "unpacked"
    shutil.unpack_archive(archive, unpacked)
    [source] = unpacked.iterdir()
    (source / "dist").mkdir()
    wheel, _ = built(source, "build_wheel", "/no/such/compiler")
    with zipfile.ZipFile(wheel) as ready:
        names = set(ready.namelist())
    assert {f"conformance/{name}" for name in SHIPPED} <= names
    assert {
        "runners/profile/wsl1.toml",
        "conformance/coverage/errnos.tsv",
        "conformance/coverage/peers.tsv",
        "conformance/programs/executor/executor.c",
        "conformance/programs/executor/keeper.c",
        "conformance/programs/executor/libc.h",
        "cases/files/test_open.py",
    } <= names


def test_editable_install_compiles_nothing_into_the_source(checkout: Path) -> None:
    wheel, _ = built(checkout, "build_editable", os.environ.get("CC") or "cc")
    assert binaries(wheel) == []
    assert [path.name for path in checkout.rglob("executor-*")] == ["executor-x86_64"]
