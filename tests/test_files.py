"""Files are regular, whole or not at all, and written through one door."""

from __future__ import annotations

import ast
import errno
import os
import re
import socket
import stat
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Tuple

import pytest

from d2l_rnn import files
from d2l_rnn.files import GrowingFile, put_in_place, sweep, target_of, write_bytes

from .devices import make_device

PACKAGE = Path(__file__).parents[1] / "d2l_rnn"


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


def make_link_to_device(path: Path) -> None:
    path.symlink_to(make_device(path.with_name("device")))


# What may be there that is no file, and what it is called.
NO_FILES: Dict[str, Tuple[Callable[[Path], object], str]] = {
    "fifo": (make_fifo, "a named pipe, not a regular file"),
    "socket": (make_socket, "a socket, not a regular file"),
    "directory": (Path.mkdir, "a directory, not a regular file"),
    "link to a device": (make_link_to_device, "a device, not a regular file"),
    "loop of links": (lambda path: path.symlink_to(path), os.strerror(errno.ELOOP)),
}


@pytest.mark.parametrize("kind", NO_FILES)
@pytest.mark.parametrize("write", [write_bytes, GrowingFile])
def test_what_is_no_file_is_refused_and_stays(
    kind: str, write: Callable[[Path, bytes], object], tmp_path: Path
) -> None:
    make, words = NO_FILES[kind]
    path = tmp_path / "it"
    make(path)
    before = os.lstat(path)
    with pytest.raises(OSError) as refused:
        write(path, b"content")
    assert refused.value.strerror == words
    after = os.lstat(path)
    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)
    assert {entry.name for entry in tmp_path.iterdir()} - {"device"} == {"it"}
    for device in tmp_path.glob("device"):
        assert stat.S_ISCHR(os.stat(device).st_mode)


