"""Beam search, and the exhaustive search that it stands in for (book Section 9.8).

Over the functions ``step`` and ``select`` of :mod:`d2l_rnn.inference.decoding`.
"""

from __future__ import annotations

import math
from typing import List, Optional, Sequence, Tuple

import numpy as np

from ..arrays import Floats
from ..errors import UsageError
from .decoding import Hypothesis, Path, Select, State, Step, advance, check_max_steps


def length_normalised(log_prob: float, length: int, alpha: float) -> float:
    """``log P / L^alpha`` (book Section 9.8.3); ``L`` counts the ending token too."""
    return float(log_prob / length**alpha)


def beam_search(
    step: Step[State],
    select: Select[State],
    state: State,
    first_tokens: Sequence[int],
    eos: Optional[int],
    max_steps: int,
    beam_size: int,
    alpha: float = 0.75,
    num_best: int = 1,
) -> List[List[Hypothesis]]:
    """The ``beam_size`` most probable hypotheses at each step (book Section 9.8.3).

    Of all continuations of a sequence's hypotheses the most probable ``beam_size``
    stay; those that end leave the beam. What ended, and what is left after
    ``max_steps``, is ranked by ``log P / L^alpha``. A sequence stops early once
    nothing unfinished can come among its best.

    Parameters
    ----------
    step, select, state, first_tokens, eos, max_steps
        As in :func:`greedy_search`.
    beam_size : int
        1 is greedy search; |V|^max_steps is exhaustive search.
    alpha : float
        0 or more; 0 ranks by probability, more favours longer sequences.
    num_best : int
        How many hypotheses of a sequence to return.

    Returns
    -------
    list of list of Hypothesis
        For each first token the best hypotheses, best first.
    """
    check_max_steps(max_steps)
    for name, value in (("beam_size", beam_size), ("num_best", num_best)):
        if value < 1:
            raise UsageError(f"{name} {value}: at least 1")
    if alpha < 0:
        raise UsageError(f"alpha {alpha}: 0 or more")
    ended: List[List[Hypothesis]] = [[] for _ in first_tokens]
    beams = [[Path((), 0.0)] for _ in first_tokens]
    tokens = list(first_tokens)
    for length in range(1, max_steps + 1):
        if not tokens:
            break
        log_probs, state = advance(step, tokens, state)
        begin, tokens, rows = 0, [], []
        for sequence, beam in enumerate(beams):
            end = begin + len(beam)
            survivors = []
            for row, token, log_prob in _best(beam, log_probs[begin:end], beam_size):
                path = beam[row].tokens
                if token == eos or length == max_steps:
                    score = length_normalised(log_prob, length, alpha)
                    tail = () if token == eos else (token,)
                    ended[sequence].append(
                        Hypothesis(path + tail, log_prob, score, token == eos)
                    )
                else:
                    survivors.append((begin + row, Path(path + (token,), log_prob)))
            ended[sequence].sort(key=lambda hypothesis: -hypothesis.score)
            del ended[sequence][num_best:]
            if len(ended[sequence]) == num_best and survivors:
                # Log-probabilities only fall, lengths are at most max_steps.
                hope = length_normalised(survivors[0][1].log_prob, max_steps, alpha)
                if ended[sequence][-1].score >= hope:
                    survivors = []
            beams[sequence] = [path for _, path in survivors]
            rows += [row for row, _ in survivors]
            tokens += [path.tokens[-1] for _, path in survivors]
            begin = end
        if rows:
            state = select(state, rows)
    return ended


def _best(
    beam: Sequence[Path], log_probs: Floats, beam_size: int
) -> List[Tuple[int, int, float]]:
    """The most probable continuations of a beam: (row, token, log-probability).

    Of equally probable ones the lower row, then the lower token comes first, as
    ``argmax`` has it in greedy search.
    """
    if not beam:
        return []
    totals = log_probs + np.array([[path.log_prob] for path in beam])
    flat = totals.ravel()
    if beam_size < flat.size:
        threshold = np.partition(flat, -beam_size)[-beam_size]
        candidates = np.flatnonzero(flat >= threshold)
    else:
        candidates = np.arange(flat.size)
    candidates = candidates[np.argsort(-flat[candidates], kind="stable")][:beam_size]
    return [
        (int(i // totals.shape[1]), int(i % totals.shape[1]), float(flat[i]))
        for i in candidates
        if flat[i] > -math.inf
    ]


def exhaustive_search(
    step: Step[State],
    select: Select[State],
    state: State,
    first_token: int,
    eos: Optional[int],
    max_steps: int,
    alpha: float = 0.0,
    num_best: int = 1,
) -> List[Hypothesis]:
    """The best of *all* sequences (book Section 9.8.2), for small examples.

    Its cost is |V|^max_steps: for the book's 10,000 tokens and 10 steps, 10^40.

    Parameters
    ----------
    state
        Of one row.
    first_token : int
    step, select, eos, max_steps, alpha, num_best
        As in :func:`beam_search`.

    Returns
    -------
    list of Hypothesis
        Best first.
    """
    check_max_steps(max_steps)
    found: List[Hypothesis] = []

    def extend(path: Path, last: int, state: State) -> None:
        log_probs, state = advance(step, [last], state)
        length = len(path.tokens) + 1
        for token, value in enumerate(log_probs[0]):
            log_prob = path.log_prob + float(value)
            tokens = path.tokens if token == eos else path.tokens + (token,)
            if token == eos or length == max_steps:
                score = length_normalised(log_prob, length, alpha)
                found.append(Hypothesis(tokens, log_prob, score, token == eos))
            else:
                extend(Path(tokens, log_prob), token, select(state, [0]))

    extend(Path((), 0.0), first_token, state)
    found.sort(key=lambda hypothesis: -hypothesis.score)
    return found[:num_best]
