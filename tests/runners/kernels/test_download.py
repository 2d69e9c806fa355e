from __future__ import annotations

import time
from collections.abc import Iterator
from http.client import HTTPMessage
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from pathlib import Path
from urllib.request import Request

import pytest

from runners.base import RunnerError
from runners.kernels import download as module
from runners.kernels.download import Unreachable, checked, download, get
from runners.kernels.kernel import NotThere
from tests.feeds import ID, Served, feed, say
from tests.mounts import grow, needs_root, on_small_disk

VERSION = "6.18.33.2-2"
BODY = bytes(range(256)) * 4096


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits, and no proxy of whoever runs the tests stands between."""
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.0)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    (tmp_path / "package").write_bytes(BODY)
    with feed({VERSION: tmp_path / "package"}) as found:
        yield found


@pytest.fixture
def to(tmp_path: Path) -> Path:
    (tmp_path / "downloads").mkdir()
    return tmp_path / "downloads" / "package.nupkg"


def address(served: Served) -> str:
    return served.url.replace("index.json", f"flat2/{ID}/{VERSION}/{ID}.{VERSION}.nupkg")


def nothing(stage: str, done: int, total: int | None) -> None:
    """Who wants to know no progress."""


# A file


def test_a_file_comes_whole_and_how_much_has_come_is_told(served: Served, to: Path) -> None:
    told: list[tuple[str, int, int | None]] = []
    download(address(served), to, lambda *each: told.append(each))
    assert to.read_bytes() == BODY
    assert (told[0], told[-1]) == (("downloading", 0, len(BODY)), ("downloading", len(BODY), len(BODY)))
    assert [path.name for path in to.parent.iterdir()] == [to.name]


def test_a_download_that_breaks_off_is_gone_on_with(served: Served, to: Path) -> None:
    served.cut = [100_000, 50_000]
    download(address(served), to, nothing)
    assert to.read_bytes() == BODY
    assert served.ranges == ["", "bytes=100000-", "bytes=150000-"]


def test_what_has_come_is_kept_for_the_next_command(served: Served, to: Path) -> None:
    served.cut = [300_000, *[0] * module.ATTEMPTS]
    with pytest.raises(Unreachable, match=r"nothing more comes from 127\.0\.0\.1: it ended before .* the same command"):
        download(address(served), to, nothing)
    assert not to.exists()
    download(address(served), to, nothing)
    assert to.read_bytes() == BODY
    assert served.ranges[-1] == "bytes=300000-"


def test_a_file_that_has_changed_meanwhile_is_begun_anew(served: Served, to: Path) -> None:
    served.cut = [300_000, *[0] * module.ATTEMPTS]
    with pytest.raises(Unreachable):
        download(address(served), to, nothing)
    changed = BODY[::-1]
    served.packages[VERSION].write_bytes(changed)
    download(address(served), to, nothing)
    assert to.read_bytes() == changed


def test_a_server_that_sends_no_parts_sends_the_whole_again(served: Served, to: Path) -> None:
    served.cut, served.ignores_ranges = [100_000], True
    download(address(served), to, nothing)
    assert to.read_bytes() == BODY


@pytest.mark.parametrize("etag", ['W/"weak"', ""])
def test_what_cannot_be_known_to_be_the_same_file_is_not_gone_on_with(served: Served, to: Path, etag: str) -> None:
    served.cut, served.etag = [100_000], etag
    download(address(served), to, nothing)
    assert (to.read_bytes(), served.ranges) == (BODY, ["", ""])


def test_more_than_there_is_is_begun_anew(served: Served, to: Path) -> None:
    served.etag = '"always the same"'
    to.with_name(f"{to.name}.part").write_bytes(BODY + b"more")
    to.with_name(f"{to.name}.validator").write_text(served.etag)
    download(address(served), to, nothing)
    assert to.read_bytes() == BODY


def test_what_had_come_whole_does_not_come_again(served: Served, to: Path) -> None:
    served.etag = '"always the same"'
    to.with_name(f"{to.name}.part").write_bytes(BODY)
    to.with_name(f"{to.name}.validator").write_text(served.etag)
    download(address(served), to, nothing)
    assert (to.read_bytes(), served.ranges) == (BODY, [f"bytes={len(BODY)}-"])


def test_another_part_than_was_asked_for_is_not_taken(served: Served, to: Path) -> None:
    served.cut = [100_000]
    path = address(served).partition(":")[2].partition("/v3")[2]

    def lies(handler: BaseHTTPRequestHandler) -> None:
        served.answers.clear()
        say(handler, BODY[:10], 206, Content_Range=f"bytes 0-9/{len(BODY)}")

    with pytest.raises(StopIteration):
        download(address(served), to, lambda _, done, __: next(iter(())) if done else None)
    served.answers[f"/v3{path}"] = lies
    download(address(served), to, nothing)
    assert to.read_bytes() == BODY


def test_a_server_that_falls_silent_is_not_waited_for_for_ever(
    served: Served, to: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SECONDS", 0.1)
    monkeypatch.setattr(module, "ATTEMPTS", 1)

    def stalls(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b"x" * 10)
        time.sleep(0.5)

    served.answers["/stalls"] = stalls
    url = served.url.replace("/v3/index.json", "/stalls")
    with pytest.raises(Unreachable, match=r"it says nothing for 0 seconds; the 0 MiB that have come are kept"):
        download(url, to, nothing)


def test_nothing_is_taken_that_is_larger_than_any_package(
    served: Served, to: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGEST", 1000)
    with pytest.raises(RunnerError, match="sends more than 0 GiB, which no kernel's package has"):
        download(address(served), to, nothing)


@needs_root
def test_a_disk_without_room_is_told_before_anything_comes(served: Served, to: Path) -> None:
    def body() -> None:
        with pytest.raises(RunnerError, match=r"1 MiB are to come, and .*/downloads has room for 0 MiB; make room, or"):
            download(address(served), to, nothing)
        assert to.with_name(f"{to.name}.part").stat().st_size == 0

    on_small_disk(to.parent, "512k", body)


@needs_root
def test_a_disk_that_fills_meanwhile_loses_nothing(served: Served, to: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_make_sure_of_room", lambda *_: None)

    def body() -> None:
        with pytest.raises(OSError, match="No space left"):
            download(address(served), to, nothing)
        grow(to.parent, "4m")
        download(address(served), to, nothing)
        assert to.read_bytes() == BODY

    on_small_disk(to.parent, "512k", body)


# What a server says


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [
        (404, NotThere, r"127\.0\.0\.1 has no /asked"),
        (410, NotThere, r"127\.0\.0\.1 has no /asked"),
        (416, RunnerError, r"127\.0\.0\.1 refuses: 416"),
        (401, RunnerError, r"127\.0\.0\.1 refuses: 401 \(Unauthorized\); is this machine online, and is https_proxy"),
        (503, Unreachable, r"127\.0\.0\.1 cannot be reached: it answers 503 \(Service Unavailable\); is this"),
    ],
)
def test_a_refusal_is_told_in_a_sentence(served: Served, status: int, kind: type[Exception], said: str) -> None:
    served.answers["/asked"] = lambda handler: say(handler, b"<html>no</html>", status)
    with pytest.raises(kind, match=said):
        get(served.url.replace("/v3/index.json", "/asked"), 1000)


def test_a_server_that_is_not_there_is_told_in_a_sentence(served: Served) -> None:
    url = served.url
    with feed({}) as gone:
        url = gone.url
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1 cannot be reached: Connection refused; is this machine on"):
        get(url, 1000)


def test_a_name_that_nobody_knows_is_told_in_a_sentence() -> None:
    with pytest.raises(Unreachable, match=r"feed\.invalid cannot be reached: .*; is this machine online, and is http"):
        get("https://feed.invalid/v3/index.json", 1000)


def test_a_list_that_does_not_end_is_cut_off(served: Served) -> None:
    with pytest.raises(RunnerError, match=r"127\.0\.0\.1 sends more than 10 bytes where a list should be"):
        get(served.url, 10)


def test_packages_may_lie_elsewhere(served: Served, to: Path) -> None:
    """As those of Azure's feeds do, whose answer is a redirection to a store of blobs."""
    there = address(served)
    served.answers["/here"] = lambda handler: say(handler, b"", 303, Location=there)
    served.cut = [100_000]
    download(served.url.replace("/v3/index.json", "/here"), to, nothing)
    assert to.read_bytes() == BODY
    assert served.ranges == ["", "bytes=100000-"]


