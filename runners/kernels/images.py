"""Where a kernel image comes from: Debian, a file, Windows, Microsoft, or a build with WSL2's configuration."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from runners.base import RunnerError
from runners.host import children
from runners.host.cache import entry
from runners.kernels import config, microsoft
from runners.kernels.debian import SUITES, Suite, unpack
from runners.kernels.given import from_path
from runners.kernels.kernel import Kernel, NotThere, inspect
from runners.kernels.preparing import run

WSL2 = "wsl2"
"""What a target's table says for the kernel of WSL2, wherever it comes from."""
NEWEST = "newest"
NEWEST_SUITE = "sid"
SERIES = re.compile(r"\d+\.\d+", re.ASCII)
DEBIAN = re.compile(r"\d+\.\d+(?:\.\d+(?:[+-][0-9a-z.]+)*)?", re.ASCII)
"""What kernels of Debian's are called by: a series, or a release as far as anybody likes to say it."""
WSL2_VARIABLE = "CONFORMANCE_WSL2_KERNEL"
WINDOWS_KERNELS = (
    "/mnt/c/Windows/System32/lxss/tools/kernel",
    "/mnt/c/Program Files/WSL/tools/kernel",
)
"""Where Windows keeps WSL2's kernel, as seen from inside WSL."""
WSL2_SERIES = "6.1"
CONFIGS = Path(__file__).parent / "configs"
BUILD_PACKAGES = ("gcc", "make", "bc", "flex", "bison", "libelf-dev", "libssl-dev", "xz-utils")

USELESS_MODULES = (
    *(
        f"drivers/{name}"
        for name in (
            "ata",
            "comedi",
            "gpu",
            "hid",
            "hv",
            "hwmon",
            "infiniband",
            "iio",
            "media",
            "net/ethernet",
            "net/wireless",
            "nvdimm",
            "nvme",
            "scsi",
            "target",
            "usb",
            "xen",
        )
    ),
    "sound",
)
"""Parts of a distribution's modules that no syscall can see in a virtual machine without such devices."""


# -- Debian's


def debian_kernels(suite: Suite, series: str) -> dict[str, list[str]]:
    """The packages of a suite that have kernels of a series, a release, or all, oldest first, each with those that it
    consists of: itself, and from Debian 14 on its lists, its image and its modules apart.

    It consists of none where the archive lacks its modules, without which a kernel reaches no disk and no host.
    """
    wanted = r"\d+\.\d+\.\d+" if series == NEWEST else re.escape(series)
    wanted += r"\.\d+" if SERIES.fullmatch(series) else ""
    names = suite.packages(r"linux-(image|base|binary|modules)-\d.*-cloud-amd64")
    found = {}
    for package in sorted(names, key=by_version):
        if re.fullmatch(rf"linux-image-{wanted}(?!\d).*", package):
            rest = package.removeprefix("linux-image-")
            apart = {f"linux-{part}-{rest}" for part in ("base", "binary", "modules")}.intersection(names)
            found[package] = sorted(apart) if f"linux-modules-{rest}" in apart else [] if apart else [package]
    return found


def debian_name(package: str, *, whole: bool) -> str:
    """What `--kernel` calls the kernel of a package: by its series, or by the whole release."""
    release = package.removeprefix("linux-image-").removesuffix("-cloud-amd64")
    return f"debian:{release if whole else '.'.join(release.split('.')[:2])}"


def by_version(name: str) -> list[int]:
    """How names with versions in them are sorted."""
    return [int(number) for number in re.findall(r"\d+", name.removesuffix("-cloud-amd64"))]


def debian(series: str) -> Kernel:
    """The newest cloud kernel of a series (`6.1`), of a release (`6.12.107`), or of all (`newest`), downloaded once.

    Raises RunnerError.
    """
    if series != NEWEST and not DEBIAN.fullmatch(series):
        raise RunnerError(f"debian:{series} names no kernel series; write debian:6.1, debian:6.12.107 or debian:newest")
    return debian_kept(entry(f"kernels/debian-{series}", lambda into: _fetch_debian(series, into)))


