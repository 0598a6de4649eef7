from __future__ import annotations

import hashlib
import http.server
import sys
import threading
from pathlib import Path
from typing import Dict, Iterator, List

import pytest

from d2l_rnn.data import corpora
from d2l_rnn.data.corpora import (
    SampleCorpusWarning,
    Source,
    load_text,
    locate,
    sha1_of,
)
from d2l_rnn.data.text import clean
from d2l_rnn.errors import DataError, UsageError

GOOD = b"A text of our own.\nIt has two lines.\n"


class Server:
    """Serves what ``files`` holds on a loopback port, and notes what was asked for."""

    def __init__(self) -> None:
        self.files: Dict[str, bytes] = {}
        self.asked: List[str] = []
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append(self.path)
                content = server.files.get(self.path)
                self.send_response(404 if content is None else 200)
                self.send_header("Content-Length", str(len(content or b"")))
                self.end_headers()
                self.wfile.write(content or b"")

            def log_message(self, *args: object) -> None:
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.http.server_address[1]}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()


@pytest.fixture
def server(no_network: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A loopback server with two addresses for a small "Time Machine"."""
    server = Server()
    source = Source(
        "timemachine.txt",
        hashlib.sha1(GOOD).hexdigest(),
        (f"{server.address}/first", f"{server.address}/second"),
    )
    monkeypatch.setattr(corpora, "SOURCES", {"time-machine": source})
    monkeypatch.setattr(corpora, "_RETRIES", 0)
    yield server
    server.http.shutdown()
    server.http.server_close()


def test_order_of_places(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.files = {"/first": GOOD}
    own, environment = tmp_path / "own", tmp_path / "environment"
    for folder in (own, environment):
        folder.mkdir()
        (folder / "timemachine.txt").write_bytes(GOOD)
    monkeypatch.setenv("D2L_RNN_DATA", str(environment))
    assert locate("time-machine", own).parent == own
    assert locate("time-machine").parent == environment
    assert server.asked == []
    monkeypatch.delenv("D2L_RNN_DATA")
    cached = locate("time-machine")
    assert cached.parent == corpora.cache_directory()
    assert locate("time-machine") == cached
    assert server.asked == ["/first"]


def test_second_address_where_the_first_fails(server: Server) -> None:
    server.files = {"/first": b"not the text", "/second": GOOD}
    assert sha1_of(locate("time-machine")) == hashlib.sha1(GOOD).hexdigest()
    assert server.asked == ["/first", "/second"]


def test_wrong_sums_everywhere(server: Server, tmp_path: Path) -> None:
    server.files = {"/first": b"wrong", "/second": b"wrong too"}
    own = tmp_path / "timemachine.txt"
    own.write_bytes(GOOD[:-1])
    with pytest.raises(DataError) as caught:
        locate("time-machine", tmp_path)
    message = str(caught.value)
    assert "wrong SHA-1" in message and "/first" in message and "--data-dir" in message
    assert "\n" not in message
    assert own.read_bytes() == GOOD[:-1]  # the user's own file is left alone
    assert not (corpora.cache_directory() / "timemachine.txt").exists()


def test_damaged_cache_is_fetched_anew(server: Server) -> None:
    server.files = {"/first": GOOD}
    cache = corpora.cache_directory()
    cache.mkdir(parents=True)
    (cache / "timemachine.txt").write_bytes(b"half a fi")
    assert locate("time-machine").read_bytes() == GOOD


def test_two_at_once_fetch_once(server: Server) -> None:
    server.files = {"/first": GOOD}
    found: List[Path] = []
    threads = [
        threading.Thread(target=lambda: found.append(locate("time-machine")))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4 and len(set(found)) == 1
    assert server.asked == ["/first"]


def test_unwritable_cache_is_named(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    monkeypatch.setattr(corpora, "cache_directory", lambda: blocked / "cache")
    with pytest.raises(DataError, match="cache .*Not a directory"):
        locate("time-machine")


def test_auto_goes_on_with_the_sample_and_says_so(no_network: Path) -> None:
    with pytest.warns(SampleCorpusWarning, match="embedded sample") as caught:
        text = load_text("auto")
    assert len(caught) == 1
    assert text == load_text("sample")
    with pytest.raises(DataError, match="not to be had"):
        load_text("time-machine")


def test_sample_trains_and_leaves_as_much_unseen() -> None:
    text = load_text("sample")
    assert text.name == "sample"
    assert sum(map(len, clean(text.lines))) >= 20000
    assert all(line.isascii() and len(line) <= 80 for line in text.lines)


def test_own_file_in_any_language(tmp_path: Path) -> None:
    path = tmp_path / "lyrics.txt"
    path.write_bytes("\ufeff想要有直升机\r\n想要和你飞到宇宙去\x0c\r".encode())
    text = load_text(str(path))
    assert text.name == "lyrics.txt"
    assert text.sha1 == sha1_of(path)
    assert text.lines == ["想要有直升机", "想要和你飞到宇宙去\x0c"]


def test_unusable_files_are_named(tmp_path: Path) -> None:
    binary, empty = tmp_path / "binary", tmp_path / "empty"
    binary.write_bytes(b"abc\xff")
    empty.write_text(" \n")
    expected = {
        binary: "not UTF-8 text .byte 3",
        empty: "the file is empty",
        tmp_path: "a directory, not a regular file",
        tmp_path / "missing": "no such file; accepted are",
    }
    for path, message in expected.items():
        with pytest.raises(DataError, match=message):
            load_text(str(path))
    with pytest.raises(UsageError, match="--data-dir .*no such folder"):
        load_text("time-machine", tmp_path / "missing")


def test_a_notebook_without_ipywidgets_is_not_warned_of_a_bar_it_has_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    """tqdm warns when pooch is imported in a kernel; other warnings are heard."""
    (tmp_path / "pooch.py").write_text(
        "import warnings\n"
        "warnings.warn('IProgress not found. Please update jupyter and ipywidgets.')\n"
        "warnings.warn('another')\n"
        "raise ImportError('far enough')\n"
    )
    monkeypatch.delitem(sys.modules, "pooch", raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ImportError, match="far enough"):
        corpora.download(Source("text.txt", None, ()), tmp_path / "text.txt")
    assert [str(warning.message) for warning in recwarn] == ["another"]
