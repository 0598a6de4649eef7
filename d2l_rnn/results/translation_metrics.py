"""BLEU: how much of a translation's n-grams a reference has too.

``bleu`` is the book's, of one sentence with one reference; its numbers are compared
with the book's only. ``corpus_bleu`` is the field's, by sacrebleu.
"""

from __future__ import annotations

import collections
import math
from typing import Counter, List, Sequence, Tuple, cast

from ..errors import UsageError
from ..installation import missing


def bleu(pred_seq: str, label_seq: str, k: int) -> float:
    """BLEU of one sentence as the book defines it (Section 9.7.6).

    ``exp(min(0, 1 - len_label / len_pred)) prod_{n=1}^{k} p_n^(1/2^n)`` with ``p_n``
    the share of the prediction's n-grams that the label has too, each of the label's
    counted once.

    Parameters
    ----------
    pred_seq, label_seq : str
        Tokens separated by single spaces.
    k : int
        Longest n-grams. A prediction shorter than ``k`` is judged by those it has, as
        in the book's 1.0 edition; the 0.17 edition divides by zero.

    Returns
    -------
    float
        0 ... 1, and 1 exactly where both are the same.
    """
    if k < 1:
        raise UsageError(f"k {k}: at least 1")
    pred_tokens, label_tokens = pred_seq.split(" "), label_seq.split(" ")
    score = math.exp(min(0.0, 1 - len(label_tokens) / len(pred_tokens)))
    for n in range(1, min(k, len(pred_tokens)) + 1):
        pred_ngrams = _ngrams(pred_tokens, n)
        matches = sum((pred_ngrams & _ngrams(label_tokens, n)).values())
        score *= (matches / sum(pred_ngrams.values())) ** (0.5**n)
    return score


def _ngrams(tokens: Sequence[str], n: int) -> Counter[Tuple[str, ...]]:
    return collections.Counter(
        tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1)
    )


def corpus_bleu(
    predictions: Sequence[str], references: Sequence[Sequence[str]]
) -> float:
    """BLEU of a corpus by sacrebleu, with its own tokenisation switched off.

    Parameters
    ----------
    predictions : sequence of str
        Translations, tokens separated by spaces.
    references : sequence of sequence of str
        All references of each translation, at least one.

    Returns
    -------
    float
        0 ... 100.

    Raises
    ------
    UsageError
        If sacrebleu is not installed, or the numbers of sentences differ.
    """
    if len(predictions) != len(references) or not predictions:
        raise UsageError(
            f"corpus BLEU: {len(predictions)} translations with {len(references)} "
            "lists of references; as many are needed of each, and at least one"
        )
    try:
        from sacrebleu.metrics.bleu import BLEU
    except ImportError:
        raise UsageError(f"corpus BLEU: {missing('sacrebleu')}") from None
    most = max(len(sentences) for sentences in references)
    # sacrebleu wants streams, each with one reference a sentence, or None
    streams = [
        [sentences[i] if i < len(sentences) else None for sentences in references]
        for i in range(most)
    ]
    # Tokens are what is meant to be compared: no warning about them.
    metric = BLEU(tokenize="none", force=True)
    score = metric.corpus_score(list(predictions), cast(List[List[str]], streams))
    return float(score.score)
