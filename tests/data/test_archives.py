"""Archives are unpacked whole, inside their folder and at a size, or not at all."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import zipfile
from pathlib import Path
from typing import Callable, Dict, List

import pytest

from d2l_rnn.data import archives
from d2l_rnn.data.archives import unpack
from d2l_rnn.errors import DataError

from .hostile import MAKERS, REASONS

Members = Dict[str, bytes]


def of_zip(members: Members) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def of_tar(members: Members) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def of_tar_gz(members: Members) -> bytes:
    return gzip.compress(of_tar(members))


MAKE: Dict[str, Callable[[Members], bytes]] = {
    "zip": of_zip,
    "tar": of_tar,
    "tar.gz": of_tar_gz,
}
GOOD: Members = {"set/a.txt": b"a" * 100, "set/inner/b.txt": b"b", "c.txt": b""}


def content_of(folder: Path) -> Members:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder two below the test's own: nothing may come to lie beside it."""
    folder = tmp_path / "outer" / "data"
    folder.mkdir(parents=True)
    return folder


def put(kind: str, members: Members, folder: Path) -> Path:
    path = folder / f"set.{kind}"
    path.write_bytes(MAKE[kind](members))
    return path


def refused(path: Path, why: str) -> None:
    """It is refused in a line, and nothing but the archive is there."""
    outside = path.parents[2]
    before = sorted(outside.rglob("*"))
    with pytest.raises(DataError, match=why) as caught:
        unpack(path, path.parent)
    assert str(caught.value).isprintable()
    assert sorted(outside.rglob("*")) == before


@pytest.mark.parametrize("kind", MAKE)
def test_all_of_it_and_over_what_was_there(kind: str, place: Path) -> None:
    (place / "set").mkdir()
    (place / "set" / "a.txt").write_bytes(b"half of it")
    (place / "set" / "mine.txt").write_bytes(b"mine")
    path = put(kind, GOOD, place)
    unpack(path, place)
    mine = {"set/mine.txt": b"mine", path.name: path.read_bytes()}
    assert content_of(place) == {**GOOD, **mine}
    assert os.stat(place / "set" / "a.txt").st_mode & 0o444


@pytest.mark.parametrize("kind", MAKE)
@pytest.mark.parametrize(
    "name", ["../evil.txt", "set/../../evil.txt", "/tmp/evil.txt", "a\n/../../evil"]
)
def test_an_entry_outside_is_refused(kind: str, name: str, place: Path) -> None:
    refused(put(kind, {**GOOD, name: b"evil"}, place), "outside of the folder")


@pytest.mark.parametrize("kind", MAKE)
def test_a_bomb_is_refused_before_it_goes_off(kind: str, place: Path) -> None:
    if kind == "tar":
        path = put(kind, {"set/a.txt": b""}, place)
        entry = tarfile.TarInfo("zeros")
        entry.size = 2**40  # declared, and not there
        path.write_bytes(entry.tobuf() + bytes(1024))
    else:
        path = put(kind, {"zeros": bytes(3 * 2**20)}, place)
    refused(path, r"unpacks to [\d,]+ bytes or more, at most [\d,]+ are accepted")


def test_little_may_be_much_smaller_packed(place: Path) -> None:
    unpack(put("zip", {"zeros": bytes(2**20)}, place), place)
    assert (place / "zeros").stat().st_size == 2**20


@pytest.mark.parametrize("type_", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_links_and_pipes_are_refused(type_: bytes, place: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo("set/link")
        entry.type, entry.linkname = type_, "/etc/passwd"
        archive.addfile(entry)
    path = place / "set.tar"
    path.write_bytes(buffer.getvalue())
    refused(path, "set/link is neither a file nor a folder")


def test_a_link_in_a_zip_is_refused(place: Path) -> None:
    info = zipfile.ZipInfo("set/link")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(place / "set.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    refused(place / "set.zip", "set/link is neither a file nor a folder")


@pytest.mark.parametrize("kind", MAKE)
def test_of_half_an_archive_nothing_is_left(kind: str, place: Path) -> None:
    """Damage behind the first entries, which could have been written already."""
    members = {**GOOD, "last": os.urandom(20_000)}
    path = put(kind, members, place)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    refused(path, "corrupt archive")


def test_a_flipped_bit_of_a_zip_leaves_nothing(place: Path) -> None:
    path = put("zip", {**GOOD, "last": os.urandom(20_000)}, place)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    refused(path, "corrupt archive .Bad CRC-32 for file 'last'")


@pytest.mark.parametrize("kind", ["named pipe", "device", "socket", "directory"])
def test_only_regular_files_are_archives(kind: str, place: Path) -> None:
    refused(MAKERS[kind](place / "set.zip"), REASONS[kind])


def test_the_largest_is_told(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "_LARGEST", 150)
    names: List[str] = ["1", "2"]
    refused(put("zip", {n: os.urandom(100) for n in names}, place), "at most 150 are")
