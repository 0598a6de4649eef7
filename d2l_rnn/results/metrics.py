"""What each number of a record means."""

from __future__ import annotations

import math
from typing import Sequence


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
