"""The Chinese text of ours, the reader's lyrics, and both ways to sample."""

from __future__ import annotations

import collections
import random
import zipfile
from pathlib import Path
from typing import List

import numpy
import pytest

from d2l_rnn.data.corpora import SAMPLE_CHINESE, SampleCorpusWarning, load_text
from d2l_rnn.data.first_edition import (
    LYRICS,
    characters_of,
    consecutive_windows,
    load_lyrics,
    random_windows,
)
from d2l_rnn.errors import DataError, UsageError

_REPEATED = 12  # characters in a row that stand nowhere twice


def test_the_chinese_text_is_long_varied_and_says_nothing_twice() -> None:
    lines = load_text("sample-zh").lines
    text = "".join(lines)
    assert len(text) >= 10_000
    assert len(set(text)) >= 800
    assert len(lines) == len(set(lines)) and "" not in lines
    strings = (text[i : i + _REPEATED] for i in range(len(text) - _REPEATED + 1))
    assert collections.Counter(strings).most_common(1)[0][1] == 1
    # Chinese, and the punctuation that goes with it; no Latin letter, no space.
    others = {c for c in text if not "\u4e00" <= c <= "\u9fff"}
    assert others == set("“”、。！，：；？")


def test_the_chinese_text_is_in_the_wheel() -> None:
    setup = (Path(__file__).parents[2] / "setup.cfg").read_text(encoding="utf-8")
    assert f"data/{SAMPLE_CHINESE.name}" in setup


@pytest.mark.parametrize("length, batch_size, num_steps", [(101, 3, 7), (29, 4, 7)])
def test_adjacent_rows_glue_back_to_the_corpus(
    length: int, batch_size: int, num_steps: int
) -> None:
    corpus = list(range(length))
    windows = list(consecutive_windows(corpus, batch_size, num_steps))
    columns = length // batch_size
    assert len(windows) == (columns - 1) // num_steps
    for number, (X, Y) in enumerate(windows):
        for row in range(batch_size):
            start = row * columns + number * num_steps
            assert list(X[row]) == corpus[start : start + num_steps]
            assert list(Y[row]) == corpus[start + 1 : start + num_steps + 1]


def test_random_windows_are_the_books_in_its_order() -> None:
    """The definition of section 6.3, example by example, after the same shuffle."""
    corpus, batch_size, num_steps = list(range(60)), 2, 6
    random.seed(5)
    found = list(random_windows(corpus, batch_size, num_steps))
    random.seed(5)
    order = list(range((len(corpus) - 1) // num_steps))
    random.shuffle(order)
    assert len(found) == len(order) // batch_size
    for number, (X, Y) in enumerate(found):
        for row, (x, y) in enumerate(zip(X, Y)):
            start = order[number * batch_size + row] * num_steps
            assert list(x) == corpus[start : start + num_steps]
            assert list(y) == corpus[start + 1 : start + num_steps + 1]
    starts = [x[0] for X, _ in found for x in X]
    assert len(set(starts)) == len(starts)


def test_too_short_a_corpus_gives_nothing_and_no_size_may_be_0() -> None:
    short: List[int] = [1, 2, 3]
    assert list(random_windows(short, 2, 5)) == []
    assert list(consecutive_windows(short, 2, 5)) == []
    for windows in (random_windows, consecutive_windows):
        with pytest.raises(UsageError, match="num_steps 0"):
            next(windows(short, 1, 0))
        with pytest.raises(UsageError, match="batch_size 0"):
            next(windows(short, 0, 1))
    assert next(random_windows([4, 5], 1, 1))[0].dtype == numpy.float32


def test_the_readers_lyrics_are_found_where_the_book_has_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Archive before text, ``$D2L_RNN_DATA`` before ``../data``; else ours, told."""
    notebooks, data, own = (tmp_path / n for n in ("notebooks", "data", "own"))
    for folder in (notebooks, data, own):
        folder.mkdir()
    monkeypatch.chdir(notebooks)
    monkeypatch.delenv("D2L_RNN_DATA", raising=False)
    with pytest.warns(SampleCorpusWarning, match="embedded Chinese text"):
        assert load_lyrics().name == "sample-zh"
    (data / LYRICS).write_text("想要有\n直升机", encoding="utf-8")
    assert characters_of(load_lyrics()) == "想要有 直升机"
    with zipfile.ZipFile(data / f"{LYRICS}.zip", "w") as archive:
        archive.writestr(LYRICS, "天涯\r\n海角".encode())
    assert characters_of(load_lyrics()) == "天涯 海角"
    (own / LYRICS).write_text("近在\n咫尺", encoding="utf-8")
    monkeypatch.setenv("D2L_RNN_DATA", str(own))
    assert characters_of(load_lyrics(), 3) == "近在 "
    assert load_lyrics(data / LYRICS).name == LYRICS


def test_what_is_no_text_is_refused_with_the_cure(tmp_path: Path) -> None:
    gbk = tmp_path / "gbk.txt"
    gbk.write_bytes(SAMPLE_CHINESE.read_text(encoding="utf-8").encode("gb18030"))
    with pytest.raises(DataError, match="iconv -f GBK"):
        load_lyrics(gbk)
    with pytest.raises(DataError, match="no such file"):
        load_lyrics(tmp_path / "none.txt")
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("readme.txt", "x")
    with pytest.raises(DataError, match=f"no {LYRICS} in the archive"):
        load_lyrics(other)
