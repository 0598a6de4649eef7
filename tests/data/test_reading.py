"""What is a text is read alike whatever its line ends; what is none says why."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path
from typing import Callable, Dict, List

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from d2l_rnn.commands import translate
from d2l_rnn.commands.parsing import lines_of_stdin
from d2l_rnn.data.corpora import SOURCES, fault, load_text
from d2l_rnn.data.hub import fetch
from d2l_rnn.data.pairs import load_pairs
from d2l_rnn.data.reading import decode, shown
from d2l_rnn.data.text import corpus_from_lines
from d2l_rnn.data.translation import read_data_nmt
from d2l_rnn.errors import D2lRnnError, DataError, UsageError
from d2l_rnn.experiments.own import load as load_own

from .hostile import MAKERS, REASONS

#: Every door at which a reader's own file of text comes in.
DOORS: Dict[str, Callable[[Path], object]] = {
    "corpus": lambda path: load_text(str(path)),
    "pairs": lambda path: load_pairs(str(path)),
    "read_data_nmt": read_data_nmt,
    "own experiment": lambda path: load_own(f"{path}:EXPERIMENT"),
}

CHINESE = "想要有直升机\n想要和你飞到宇宙去\n想要和你融化在一起\n"
PAIRS = "走 吧 。\tVa !\n我 看见 了 。\tJe vois .\n"


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("kind", MAKERS)
def test_only_regular_files_of_a_size_are_read(
    kind: str, door: str, tmp_path: Path
) -> None:
    path = MAKERS[kind](tmp_path / "text.py")
    reason = REASONS[kind]
    if door == "own experiment":
        reason = reason.replace("67,108,864", "16,777,216")
    if door == "corpus":
        reason = reason.replace("67,108,864", "268,435,456")
    with pytest.raises(D2lRnnError, match=f"text.py: {reason}"):
        DOORS[door](path)


@pytest.mark.parametrize("kind", ["named pipe", "device", "socket", "directory"])
def test_where_published_files_are_looked_for(kind: str, tmp_path: Path) -> None:
    """A pipe in the place of a published file is neither waited for nor replaced."""
    path = MAKERS[kind](tmp_path / "timemachine.txt")
    reason = f"timemachine.txt: {REASONS[kind]}"
    found = fault(path, SOURCES["time-machine"])
    assert found is not None and found in reason
    with pytest.raises(DataError, match=reason):
        fetch("http://127.0.0.1:9/timemachine.txt", "0" * 40, tmp_path)
    assert path.exists() and not path.is_file()


def tokens_of(path: Path) -> object:
    corpus, vocab = corpus_from_lines(load_text(str(path)).lines, "char")
    return corpus, vocab.idx_to_token


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.text("aé想 \x0b\x0c\x1c\x85\u2028\u2029\ufeff", max_size=4), min_size=1
    ),
    st.booleans(),
)
def test_line_ends_and_a_mark_change_no_id(
    tmp_path_factory: pytest.TempPathFactory, lines: List[str], last: bool
) -> None:
    lines = ["begun", *lines]
    folder = tmp_path_factory.mktemp("ends")
    found = []
    for name, end, mark in [
        ("lf", "\n", ""),
        ("crlf", "\r\n", ""),
        ("cr", "\r", ""),
        ("marked", "\n", "\ufeff"),
    ]:
        text = mark + end.join(lines) + (end if last else "")
        (folder / name).write_bytes(text.encode())
        found.append(tokens_of(folder / name))
        assert load_text(str(folder / name)).lines == (
            lines if last or lines[-1] else lines[:-1]
        )
    assert all(tokens == found[0] for tokens in found)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_pairs_are_read_by_the_same(end: str, tmp_path: Path) -> None:
    path = tmp_path / "pairs.tsv"
    path.write_bytes(("\ufeff" + PAIRS.replace("\n", end)).encode())
    assert load_pairs(str(path)).text == PAIRS


@pytest.mark.parametrize("char", "\x0b\x0c\x1c\x85\u2028\u2029")
def test_other_breaks_are_characters_of_their_line(char: str) -> None:
    """As for the book's open(): only LF, CRLF and CR end a line."""
    content = f"one{char}line\n".encode()
    assert decode(content, "text", "text") == content.decode()
    with io.TextIOWrapper(io.BytesIO(content), encoding="utf-8") as file:
        assert len(file.readlines()) == 1


