from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from runners.base import RunnerError
from runners.kernels.feed import MICROSOFTS, VARIABLE, Feed, given, newest, order
from runners.kernels.kernel import NotThere
from tests.feeds import ID, Served, feed, say

VERSIONS = ["6.6.87.2-1", "6.6.123.2-1", "6.18.33.2-2", "6.18.33.2-10", "6.18.40.1-1", "6.18.33.1-1"]


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with feed({}) as found:
        yield found


def says(served: Served, path: str, body: object) -> None:
    """Have a feed answer something else."""
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    served.answers[path] = lambda handler: say(handler, text)


def test_the_versions_of_a_feed_are_found_by_its_index(served: Served) -> None:
    says(served, f"/v3/flat2/{ID}/index.json", {"versions": VERSIONS})
    assert Feed(served.url).versions() == VERSIONS
    assert [path for path, _ in served.asked] == ["/v3/index.json", f"/v3/flat2/{ID}/index.json"]


def test_a_package_lies_where_the_index_says(served: Served) -> None:
    base = served.url.removesuffix("index.json")
    assert Feed(served.url).package("6.18.33.2-2") == f"{base}flat2/{ID}/6.18.33.2-2/{ID}.6.18.33.2-2.nupkg"


@pytest.mark.parametrize(
    "version", ["../../etc", "6.18/../..", "6.18.1-..", "", "six", "6.18.1-1\n", 6, None, "6." * 40 + "1", "٦.١٨"]
)
def test_what_is_no_version_is_none(served: Served, version: object) -> None:
    """It would become the name of a file."""
    says(served, f"/v3/flat2/{ID}/index.json", {"versions": [version, "6.18.40.1-1"]})
    assert Feed(served.url).versions() == ["6.18.40.1-1"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param(b"<html>Sign in</html>", "is not NuGet's JSON; is CONFORMANCE_WSL2_FEED right", id="a page"),
        pytest.param(b"[" * 100_000, "is not NuGet's JSON", id="nested without end"),
        pytest.param([], "has no list of resources; is CONFORMANCE_WSL2_FEED right", id="a list"),
        pytest.param({"resources": {}}, "has no list of resources", id="no list"),
        pytest.param({"resources": []}, "has no PackageBaseAddress/3.0.0", id="empty"),
        pytest.param(
            {"resources": [1, {"@type": "PackageBaseAddress/3.0.0", "@id": 3}]}, "has no PackageBase", id="no @id"
        ),
        pytest.param(
            {"resources": [{"@type": "PackageBaseAddress/3.0.0", "@id": "file:///etc"}]},
            "no address of the web",
            id="file",
        ),
    ],
)
def test_what_is_no_index_is_told_in_a_sentence(served: Served, body: object, said: str) -> None:
    says(served, "/v3/index.json", body)
    with pytest.raises(RunnerError, match=said):
        Feed(served.url).versions()


def test_a_feed_without_the_package_is_told_in_a_sentence(served: Served) -> None:
    says(served, "/v3/index.json", {"resources": [{"@type": "PackageBaseAddress/3.0.0", "@id": served.url + "/no"}]})
    with pytest.raises(RunnerError, match=r"127\.0\.0\.1 has no package Microsoft\.WSL\.Kernel; is CONFORMANCE_WSL2_F"):
        Feed(served.url).versions()


def test_packages_of_an_encrypted_feed_are_encrypted(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"resources": [{"@type": "PackageBaseAddress/3.0.0", "@id": "http://a.example/flat2"}]}
    monkeypatch.setattr("runners.kernels.feed.get", lambda url, most: json.dumps(found).encode())
    assert Feed("http://a.example/index.json").package("1").startswith("http://a.example/flat2/")
    with pytest.raises(RunnerError, match=r"a\.example has its packages where there is no encryption"):
        Feed("https://a.example/index.json").package("1")


def test_the_feed_is_microsofts_or_the_one_that_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert given() == Feed(MICROSOFTS)
    monkeypatch.setenv(VARIABLE, "http://feed.example/index.json")
    assert given() == Feed("http://feed.example/index.json")


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("", "6.18.40.1-1"),
        ("6.6", "6.6.123.2-1"),
        ("6.18", "6.18.40.1-1"),
        ("6.18.33.2", "6.18.33.2-10"),
        ("6.18.33.2-2", "6.18.33.2-2"),
    ],
)
def test_the_newest_that_is_wanted_is_taken(wanted: str, found: str) -> None:
    assert newest(VERSIONS, wanted, "it") == found


@pytest.mark.parametrize("wanted", ["6.1", "6.18.33.2-3", "6.18.", "18.33", "-1", "../x"])
def test_what_there_is_not_is_told_with_what_there_is(wanted: str) -> None:
    with pytest.raises(NotThere) as caught:
        newest(VERSIONS, wanted, "the feed")
    assert str(caught.value) == (
        f"the feed has no kernel {wanted} of WSL2's; what it has is "
        "6.18.40.1-1, 6.18.33.2-10, 6.18.33.2-2, 6.18.33.1-1, 6.6.123.2-1 and 1 older"
    )


def test_of_nothing_there_is_no_newest() -> None:
    with pytest.raises(NotThere, match="the feed has no kernel of WSL2's; it has none"):
        newest([], "", "the feed")


def test_versions_are_sorted_as_nuget_sorts_them() -> None:
    """learn.microsoft.com/nuget/concepts/package-versioning: a label comes before none, numbers before words."""
    assert sorted(["1.0", "1.0-beta", "1.0-2", "1.0-10", "1.0-beta.2", "0.9.9", "1.0.0.1"], key=order) == [
        *("0.9.9", "1.0-2", "1.0-10", "1.0-beta", "1.0-beta.2", "1.0", "1.0.0.1"),
    ]
