from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from conformance.model import Answers, Target
from conformance.run.errors import Exit, UsageError
from conformance.run.targets import SHIPPED, choose, default_path, flags, given_words, load, with_given
from runners.qemu.machine import CPUS
from runners.registry import Careful, declarations, runner_for

TWO = """
[target.native]
runner = "local"

[target.lts]
title = "a kernel"
runner = "qemu"
kernel = "debian:6.1"
control = "native"
"""
QEMU = '[target.a]\nrunner = "qemu"\nkernel = "debian:6.1"\n'


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
        "native": Target("native", "local", answers=Answers.HOST),
        "lts": Target("lts", "qemu", "a kernel", "native", {"kernel": "debian:6.1"}, answers=Answers.KERNEL),
    }


def test_the_targets_that_ship_are_read_and_have_runners() -> None:
    shipped = load(SHIPPED)
    assert list(shipped) == ["native", "lts", "wsl2", "wsl1", "gvisor"]
    assert shipped["wsl2"].control == "lts"
    for target in shipped.values():
        assert target.title
        assert runner_for(target).describe is not None


def test_the_target_wsl2_has_around_its_kernel_what_wsl_gives_it() -> None:
    wsl2 = load(SHIPPED)["wsl2"].options
    words = str(wsl2["commandline"]).split()
    assert f"nr_cpus={wsl2.get('cpus', CPUS)}" in words
    assert {"WSL_ROOT_INIT=1", "printk.devkmsg=on", "pty.legacy_count=0"} < set(words)
    assert wsl2["preload"] == "tun ip_tables br_netfilter"


def test_words_for_a_command_line_are_no_path_whatever_is_in_them(file: Path) -> None:
    file.write_text(f"{QEMU}commandline = 'root=/dev/sda ./a'\n[target.b]\nrunner = 'qemu'\nkernel = './a'\n")
    found = load(file)
    assert found["a"].options["commandline"] == "root=/dev/sda ./a"
    assert found["b"].options["kernel"] == str(file.parent.resolve() / "a")


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
        ('[target.a]\nrunner = "local"\ncontrol = "lst"\n', ":3: target.a.control: "),
        ('[target.a]\nrunner = "qmeu"\n', "(did you mean qemu?)"),
        # options have types, and say which
        ('[target.a]\nrunner = "qemu"\nkernel = 6.1\n', ":3: target.a.kernel: is a text: debian:SERIES, wsl2"),
        ('[target.a]\nrunner = "qemu"\nkernel = 6.1\n', 'and 6.1 is none; write kernel = "6.1"'),
        (
            f'{QEMU}memory = "2048"\n',
            ":4: target.a.memory: is a whole number of MiB, and '2048' is none; write memory = 2048",
        ),
        (f"{QEMU}memory = true\n", ":4: target.a.memory: is a whole number of MiB, and True is none"),
        (f"{QEMU}memory = 5\n", ":4: target.a.memory: is a whole number of MiB from 256 to "),
        (f"{QEMU}cpus = 0\n", ":4: target.a.cpus: is a whole number from 1 to 64, and 0 is not"),
        (f"{QEMU}memroy = 2048\n", ":4: target.a.memroy: the runner qemu has no such option (did you mean memory?)"),
        (
            f"{QEMU}memroy = 2048\n",
            "or the path of an image or of a directory with one); memory (a ",
        ),
        (
            f"{QEMU}commandline = 'nr_cpus=2 panic=5'\n",
            ":4: target.a.commandline: has panic=5, which the runner needs for itself: a guest ends when its kernel ",
        ),
        (
            f"{QEMU}preload = ['tun']\n",
            ":4: target.a.preload: is a text: modules to load before the suite, and ['tun']",
        ),
        (f"{QEMU}preload = 'tun,loop'\n", ":4: target.a.preload: has 'tun,loop', which names no module; write names"),
        ('[target.a]\nrunner = "gvisor"\nbinary = ["runsc"]\n', ":3: target.a.binary: is a text: the path of a runsc"),
        ('[target.a]\nrunner = "gvisor"\nplatform = 1\n', ":3: target.a.platform: is a text: systrap, ptrace or kvm"),
        ('[target.a]\nrunner = "profile"\nprofile = 1\n', ":3: target.a.profile: is a text: the name or path"),
        ('[target.a]\nrunner = "local"\nmemory = 512\n', "the runner local has no such option; it takes none"),
        # what nobody reads
        (f"{QEMU}[targets.b]\nrunner = 'local'\n", ":4: targets: is read by nobody; targets are tables [target.NAME]"),
        (f"{QEMU}[b.target]\nrunner = 'local'\n", ":4: b: is read by nobody"),
        (f"reference = 'a'\n{QEMU}", ":1: reference: is read by nobody"),
        (f"{QEMU}[[targets]]\nname = 'b'\n", ":4: targets: is read by nobody"),
        # controls
        (f"{QEMU}control = 'a'\n", ":4: target.a.control: a target is not its own control"),
        (
            "[target.a]\nrunner='local'\ncontrol='b'\n[target.b]\nrunner='local'\ncontrol='a'\n",
            ":6: target.b.control: the controls go round in a circle: a, b, a",
        ),
        (
            "".join(f"[target.{name}]\nrunner='local'\ncontrol='{of}'\n" for name, of in ("xa", "ab", "bc", "ca")),
            ":12: target.c.control: the controls go round in a circle: x, a, b, c, a",
        ),
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