def debian_kept(path: Path) -> Kernel:
    """The kernel in a cache entry. Raises RunnerError."""
    image, package = path / "vmlinuz", (path / "package").read_text(encoding="utf-8").strip()
    return Kernel(image, inspect(image), f"Debian's package {package}", path / "root")


def _fetch_debian(series: str, into: Path) -> None:
    suite, package, parts = _find_debian(series)
    root = into / "root"
    root.mkdir()
    for part in parts:
        deb = suite.download(part, into)
        unpack(deb, root)
        deb.unlink()
    images = [*(root / "boot").glob("vmlinuz-*"), *(root / "usr/lib/modules").glob("*/vmlinuz")]
    if not images:
        raise RunnerError(f"there is no kernel image in Debian's package {package} {suite.version(package)}")
    images[0].rename(into / "vmlinuz")
    release = inspect(into / "vmlinuz")
    modules = _modules_in(root, release, package)
    for configuration in (root / "boot").glob("config-*"):
        configuration.rename(into / "config")  # Debian's images carry none
    for rest in ("boot", "usr"):
        shutil.rmtree(root / rest, ignore_errors=True)
    for useless in USELESS_MODULES:
        shutil.rmtree(modules / "kernel" / useless, ignore_errors=True)
    run("/sbin/depmod", "-b", str(root), release)
    (into / "package").write_text(f"{package} {suite.version(package)}\n", encoding="utf-8")


def _modules_in(root: Path, release: str, package: str) -> Path:
    """The modules of a release that was unpacked below a directory, in `lib/modules`. Raises RunnerError."""
    modules, merged = root / "lib/modules" / release, root / "usr/lib/modules" / release
    if modules.exists():
        return modules
    if not (merged / "kernel").exists():
        raise _no_modules(package)
    modules.parent.mkdir(parents=True, exist_ok=True)
    merged.rename(modules)
    return modules


def _find_debian(series: str) -> tuple[Suite, str, list[str]]:
    """The first suite that has the series, its newest package, and those that it consists of; for `newest`, the newest
    suite."""
    lacking = ""
    for name in (NEWEST_SUITE,) if series == NEWEST else SUITES:
        suite = Suite(name)
        suite.update()
        found = debian_kernels(suite, series)
        whole = [package for package, parts in found.items() if parts]
        if whole:
            exact = f"linux-image-{series}-cloud-amd64"
            package = exact if exact in whole else whole[-1]
            return suite, package, found[package]
        lacking = lacking or next(reversed(found), "")
    if lacking:
        raise _no_modules(lacking)
    raise RunnerError(f"no Debian suite of {', '.join(SUITES)} has a cloud kernel {series}; try debian:6.1")


def _no_modules(package: str) -> RunnerError:
    return RunnerError(
        f"Debian's archive has no modules for {package}, and without them it reaches no disk and no host; "
        "take another series, such as 6.18"
    )


# -- WSL2's


def wsl2() -> Kernel:
    """The WSL2 kernel: given by the environment, installed by Windows, fetched, or built. Raises RunnerError."""
    if given := os.environ.get(WSL2_VARIABLE):
        return labelled(from_path(Path(given)))
    for place in map(Path, WINDOWS_KERNELS):
        if place.exists():
            return labelled(Kernel(place, inspect(place), "the kernel that Windows installed"))
    if microsoft.here():
        return labelled(microsoft.find())
    with suppress(NotThere):
        return labelled(built(WSL2_SERIES))
    raise RunnerError(
        f"there is no WSL2 kernel here: give one with --kernel wsl2=PATH or {WSL2_VARIABLE}, fetch Microsoft's with "
        f"`{microsoft.FETCH}`, or build one in about 20 minutes with `conformance kernels build wsl2`"
    )


def is_wsl2_here() -> bool:
    """Whether there is anything that `wsl2` could be, be it of use or not."""
    given = os.environ.get(WSL2_VARIABLE) or any(Path(place).exists() for place in WINDOWS_KERNELS)
    return bool(given or microsoft.here() or (microsoft.place(WSL2_SERIES) / microsoft.IMAGE).is_file())


