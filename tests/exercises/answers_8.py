"""Chapter 8: of each exercise a right answer and two that a reader may well give."""

from __future__ import annotations

from typing import Any, Dict, List

import numpy
from mxnet import np, npx


def perplexity(log_probs: Any) -> Any:
    return np.exp(-log_probs.mean())


def _clipped(grads: List[Any], theta: float) -> List[Any]:
    norm = float(np.sqrt(sum((grad**2).sum() for grad in grads)))
    return [grad * min(1, theta / norm) for grad in grads]


def _each_clipped(grads: List[Any], theta: float) -> List[Any]:
    return [_clipped([grad], theta)[0] for grad in grads]


def _entries_clipped(grads: List[Any], theta: float) -> List[Any]:
    return [np.clip(grad, -theta, theta) for grad in grads]


def _softmax(logits: Any, temperature: float) -> Any:
    return npx.softmax(logits / temperature)


def _continued(step: Any, prefix: List[int], num_preds: int) -> List[int]:
    state, outputs = None, list(prefix)
    for token in prefix:
        scores, state = step(token, state)
    for _ in range(num_preds):
        outputs.append(int(scores.argmax()))
        scores, state = step(outputs[-1], state)
    return outputs


def _without_warm_up(step: Any, prefix: List[int], num_preds: int) -> List[int]:
    return prefix[:-1] + _continued(step, prefix[-1:], num_preds)


def _last_read_twice(step: Any, prefix: List[int], num_preds: int) -> List[int]:
    state, outputs = None, list(prefix)
    for token in prefix:
        _, state = step(token, state)
    for _ in range(num_preds):
        scores, state = step(outputs[-1], state)
        outputs.append(int(scores.argmax()))
    return outputs


def _gradient(w: float, xs: Any, length: int = 1000) -> float:
    h, states = 0.0, [0.0]
    for x in xs:
        h = float(numpy.tanh(w * h + x))
        states.append(h)
    total, factor = 0.0, 1.0
    for t in range(len(xs), max(0, len(xs) - length), -1):
        factor *= 1 - states[t] ** 2
        total += factor * states[t - 1]
        factor *= w
    return total


def _weight_forgotten(w: float, xs: Any) -> float:
    """As if every state were there for the last one without the weight between."""
    h, total = 0.0, 0.0
    for x in xs:
        total = (1 - float(numpy.tanh(w * h + x)) ** 2) * (h + total)
        h = float(numpy.tanh(w * h + x))
    return total


def _states_cut_too(w: float, xs: Any, length: int) -> float:
    return _gradient(w, xs[-length:])


def _factors(num_steps: int, p: float, rng: Any) -> Any:
    return (rng.random(num_steps) < p) / p


def _not_made_up_for(num_steps: int, p: float, rng: Any) -> Any:
    return 1.0 * (rng.random(num_steps) < p)


def _wrong_probability(num_steps: int, p: float, rng: Any) -> Any:
    return (rng.random(num_steps) < 1 - p) / (1 - p)


def _score_gradient(scores: Any, targets: Any) -> Any:
    exps = numpy.exp(scores)
    probabilities = exps / exps.sum(1, keepdims=True)
    return (probabilities - numpy.eye(scores.shape[1])[targets]) / len(scores)


def _state_gradients(W: Any, states: Any, from_outputs: Any) -> Any:
    carried, dz = numpy.zeros(len(W)), numpy.empty_like(states)
    for t in reversed(range(len(states))):
        dz[t] = (1 - states[t] ** 2) * (from_outputs[t] + carried)
        carried = W.T @ dz[t]
    return dz


def _not_transposed(W: Any, states: Any, from_outputs: Any) -> Any:
    return _state_gradients(W.T, states, from_outputs)


def _from_outputs_only(W: Any, states: Any, from_outputs: Any) -> Any:
    return (1 - states**2) * from_outputs


def _numerical(loss: Any, w: Any) -> Any:
    gradient = numpy.empty_like(w)
    for place in numpy.ndindex(*w.shape):
        step = numpy.zeros_like(w)
        step[place] = 1e-5
        gradient[place] = (loss(w + step) - loss(w - step)) / 2e-5
    return gradient


