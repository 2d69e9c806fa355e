"""The feed of packages in which Microsoft publishes WSL2's kernel, by version 3 of NuGet's protocol.

The service index names the base address of packages (learn.microsoft.com/nuget/api/service-index), below which lie a
list of versions and the packages (learn.microsoft.com/nuget/api/package-base-address-resource). A feed has no digest of
a package; what is checked is that it is whole and has what it should.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from runners.base import RunnerError
from runners.kernels.download import checked, get, host
from runners.kernels.kernel import NotThere

MICROSOFTS = "https://pkgs.dev.azure.com/shine-oss/wsl/_packaging/WslDependencies/nuget/v3/index.json"
"""The only source of packages that WSL's build has (microsoft/WSL, nuget.config)."""
VARIABLE = "CONFORMANCE_WSL2_FEED"
PACKAGE = "Microsoft.WSL.Kernel"
BASE = "PackageBaseAddress/3.0.0"
MOST = 4 << 20
"""No list is longer than that, in bytes."""
VERSION = re.compile(r"(\d{1,9}(?:\.\d{1,9}){0,3})(?:-([0-9a-z]+(?:[.-][0-9a-z]+)*))?", re.ASCII)
"""A version as feeds list it, in lower case: `6.18.33.2-2`. The label is Microsoft's number of the packaging."""
SHOWN = 5
"""How many versions a message names."""


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed, by the address of its service index."""

    index: str

    def versions(self) -> list[str]:
        """All versions of the kernel's package, listed or not. Raises RunnerError."""
        try:
            found = self._list(f"{self._base()}/{PACKAGE.lower()}/index.json", "versions")
        except NotThere as error:
            raise RunnerError(f"{host(self.index)} has no package {PACKAGE}; is {VARIABLE} right?") from error
        return [each for each in found if isinstance(each, str) and len(each) < 64 and VERSION.fullmatch(each)]

    def package(self, version: str) -> str:
        """The address of a version's package. Raises RunnerError."""
        name = PACKAGE.lower()
        return f"{self._base()}/{name}/{version}/{name}.{version}.nupkg"

    def _base(self) -> str:
        """Where packages lie. Raises RunnerError."""
        for each in self._list(self.index, "resources"):
            if isinstance(each, dict) and each.get("@type") == BASE and isinstance(each.get("@id"), str):
                address: str = each["@id"].rstrip("/")
                if checked(self.index).type == "https" != checked(address).type:
                    raise RunnerError(f"the feed of {host(self.index)} has its packages where there is no encryption")
                return address
        raise RunnerError(f"the feed of {host(self.index)} has no {BASE}, by which packages are found")

    def _list(self, url: str, key: str) -> list[Any]:
        """What an object of JSON has for a key. Raises RunnerError."""
        try:
            found = msgspec.json.decode(get(url, MOST))
        except (msgspec.DecodeError, RecursionError) as error:
            raise RunnerError(f"what {host(url)} answers is not NuGet's JSON; is {VARIABLE} right?") from error
        if not isinstance(found, dict) or not isinstance(found.get(key), list):
            raise RunnerError(f"what {host(url)} answers has no list of {key}; is {VARIABLE} right?")
        return list(found[key])


def given() -> Feed:
    """Microsoft's feed, or the one that the environment names."""
    return Feed(os.environ.get(VARIABLE) or MICROSOFTS)


def newest(versions: Sequence[str], wanted: str, where: str) -> str:
    """The newest of those that are wanted: all (`""`), a series (`6.18`), a release (`6.18.33.2`), or one version.

    Raises RunnerError, which says what there is `where`.
    """
    fitting = [each for each in versions if fits(each, wanted)]
    if fitting:
        return wanted if wanted in fitting else max(fitting, key=order)
    shown = sorted(versions, key=order)[: -SHOWN - 1 : -1]
    has = f"what it has is {', '.join(shown)}" if shown else "it has none"
    more = f" and {len(versions) - len(shown)} older" if len(versions) > len(shown) else ""
    raise NotThere(f"{where} has no kernel {wanted} of WSL2's; {has}{more}".replace("  ", " "))


def fits(version: str, wanted: str) -> bool:
    """Whether a version is one that is wanted (see `newest`)."""
    numbers = wanted.split(".")
    return wanted in ("", version) or version.partition("-")[0].split(".")[: len(numbers)] == numbers


def order(version: str) -> tuple[list[int], bool, list[tuple[bool, int, str]]]:
    """How a version is sorted (learn.microsoft.com/nuget/concepts/package-versioning): by number, part by part."""
    found = VERSION.fullmatch(version)
    assert found
    numbers = [int(each) for each in found[1].split(".")]
    label = re.split("[.-]", found[2] or "")
    parts = [(not each.isdigit(), int(each) if each.isdigit() else 0, each) for each in label]
    return [*numbers, *[0] * (4 - len(numbers))], not found[2], parts
