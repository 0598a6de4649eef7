"""Chapter 9, gates and both directions: right answers, and plausible wrong ones."""

from __future__ import annotations

import itertools
import math
from typing import Any, Dict, List

import numpy
from mxnet import np, npx


def _lstm(X_i: Any, X_f: Any, X_o: Any, X_c: Any, C: Any) -> Any:
    i, f, o = (npx.sigmoid(X) for X in (X_i, X_f, X_o))
    C = f * C + i * np.tanh(X_c)
    return o * np.tanh(C), C


def _tied(X_i: Any, X_f: Any, X_o: Any, X_c: Any, C: Any) -> Any:
    f, o = npx.sigmoid(X_f), npx.sigmoid(X_o)
    C = f * C + (1 - f) * np.tanh(X_c)
    return o * np.tanh(C), C


def _no_tanh(X_i: Any, X_f: Any, X_o: Any, X_c: Any, C: Any) -> Any:
    _, C = _lstm(X_i, X_f, X_o, X_c, C)
    return npx.sigmoid(X_o) * C, C


def _num_parameters(num_inputs: int, num_hiddens: int, num_layers: int) -> int:
    first = 4 * (num_inputs * num_hiddens + num_hiddens**2 + num_hiddens)
    return first + (num_layers - 1) * 4 * (2 * num_hiddens**2 + num_hiddens)


def _deep(layers: Any, inputs: Any, states: Any) -> Any:
    after = []
    for layer, state in zip(layers, states):
        inputs, state = layer(inputs, state)
        after.append(state)
    return inputs, after


def _side_by_side(layers: Any, inputs: Any, states: Any) -> Any:
    pairs = [layer(inputs, state) for layer, state in zip(layers, states)]
    return pairs[-1][0], [state for _, state in pairs]


def _states_lost(layers: Any, inputs: Any, states: Any) -> Any:
    return _deep(layers, inputs, states)[0], states


def _looks_ahead(layer: Any, num_steps: int) -> bool:
    X = numpy.random.default_rng(0).normal(size=num_steps)
    for t in range(1, num_steps):
        changed = X.copy()
        changed[t] += 1
        if (layer(X)[:t] != layer(changed)[:t]).any():
            return True
    return False


def _whole_output(layer: Any, num_steps: int) -> bool:
    X = numpy.zeros(num_steps)
    changed = X.copy()
    changed[-1] = 1
    return bool((layer(X) != layer(changed)).any())


def _neighbour_only(layer: Any, num_steps: int) -> bool:
    """Looks at the first output, when the second input is changed."""
    X = numpy.zeros(num_steps)
    changed = X.copy()
    changed[1] = 1
    return bool(layer(X)[0] != layer(changed)[0])


def _both(forward: Any, backward: Any, X: Any) -> Any:
    return numpy.concatenate([forward(X), backward(X[::-1])[::-1]], 1)


def _blanked(ids: List[int], blank: int) -> Any:
    rows = [
        [blank if k == j else t for k, t in enumerate(ids)] for j in range(len(ids))
    ]
    return rows, ids


def _likelihood(initial: Any, transition: Any, emission: Any, x: Any) -> float:
    pi = initial
    for t, symbol in enumerate(x):
        pi = pi * emission[:, symbol]
        if t < len(x) - 1:
            pi = pi @ transition
    return float(pi.sum())


def _turned_round(initial: Any, transition: Any, emission: Any, x: Any) -> float:
    return _likelihood(initial, transition.T, emission, x)


def _best_only(initial: Any, transition: Any, emission: Any, x: Any) -> float:
    pi = initial * emission[:, x[0]]
    for symbol in x[1:]:
        pi = (pi[:, None] * transition).max(0) * emission[:, symbol]
    return float(pi.max())


def _missing(pi: Any, rho: Any, emission: Any) -> Any:
    weights = pi * rho
    return weights @ emission / weights.sum()


def _best_path(initial: Any, transition: Any, emission: Any, x: Any) -> Any:
    def probability(path: Any) -> float:
        value = initial[path[0]] * emission[path[0], x[0]]
        for t in range(1, len(x)):
            value *= transition[path[t - 1], path[t]] * emission[path[t], x[t]]
        return float(value)

    return max(itertools.product(range(len(initial)), repeat=len(x)), key=probability)


def _best_states(initial: Any, transition: Any, emission: Any, x: Any) -> Any:
    """The likeliest state of each step by itself."""
    pis = [initial]
    for symbol in x[:-1]:
        pis.append((pis[-1] * emission[:, symbol]) @ transition)
    rhos = [numpy.ones(len(initial))]
    for symbol in x[:0:-1]:
        rhos.insert(0, transition @ (emission[:, symbol] * rhos[0]))
    terms = zip(pis, rhos, x)
    return [int((pi * emission[:, symbol] * rho).argmax()) for pi, rho, symbol in terms]


