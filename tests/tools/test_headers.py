from __future__ import annotations

from pathlib import Path

from tools.headers import Headers, by_version


def test_versions_of_the_package_are_ordered_as_those_of_kernels() -> None:
    assert max(["7.3.4-1~bpo13+1", "6.19.9-1", "7.10.1-1"], key=by_version) == "7.10.1-1"
    assert by_version("7.3.4-1~bpo13+1") == [7, 3, 4]


def test_the_compiler_looks_nowhere_else_and_first_where_the_architecture_is(tmp_path: Path) -> None:
    (tmp_path / "include/x86_64-linux-gnu").mkdir(parents=True)
    assert Headers("1", tmp_path).options == (
        *("-nostdinc", f"-I{tmp_path}/include/x86_64-linux-gnu"),
        f"-I{tmp_path}/include",
    )
