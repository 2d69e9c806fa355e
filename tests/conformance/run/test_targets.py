from __future__ import annotations

from pathlib import Path

import pytest

from conformance.model import Target
from conformance.run.errors import Exit, UsageError
from conformance.run.targets import SHIPPED, choose, default_path, load
from runners.registry import runner_for

TWO = """
[target.native]
runner = "local"

[target.lts]
title = "a kernel"
runner = "qemu"
kernel = "debian:6.1"
control = "native"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "targets.toml"
    path.write_text(TWO)
    return path


def refused(path: Path, text: str) -> str:
    """What is said of a targets file."""
    path.write_text(text)
    with pytest.raises(UsageError) as found:
        load(path)
    assert found.value.status is Exit.USAGE
    return str(found.value)


def test_targets_are_read_by_name_and_in_order(file: Path) -> None:
    assert load(file) == {
        "native": Target("native", "local"),
        "lts": Target("lts", "qemu", "a kernel", "native", {"kernel": "debian:6.1"}),
    }


def test_the_targets_that_ship_are_read_and_have_runners() -> None:
    shipped = load(SHIPPED)
    assert list(shipped) == ["native", "lts", "wsl2", "wsl1", "gvisor"]
    assert shipped["wsl2"].control == "lts"
    for target in shipped.values():
        assert target.title
        assert runner_for(target).describe is not None


def test_the_file_here_comes_before_the_one_that_ships(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert default_path().resolve() == file
    file.unlink()
    assert default_path() == SHIPPED


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[target.native]\nrunner local\n", "line 2"),
        ('[target.a]\nrunner = "local"\n\n[target.b]\n\nrunner = 5\n', ":6: target.b.runner: Expected `str`"),
        ('[target.a]\nrunner = "local"\n[target.b]\ntitle = "b"\n', ":3: target.b: Object missing"),
        ('[target.a]\nrunner = "vmware"\n', ":2: target.a.runner: 'vmware' is not one of local, qemu"),
        ('[target.a]\nrunner = "local"\n# why\nkernel = "x"\n', ":4: target.a.kernel: the runner local has no such"),
        ('[target.a]\nrunner = "qemu"\n', ":1: target.a: the runner qemu needs the option kernel"),
        ('[target."a/../b"]\nrunner = "local"\n', ":1: target.a/../b: a target's name has only letters"),
        ('[target]\na = "local"\n', "target.a: is no table; write [target.a]"),
        ('target = "local"\n', "there is no [target.NAME] table in it"),
        ("", "there is no [target.NAME] table in it"),
        ('[target.a]\nrunner = "qemu"\nkernel = 6.1\n', ":3: target.a.kernel: Expected `str`"),
        ('[target.a]\nrunner = "local"\ncontrol = "lst"\n', ":3: target.a.control: "),
    ],
)
def test_a_mistake_is_told_with_file_line_and_key(file: Path, text: str, told: str) -> None:
    said = refused(file, text)
    assert said.startswith(str(file))
    assert told in said


def test_a_file_that_is_not_there_is_told_by_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"absent\.toml cannot be read: No such file or directory"):
        load(tmp_path / "absent.toml")


def test_the_reference_is_run_first_and_once(file: Path) -> None:
    targets = load(file)
    assert [each.name for each in choose(targets, ["lts"], "native")] == ["native", "lts"]
    assert [each.name for each in choose(targets, ["lts", "native", "lts"], "lts")] == ["lts", "native"]


def test_no_name_means_all_targets(file: Path) -> None:
    assert [each.name for each in choose(load(file), [], "lts")] == ["lts", "native"]


@pytest.mark.parametrize(("names", "reference"), [(["wsl9"], "native"), (["lts"], "wsl9")])
def test_an_unknown_target_is_told_with_the_known_ones(file: Path, names: list[str], reference: str) -> None:
    with pytest.raises(UsageError, match="there is no target wsl9; the targets are native, lts"):
        choose(load(file), names, reference)


def test_a_file_that_is_no_text_is_told_by_name(tmp_path: Path) -> None:
    (tmp_path / "t.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match=r"t\.toml"):
        load(tmp_path / "t.toml")
