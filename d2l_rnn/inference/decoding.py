"""Sequences out of a model, one hypothesis each (book Sections 9.7.5 and 9.8.1).

Every search is over two functions, so it needs to know no network::

    step(tokens, state) -> (log_probs, state)    one token a row, (rows,) -> (rows, V)
    select(state, rows) -> state                 the state of these rows

Many sequences are decoded at once: a row is an unfinished hypothesis of one of them.
Rows that end leave the batch. Beam and exhaustive search are in ``beam``.
"""

from __future__ import annotations

from typing import Callable, List, NamedTuple, Optional, Sequence, Tuple, TypeVar

import numpy as np

from ..arrays import Floats, Integers
from ..errors import DivergenceError, UsageError

State = TypeVar("State")
Step = Callable[[Integers, State], Tuple[Floats, State]]
Select = Callable[[State, Sequence[int]], State]


class Hypothesis(NamedTuple):
    """A decoded sequence.

    Attributes
    ----------
    tokens : tuple of int
        Without the token that ends it.
    log_prob : float
        Natural logarithm of its probability, the ending token's included.
    score : float
        ``log_prob / L^alpha``; ``log_prob`` itself where nothing is normalised.
    finished : bool
        Whether the ending token was reached before the last step.
    """

    tokens: Tuple[int, ...]
    log_prob: float
    score: float
    finished: bool


class Path(NamedTuple):
    """An unfinished hypothesis."""

    tokens: Tuple[int, ...]
    log_prob: float


def advance(
    step: Step[State], tokens: Sequence[int], state: State
) -> Tuple[Floats, State]:
    """One step of the model; raise :class:`DivergenceError` where it gives NaN."""
    log_probs, state = step(np.asarray(tokens), state)
    if np.isnan(log_probs).any():
        raise DivergenceError("the model's probabilities are not numbers (NaN)")
    return log_probs, state


def check_max_steps(max_steps: int) -> None:
    """Raise :class:`UsageError` unless there is at least one step."""
    if max_steps < 1:
        raise UsageError(f"max_steps {max_steps}: at least 1")


def greedy_search(
    step: Step[State],
    select: Select[State],
    state: State,
    first_tokens: Sequence[int],
    eos: Optional[int],
    max_steps: int,
) -> List[Hypothesis]:
    """The most probable token at each step (book Section 9.8.1).

    Parameters
    ----------
    step, select
        See the module.
    state
        The state of all rows before their first tokens are read.
    first_tokens : sequence of int
        ``<bos>``, or the last token of a prefix: one for each sequence to decode.
    eos : int or None
        The token that ends a sequence; None: all have ``max_steps`` tokens.
    max_steps : int

    Returns
    -------
    list of Hypothesis
        One for each first token.

    Raises
    ------
    DivergenceError
        If the model's probabilities are NaN.
    """

    def choose(log_probs: Floats) -> Integers:
        return np.asarray(log_probs.argmax(axis=1))

    return _one_by_one(step, select, state, first_tokens, eos, max_steps, choose)


def sample(
    step: Step[State],
    select: Select[State],
    state: State,
    first_tokens: Sequence[int],
    eos: Optional[int],
    max_steps: int,
    generator: np.random.Generator,
    temperature: float = 1.0,
    top_k: Optional[int] = None,
    top_p: Optional[float] = None,
) -> List[Hypothesis]:
    """Tokens drawn from the model's probabilities, see :func:`restrict`.

    Other parameters and errors as in :func:`greedy_search`; ``log_prob`` of a result is
    that under the model itself.
    """

    def choose(log_probs: Floats) -> Integers:
        probs = np.exp(restrict(log_probs, temperature, top_k, top_p))
        cumulative = probs.cumsum(axis=1)
        # (rows, 1); scaled, since rounding may leave the sum below 1
        points = generator.random((len(probs), 1)) * cumulative[:, -1:]
        return np.asarray((cumulative <= points).sum(axis=1))

    return _one_by_one(step, select, state, first_tokens, eos, max_steps, choose)