def test_options_are_read_with_their_types(file: Path) -> None:
    file.write_text(
        f"{QEMU}memory = 2048\ncpus = 4\n"
        '[target.g]\nrunner = "gvisor"\nbinary = "./builds/runsc"\nplatform = "ptrace"\nmemory = 512\n'
    )
    found = load(file)
    assert found["a"].options == {"kernel": "debian:6.1", "memory": 2048, "cpus": 4}
    assert found["g"].options == {"binary": f"{file.parent}/builds/runsc", "platform": "ptrace", "memory": 512}


def test_an_option_that_a_runner_takes_is_in_its_guests(file: Path) -> None:
    """Each one of the table, so that none is accepted and forgotten."""
    given: dict[str, dict[str, str | int]] = {
        "qemu": {"kernel": "debian:6.1", "memory": 300, "cpus": 3, "commandline": "a=1", "preload": "tun loop"},
        "gvisor": {"binary": "/opt/runsc", "platform": "ptrace", "memory": 300},
        "profile": {"profile": "wsl1"},
        "local": {},
    }
    assert {runner: set(options) for runner, options in given.items()} == {
        name: set(declared.options) for name, declared in declarations().items()
    }
    for runner, options in given.items():
        usual = {key: value for key, value in options.items() if declarations()[runner].options[key].required}
        for key in set(options) - set(usual):
            changed = runner_for(Target("a", runner, options={**usual, key: options[key]}))
            without = runner_for(Target("a", runner, options=dict(usual)))
            assert isinstance(changed, Careful)
            assert isinstance(without, Careful)
            assert vars(changed.runner) != vars(without.runner), key


def test_targets_of_earlier_records_are_read() -> None:
    earlier = b'{"name":"lts","runner":"qemu","title":"","control":null,"options":{"kernel":"debian:6.1"}}'
    assert msgspec.json.decode(earlier, type=Target) == Target("lts", "qemu", options={"kernel": "debian:6.1"})


@pytest.fixture
def runsc(tmp_path: Path) -> Path:
    path = tmp_path / "runsc"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


KERNEL, RUNSC = (next(flag for flag, _, _ in flags() if flag.name == name) for name in ("--kernel", "--runsc"))


def test_another_runsc_is_one_more_target_beside_the_others(runsc: Path) -> None:
    shipped = load(SHIPPED)
    found = with_given(shipped, RUNSC, [f"old={runsc}"])
    assert list(found) == [*shipped, "old"]
    assert (found["old"].runner, found["old"].taken) == ("gvisor", {"binary": str(runsc)})
    assert found["old"].answers is Answers.IMITATION
    assert found["gvisor"] == shipped["gvisor"]


def test_a_runsc_for_a_target_that_is_there_replaces_its_binary_and_nothing_else(runsc: Path) -> None:
    there = Target("gvisor", "gvisor", "title", None, {"platform": "ptrace", "binary": "runsc"})
    (found,) = with_given({"gvisor": there}, RUNSC, [f"gvisor={runsc}"]).values()
    assert found == replace(there, given={"binary": str(runsc)})
    assert found.taken == {"platform": "ptrace", "binary": str(runsc)}


def test_what_was_given_to_a_target_can_be_said_again(runsc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = with_given(with_given(load(SHIPPED), RUNSC, [f"old={runsc}"]), KERNEL, ["lts=debian:6.12"])
    assert given_words([*found.values()]) == ["--kernel", "lts=debian:6.12", "--runsc", f"old={runsc}"]
    monkeypatch.setenv("CONFORMANCE_WSL2_KERNEL", "/boot/of-windows")
    assert given_words([*load(SHIPPED).values()]) == []
    assert given_words([*load(SHIPPED).values()], with_environment=True) == ["--kernel", "wsl2=/boot/of-windows"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("old", "write NAME=PATH"),
        ("old=", "write NAME=PATH"),
        (
            "native={runsc}",
            "native is no target of the runner gvisor, which takes a binary; those are gvisor, or a new name",
        ),
        ("old={runsc}x", "runscx is not there; give the path of an executable"),
        ("old=/tmp", "/tmp is a directory"),
        ("a/b={runsc}", "'a/b' names no target"),
    ],
)
def test_a_runsc_that_cannot_be_is_told(runsc: Path, given: str, told: str) -> None:
    with pytest.raises(UsageError, match=re.escape(told)):
        with_given(load(SHIPPED), RUNSC, [given.format(runsc=runsc)])


@pytest.mark.parametrize("again", ["", "2"], ids=["same", "other"])
def test_a_target_that_is_given_twice_on_the_command_line_is_told(runsc: Path, again: str) -> None:
    with pytest.raises(UsageError, match=r"^--runsc old=.*: old has another binary already; choose a name"):
        with_given(load(SHIPPED), RUNSC, [f"old={runsc}", f"old={runsc}{again}"])
    with pytest.raises(UsageError, match=r"^--kernel lts=.*: lts has another kernel already; give a target one"):
        with_given(load(SHIPPED), KERNEL, ["lts=debian:6.1", f"lts=debian:6.1{again}"])


def test_each_runsc_of_the_command_line_is_a_target(runsc: Path) -> None:
    found = with_given(load(SHIPPED), RUNSC, [f"old={runsc}", f"new={runsc}"])
    assert list(found)[-2:] == ["old", "new"]


def test_a_kernel_is_for_a_target_that_takes_one() -> None:
    with pytest.raises(UsageError, match=r"native is no target of the runner qemu, .* those are lts, wsl2$"):
        with_given(load(SHIPPED), KERNEL, ["native=debian:6.1"])
    with pytest.raises(UsageError, match=r"^--kernel lts: write TARGET=IMAGE, for example wsl2=/path/to/bzImage$"):
        with_given(load(SHIPPED), KERNEL, ["lts"])
