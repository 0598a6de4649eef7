"""BLEU of a sentence as in the book, BLEU of a corpus as sacrebleu has it."""

from __future__ import annotations

import math
import sys

import pytest

from d2l_rnn.errors import UsageError
from d2l_rnn.results.translation_metrics import bleu, corpus_bleu


def test_the_books_example() -> None:
    # p1 = 4/5, p2 = 3/4, p3 = 1/3, p4 = 0
    label, pred = "A B C D E F", "A B B C D"
    p = (4 / 5, 3 / 4, 1 / 3)
    penalty = math.exp(1 - 6 / 5)
    for k in (1, 2, 3):
        expected = penalty * math.prod(p[n] ** 0.5 ** (n + 1) for n in range(k))
        assert bleu(pred, label, k) == pytest.approx(expected, rel=1e-12)
    assert bleu(pred, label, 4) == 0
    # a short prediction, all of it right: exp(1 - 6/2) = 0.14
    assert bleu("A B", label, 2) == pytest.approx(math.exp(-2), rel=1e-12)


def test_the_books_printed_translations() -> None:
    home = "je suis chez moi ."
    assert bleu("je suis chez moi .", home, 2) == 1
    assert round(bleu("je suis ici <unk> .", home, 2), 3) == 0.548
    assert round(bleu("je suis chez moi <unk> !", home, 2), 3) == 0.719
    assert round(bleu("il est malade .", "il est calme .", 2), 3) == 0.658
    assert bleu("entre .", "va !", 2) == 0


def test_a_short_or_empty_prediction_is_no_error() -> None:
    assert bleu("va", "va !", 2) == pytest.approx(math.exp(-1))
    assert bleu("", "va !", 2) == 0
    with pytest.raises(UsageError, match="k 0"):
        bleu("a", "a", 0)


def test_repetition_is_counted_once_for_each_in_the_label() -> None:
    assert bleu("the the the", "the cat sat", 1) == pytest.approx((1 / 3) ** 0.5)


def test_corpus_bleu_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sacrebleu", None)
    monkeypatch.setitem(sys.modules, "sacrebleu.metrics", None)
    monkeypatch.setitem(sys.modules, "sacrebleu.metrics.bleu", None)
    with pytest.raises(UsageError, match="pip install"):
        corpus_bleu(["a"], [["a"]])
    with pytest.raises(UsageError, match="1 translations with 2"):
        corpus_bleu(["a"], [["a"], ["b"]])


def test_corpus_bleu_with_several_references() -> None:
    pytest.importorskip("sacrebleu", reason="an extra: sacrebleu")
    predictions = ["je suis chez moi .", "il est calme ."]
    references = [["je suis chez moi ."], ["il est malade .", "il est calme ."]]
    assert corpus_bleu(predictions, references) == pytest.approx(100)
    assert corpus_bleu(predictions, [r[:1] for r in references]) < 90