def _one_sided(loss: Any, w: Any) -> Any:
    gradient = numpy.empty_like(w)
    for place in numpy.ndindex(*w.shape):
        step = numpy.zeros_like(w)
        step[place] = 1e-5
        gradient[place] = (loss(w + step) - loss(w)) / 1e-5
    return gradient


def _step_left(loss: Any, w: Any) -> Any:
    gradient = numpy.empty_like(w)
    for place in numpy.ndindex(*w.shape):
        w[place] += 1e-5
        above = loss(w)
        w[place] -= 3e-5
        gradient[place] = (above - loss(w)) / 4e-5
    return gradient


def _hidden_state(X: Any, W_xh: Any, W_hh: Any, b_h: Any) -> Any:
    H = numpy.zeros((X.shape[1], len(b_h)))
    for step in X:
        H = numpy.tanh(step @ W_xh + H @ W_hh + b_h)
    return H


#: check -> the right answer, and wrong ones.
ANSWERS: Dict[str, List[Any]] = {
    "check_8_4_a": [
        _hidden_state,
        lambda X, W_xh, W_hh, b_h: numpy.tanh(X[-1] @ W_xh + b_h),
        lambda X, W_xh, W_hh, b_h: _hidden_state(X, W_xh, W_hh.T, b_h),
        lambda X, W_xh, W_hh, b_h: _hidden_state(X[::-1], W_xh, W_hh, b_h),
    ],
    "check_8_4_b": [
        lambda W_xh, W_hh: numpy.vstack([W_xh, W_hh]),
        lambda W_xh, W_hh: numpy.vstack([W_hh, W_xh]),
        lambda W_xh, W_hh: numpy.vstack([W_xh, W_hh]).T,
    ],
    "check_8_4_c": [
        lambda states, lengths: states[lengths - 1, numpy.arange(len(lengths))],
        lambda states, lengths: states[-1],
        lambda states, lengths: states[lengths - 2, numpy.arange(len(lengths))],
        lambda states, lengths: states[: lengths.max()].mean(axis=0),
    ],
    "check_8_5_a": [
        perplexity,
        lambda log_probs: np.exp(-log_probs.sum()),
        lambda log_probs: (1 / np.exp(log_probs)).mean(),
        lambda log_probs: 1 / np.exp(log_probs).mean(),
    ],
    "check_8_5_b": [_clipped, _each_clipped, _entries_clipped, lambda g, theta: g],
    "check_8_5_c": [
        lambda v, h: v * h + h * h + h + h * v + v,
        lambda v, h: v * h + h * h + h * v,  # no biases
        lambda v, h: v * h + h + h * v + v,  # no way from state to state
    ],
    "check_8_6_a": [
        lambda Y: Y.T.reshape(-1),
        lambda Y: Y.reshape(-1),
        lambda Y: Y.T,
    ],
    "check_8_6_b": [
        _softmax,
        lambda logits, T: npx.softmax(logits) / T,
        lambda logits, T: npx.softmax(logits * T),
        lambda logits, T: np.exp(logits / T) / np.exp(logits / T).sum(),
    ],
    "check_8_6_c": [_continued, _without_warm_up, _last_read_twice],
    "check_8_7_a": [
        _gradient,
        lambda w, xs: _gradient(w, xs, 1),
        _weight_forgotten,
    ],
    "check_8_7_b": [
        _gradient,
        lambda w, xs, length: _gradient(w, xs),
        lambda w, xs, length: _gradient(w, xs, length + 1),
        _states_cut_too,
    ],
    "check_8_7_c": [
        _factors,
        _not_made_up_for,
        _wrong_probability,
        lambda num_steps, p, rng: rng.normal(1, 0.1, num_steps),
    ],
    "check_bptt_a": [
        _score_gradient,
        lambda scores, targets: len(scores) * _score_gradient(scores, targets),
        lambda scores, targets: -_score_gradient(scores, targets),
        lambda scores, targets: -numpy.eye(scores.shape[1])[targets] / len(scores),
    ],
    "check_bptt_b": [_state_gradients, _not_transposed, _from_outputs_only],
    "check_bptt_c": [_numerical, _one_sided, _step_left],
}
