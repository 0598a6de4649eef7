"""n-gram counts, Zipf's law, and count-based language models (Sections 8.2 and 8.3)."""

from __future__ import annotations

import math
from typing import Counter, Dict, List, Sequence, Tuple, TypeVar, Union

import numpy as np

from ..arrays import Floats, Integers
from ..errors import UsageError

Token = TypeVar("Token")
Context = Tuple[int, ...]
Smoothing = Union[float, Sequence[float]]


def count_ngrams(tokens: Sequence[Token], n: int) -> Counter[Tuple[Token, ...]]:
    """Count the runs of ``n`` tokens: unigrams, bigrams, trigrams, ...

    Parameters
    ----------
    tokens : sequence
        Words, characters or ids.
    n : int

    Returns
    -------
    Counter
        Tuple of ``n`` tokens -> how often it occurs.
    """
    return Counter(zip(*(tokens[start:] for start in range(n))))


def rank_frequencies(counts: Counter[Token]) -> Integers:
    """The counts from the most frequent on, as the book plots them against rank.

    Returns
    -------
    np.ndarray of int, shape (number of distinct n-grams,)
        Entry ``i`` belongs to rank ``i + 1``.
    """
    return np.array(sorted(counts.values(), reverse=True), dtype=np.int64)


def zipf_exponent(frequencies: Integers) -> float:
    """``alpha`` of Zipf's law ``log n_i = -alpha log i + c``, by least squares.

    Parameters
    ----------
    frequencies : np.ndarray, shape (number of ranks,)
        Positive, as of :func:`rank_frequencies`.

    Raises
    ------
    UsageError
        If there are fewer than two ranks.
    """
    if len(frequencies) < 2:
        raise UsageError(
            f"{len(frequencies)} distinct n-grams: a slope needs 2 at least"
        )
    ranks = np.arange(1, len(frequencies) + 1)
    slope, _ = np.polyfit(np.log(ranks), np.log(frequencies), deg=1)
    return -float(slope)


