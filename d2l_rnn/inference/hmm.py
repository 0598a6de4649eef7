r"""Hidden Markov models: exact sums over all hidden sequences (Section 9.4).

.. math::
    P(x, h) = P(h_1) \prod_{t=2}^T P(h_t \mid h_{t-1}) \prod_{t=1}^T P(x_t \mid h_t)

with hidden states h_t in {0, ..., num_states - 1} and observed symbols x_t in
{0, ..., num_symbols - 1}. A sum over the num_states ** T hidden sequences is a
product of matrices, and the book's two recursions evaluate it from either end:

.. math::
    \pi_{t+1}(h_{t+1}) &= \sum_{h_t} \pi_t(h_t) P(x_t \mid h_t) P(h_{t+1} \mid h_t),
    \quad \pi_1(h_1) = P(h_1)

    \rho_{t-1}(h_{t-1}) &= \sum_{h_t} P(h_t \mid h_{t-1}) P(x_t \mid h_t) \rho_t(h_t),
    \quad \rho_T(h_T) = 1

so that P(x) is the sum over h of pi_t(h) P(x_t | h) rho_t(h), at every t. Both are
scaled at every step (Rabiner, "A tutorial on hidden Markov models", 1989, Section
V.A), so the length does not matter. A state that is less likely than 1e-308 given
the past counts as impossible.

Observations are integers of shape (num_steps,), or (batch_size, num_steps) for
several sequences, and results follow with or without the batch axis. ``MISSING``
marks a symbol that was not seen: it is summed out, wherever it stands. Best and
drawn hidden sequences are in ``hmm_paths``, learning is in ``hmm_learning``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Tuple, TypeVar

import numpy as np

from ..arrays import Floats, Integers
from ..errors import UsageError
from .hmm_recursion import recursion

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Result = TypeVar("Result", bound=Tuple[Floats, ...])

#: The symbol of an observation that was not seen.
MISSING = -1


@dataclass(frozen=True, eq=False)
class HiddenMarkovModel:
    """The three tables of a hidden Markov model with discrete emissions.

    Parameters
    ----------
    initial : array, shape (num_states,)
        P(h_1).
    transition : array, shape (num_states, num_states)
        P(h_{t+1} | h_t): row h_t, column h_{t+1}.
    emission : array, shape (num_states, num_symbols)
        P(x_t | h_t): row h_t, column x_t.

    The tables are copied as float64 and made read-only. Rows that sum to one within
    1e-6 are divided by their sum.

    Raises
    ------
    UsageError
        If shapes disagree, or a table holds a negative or non-finite number or a row
        that does not sum to one.
    """

    initial: Floats
    transition: Floats
    emission: Floats

    def __post_init__(self) -> None:
        for name in ("initial", "transition", "emission"):
            object.__setattr__(self, name, _probabilities(name, getattr(self, name)))
        num_states = self.initial.shape[0]
        if self.initial.ndim != 1:
            raise UsageError(f"initial has shape {self.initial.shape}, not one axis")
        if self.transition.shape != (num_states, num_states):
            raise UsageError(
                f"transition has shape {self.transition.shape}, and initial asks for "
                f"{(num_states, num_states)}"
            )
        if self.emission.ndim != 2 or self.emission.shape[0] != num_states:
            raise UsageError(
                f"emission has shape {self.emission.shape}, and initial asks for "
                f"({num_states}, num_symbols)"
            )

    @property
    def num_states(self) -> int:
        """Number of values of h_t."""
        return int(self.initial.shape[0])

    @property
    def num_symbols(self) -> int:
        """Number of values of x_t."""
        return int(self.emission.shape[1])


class Forward(NamedTuple):
    """What ``forward`` returns; the book's pi_t is exp(log_scales[t]) * pi[t]."""

    #: P(h_t | x_1..x_{t-1}), shape (num_steps, num_states).
    pi: Floats
    #: log P(x_1..x_{t-1}) in nats, shape (num_steps,).
    log_scales: Floats
    #: log P(x_1..x_T) in nats, a number; -inf where the model excludes x.
    log_likelihood: Floats