@pytest.mark.parametrize("path", [".", "/", "missing/it"])
def test_places_where_nothing_can_be_written(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for refuse in (target_of, lambda path: write_bytes(path, b"")):
        with pytest.raises(OSError):
            refuse(path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.parametrize("absolute", [True, False])
def test_a_link_is_followed(exists: bool, absolute: bool, tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    target = tmp_path / "far" / "target"
    if exists:
        target.write_bytes(b"before")
    middle, link = tmp_path / "middle", tmp_path / "link"
    middle.symlink_to(target if absolute else Path("far", "target"))
    link.symlink_to("middle")
    write_bytes(link, b"after")
    assert link.is_symlink() and middle.is_symlink()
    assert target.read_bytes() == b"after" and not target.is_symlink()


def test_a_new_file_is_as_readable_as_any(tmp_path: Path) -> None:
    previous = os.umask(0o027)
    try:
        write_bytes(tmp_path / "ours", b"")
        (tmp_path / "any").write_bytes(b"")
    finally:
        os.umask(previous)
    modes = [stat.S_IMODE(os.stat(tmp_path / name).st_mode) for name in ("ours", "any")]
    assert modes == [0o640, 0o640]


@pytest.mark.parametrize("length", [1, 200, 255])
def test_a_name_may_be_as_long_as_names_are(length: int, tmp_path: Path) -> None:
    path = tmp_path / ("x" * length)
    write_bytes(path, b"content")
    assert path.read_bytes() == b"content"


class Failing:
    """``os``, of which one function fails at its n-th call, and, if lasting, after."""

    def __init__(self, name: str, number: int, error: int, lasting: bool) -> None:
        self.name, self.number, self.error, self.lasting = name, number, error, lasting
        self.calls = 0

    def __getattr__(self, name: str) -> object:
        return self._counting if name == self.name else getattr(os, name)

    def _counting(self, *arguments: object) -> object:
        self.calls += 1
        struck = self.calls == self.number
        if struck or (self.lasting and self.calls > self.number > 0):
            if self.error:
                raise OSError(self.error, os.strerror(self.error))
            handle, content = arguments
            assert isinstance(handle, int) and isinstance(content, memoryview)
            return os.write(handle, content[: (len(content) + 1) // 2])
        result: object = getattr(os, self.name)(*arguments)
        return result


SHORT = 0
FAULTS = [
    *((name, error) for name in ("open", "write", "fsync", "replace")
      for error in (errno.ENOSPC, errno.EIO, errno.EROFS, errno.EDQUOT)),
    ("close", errno.EDQUOT),  # of a network file system
    ("write", SHORT),
]  # fmt: skip


@pytest.mark.parametrize("name, error", FAULTS)
@pytest.mark.parametrize("lasting", [False, True])
def test_a_file_is_whole_or_as_it_was(
    name: str,
    error: int,
    lasting: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "it"
    path.write_bytes(b"before")
    failing = Failing(name, 1, error, lasting)
    monkeypatch.setattr(files, "os", failing)
    if error:
        with pytest.raises(OSError) as refused:
            write_bytes(path, b"after, and longer")
        assert refused.value.errno == error
    else:
        write_bytes(path, b"after, and longer")
        assert failing.calls > 1
    monkeypatch.undo()
    assert path.read_bytes() == (b"before" if error else b"after, and longer")
    assert [entry.name for entry in tmp_path.iterdir()] == ["it"]


def test_a_growing_file_holds_nothing_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = GrowingFile(tmp_path / "it", b"a")
    file.append(b"b")
    assert (tmp_path / "it").read_bytes() == b"ab"
    monkeypatch.setattr(files, "os", Failing("write", 1, SHORT, True))
    file.append(b"cdefgh")
    assert (tmp_path / "it").read_bytes() == b"abcdefgh"
    monkeypatch.setattr(files, "os", Failing("write", 1, errno.ENOSPC, True))
    with pytest.raises(OSError):
        file.append(b"i")
    file.close()  # nothing is left to be written, so nothing fails
    file.close()


def test_what_a_killed_write_left_is_swept_and_nothing_else(tmp_path: Path) -> None:
    gone = [".d2l_rnn-0123abcd.part", ".config.json-abcd_f01", ".epochs.jsonl-abcdefgh"]
    stays = [".bashrc-abcdefgh", "d2l_rnn-0123abcd.part", ".lock", "config.json"]
    for name in (*gone, *stays):
        (tmp_path / name).write_bytes(b"")
    sweep(tmp_path)
    assert sorted(os.listdir(tmp_path)) == sorted(stays)
    sweep(tmp_path / "missing")


# Who writes otherwise than through files.py, and why it is no run's file.
OTHER_DOORS = {
    "files.py": "the door",
    "experiments/directories.py": "lock files, which hold nothing, and whole folders",
    "experiments/runner.py": "a longer run's files take the shorter one's place",
    "data/archives.py": "what an archive held, unpacked aside, takes its place",
    "data/downloading.py": "pooch's temporary file, which pooch checks and renames",
    "openblas.py": "links, made aside, beside a library",
    "jobs/local.py": "a child's stdout is a file that the child writes",
    "results/plots_live.py": "into memory",
    "cli.py": "the null device",
    "streams.py": "the null device",
    "signals.py": "the null device",
}
WRITERS = ("write_text", "write_bytes", "savefig", "mkstemp", "NamedTemporaryFile")
RENAMERS = ("rename", "replace")


def written_past_the_door(path: Path) -> Iterator[str]:
    """Calls in a file that open, write or rename files in Python's own ways."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        name = getattr(function, "attr", getattr(function, "id", ""))
        owner = ""
        if isinstance(function, ast.Attribute):
            owner = getattr(function.value, "id", "")
        texts = [
            argument.value
            for argument in [*node.args[:2], *(word.value for word in node.keywords)]
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
        ]
        opens = name == "open" and any(
            re.fullmatch(r"[rbt]*[wax+][wbt+]*", t) for t in texts
        )
        is_method = isinstance(function, ast.Attribute)
        writes = is_method and name in WRITERS
        one = len(node.args) == 1 and not node.keywords
        renames = is_method and name in RENAMERS and (owner == "os" or one)
        if opens or writes or renames or (owner == "os" and name == "open"):
            yield f"{path.name}:{node.lineno}: {name}"


def test_a_folder_that_cannot_be_put_in_place_leaves_what_was_there(
    tmp_path: Path,
) -> None:
    arrived, directory, aside = (tmp_path / name for name in ("new", "run", "aside"))
    for folder in (arrived, directory):
        folder.mkdir()
        (folder / folder.name).touch()
    with pytest.raises(OSError):
        put_in_place(tmp_path / "missing", directory, aside)
    assert (directory / "run").exists() and not aside.exists()
    put_in_place(arrived, directory, aside)
    assert (directory / "new").exists() and (aside / "run").exists()


def test_files_are_written_through_one_door() -> None:
    found: List[str] = []
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.relative_to(PACKAGE).as_posix() not in OTHER_DOORS:
            found += written_past_the_door(path)
    assert found == []


@pytest.mark.parametrize(
    "code",
    [
        "open(path, 'w')",
        "open(path, mode='ab')",
        "path.open('x')",
        "path.write_text(text)",
        "path.write_bytes(content)",
        "os.open(path, flags)",
        "os.replace(a, b)",
        "path.rename(b)",
        "figure.savefig(path)",
    ],
)
def test_another_door_is_noticed(code: str, tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text(code)
    assert list(written_past_the_door(tmp_path / "bad.py")) != []
    (tmp_path / "good.py").write_text(
        "open(path)\nopen(path, 'rb')\nwrite_bytes(path, b'')\n"
        "text.replace('a', 'b')\ndataclasses.replace(config, seed=1)\nreplace(row)"
    )