class ContextModel:
    """A token's probability given tokens near it, from smoothed counts.

    With ``n`` counts in the training sequence, ``m`` the vocabulary's size and ``z_k``
    the first ``k`` neighbours (book Section 8.3)::

        P(x) = (n(x) + eps_0 / m) / (n + eps_0)
        P(x | z_k) = (n(z_k, x) + eps_k P(x | z_{k-1})) / (n(z_k) + eps_k)

    ``n(z_k)`` counts the neighbours where they have a token between or after them, so
    that every distribution sums to one. Where a neighbour lies outside the sequence,
    the distribution given those before it in the list is used. The book's trigram
    falls back on the unigram at once, ``P(x | z_0)``: ``to_unigram=True``.

    Parameters
    ----------
    offsets : sequence of int
        Positions of the neighbours relative to the token, the first consulted first:
        (-1, -2) is a trigram model, (-1, 1) looks at both sides.
    vocab_size : int
        ``m``; ids are 0, ..., m - 1.
    smoothing : sequence of float, or float
        ``eps_0, eps_1, ...``, one more than there are neighbours; positive.
    to_unigram : bool

    Raises
    ------
    UsageError
        If an offset is 0 or occurs twice, or the smoothing is not positive or has
        another length.
    """

    def __init__(
        self,
        offsets: Sequence[int],
        vocab_size: int,
        smoothing: Smoothing = 1.0,
        to_unigram: bool = False,
    ) -> None:
        self.offsets = tuple(offsets)
        if 0 in self.offsets or len(set(self.offsets)) < len(self.offsets):
            raise UsageError(f"offsets {self.offsets}: distinct and not 0, please")
        self.vocab_size = vocab_size
        orders = len(self.offsets) + 1
        self.smoothing = np.array(
            [smoothing] * orders if np.isscalar(smoothing) else smoothing, dtype=float
        )
        if self.smoothing.shape != (orders,) or not (self.smoothing > 0).all():
            raise UsageError(
                f"smoothing {smoothing}: needs {orders} positive numbers for "
                f"{orders - 1} neighbours"
            )
        self.to_unigram = to_unigram
        # For every k: first k neighbours -> the tokens they were seen with.
        self._seen: List[Dict[Context, Counter[int]]] = [{} for _ in range(orders)]
        # For every k: how often these neighbours were seen.
        self._totals: List[Counter[Context]] = [Counter() for _ in range(orders)]

    def fit(self, ids: Union[Sequence[int], Integers]) -> ContextModel:
        """Count a training sequence; counts of several calls add up.

        Parameters
        ----------
        ids : sequence of int, shape (num_tokens,)

        Returns
        -------
        ContextModel
            Itself.
        """
        ids = [int(token) for token in ids]
        for position, token in enumerate(ids):
            context = self._context(ids, position)
            for k in range(len(context) + 1):
                self._seen[k].setdefault(context[:k], Counter())[token] += 1
                self._totals[k][context[:k]] += 1
        return self

    def tables(self) -> List[Integers]:
        """The counts as arrays, of no neighbour, of the first, and so on.

        Returns
        -------
        list of np.ndarray of int64, each (number of distinct ones, k + 2)
            A row is the k neighbours, the token, and how often they were seen.
        """
        return [
            np.array(
                [
                    (*context, token, count)
                    for context, counts in seen.items()
                    for token, count in counts.items()
                ],
                dtype=np.int64,
            ).reshape(-1, k + 2)
            for k, seen in enumerate(self._seen)
        ]

    def add(self, tables: Sequence[Integers]) -> ContextModel:
        """Add what :meth:`tables` of a model alike gave; return itself.

        Raises
        ------
        UsageError
            If a table has another shape, an id outside the vocabulary, a count below 1
            or a row twice.
        """
        for k, (table, seen) in enumerate(zip(tables, self._seen)):
            where = f"counts of {k + 1} tokens"
            if table.ndim != 2 or table.shape[1] != k + 2 or table.dtype.kind != "i":
                raise UsageError(f"{where}: shape {table.shape}, not (any, {k + 2})")
            ids = table[:, :-1]
            if ((ids < 0) | (ids >= self.vocab_size)).any() or (table[:, -1] < 1).any():
                raise UsageError(
                    f"{where}: ids are 0 to {self.vocab_size - 1}, counts 1"
                )
            if len(np.unique(ids, axis=0)) < len(ids):
                raise UsageError(f"{where}: a row is there twice")
            for *context, token, count in table.tolist():
                seen.setdefault(tuple(context), Counter())[token] += count
                self._totals[k][tuple(context)] += count
        return self

    def probabilities(self, context: Sequence[int] = ()) -> Floats:
        """Distribution of a token given the first neighbours.

        Parameters
        ----------
        context : sequence of int
            Ids in the order of ``offsets``; may be shorter.

        Returns
        -------
        np.ndarray of float64, shape (vocab_size,)
            Sums to one.
        """
        context = tuple(int(token) for token in context)
        distribution = np.full(self.vocab_size, 1 / self.vocab_size)
        for k in self._orders(len(context)):
            seen = self._seen[k].get(context[:k], Counter())
            eps = self.smoothing[k]
            distribution = eps * distribution
            for token, count in seen.items():
                distribution[token] += count
            distribution /= self._totals[k][context[:k]] + eps
        return distribution

    def log_probabilities(self, ids: Union[Sequence[int], Integers]) -> Floats:
        """``log P(x_j | its neighbours)`` of every token of a sequence, in nats.

        Returns
        -------
        np.ndarray of float64, shape (num_tokens,)
            For a model of the past their sum is the sequence's log-likelihood; for one
            that sees both sides it is the pseudo-log-likelihood.
        """
        ids = [int(token) for token in ids]
        return np.array(
            [
                self._log_probability(token, self._context(ids, position))
                for position, token in enumerate(ids)
            ]
        )

    def perplexity(self, ids: Union[Sequence[int], Integers]) -> float:
        """``exp`` of the mean negative log-probability of a sequence's tokens."""
        return math.exp(-float(np.mean(self.log_probabilities(ids))))

    def _log_probability(self, token: int, context: Context) -> float:
        probability = 1 / self.vocab_size
        for k in self._orders(len(context)):
            seen = self._seen[k].get(context[:k], Counter())
            eps = self.smoothing[k]
            total = self._totals[k][context[:k]]
            probability = (seen[token] + eps * probability) / (total + eps)
        return math.log(probability)

    def _orders(self, length: int) -> Sequence[int]:
        """The numbers of neighbours to go through, from none to all."""
        if self.to_unigram and length > 0:
            return (0, length)
        return range(length + 1)

    def _context(self, ids: Sequence[int], position: int) -> Context:
        """The neighbours up to the first that lies outside the sequence."""
        context = []
        for offset in self.offsets:
            if not 0 <= position + offset < len(ids):
                break
            context.append(ids[position + offset])
        return tuple(context)


def ngram_model(
    n: int, vocab_size: int, smoothing: Smoothing = 1.0, to_unigram: bool = False
) -> ContextModel:
    """The n-gram language model, ``P(x_t | x_{t-1}, ..., x_{t-n+1})``.

    Parameters
    ----------
    n : int
        1 for unigrams, 2 for bigrams, ...
    vocab_size, smoothing, to_unigram
        As of :class:`ContextModel`.
    """
    return ContextModel(range(-1, -n, -1), vocab_size, smoothing, to_unigram)


def cloze_model(
    width: int, vocab_size: int, smoothing: Smoothing = 1.0, to_unigram: bool = False
) -> ContextModel:
    """The missing token from ``width`` neighbours on each side.

    ``width=1`` is ``P(x_j | x_{j-1}, x_{j+1})``; a wider model falls back from the
    farthest neighbour inwards: (-1, 1, -2, 2, ...).

    Parameters
    ----------
    width : int
    vocab_size, smoothing, to_unigram
        As of :class:`ContextModel`.
    """
    offsets = [sign * k for k in range(1, width + 1) for sign in (-1, 1)]
    return ContextModel(offsets, vocab_size, smoothing, to_unigram)


def neighbour_probabilities(model: ContextModel, rows: Integers) -> Floats:
    """Distributions of every token of rows of text given its neighbours in the row.

    Returns
    -------
    np.ndarray of float32, shape (batch_size, num_steps, vocab_size)
    """
    num_steps = rows.shape[1]
    given: Floats = np.empty((*rows.shape, model.vocab_size), np.float32)
    for row, out in zip(rows.tolist(), given):
        for position in range(num_steps):
            context: List[int] = []
            for offset in model.offsets:
                if not 0 <= position + offset < num_steps:
                    break
                context.append(row[position + offset])
            out[position] = model.probabilities(context)
    return given