class Backward(NamedTuple):
    """What ``backward`` returns; the book's rho_t is exp(log_scales[t]) * rho[t]."""

    #: P(x_{t+1}..x_T | h_t) up to a factor that is the same for all h_t,
    #: shape (num_steps, num_states).
    rho: Floats
    #: The logarithm of that factor in nats, shape (num_steps,).
    log_scales: Floats


class Posterior(NamedTuple):
    """Distributions of each hidden state; all of shape (num_steps, num_states)."""

    #: log P(x_1..x_T) in nats, a number.
    log_likelihood: Floats
    #: P(h_t | x_1..x_{t-1}).
    predicted: Floats
    #: P(h_t | x_1..x_t).
    filtered: Floats
    #: P(h_t | x_1..x_T).
    smoothed: Floats
    #: P(h_t | x_1..x_{t-1}, x_{t+1}..x_T): all observations but the one at t.
    left_out: Floats


class Score(NamedTuple):
    """Two sums that give a perplexity: exp(-log_likelihood / num_observed)."""

    #: Sum of log P(x) over the sequences, in nats.
    log_likelihood: float
    #: Number of observed (not missing) symbols.
    num_observed: int


def forward(model: HiddenMarkovModel, observations: ArrayLike) -> Forward:
    """Run the book's pi recursion from the first step to the last.

    Raises
    ------
    UsageError
        If the observations are not integers of one or two axes in
        [-1, num_symbols). All functions of this module raise it.
    """
    return _like(observations, _forward(model, symbol_rows(model, observations)))


def backward(model: HiddenMarkovModel, observations: ArrayLike) -> Backward:
    """Run the book's rho recursion from the last step to the first."""
    return _like(observations, _backward(model, symbol_rows(model, observations)))


def log_likelihood(model: HiddenMarkovModel, observations: ArrayLike) -> Floats:
    """Return log P(x_1..x_T) in nats: a number, or shape (batch_size,)."""
    return forward(model, observations).log_likelihood


def score(model: HiddenMarkovModel, observations: ArrayLike) -> Score:
    """Return the summed log likelihood and the number of observed symbols."""
    rows = symbol_rows(model, observations)
    total = _forward(model, rows).log_likelihood.sum()
    return Score(float(total), int((rows != model.num_symbols).sum()))


def posterior(model: HiddenMarkovModel, observations: ArrayLike) -> Posterior:
    r"""Return the distributions of every h_t given the past, or past and future.

    predicted is :math:`\pi_t`, filtered :math:`\pi_t(h) P(x_t \mid h)`, smoothed
    :math:`\pi_t(h) P(x_t \mid h) \rho_t(h)` and left_out :math:`\pi_t(h) \rho_t(h)`,
    each divided by its sum over h.

    Raises
    ------
    UsageError
        If the observations have probability zero under the model.
    """
    rows = symbol_rows(model, observations)
    pi, _, total = _forward(model, rows)
    rho = _backward(model, rows).rho
    # (batch_size, num_steps, num_states)
    likelihood = symbol_likelihoods(model)[rows]
    filtered = _normalised(pi * likelihood)
    result = Posterior(
        log_likelihood=total,
        predicted=pi,
        filtered=filtered,
        smoothed=_normalised(filtered * rho),
        left_out=_normalised(pi * rho),
    )
    return _like(observations, result)


def pair_marginals(model: HiddenMarkovModel, observations: ArrayLike) -> Floats:
    """Return P(h_t, h_{t+1} | x), shape (num_steps - 1, num_states, num_states).

    Entry [t, i, j] belongs to h_t = i and h_{t+1} = j. ``expected_counts`` in
    ``hmm_learning`` sums them over t without making this large array.

    Raises
    ------
    UsageError
        If the observations have probability zero under the model.
    """
    rows = symbol_rows(model, observations)
    likelihood = symbol_likelihoods(model)[rows]
    filtered = _normalised(_forward(model, rows).pi * likelihood)
    future = likelihood * _backward(model, rows).rho
    # (batch_size, num_steps - 1, num_states, num_states)
    pairs = filtered[:, :-1, :, None] * model.transition * future[:, 1:, None, :]
    total = pairs.sum((-2, -1), keepdims=True)
    refuse_impossible(total)
    pairs /= total
    return np.asarray(pairs if np.ndim(observations) == 2 else pairs[0])


