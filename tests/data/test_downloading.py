"""A download ends, whatever the server sends."""

from __future__ import annotations

import hashlib
import http.server
import itertools
import threading
from pathlib import Path
from typing import Iterator

import pytest

from d2l_rnn.data import corpora, downloading
from d2l_rnn.data.corpora import DATA_URL, Source
from d2l_rnn.data.downloading import secure

GOOD = b"a text"


class Sending(http.server.BaseHTTPRequestHandler):
    """Without an end, a byte now and then, or what is right."""

    stop = threading.Event()

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        blocks: Iterator[bytes] = {
            "/endless": itertools.repeat(b"x" * 10_000),
            "/dripping": itertools.repeat(b"x"),
            "/good": iter([GOOD]),
        }[self.path]
        try:
            for block in blocks:
                self.wfile.write(block)
                self.wfile.flush()
                if self.path == "/dripping" and self.stop.wait(0.05):
                    return
        except OSError:  # the other side has gone
            pass

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sending)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    Sending.stop.set()
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    "path, reason",
    [
        ("/endless", "larger than 100,000 bytes"),
        ("/dripping", "not there within 0.3 seconds"),
    ],
)
def test_a_server_without_an_end_is_left(
    address: str, path: str, reason: str, tmp_path: Path
) -> None:
    """And the next address is not asked for longer than what is left."""
    sha1 = hashlib.sha1(GOOD).hexdigest()
    source = Source("text", sha1, (address + path, address + path))
    failures = corpora.download(source, tmp_path / "text", 100_000, 0.3)
    assert len(failures) == 2 and reason in failures[0]
    left = {path.name for path in tmp_path.iterdir()}
    assert left <= {"text.lock"}


def test_the_next_address_serves_where_one_sends_too_much(
    address: str, tmp_path: Path
) -> None:
    sha1 = hashlib.sha1(GOOD).hexdigest()
    source = Source("text", sha1, (f"{address}/endless", f"{address}/good"))
    assert corpora.download(source, tmp_path / "text", 100_000, 60) == []
    assert (tmp_path / "text").read_bytes() == GOOD


def test_a_long_download_says_how_far_it_is(
    address: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(downloading, "_SILENT_SECONDS", 0.1)
    source = Source("text", None, (f"{address}/dripping",))
    assert corpora.download(source, tmp_path / "text", 100_000, 0.5) != []
    lines = capsys.readouterr().err.splitlines()
    assert lines and "/dripping: " in lines[0] and "seconds left" in lines[0]


def test_the_books_own_host_is_asked_over_https() -> None:
    assert secure(DATA_URL + "x.zip").startswith("https://d2l-data.s3-accelerate")
    assert secure("http://127.0.0.1:9/x") == "http://127.0.0.1:9/x"
    assert secure("https://a.b/http://c") == "https://a.b/http://c"
