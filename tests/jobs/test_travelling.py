"""A run that travels arrives whole, as it was and where it belongs, or not at all."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path
from typing import Callable, Dict

import numpy as np
import pytest

from d2l_rnn import checkpoint_file
from d2l_rnn.errors import RunError
from d2l_rnn.experiments.directories import sole_use
from d2l_rnn.jobs import travelling
from d2l_rnn.jobs.local import Job
from d2l_rnn.jobs.travelling import digest_of, packed, take_in, unpacked
from d2l_rnn.results.record import read_run

from ..results.made_runs import write_run

NOTHING = digest_of(b"")


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def sent(tmp_path: Path) -> bytes:
    """A finished run with its checkpoint, and a folder in it."""
    there = tmp_path / "there"
    write_run(there, "lstm", 1, [3.0, 2.0])
    arrays = {"weight": np.arange(6, dtype=np.float32)}
    checkpoint_file.save(there / "checkpoint.safetensors", arrays, {"epoch": 2})
    (there / "more").mkdir()
    (there / "more" / "events").write_bytes(b"\0" * 5000)
    return packed(there)


def job(seed: int = 1) -> Job:
    return Job("lstm", seed, f"runs/lstm/seed-{seed}", ())


def files_in(folder: Path) -> Dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".lock"
    }


def test_a_run_arrives_as_it_was(sent: bytes, tmp_path: Path) -> None:
    take_in(sent, job(), NOTHING, sole_use)
    there = files_in(tmp_path / "there")
    assert files_in(Path("runs")) == {f"lstm/seed-1/{n}": c for n, c in there.items()}
    assert packed(Path("runs/lstm/seed-1")) == sent  # whatever the time and the place


def test_what_must_not_travel_does_not(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    assert packed(there) == packed(tmp_path / "nowhere") == b""
    (there / "file").write_bytes(b"x" * 1000)
    without = packed(there)
    (there / ".lock").touch()
    (there / "link").symlink_to("/etc/passwd")
    os.mkfifo(there / "pipe")
    assert packed(there) == without
    with pytest.raises(RunError, match="larger than the 999 bytes accepted"):
        packed(there, 999)


def test_what_is_there_is_replaced_if_it_is_what_was_sent(sent: bytes) -> None:
    here = Path("runs/lstm/seed-1")
    write_run(here, "lstm", 1, [3.0], finish=False)
    asked_with = digest_of(packed(here))
    before = files_in(Path("runs"))
    with pytest.raises(RunError, match="changed here while a worker was at it"):
        take_in(sent, job(), NOTHING, sole_use)
    assert files_in(Path("runs")) == before
    with sole_use(here), pytest.raises(RunError, match="another run is using it"):
        take_in(sent, job(), asked_with, sole_use)
    assert files_in(Path("runs")) == before
    take_in(sent, job(), asked_with, sole_use)
    assert len(read_run(here).epochs) == 2
    assert [path.name for path in here.parent.iterdir() if path != here] == [
        ".seed-1.lock"
    ]


def changed(sent: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """The archive with one file changed and its own sums made right again."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(sent)) as old, zipfile.ZipFile(buffer, "w") as new:
        for info in old.infolist():
            content = old.read(info)
            new.writestr(info, change(content) if info.filename == name else content)
    return buffer.getvalue()


def renamed(sent: bytes, name: str, to: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(sent)) as old, zipfile.ZipFile(buffer, "w") as new:
        for info in old.infolist():
            target = to if info.filename == name else info.filename
            new.writestr(zipfile.ZipInfo(target), old.read(info))
    return buffer.getvalue()


@pytest.mark.parametrize(
    "what, change, words",
    [
        ("a row", lambda b: changed(b, "epochs.jsonl", spaced), "changed"),
        ("the seed", lambda b: changed(b, "config.json", other_seed), "another run"),
        ("weights", lambda b: changed(b, "checkpoint.safetensors", ended), "damaged"),
        ("no result", lambda b: changed(b, "result.json", emptied), "not a JSON"),
        ("a cut", lambda b: b[: len(b) // 2], "corrupt archive"),
        ("no archive", lambda b: b"PK" + b"\0" * 100, "corrupt archive"),
        ("a bit", lambda b: flipped(b), "corrupt archive"),
        ("outside", lambda b: renamed(b, "more/events", "../../x"), "outside of the"),
        ("absolute", lambda b: renamed(b, "more/events", "/root-x"), "outside of the"),
        ("no run", lambda b: renamed(b, "config.json", "c.json"), "not a run"),
    ],
)  # fmt: skip
def test_what_is_not_the_run_is_not_taken(
    what: str, change: Callable[[bytes], bytes], words: str, sent: bytes, tmp_path: Path
) -> None:
    """Of this place nothing is lost, and in no other anything is written."""
    write_run(Path("runs/lstm/seed-1"), "lstm", 1, [3.0], finish=False)
    asked_with = digest_of(packed(Path("runs/lstm/seed-1")))
    before = files_in(tmp_path)
    with pytest.raises(RunError, match=words) as error:
        take_in(change(sent), job(), asked_with, sole_use)
    assert "what a worker sent is not taken" in str(error.value)
    assert "arrived" not in str(error.value) and "\n" not in str(error.value)
    assert files_in(tmp_path) == before
    assert not Path("/root-x").exists()


def other_seed(content: bytes) -> bytes:
    return content.replace(b'"seed": 1', b'"seed": 2')


def spaced(content: bytes) -> bytes:
    return content[:-2] + b" }\n"


def emptied(content: bytes) -> bytes:
    return b"[]"


def ended(content: bytes) -> bytes:
    return content[:-1] + bytes([content[-1] ^ 1])


def flipped(content: bytes) -> bytes:
    place = len(content) // 2
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def test_a_larger_one_is_not_unpacked(
    sent: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(travelling, "LARGEST", len(sent) // 2 - 1)
    with pytest.raises(RunError, match="bytes are more than the .* that travel"):
        unpacked(sent, tmp_path / "arrived")
    assert not (tmp_path / "arrived").exists()
