"""Hostile files of text through the command line: right status, one line, why.

``pytest -m slow -s tests/test_hostile_texts.py`` prints the table kind by kind.
"""

from __future__ import annotations

import time
import zipfile
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Tuple, Union

import pytest

from d2l_rnn.cli import main

from .data.hostile import MAKERS

CHINESE = "想要有直升机\n想要和你飞到宇宙去\n想要和你融化在一起\n" * 40
RUSSIAN = "Много лет назад жил один изобретатель по имени Xy.\n" * 40
ENGLISH = "The time traveller was speaking to us of the fourth dimension.\n" * 40
PAIRS = "Go.\tVa !\nHi.\tSalut !\nRun!\tCours !\nI won.\tGagne !\n" * 20
CHINESE_PAIRS = "走 吧 看\tVa !\n你 好 吗\tSalut !\n" * 40
MEMBER = "fra-eng/fra.txt"

_SMALL = ["--epochs", "1", "--num-hiddens", "4", "--no-plot", "--quiet"]
_CUT = ["--batch-size", "4", "--num-steps", "8", "--max-tokens", "300"]
TEXT = ["rnn", *_SMALL, *_CUT, "--num-preds", "3"]
TRANSLATION = ["seq2seq", *_SMALL, "--embed-size", "4", "--num-layers", "1"]
LINES = ["many-to-one", *_SMALL, "--embed-size", "4"]
READERS = (TEXT, TRANSLATION, LINES)


class Case(NamedTuple):
    kind: str
    arguments: List[str]
    status: int
    said: str = ""


def put(name: str, content: Union[str, bytes]) -> str:
    data = content.encode() if isinstance(content, str) else content
    Path(name).write_bytes(data)
    return name


def packed(name: str, member: str, content: Union[str, bytes], method: int = 8) -> str:
    with zipfile.ZipFile(name, "w", method) as archive:
        archive.writestr(member, content)
    return name


def of_files() -> Iterator[Case]:
    names = [str(make(Path(kind))) for kind, make in MAKERS.items()]
    names += ["/dev/zero", "/dev/null", "", "a" * 5000, "a\nb", "/proc/self/mem"]
    names.append(put("one line of 100 MB", b"the quick brown fox " * 5_000_000))
    for reader in READERS:
        for name in names:
            yield Case("files that are no files", [*reader, "--corpus", name], 3)


def of_bytes() -> Iterator[Case]:
    for reader, text in ((TEXT, CHINESE), (TRANSLATION, CHINESE_PAIRS)):
        for codec in ("gbk", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "gb18030"):
            corpus = put(f"{reader[0]}-{codec}", text.encode(codec))
            yield Case("encodings", [*reader, "--corpus", corpus], 3, "iconv -f ")
        for codec in ("cp1252", "cp1251"):
            corpus = put(f"{reader[0]}-{codec}", "a\té\n".encode("cp1252"))
            yield Case("encodings", [*reader, "--corpus", corpus], 3, "-f ENCODING")
        for number, (content, said) in enumerate(
            [
                (b"abc\0def", "byte 3 is NUL"),
                (b"abc\xff", "byte 3"),
                (text.encode()[:2], "unexpected end"),
                (b"ab\xed\xa0\x80", "byte 2"),
                (b"", "empty"),
                (b"\xef\xbb\xbf", "empty"),
                (b" \n\r\n", "empty"),
                (b"\x7fELF\2\1\1" + bytes(99), "byte 7 is NUL"),
            ]
        ):
            corpus = put(f"{reader[0]}-{number}", content)
            arguments = [*reader, "--corpus", corpus]
            yield Case("bytes that are no text", arguments, 3, said)
    for reader, text in ((TEXT, ENGLISH), (TRANSLATION, PAIRS)):
        for name, end in (("lf", "\n"), ("crlf", "\r\n"), ("cr", "\r")):
            corpus = put(f"{reader[0]}-{name}", text.replace("\n", end))
            yield Case("line ends and marks", [*reader, "--corpus", corpus], 0)
        corpus = put(f"{reader[0]}-bom", "\ufeff" + text)
        yield Case("line ends and marks", [*reader, "--corpus", corpus], 0)


