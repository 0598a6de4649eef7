"""Counts by hand, the book's counts, and n-gram models on any text."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from d2l_rnn.cli import main
from d2l_rnn.experiments.configs_sequences import TextStatsConfig
from d2l_rnn.experiments.runner import Options, run_experiment
from d2l_rnn.experiments.table import find
from d2l_rnn.experiments.text_stats import ngram_perplexities, token_counts
from d2l_rnn.results.record import read_run

CHINESE = "\n".join(
    [
        "早上下了一场小雨。",
        "雨停了，我去河边走走。",
        "河边有一座小桥，桥上没有人。",
        "我在桥上看了一会儿水，水很慢。",
        "下午雨又来了，我回家看书。",
    ]
)


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_counts_by_hand() -> None:
    counted = token_counts("a b a b c".split(), 1)
    assert (counted["tokens"], counted["vocab"]) == (5, 4)
    assert counted["bigram"]["distinct"] == 3
    assert counted["bigram"]["top"] == [[["a", "b"], 2]]
    assert counted["trigram"]["top"][0][1] == 1
    slope = token_counts("a a a a b b".split(), 1)["unigram"]["zipf_exponent"]
    assert slope == pytest.approx(1)  # 4 at rank 1, 2 at rank 2
    assert token_counts(["a"], 3)["unigram"]["zipf_exponent"] is None


def test_perplexities_by_hand() -> None:
    unigrams, bigrams = ngram_perplexities([0, 1, 0, 1], [0, 1], 2, 2, 1.0)
    # One imagined count, shared by both: 2.5 of 5.
    assert unigrams["perplexity"] == unigrams["heldout_perplexity"] == pytest.approx(2)
    # P(1 | 0) = (2 + 1/2) / (2 + 1)
    expected = math.exp(-(math.log(1 / 2) + math.log(2.5 / 3)) / 2)
    assert bigrams["heldout_perplexity"] == pytest.approx(expected)
    assert ngram_perplexities([0], [], 2, 1, 1.0)[0]["heldout_perplexity"] is None


def test_the_books_counts(book_data: Path) -> None:
    config = TextStatsConfig(
        corpus="time-machine", data_dir=str(book_data), max_order=1
    )
    options = Options(quiet=True, plot=False)
    result = run_experiment(find("text-stats"), config, options).result
    assert result is not None and result["lines"] == 3221
    counts = result["counts"]
    assert (counts["char"]["tokens"], counts["char"]["vocab"]) == (170580, 28)

    def top(name: str) -> str:
        grams = counts["word"][name]["top"]
        return ", ".join(f"{' '.join(gram)} {many}" for gram, many in grams)

    # Printed in the book, Sections 8.2 and 8.3.
    assert top("unigram") == (
        "the 2261, i 1267, and 1245, of 1155, a 816, to 695, was 552, in 541, "
        "that 443, my 440"
    )
    assert top("bigram") == (
        "of the 309, in the 169, i had 130, i was 112, and the 109, the time 102, "
        "it was 99, to the 85, as i 78, of a 73"
    )
    assert top("trigram") == (
        "the time traveller 59, the time machine 30, the medical man 24, "
        "it seemed to 16, it was a 15, here and there 15, seemed to me 14, "
        "i did not 14, i saw the 13, i began to 13"
    )


def test_a_chinese_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "zh.txt").write_text(CHINESE + "\n", encoding="utf-8")
    arguments = ["run", "text-stats", "--corpus", "zh.txt", "--clean", "none"]
    assert main([*arguments, "--max-tokens", "40", "--max-order", "3"]) == 0
    printed = capsys.readouterr().out
    assert f"char: {len(CHINESE) + 1} tokens" in printed and "桥上" in printed
    run = read_run(Path("runs/text-stats/seed-1"))
    run.verify()
    assert run.result is not None
    assert run.result["heldout_tokens"] == len(CHINESE) + 1 - 40
    assert run.result["counts"]["word"]["tokens"] == 5  # no spaces: a line a word
    perplexities = [model["perplexity"] for model in run.result["ngram_models"]]
    assert perplexities == sorted(perplexities, reverse=True)
    assert {path.name for path in run.directory.glob("*.png")} == {
        "zipf-char.png",
        "zipf-word.png",
    }
