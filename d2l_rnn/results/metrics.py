"""What each number of a record means."""

from __future__ import annotations

import math
from typing import Dict, Mapping, Sequence


def perplexity(loss: float, tokens: int) -> float:
    """``exp(loss / tokens)``, the geometric mean of 1 / P(token); inf on overflow.

    Parameters
    ----------
    loss : float
        Cross-entropy summed over tokens, in nats.
    tokens : int
        Number of tokens.

    Notes
    -----
    1 is a perfect prediction, the vocabulary's size a uniform guess (book Section
    8.3). The book prints the training perplexity of the last epoch.
    """
    try:
        return math.exp(loss / tokens)
    except OverflowError:
        return math.inf


def median(values: Sequence[float]) -> float:
    """The middle value, or the mean of the two middle ones."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2


def tokens_per_sec(tokens: float, seconds: float) -> float:
    """How fast it went; 0, which nothing is, where a clock stood still or went back.

    Parameters
    ----------
    tokens : float
        Number of tokens.
    seconds : float
        What a clock told they took.
    """
    return tokens / seconds if seconds > 0 else 0.0


def loss_line(book_loss: float, tokens_per_sec: float, device: object) -> str:
    """The book's closing line of a translation training."""
    return f"loss {book_loss:.3f}, {tokens_per_sec:.1f} tokens/sec on {device}"


def three_lines(
    perplexity_value: float,
    tokens_per_sec: float,
    device: object,
    texts: Sequence[str],
) -> str:
    """The book's closing lines of a training run: a summary, and generated texts."""
    summary = (
        f"perplexity {perplexity_value:.1f}, {tokens_per_sec:.1f} tokens/sec on "
        f"{device}"
    )
    return "\n".join([summary, *texts])


def class_f1(truth: Sequence[bool], predicted: Sequence[bool]) -> Dict[str, float]:
    """How well one class was found.

    With ``hits`` the places that are of the class and were called so::

        precision = hits / called      recall = hits / support
        F1 = 2 precision recall / (precision + recall) = 2 hits / (called + support)

    Parameters
    ----------
    truth, predicted : sequence of bool
        Whether each place is of the class, and was called so.

    Returns
    -------
    dict
        ``precision``, ``recall``, ``f1`` and ``support``; a ratio is 0 where its
        denominator is.
    """
    hits = sum(1 for t, p in zip(truth, predicted) if t and p)
    called, support = sum(map(bool, predicted)), sum(map(bool, truth))
    return {
        "precision": hits / called if called else 0.0,
        "recall": hits / support if support else 0.0,
        "f1": 2 * hits / (called + support) if called + support else 0.0,
        "support": support,
    }


def macro_f1(classes: Mapping[str, Mapping[str, float]]) -> float:
    """The mean F1 of the classes that occur, each counting alike; 0 if none does."""
    occurring = [numbers["f1"] for numbers in classes.values() if numbers["support"]]
    return sum(occurring) / len(occurring) if occurring else 0.0