def restrict(
    log_probs: Floats,
    temperature: float = 1.0,
    top_k: Optional[int] = None,
    top_p: Optional[float] = None,
) -> Floats:
    """Log-probabilities sharpened, cut and normalised anew.

    Parameters
    ----------
    log_probs : numpy.ndarray, shape (rows, vocab_size)
    temperature : float
        ``p^(1 / temperature)``: below 1 sharper, above 1 flatter.
    top_k : int, optional
        Only the ``k`` most probable tokens remain.
    top_p : float, optional
        Only the fewest most probable tokens whose probabilities reach ``p`` together
        remain (Holtzman et al. 2020), at least one; after ``top_k``.

    Returns
    -------
    numpy.ndarray, shape (rows, vocab_size)
        Minus infinity for tokens that are cut off.

    Raises
    ------
    UsageError
        If an argument is out of its range.
    """
    check_limits(temperature, top_k, top_p)
    scores = _normalise(log_probs.astype("float64") / temperature)
    order = np.argsort(-scores, axis=1, kind="stable")
    rank = np.argsort(order, axis=1, kind="stable")
    if top_k is not None:
        scores = _normalise(np.where(rank < top_k, scores, -np.inf))
    if top_p is not None:
        ranked = np.exp(np.take_along_axis(scores, order, axis=1))
        before = ranked.cumsum(axis=1) - ranked
        kept = np.take_along_axis(before < top_p, rank, axis=1)
        kept |= rank == 0
        scores = _normalise(np.where(kept, scores, -np.inf))
    return scores


def check_limits(
    temperature: float, top_k: Optional[int], top_p: Optional[float]
) -> None:
    """Raise :class:`UsageError` for what :func:`restrict` cannot take."""
    if not 0 < temperature < float("inf"):
        raise UsageError(f"temperature {temperature}: greater than 0 (0 is greedy)")
    if top_k is not None and top_k < 1:
        raise UsageError(f"top_k {top_k}: at least 1")
    if top_p is not None and not 0 < top_p <= 1:
        raise UsageError(f"top_p {top_p}: greater than 0, at most 1")


def _normalise(scores: Floats) -> Floats:
    largest = scores.max(axis=1, keepdims=True)
    total = np.exp(scores - largest).sum(axis=1, keepdims=True)
    return np.asarray(scores - largest - np.log(total))


def _one_by_one(
    step: Step[State],
    select: Select[State],
    state: State,
    first_tokens: Sequence[int],
    eos: Optional[int],
    max_steps: int,
    choose: Callable[[Floats], Integers],
) -> List[Hypothesis]:
    """Decode with one hypothesis a sequence, choosing a token a row at each step."""
    check_max_steps(max_steps)
    results: List[Optional[Hypothesis]] = [None] * len(first_tokens)
    paths = [Path((), 0.0) for _ in first_tokens]
    alive = list(range(len(first_tokens)))
    tokens = list(first_tokens)
    for _ in range(max_steps):
        if not alive:
            break
        log_probs, state = advance(step, tokens, state)
        tokens = [int(token) for token in choose(log_probs)]
        kept = []
        for row, (sequence, token) in enumerate(zip(alive, tokens)):
            path = paths[sequence]
            log_prob = path.log_prob + float(log_probs[row, token])
            if token == eos:
                results[sequence] = Hypothesis(path.tokens, log_prob, log_prob, True)
            else:
                paths[sequence] = Path(path.tokens + (token,), log_prob)
                kept.append(row)
        if len(kept) < len(alive):
            alive = [alive[row] for row in kept]
            tokens = [tokens[row] for row in kept]
            if kept:
                state = select(state, kept)
    return [
        result or Hypothesis(path.tokens, path.log_prob, path.log_prob, False)
        for result, path in zip(results, paths)
    ]