def of_cleaning() -> Iterator[Case]:
    chinese, digits = put("zh", CHINESE), put("digits", "123 456\n" * 99)
    yield Case("cleaning", [*TEXT, "--corpus", chinese], 2, "--clean none")
    yield Case("cleaning", [*TEXT, "--corpus", digits], 2, "--clean none")
    russian = [*TEXT, "--corpus", put("ru", RUSSIAN)]
    yield Case("cleaning", russian, 0, "removes 95")
    for name in (
        *(
            "hmm",
            "cloze",
            "cloze-word",
            "text-stats",
            "tagging",
            "bptt",
            "lstm-scratch",
        ),
        *("rnn-handwritten", "bilstm-audit"),
    ):
        yield Case("cleaning", [name, "--corpus", chinese], 2, "its cleaning keeps")
    english = put("en", ENGLISH)
    none = [*TEXT, "--corpus", chinese, "--clean", "none"]
    yield Case("prefixes", none, 0, "its own first tokens are continued")
    yield Case("prefixes", [*none, "--prefixes", "喜欢"], 2, "'喜', '欢'")
    for reader in (TEXT, ["bilstm", *_SMALL], ["bilstm-audit"], ["rnn-handwritten"]):
        typed = [*reader, "--corpus", english, "--prefixes"]
        yield Case("prefixes", [*typed, "jazz"], 2, "the text has no 'j', 'z'")
        yield Case("prefixes", [*typed, "想要"], 2, "leaves nothing of '想', '要'")
    fits = [*TEXT, "--corpus", english, "--prefixes", "The TIME!"]
    yield Case("prefixes", fits, 0)


def of_pairs() -> Iterator[Case]:
    for name, content, said in (
        ("no tabs", ENGLISH, "no tab"),
        ("attributed", "Go.\tVa !\tCC-BY 2.0\n" * 50, "2 tabs; 'cut -f 1,2"),
        ("empty sides", "Go.\t\n" * 20, "an empty side"),
        ("four", "a\tb\tc\td\n" * 20, "3 tabs"),
    ):
        for reader in (TRANSLATION, LINES, [*TRANSLATION, "--num-heldout", "5"]):
            arguments = [*reader, "--corpus", put(name, content)]
            yield Case("pairs without pairs", arguments, 3, said)
    good = Path(packed("good.zip", MEMBER, PAIRS)).read_bytes()
    archives: List[Tuple[str, str]] = [
        (packed("bomb.zip", MEMBER, b"a\tb\n" * 10_000_000), "unpacks to 40,000,000"),
        (
            packed("outside.zip", "../fra.txt", PAIRS),
            f"no {MEMBER} in the archive, but",
        ),
        (packed("today.zip", "fra.txt", PAIRS), f"no {MEMBER} in the archive, but"),
        (packed("lzma.zip", MEMBER, PAIRS, zipfile.ZIP_LZMA), "neither stored nor"),
        (packed("gbk.zip", MEMBER, CHINESE_PAIRS.encode("gbk")), "iconv -f GBK"),
        (packed("columns.zip", MEMBER, "a\tb\tc\n" * 9), "2 tabs"),
        (put("cut.zip", good[:-30]), "corrupt zip archive"),
        (put("flip.zip", good[:60] + b"\xff" + good[61:]), "corrupt zip archive"),
        (put("none.zip", b"PK\5\6" + bytes(18)), f"no {MEMBER} in the archive, but"),
    ]
    for name, said in archives:
        for reader in (TRANSLATION, LINES):
            yield Case("archives", [*reader, "--corpus", name], 3, said)


def wrong(case: Case, out: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What is wrong with the answer; empty if nothing is."""
    began = time.process_time()
    status = main(["run", *case.arguments, "--out", out])
    seconds = time.process_time() - began
    shown = capsys.readouterr()
    lines = shown.err.splitlines()
    if status != case.status or case.said not in shown.err:
        return f"status {status}: {lines[:2]}"
    if case.status and (len(lines) != 1 or shown.out or Path(out).exists()):
        return f"refused with {len(lines)} lines, or something is left"
    return "too long" if seconds > 10 else "<unk>" if "<unk>" in shown.out else ""


@pytest.mark.slow
def test_every_kind(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    found: Dict[str, List[str]] = {}
    makers = (of_files, of_bytes, of_cleaning, of_pairs)
    cases = [case for cases_of in makers for case in cases_of()]
    for number, case in enumerate(cases):
        answer = wrong(case, f"out-{number}", capsys)
        found.setdefault(case.kind, []).append(answer and f"{case.arguments}: {answer}")
    with capsys.disabled():
        for kind, answers in found.items():
            print(f"\n{kind}: {len(answers)} tried, {answers.count('')} right", end="")
    assert len(cases) > 120
    assert [answer for answers in found.values() for answer in answers if answer] == []
