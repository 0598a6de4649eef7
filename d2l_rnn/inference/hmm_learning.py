r"""Learning a hidden Markov model from observations alone: Baum-Welch.

Each iteration replaces the tables by expected relative frequencies under the present
model (Baum et al., 1970; Rabiner, 1989, Section III.C),

.. math::
    P(h_{t+1}=j \mid h_t=i) \leftarrow
        \frac{\alpha + \sum_t P(h_t=i, h_{t+1}=j \mid x)}
             {\sum_j (\alpha + \sum_t P(h_t=i, h_{t+1}=j \mid x))}

and likewise for P(h_1) and P(x_t | h_t). With alpha = 0 the likelihood P(x) never
falls. With pseudo-counts alpha > 0, a Dirichlet(1 + alpha) prior on every row, the
objective log P(x) + alpha * (sum of the logarithms of all entries) never falls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator, List, NamedTuple, Sequence

import numpy as np

from ..arrays import Floats, Integers
from ..errors import UsageError
from .hmm import (
    MISSING,
    HiddenMarkovModel,
    backward,
    forward,
    refuse_impossible,
    symbol_likelihoods,
    symbol_rows,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


class Counts(NamedTuple):
    """Expected numbers of events given the observations, summed over sequences."""

    #: Sequences that begin in each state, shape (num_states,).
    initial: Floats
    #: Steps from state i to state j, shape (num_states, num_states).
    transition: Floats
    #: Observed symbols v from state i, shape (num_states, num_symbols).
    emission: Floats
    #: log P(x) of the model that was asked, in nats, summed over sequences.
    log_likelihood: float


class Iteration(NamedTuple):
    """One model on the way, with its own likelihood."""

    model: HiddenMarkovModel
    #: log P(x) in nats, summed over sequences.
    log_likelihood: float
    #: log_likelihood plus the pseudo-counts' term: what never falls.
    objective: float


class Fit(NamedTuple):
    """What ``baum_welch`` and ``fit`` return."""

    model: HiddenMarkovModel
    #: log P(x) of ``model`` in nats, summed over sequences.
    log_likelihood: float
    #: The objective of the start and after each iteration; the last is ``model``'s.
    history: List[float]
    #: True if the last gain was below the tolerance.
    converged: bool


def stack_sequences(sequences: Sequence[ArrayLike]) -> Integers:
    """Return sequences of any lengths as one array, shape (batch_size, num_steps).

    Shorter ones are filled up with ``MISSING`` at the end, which changes neither
    their likelihood nor what is learned from them.

    Raises
    ------
    UsageError
        If there is no sequence, or one is not a row of integers.
    """
    arrays = [np.asarray(sequence) for sequence in sequences]
    for array in arrays:
        if array.ndim != 1 or array.dtype.kind not in "iu":
            raise UsageError(
                f"a sequence is {array.dtype} of shape {array.shape}; accepted are "
                "integers of shape (num_steps,)"
            )
    if not arrays:
        raise UsageError("there are no sequences to stack")
    rows = np.full((len(arrays), max(map(len, arrays))), MISSING)
    for row, array in zip(rows, arrays):
        row[: len(array)] = array
    return rows


def expected_counts(model: HiddenMarkovModel, observations: ArrayLike) -> Counts:
    """Return the expected counts that one Baum-Welch iteration needs.

    Missing symbols at the end of a sequence are padding: they are not counted. Missing
    symbols elsewhere count as steps, but emit nothing.

    Raises
    ------
    UsageError
        If the observations are malformed or have probability zero.
    """
    rows = symbol_rows(model, observations)
    X = np.atleast_2d(observations)
    pi, _, log_likelihood = forward(model, X)
    # (batch_size, num_steps, num_states)
    likelihood = symbol_likelihoods(model)[rows]
    future = likelihood * backward(model, X).rho
    # Divided by the sum of pi_t * future_t, pi_t * future_t is the smoothed
    # distribution at t, and the product of pairs below is that of (t - 1, t).
    total = (pi * future).sum(-1, keepdims=True)
    refuse_impossible(total)
    future /= total
    observed = rows < model.num_symbols
    # True up to the last observed symbol of a row.
    within = np.logical_or.accumulate(observed[:, ::-1], axis=1)[:, ::-1]
    future *= within[:, :, None]
    smoothed = pi * future

    filtered = pi * likelihood
    filtered /= filtered.sum(-1, keepdims=True)
    num_states, num_symbols = model.emission.shape
    pairs = filtered[:, :-1].reshape(-1, num_states).T @ future[:, 1:].reshape(
        -1, num_states
    )
    # One bin for each symbol and state; the last symbol, the missing one, is dropped.
    bins = rows[:, :, None] * num_states + np.arange(num_states)
    weights = smoothed.ravel()
    emission = np.asarray(
        np.bincount(bins.ravel(), weights, (num_symbols + 1) * num_states), np.float64
    )
    return Counts(
        initial=smoothed[:, 0].sum(0),
        transition=pairs * model.transition,
        emission=emission.reshape(-1, num_states)[:num_symbols].T,
        log_likelihood=float(log_likelihood.sum()),
    )


def random_model(
    num_states: int, num_symbols: int, rng: np.random.Generator
) -> HiddenMarkovModel:
    """Draw every row uniformly from all distributions of its size."""
    if num_states < 1 or num_symbols < 1:
        raise UsageError(
            f"num_states {num_states} and num_symbols {num_symbols} must be at least 1"
        )
    return HiddenMarkovModel(
        initial=rng.dirichlet(np.ones(num_states)),
        transition=rng.dirichlet(np.ones(num_states), num_states),
        emission=rng.dirichlet(np.ones(num_symbols), num_states),
    )


def baum_welch_iterations(
    start: HiddenMarkovModel, observations: ArrayLike, pseudo_counts: float = 0.0
) -> Iterator[Iteration]:
    """Yield the start, then the model after each Baum-Welch iteration, without end.

    Parameters
    ----------
    observations : array of int, or sequence of such arrays
        Shape (num_steps,) or (batch_size, num_steps); a list or tuple of sequences may
        have different lengths.
    pseudo_counts : float
        alpha, added to each expected count of all three tables.

    Raises
    ------
    UsageError
        If ``pseudo_counts`` is negative, or the observations are malformed or have
        probability zero under ``start``.
    """
    if not 0 <= pseudo_counts < np.inf:
        raise UsageError(f"pseudo_counts is {pseudo_counts}; accepted are 0 and above")
    X = _as_array(observations)
    model = start
    while True:
        counts = expected_counts(model, X)
        objective = counts.log_likelihood + _log_prior(model, pseudo_counts)
        yield Iteration(model, counts.log_likelihood, objective)
        model = HiddenMarkovModel(
            initial=_frequencies(counts.initial, pseudo_counts, model.initial),
            transition=_frequencies(counts.transition, pseudo_counts, model.transition),
            emission=_frequencies(counts.emission, pseudo_counts, model.emission),
        )


def baum_welch(
    start: HiddenMarkovModel,
    observations: ArrayLike,
    num_iterations: int = 100,
    tolerance: float = 1e-5,
    pseudo_counts: float = 0.0,
) -> Fit:
    """Improve ``start`` until the objective gains less than ``tolerance``.

    Parameters
    ----------
    num_iterations : int
        The most iterations to run.
    tolerance : float
        In nats per observed symbol and iteration.
    observations, pseudo_counts
        As in ``baum_welch_iterations``.

    Raises
    ------
    UsageError
        If ``num_iterations`` or ``tolerance`` is negative, or as
        ``baum_welch_iterations`` does.
    """
    if num_iterations < 0 or not tolerance >= 0:
        raise UsageError(
            f"num_iterations {num_iterations} and tolerance {tolerance} must be 0 or "
            "more"
        )
    X = _as_array(observations)
    observed = int((symbol_rows(start, X) < start.num_symbols).sum())
    least_gain = tolerance * observed
    history: List[float] = []
    for iteration in baum_welch_iterations(start, X, pseudo_counts):
        history.append(iteration.objective)
        converged = len(history) > 1 and history[-1] - history[-2] < least_gain
        if converged or len(history) > num_iterations:
            break
    return Fit(iteration.model, iteration.log_likelihood, history, converged)


def fit(
    observations: ArrayLike,
    num_states: int,
    num_symbols: int,
    rng: np.random.Generator,
    num_restarts: int = 1,
    num_iterations: int = 100,
    tolerance: float = 1e-5,
    pseudo_counts: float = 0.0,
) -> Fit:
    """Run Baum-Welch from ``num_restarts`` random models; return the best fit.

    Baum-Welch ends at the nearest stationary point of the objective, which depends on
    the start; the fit with the greatest last objective is returned.
    """
    if num_restarts < 1:
        raise UsageError(f"num_restarts is {num_restarts}; accepted are 1 and above")
    X = _as_array(observations)
    fits = [
        baum_welch(
            random_model(num_states, num_symbols, rng),
            X,
            num_iterations,
            tolerance,
            pseudo_counts,
        )
        for _ in range(num_restarts)
    ]
    return max(fits, key=lambda candidate: candidate.history[-1])


def _as_array(observations: ArrayLike) -> Integers:
    if isinstance(observations, (list, tuple)) and any(map(np.ndim, observations)):
        return stack_sequences(observations)
    return np.asarray(observations)


def _log_prior(model: HiddenMarkovModel, pseudo_counts: float) -> float:
    if pseudo_counts == 0:  # a zero entry is no loss then, not 0 * -inf
        return 0.0
    with np.errstate(divide="ignore"):
        total = sum(
            np.log(table).sum()
            for table in (model.initial, model.transition, model.emission)
        )
    return pseudo_counts * float(total)


def _frequencies(counts: Floats, pseudo_counts: float, previous: Floats) -> Floats:
    """Return counts as rows that sum to one; a row never visited stays as it was."""
    raised = counts + pseudo_counts
    total = raised.sum(-1, keepdims=True)
    # The smallest divisor is safe: where it acts, the quotient is not used.
    divisor = np.maximum(total, np.finfo(np.float64).tiny)
    return np.where(total > 0, raised / divisor, previous)