@pytest.mark.parametrize("where", ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher:x"])
def test_no_answer_leads_to_anything_but_the_web(served: Served, where: str) -> None:
    served.answers["/here"] = lambda handler: say(handler, b"", 302, Location=where)
    with pytest.raises((RunnerError, Unreachable)):
        get(served.url.replace("/v3/index.json", "/here"), 1000)


def test_what_is_encrypted_leads_to_nothing_that_is_not() -> None:
    redirects = module._Redirects()
    asked, headers = Request("https://a.example/x"), HTTPMessage()
    with pytest.raises(RunnerError, match=r"a\.example sends to b\.example without encryption, where nobody follows"):
        redirects.redirect_request(asked, BytesIO(), 302, "Found", headers, "http://b.example/x")
    assert redirects.redirect_request(asked, BytesIO(), 302, "Found", headers, "https://b.example/x")


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "/etc/passwd", "http://", "https://a b/", "http://[", "http://a\r\nX: y/", "https://ä/"],
)
def test_what_is_no_address_of_the_web_is_not_asked(url: str) -> None:
    with pytest.raises(RunnerError, match=r"is no address of the web; one begins with https://"):
        checked(url)


def test_a_proxy_of_the_environment_is_asked_instead(served: Served, to: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", served.url.removesuffix("/v3/index.json"))
    served.answers["http://feed.example/x"] = lambda handler: say(handler, b"by the proxy")
    download("http://feed.example/x", to, nothing)
    assert to.read_bytes() == b"by the proxy"
    assert [path for path, _ in served.asked] == ["http://feed.example/x"]