def wsl2_version(version: str) -> Kernel:
    """A WSL2 kernel of the cache: the newest that was fetched of a version, a release or a series, or one that was
    built of that series. Raises RunnerError; nothing is fetched for it, since that takes 150 MB."""
    try:
        return labelled(microsoft.find(version))
    except NotThere as error:
        with suppress(NotThere):
            return labelled(built(version))
        raise RunnerError(f"{error}; fetch it with `{microsoft.FETCH}:{version}`") from error


def built(series: str) -> Kernel:
    """The kernel that was built of a series. Raises NotThere."""
    image = microsoft.place(series) / "bzImage"
    if not re.fullmatch(r"\d+\.\d+", series) or not image.is_file():
        raise NotThere(f"no kernel of the series {series} was built here")
    origin = f"built by `conformance kernels build wsl2` from Debian's linux-source-{series}"
    return Kernel(image, inspect(image), origin)


def labelled(kernel: Kernel) -> Kernel:
    """Say in the column's name when a kernel for `wsl2` is not Microsoft's own build, and in a note what is known."""
    if kernel.label:
        return kernel
    label, known = config.about(kernel.release, kernel.image)
    return replace(kernel, origin=f"{kernel.origin}; {known}", label=label)


def build_wsl2(progress: Callable[[str, int], None]) -> Path:
    """Build a kernel with WSL2's configuration from Debian's source package; the image.

    `progress` is told each stage and how many files have been compiled. Raises RunnerError.
    """
    absent = [name for name in ("gcc", "make", "bc", "flex", "bison") if not shutil.which(name)]
    if absent:
        raise RunnerError(f"{', '.join(absent)} is needed to build a kernel; apt install {' '.join(BUILD_PACKAGES)}")
    return entry(f"kernels/wsl2-{WSL2_SERIES}", lambda into: _build_wsl2(into, progress)) / "bzImage"


def _build_wsl2(into: Path, progress: Callable[[str, int], None]) -> None:
    progress("downloading the source", 0)
    suite = Suite("bookworm")
    suite.update()
    deb = suite.download(f"linux-source-{WSL2_SERIES}", into)
    progress("unpacking", 0)
    tree = into / "tree"
    tree.mkdir()
    unpack(deb, tree)
    archive = next(tree.glob("usr/src/linux-source-*.tar.xz"))
    run("tar", "-xf", str(archive), "-C", str(tree), "--strip-components=1")
    shutil.copy(CONFIGS / f"wsl2-{WSL2_SERIES}.config", tree / ".config")
    progress("configuring", 0)
    log = into / "build.log"
    _make(tree, log, "olddefconfig")
    _make(tree, log, f"-j{os.cpu_count() or 1}", "bzImage", counted=lambda count: progress("compiling", count))
    shutil.copy(tree / "arch/x86/boot/bzImage", into / "bzImage")
    shutil.rmtree(tree)
    deb.unlink()


def _make(tree: Path, log: Path, *arguments: str, counted: Callable[[int], None] = lambda _: None) -> None:
    """Run `make`, counting the lines that say that something was compiled."""
    with (
        log.open("ab") as sink,
        children.child(["make", "-C", str(tree), *arguments], stderr=subprocess.STDOUT) as make,
    ):
        assert make.stdout is not None
        count = 0
        for line in make.stdout:
            sink.write(line)
            if line.lstrip().startswith((b"CC", b"AS", b"LD", b"AR")):
                count += 1
                counted(count)
        make.wait()
    if make.returncode:
        last = log.read_text(errors="replace", encoding="utf-8").strip().splitlines()[-1:]
        raise RunnerError(f"the kernel could not be built: {''.join(last)}; apt install {' '.join(BUILD_PACKAGES)}")


def is_wsl2s(source: str) -> bool:
    """Whether a target's `kernel` option names WSL2's, whichever."""
    return source == WSL2 or source.startswith(f"{WSL2}:")


def find(source: str) -> Kernel:
    """The kernel that a target's `kernel` option names: `debian:SERIES`, `wsl2`, `wsl2:VERSION`, or a path.

    Those of WSL2 come labelled. Raises RunnerError.
    """
    if source.startswith("debian:"):
        return debian(source.removeprefix("debian:"))
    if source.startswith(f"{WSL2}:"):
        return wsl2_version(source.removeprefix(f"{WSL2}:"))
    return wsl2() if source == WSL2 else from_path(Path(source))
