"""A terminal that is full, closed, read no more or of few characters costs nothing."""

from __future__ import annotations

import ast
import io
import os
import sys
import threading
from pathlib import Path
from typing import Callable, List, Optional

import pytest
from mxnet import cpu, np
from mxnet.gluon import rnn

import d2l_rnn as d2l
from d2l_rnn import streams

from .terminals import ENCODINGS, STREAMS, command, run


@pytest.mark.parametrize("name", STREAMS)
def test_a_command_ends_as_is_documented(name: str, tmp_path: Path) -> None:
    ended = run(command("list"), tmp_path, name)
    assert ended.problem(0, name) == ""
    assert ("bilstm" in ended.out) == ("stdout" not in name and "all" not in name)


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["list", "--help"]])
def test_help_that_cannot_be_shown_is_no_success(
    arguments: List[str], tmp_path: Path
) -> None:
    ended = run(command(*arguments), tmp_path, "stdout full")
    assert ended.problem(0, "stdout full") == ""


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_characters_that_an_encoding_lacks_are_replaced(
    encoding: str, tmp_path: Path
) -> None:
    code = "import sys; from d2l_rnn import streams\n"
    code += "with streams.prepared(): print('1 × 时间'); print('机', file=sys.stderr)"
    ended = run(["-c", code], tmp_path, PYTHONIOENCODING=encoding)
    expected = "1 × 时间\n".encode(encoding, "replace").decode(encoding)
    assert (ended.status, ended.out) == (0, expected)
    assert ended.err == ("机\n" if encoding == "utf-8" else "\\u673a\n")


def test_a_file_does_not_get_the_number_of_a_closed_stream(tmp_path: Path) -> None:
    """What libraries in C print goes to descriptors 1 and 2, whatever is there."""
    code = "import os; from d2l_rnn import streams\n"
    code += "with streams.prepared():\n"
    code += "    with open('file', 'w') as file: print('kept', file=file, flush=True)\n"
    code += "    os.write(1, b'printed'); os.write(2, b'said')\n"
    code += "    assert os.get_inheritable(1) and os.get_inheritable(2)"
    assert run(["-c", code], tmp_path, "all closed").status == 0
    assert (tmp_path / "file").read_text() == "kept\n"


class Failing(io.StringIO):
    """A stream on a full disk."""

    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


def of_ascii() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), "ascii")


def test_what_a_reader_is_shown_never_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdout", Failing())
    streams.show("a history")
    assert capsys.readouterr().err == "d2l_rnn: stdout: No space left on device\n"
    narrow = of_ascii()
    monkeypatch.setattr(sys, "stdout", narrow)
    streams.show("时 traveller")
    assert isinstance(narrow.buffer, io.BytesIO)
    narrow.flush()
    assert narrow.buffer.getvalue() == b"? traveller\n"
    narrow.close()
    streams.show("too late")
    assert "closed file" in capsys.readouterr().err


@pytest.mark.parametrize("stderr", [None, Failing()])
def test_what_cannot_be_said_is_not_said_elsewhere(
    stderr: Optional[Failing],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "stderr", stderr)
    streams.tell("a note")
    assert not streams.on_a_terminal()
    assert capsys.readouterr().out == ""


def test_streams_of_somebody_else_stay(capsys: pytest.CaptureFixture[str]) -> None:
    """pytest's here, a notebook's elsewhere."""
    before = sys.stdout
    with streams.prepared():
        assert sys.stdout is before
    assert streams.undelivered() == ""


def test_a_stream_that_does_not_block_is_waited_for() -> None:
    read, write = os.pipe()
    os.set_blocking(write, False)
    many = b"x" * (1 << 20)  # more than a pipe holds
    received: List[bytes] = []

    def receive() -> None:
        with open(read, "rb") as file:
            received.append(file.read())

    reader = threading.Thread(target=receive)
    reader.start()
    raw = streams._Patient(write, "wb")
    with io.BufferedWriter(raw) as file:
        file.write(many)
    reader.join()
    assert raw.failure is None and received == [many]


def prints(path: Path) -> List[str]:
    """Calls of ``print``: of any, but in commands only those that name a stream."""
    in_a_command = path.parent.name == "commands"
    return [
        f"{path.name}: {node.lineno}"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print"
        if not in_a_command or any(keyword.arg == "file" for keyword in node.keywords)
    ]


def test_nothing_else_prints(tmp_path: Path) -> None:
    """Commands print their results, which cannot fail there; all others ask streams."""
    package = Path(streams.__file__).parent
    files = [path for path in package.rglob("*.py") if path.name != "streams.py"]
    assert [line for path in files for line in prints(path)] == []
    bad = tmp_path / "bad.py"
    bad.write_text("def f():\n    print('lost')\n")
    assert prints(bad) == ["bad.py: 2"]


@pytest.fixture
def history(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Trains by the book's function on Chinese characters; the epochs it returns."""
    text = list("时间机器 " * 12)
    vocab = d2l.Vocab(text)
    net = d2l.RNNModel(rnn.LSTM(4), len(vocab))
    ids = np.array(vocab[text[:48]]).reshape(2, 24)
    batches = [(ids[:, :-1], ids[:, 1:])]

    def train() -> int:
        return len(d2l.train_ch8(net, batches, vocab, 1, 2, cpu()))

    return train


@pytest.mark.parametrize("stdout", [None, Failing(), of_ascii()])
def test_a_history_is_returned_whatever_stdout_is(
    stdout: Optional[io.TextIOBase],
    history: Callable[[], int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdout", stdout)
    assert history() == 2


def test_a_history_is_returned_where_no_bar_can_be_shown(
    history: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    stderr = Failing()
    monkeypatch.setattr(stderr, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stderr", stderr)
    assert history() == 2
