"""One hidden sequence of a hidden Markov model: the most probable, or a drawn one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Optional

import numpy as np

from ..arrays import Floats, Integers
from ..errors import UsageError
from .hmm import HiddenMarkovModel, symbol_likelihoods, symbol_rows

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


class BestPath(NamedTuple):
    """What ``viterbi`` returns."""

    #: The most probable h_1..h_T, shape (num_steps,), integers.
    states: Integers
    #: log P(x, h) of this path in nats, a number; missing x_t are summed out.
    log_probability: Floats


class Sample(NamedTuple):
    """What ``sample`` returns; both arrays have shape (num_steps,)."""

    states: Integers
    observations: Integers


def viterbi(model: HiddenMarkovModel, observations: ArrayLike) -> BestPath:
    r"""Find the hidden sequence of greatest probability (Viterbi, 1967).

    .. math:: \delta_{t+1}(h_{t+1}) = P(x_{t+1} \mid h_{t+1})
        \max_{h_t} \delta_t(h_t) P(h_{t+1} \mid h_t),
        \quad \delta_1(h_1) = P(h_1) P(x_1 \mid h_1)

    in logarithms. Of equally probable paths, the one with the lowest last state is
    taken, then the lowest state before it, and so on back to the first.

    Parameters
    ----------
    observations : array of int, shape (num_steps,) or (batch_size, num_steps)

    Raises
    ------
    UsageError
        If the observations are malformed or have probability zero.
    """
    rows = symbol_rows(model, observations)
    batch_size, num_steps = rows.shape
    with np.errstate(divide="ignore"):
        log_initial = np.log(model.initial)
        # Columns are h_t, so that the maximum runs over contiguous memory.
        log_transition = np.log(model.transition.T)
        log_likelihoods = np.log(symbol_likelihoods(model))

    # (batch_size, num_states)
    delta = log_initial + log_likelihoods[rows[:, 0]]
    # (batch_size, num_states, num_states): h_{t+1}, then h_t
    candidates = np.empty((batch_size,) + log_transition.shape)
    # (num_steps, batch_size, num_states): the best h_t before each h_{t+1}
    best = np.empty((num_steps, batch_size, model.num_states), dtype=np.intp)
    for t in range(1, num_steps):
        np.add(delta[:, None, :], log_transition, out=candidates)
        np.argmax(candidates, axis=-1, out=best[t])
        np.max(candidates, axis=-1, out=delta)
        delta += log_likelihoods[rows[:, t]]

    log_probability = delta.max(-1)
    if np.isneginf(log_probability).any():
        raise UsageError("the observations have probability zero under the model")
    # (batch_size, num_steps)
    states = np.empty((batch_size, num_steps), dtype=np.intp)
    states[:, -1] = delta.argmax(-1)
    every_row = np.arange(batch_size)
    for t in range(num_steps - 1, 0, -1):
        states[:, t - 1] = best[t, every_row, states[:, t]]
    if np.ndim(observations) == 1:
        return BestPath(states[0], log_probability[0])
    return BestPath(states, log_probability)


def sample(
    model: HiddenMarkovModel,
    num_steps: int,
    rng: np.random.Generator,
    batch_size: Optional[int] = None,
) -> Sample:
    """Draw hidden states and observations from P(x, h).

    Returns
    -------
    Sample
        Arrays of shape (num_steps,), or (batch_size, num_steps) if ``batch_size`` is
        given.

    Raises
    ------
    UsageError
        If ``num_steps`` or ``batch_size`` is below one.
    """
    num_rows = 1 if batch_size is None else batch_size
    if num_steps < 1 or num_rows < 1:
        raise UsageError(
            f"num_steps {num_steps} and batch_size {num_rows} must be at least 1"
        )
    transition = _cumulative(model.transition)
    emission = _cumulative(model.emission)
    # (num_steps, num_rows)
    states = np.empty((num_steps, num_rows), dtype=np.intp)
    observations = np.empty((num_steps, num_rows), dtype=np.intp)
    uniform = rng.random((2, num_steps, num_rows))
    row = _cumulative(model.initial)
    for t in range(num_steps):
        states[t] = _draw(row, uniform[0, t])
        observations[t] = _draw(emission[states[t]], uniform[1, t])
        row = transition[states[t]]
    if batch_size is None:
        return Sample(states[:, 0], observations[:, 0])
    return Sample(states.T, observations.T)


def _cumulative(probabilities: Floats) -> Floats:
    """Return cumulative sums over the last axis that end at exactly one."""
    total = np.cumsum(probabilities, axis=-1)
    return np.asarray(total / total[..., -1:])


def _draw(cumulative: Floats, uniform: Floats) -> Integers:
    """Return the first index whose cumulative probability exceeds ``uniform``."""
    return np.asarray((cumulative <= uniform[:, None]).sum(-1))