ENCODINGS = {
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16LE",
    "utf-16-be": "UTF-16BE",
    "utf-32": "UTF-32",
    "utf-32-le": "UTF-32LE",
    "utf-32-be": "UTF-32BE",
    "gbk": "GBK",
    "gb18030": "GB18030",
}


@pytest.mark.parametrize("codec", ENCODINGS)
@pytest.mark.parametrize("door", ["corpus", "pairs"])
def test_what_is_not_utf8_names_the_command_that_converts_it(
    door: str, codec: str, tmp_path: Path
) -> None:
    text = CHINESE if door == "corpus" else PAIRS
    if codec == "gb18030":
        text = text.replace("飞", "飞\U0002070e").replace("看", "看\U0002070e")
    path = tmp_path / "a text.tsv"
    path.write_bytes(text.encode(codec))
    with pytest.raises(DataError) as caught:
        DOORS[door](path)
    message = str(caught.value)
    command = message[message.index("iconv") : -1]
    assert f"iconv -f {ENCODINGS[codec]} -t UTF-8" in message and "\n" not in message
    if shutil.which("iconv"):
        subprocess.run(command.replace("NEW-FILE", "new"), shell=True, cwd=tmp_path)
        read = (tmp_path / "new").read_bytes()
        assert decode(read, "new", "new") == text


@pytest.mark.parametrize("codec", ["latin-1", "cp1251", "koi8-r", "euc-kr", "euc-jp"])
def test_an_encoding_that_is_not_sure_is_left_to_the_user(
    codec: str, tmp_path: Path
) -> None:
    texts = {
        "latin-1": "L'été où naquit la forêt éternelle.",
        "cp1251": "Много лет назад жил один изобретатель",
        "koi8-r": "Много лет назад жил один изобретатель",
        "euc-kr": "시간 여행자는 우리에게 어려운 문제를 설명하고 있었다",
        "euc-jp": "時間旅行者は私たちに難しい問題を説明していた",
    }
    path = tmp_path / "text"
    path.write_bytes(texts[codec].encode(codec))
    with pytest.raises(DataError, match="not UTF-8 text .*iconv -f ENCODING -t UTF-8"):
        load_text(str(path))


@pytest.mark.parametrize(
    "content, why",
    [
        (b"abc\xff", "byte 3: "),
        (b"\xef\xbb\xbfab\xff", "byte 5: "),
        (b"ab\xe6\x83", "byte 2: unexpected end of data"),
        (b"ab\xed\xa0\x80", "byte 2: "),
        (b"a line\nand a \0", "byte 13 is NUL"),
        (b"\0" * 100, "byte 0 is NUL"),
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf", "the file is empty"),
        (b" \r\n\t\x0c", "the file is empty"),
    ],
)
@pytest.mark.parametrize("door", ["corpus", "pairs"])
def test_what_is_no_text_says_at_which_byte(
    door: str, content: bytes, why: str, tmp_path: Path
) -> None:
    path = tmp_path / "text"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        DOORS[door](path)
    assert why in str(caught.value)


@pytest.mark.parametrize(
    "name", ["two\nlines", "a\x1b[31m", "a" * 5000, "\udcff", "nul\0", "\ud800"]
)
@pytest.mark.parametrize("door", ["corpus", "pairs"])
def test_any_name_makes_one_line(door: str, name: str) -> None:
    with pytest.raises(DataError) as caught:
        DOORS[door](Path(name))
    message = str(caught.value)
    assert message.isprintable() and len(message) < 500
    assert message.encode()


def test_shown_leaves_a_usual_path_as_it_is() -> None:
    assert shown(Path("folder/想要 é.txt")) == "folder/想要 é.txt"


def test_translate_reads_stdin_by_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def given_on_stdin(content: bytes) -> object:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
        return translate._sentences([])

    expected = (["Go.", "I'm home."], [["go", "."], ["i'm", "home", "."]])
    assert given_on_stdin(b"\xef\xbb\xbfGo.\r\rI'm home.\r\n") == expected
    with pytest.raises(DataError, match="stdin: .*iconv -f GBK"):
        given_on_stdin(CHINESE.encode("gbk"))
    with pytest.raises(DataError, match="byte 1 is NUL"):
        given_on_stdin(b"a\0")
    monkeypatch.setattr("sys.stdin", None)
    assert lines_of_stdin() == []
    with pytest.raises(UsageError, match="no sentence"):
        translate._sentences([])
