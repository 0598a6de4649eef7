"""Downloads by name: checked, from the corpora in reach, never over a file there."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any, Iterator, List

import pytest

import d2l_rnn as d2l
from d2l_rnn.data import corpora
from d2l_rnn.data.corpora import sha1_of
from d2l_rnn.errors import DataError, UsageError

from .data.test_corpora import Server
from .reference import d2l_0_17

GOOD = b"place,price\n1,2\n"
SHA1 = hashlib.sha1(GOOD).hexdigest()


@pytest.fixture
def server(
    no_network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Server]:
    """A loopback server, and a working folder of which the book's is a neighbour."""
    server = Server()
    monkeypatch.setattr(corpora, "_RETRIES", 0)
    monkeypatch.setattr(d2l, "DATA_HUB", dict(d2l.DATA_HUB))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    yield server
    server.http.shutdown()
    server.http.server_close()


def offer(server: Server, name: str, content: bytes) -> None:
    """Put a file on the server, and its name into the reader's DATA_HUB."""
    server.files["/" + name] = content
    entry = (f"{server.address}/{name}", hashlib.sha1(content).hexdigest())
    d2l.DATA_HUB[name.split(".")[0]] = entry


def test_the_hub_is_that_of_0_17(request: pytest.FixtureRequest) -> None:
    folder = Path(str(request.config.cache.mkdir("d2l-0.17.6")))
    old: ModuleType = d2l_0_17.load(folder)
    from d2l import mxnet as new

    assert list(d2l.DATA_HUB) == list(old.DATA_HUB)
    assert d2l.DATA_URL == old.DATA_URL
    for name, entry in d2l.DATA_HUB.items():
        assert entry in (old.DATA_HUB[name], new.DATA_HUB.get(name))
    assert d2l.DATA_HUB is not new.DATA_HUB


@pytest.mark.parametrize("name", ["time_machine", "fra-eng"])
def test_corpora_come_from_where_they_are(
    name: str, book_data: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("D2L_RNN_DATA", str(book_data))
    path = d2l.download(name)
    address, sha1 = d2l.DATA_HUB[name]
    assert Path(path) == Path("..", "data", address.split("/")[-1])
    assert sha1_of(path) == sha1
    assert server.asked == []
    # The 1.0 edition's form, by address.
    again = d2l.download(address, "own", sha1)
    assert Path(again).parent == Path("own") and sha1_of(again) == sha1


def test_the_pairs_unpack_as_in_the_book(
    book_data: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("D2L_RNN_DATA", str(book_data))
    data_dir = d2l.download_extract("fra-eng")
    assert Path(data_dir) == Path("..", "data", "fra-eng")
    text = Path(data_dir, "fra.txt").read_text(encoding="utf-8")
    assert text == d2l.read_data_nmt()


def test_a_corpus_out_of_reach_is_an_error(server: Server) -> None:
    """Not the sample: what is asked for by name is that, or nothing."""
    with pytest.raises(DataError, match="time-machine is not to be had"):
        d2l.download("time_machine")


def test_a_file_is_fetched_once(server: Server, capsys: Any) -> None:
    offer(server, "houses.csv", GOOD)
    for _ in range(2):
        path = d2l.download("houses", cache_dir="cache")
        assert Path(path) == Path("cache", "houses.csv")
        assert Path(path).read_bytes() == GOOD
    assert server.asked == ["/houses.csv"]
    (line,) = capsys.readouterr().out.splitlines()
    assert line == f"Downloading {path} from {server.address}/houses.csv..."


def test_an_address_serves_as_in_the_1_0_edition(server: Server) -> None:
    server.files["/houses.csv"] = GOOD
    address = server.address + "/houses.csv"
    for folder, path in [
        ("one", d2l.download(address, "one", SHA1)),
        ("two", d2l.download(address, folder="two", sha1_hash=SHA1)),
        ("three", d2l.download(address, "three")),
    ]:
        assert Path(path) == Path(folder, "houses.csv")
        assert Path(path).read_bytes() == GOOD


def test_wrong_files_are_refused_and_left_alone(server: Server) -> None:
    offer(server, "houses.csv", GOOD)
    own = Path("own", "houses.csv")
    own.parent.mkdir()
    own.write_bytes(b"the reader's")
    with pytest.raises(DataError, match="own.houses.csv: wrong SHA-1 .* move the file"):
        d2l.download("houses", "own")
    assert own.read_bytes() == b"the reader's" and server.asked == []
    server.files["/houses.csv"] = b"something else"
    with pytest.raises(DataError, match="houses.csv is not to be had: .*wrong SHA-1"):
        d2l.download("houses")
    assert not Path("..", "data", "houses.csv").exists()
    server.files.clear()
    with pytest.raises(DataError, match="houses.csv is not to be had: .*HTTPError"):
        d2l.download("houses")


def test_a_name_that_nobody_knows_is_refused(server: Server) -> None:
    with pytest.raises(UsageError, match="'nothing' is not in DATA_HUB, .*, pokemon$"):
        d2l.download("nothing")


def zip_of(member: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(member, content)
    return buffer.getvalue()


def tar_of(member: str, content: bytes, mode: Any) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        entry = tarfile.TarInfo(member)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def test_archives_unpack_beside_themselves(server: Server) -> None:
    offer(server, "one.zip", zip_of("one/a.txt", b"a"))
    offer(server, "two.tar", tar_of("inside/b.txt", b"b", "w"))
    offer(server, "three.tar.gz", tar_of("inside/c.txt", b"c", "w:gz"))
    data = Path("..", "data")
    assert Path(d2l.download_extract("one")) == data / "one"
    assert (data / "one" / "a.txt").read_bytes() == b"a"
    assert Path(d2l.download_extract("two", "inside")) == data / "inside"
    assert Path(d2l.download_extract("three", "inside")) == data / "inside"
    assert (data / "inside" / "b.txt").read_bytes() == b"b"
    assert (data / "inside" / "c.txt").read_bytes() == b"c"


def test_what_does_not_unpack_is_one_line(server: Server) -> None:
    offer(server, "houses.csv", GOOD)
    with pytest.raises(UsageError, match="houses.csv: only .zip, .tar and .gz"):
        d2l.download_extract("houses")
    for name in ("broken.zip", "torn.tar", "cut.tar.gz"):
        offer(server, name, b"PK, but no archive")
        with pytest.raises(DataError, match=f"{name}: corrupt archive"):
            d2l.download_extract(name.split(".")[0])


@pytest.mark.skipif(
    not hasattr(tarfile, "data_filter"), reason="a Python without filters of tar files"
)
def test_nothing_lands_outside(server: Server, tmp_path: Path) -> None:
    offer(server, "evil.tar", tar_of("../../evil.txt", b"evil", "w"))
    with pytest.raises(DataError, match="evil.tar: corrupt archive"):
        d2l.download_extract("evil")
    assert list(tmp_path.parent.glob("evil.txt")) == []


def test_all_of_the_reader_s_hub_is_downloaded(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    got: List[str] = []
    monkeypatch.setattr(d2l, "download", got.append)
    monkeypatch.setattr(d2l, "DATA_HUB", {"a": ("", ""), "b": ("", "")})
    assert d2l.download_all() is None
    assert got == ["a", "b"]