def _greedy_path(initial: Any, transition: Any, emission: Any, x: Any) -> Any:
    path = [int((initial * emission[:, x[0]]).argmax())]
    for symbol in x[1:]:
        path.append(int((transition[path[-1]] * emission[:, symbol]).argmax()))
    return path


def _from_both(left: Any, right: Any, unigram: Any) -> Any:
    product = left * right / unigram
    return product / product.sum()


def _accuracy(probabilities: Any, targets: Any, k: int) -> float:
    best = numpy.argsort(-probabilities, axis=1)[:, :k]
    return float((best == targets[:, None]).any(1).mean())


def _least(probabilities: Any, targets: Any, k: int) -> float:
    best = numpy.argsort(probabilities, axis=1)[:, :k]
    return float((best == targets[:, None]).any(1).mean())


#: check -> the right answer, and wrong ones.
ANSWERS: Dict[str, List[Any]] = {
    "check_9_1_a": [(0, 1), (1, 1), (0, 0), (1, 0), (0.5, 0.5)],
    "check_9_1_b": [
        lambda X, R, H, W, b: np.tanh(X + R * (np.dot(H, W) + b)),
        lambda X, R, H, W, b: np.tanh(X + np.dot(R * H, W) + b),
        lambda X, R, H, W, b: np.tanh(X + R * np.dot(H, W) + b),
        lambda X, R, H, W, b: X + R * (np.dot(H, W) + b),
    ],
    "check_9_1_c": [
        lambda z: math.log(0.5) / math.log(z),
        lambda z: 0.5 / (1 - z),
        lambda z: math.log(0.5) / math.log(1 - z),
        lambda z: math.ceil(math.log(0.5) / math.log(z) - 1e-9),
    ],
    "check_9_2_a": [_lstm, _tied, _no_tanh, lambda *a: _lstm(*a)[::-1]],
    "check_9_2_b": [
        lambda i, f, o, c: np.concatenate([i.T, f.T, c.T, o.T]),
        lambda i, f, o, c: np.concatenate([i.T, f.T, o.T, c.T]),
        lambda i, f, o, c: np.concatenate([i, f, c, o], axis=1),
        lambda i, f, o, c: np.concatenate([i, f, c, o], axis=1).reshape(-1, i.shape[0]),
    ],
    "check_9_2_c": [
        lambda n: -math.log(2 ** (1 / n) - 1),
        lambda n: 0.5 ** (1 / n),  # the gate itself
        lambda n: math.log(n),
    ],
    "check_9_3_a": [
        _num_parameters,
        lambda i, h, n: n * _num_parameters(i, h, 1),
        lambda i, h, n: _num_parameters(i, h, n) - 4 * h * n,
    ],
    "check_9_3_b": [_deep, _side_by_side, _states_lost],
    "check_9_3_c": [
        lambda layers, steps: layers + steps - 1,
        lambda layers, steps: layers * steps,
        lambda layers, steps: layers + steps,
        lambda layers, steps: max(layers, steps),
    ],
    "check_9_4_a": [
        _looks_ahead,
        _whole_output,
        _neighbour_only,
        lambda layer, num_steps: True,
    ],
    "check_9_4_b": [
        _both,
        lambda f, b, X: numpy.concatenate([f(X), b(X[::-1])], 1),
        lambda f, b, X: numpy.concatenate([f(X), b(X)], 1),
        lambda f, b, X: _both(b, f, X),
    ],
    "check_9_4_c": [
        _blanked,
        lambda ids, blank: (_blanked(ids, blank)[0], [*ids[1:], blank]),
        lambda ids, blank: ([ids] * len(ids), ids),
        lambda ids, blank: ([[blank] * len(ids)] * len(ids), ids),
    ],
    "check_hmm_a": [_likelihood, _turned_round, _best_only],
    "check_hmm_b": [
        _missing,
        lambda pi, rho, emission: (pi * rho) @ emission,
        lambda pi, rho, emission: pi @ emission / pi.sum(),
        lambda pi, rho, emission: (pi + rho) @ emission / (pi + rho).sum(),
    ],
    "check_hmm_c": [_best_path, _best_states, _greedy_path],
    "check_cloze_a": [
        _from_both,
        lambda left, right, unigram: left * right / (left * right).sum(),
        lambda left, right, unigram: (left + right) / 2,
        lambda left, right, unigram: left * right / unigram,
    ],
    "check_cloze_b": [
        _accuracy,
        lambda p, targets, k: _accuracy(p, targets, 1),
        _least,
    ],
    "check_cloze_c": [
        lambda num_steps, j: (j - 1, j + 1),
        lambda num_steps, j: (j, j),
        lambda num_steps, j: (j - 1, min(j + 1, num_steps - 1)),
        lambda num_steps, j: (j - 2, j + 2),
    ],
}