def predict_missing(model: HiddenMarkovModel, observations: ArrayLike) -> Floats:
    r"""Return P(x_j | x_{-j}) for every j, shape (num_steps, num_symbols).

    .. math:: P(x_j \mid x_{-j}) \propto \sum_h \pi_j(h) \rho_j(h) P(x_j \mid h)

    Row j does not depend on the symbol at j, only on all the others, so one pass
    over both recursions answers for all j at once (Section 9.4).

    Raises
    ------
    UsageError
        If the observations have probability zero under the model.
    """
    return posterior(model, observations).left_out @ model.emission


def symbol_rows(model: HiddenMarkovModel, observations: ArrayLike) -> Integers:
    """Check observations; return row numbers of ``symbol_likelihoods(model)``."""
    X = np.asarray(observations)
    if X.ndim not in (1, 2) or X.size == 0 or X.dtype.kind not in "iu":
        raise UsageError(
            f"observations are {X.dtype} of shape {X.shape}; accepted are integers of "
            "shape (num_steps,) or (batch_size, num_steps), at least one"
        )
    for extreme in (X.min(), X.max()):
        if not MISSING <= extreme < model.num_symbols:
            raise UsageError(
                f"observations hold the symbol {extreme}; accepted are 0 to "
                f"{model.num_symbols - 1}, and {MISSING} for a missing one"
            )
    # (batch_size, num_steps)
    return np.asarray(np.atleast_2d(np.where(X == MISSING, model.num_symbols, X)))


def symbol_likelihoods(model: HiddenMarkovModel) -> Floats:
    """Return P(x | h) by symbol, and a last row of ones for a missing symbol."""
    # (num_symbols + 1, num_states)
    return np.concatenate([model.emission.T, np.ones((1, model.num_states))])


def refuse_impossible(total: Floats) -> None:
    """Raise UsageError if a sum that is about to divide is zero."""
    if not total.all():
        raise UsageError("the observations have probability zero under the model")


def _forward(model: HiddenMarkovModel, rows: Integers) -> Forward:
    vectors, scales = recursion(
        model.initial, rows, symbol_likelihoods(model), model.transition
    )
    log_scales = np.log(scales)
    # The vector after the last step sums to one, or to zero if x is impossible.
    with np.errstate(divide="ignore"):
        end = np.log(vectors[:, -1].sum(-1))
    before = np.cumsum(log_scales, axis=1) - log_scales
    return Forward(vectors[:, :-1], before, log_scales.sum(1) + end)


def _backward(model: HiddenMarkovModel, rows: Integers) -> Backward:
    # rho obeys the recursion of pi with time and transition matrix turned round:
    # rho_{t-1} = (rho_t * P(x_t | .)) @ transition.T.
    vectors, scales = recursion(
        np.ones(model.num_states),
        rows[:, ::-1],
        symbol_likelihoods(model),
        model.transition.T,
    )
    log_scales = np.log(scales)
    after = np.cumsum(log_scales, axis=1) - log_scales
    return Backward(vectors[:, -2::-1], after[:, ::-1])


def _probabilities(name: str, table: ArrayLike) -> Floats:
    """Return a read-only float64 copy whose rows sum to one."""
    array = np.array(table, dtype=np.float64, ndmin=1)
    if array.size == 0 or not np.isfinite(array).all() or (array < 0).any():
        raise UsageError(f"{name} must hold finite probabilities, none below zero")
    total = array.sum(-1, keepdims=True)
    worst = float(total.flat[np.abs(total - 1).argmax()])
    if abs(worst - 1) > 1e-6:
        raise UsageError(f"{name} has a row that sums to {worst:g}, not to 1")
    array /= total
    array.setflags(write=False)
    return array


def _normalised(joint: Floats) -> Floats:
    total = joint.sum(-1, keepdims=True)
    refuse_impossible(total)
    joint /= total
    return joint


def _like(observations: ArrayLike, result: Result) -> Result:
    """Drop the batch axis of each field if the observations have none."""
    if np.ndim(observations) == 2:
        return result
    return type(result)(*(field[0] for field in result))
