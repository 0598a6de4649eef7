"""The matrix products of a training step: shapes and operations.

Beside them a step has only what is linear in its arrays: gates, biases, the loss.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, List, Tuple

if TYPE_CHECKING:
    from .serving import SentWorkload

# m x k times k x n, so many times
Product = Tuple[int, int, int, int]
GATES = {"rnn": 1, "gru": 3, "lstm": 4}


def products(workload: SentWorkload) -> List[Product]:
    """The matrix products of a training step of a language model.

    Input projections and weight gradients of all steps count as one product each, the
    recurrent ones as one a step and pass. No gradient is taken of the one-hot inputs.

    Returns
    -------
    list of (m, k, n, times)
        A product of (m, k) and (k, n) takes ``2 m k n`` operations.
    """
    rows = workload["batch_size"] * workload["num_steps"]
    num_hiddens, num_steps = workload["num_hiddens"], workload["num_steps"]
    directions = 1 + workload["bidirectional"]
    gates = GATES[workload["cell"]] * num_hiddens
    width = workload["vocab_size"]
    result = []
    for layer in range(workload["num_layers"]):
        result += directions * [
            (rows, width, gates, 1),
            (workload["batch_size"], num_hiddens, gates, num_steps),
            (workload["batch_size"], gates, num_hiddens, num_steps),
            (gates, rows, width, 1),
            (gates, rows, num_hiddens, 1),
        ]
        if layer > 0:
            result += directions * [(rows, gates, width, 1)]
        width = directions * num_hiddens
    vocab_size = workload["vocab_size"]
    result += [
        (rows, width, vocab_size, 1),
        (rows, vocab_size, width, 1),
        (vocab_size, rows, width, 1),
    ]
    return result


def operations(workload: SentWorkload) -> int:
    """Floating-point operations of :func:`products`."""
    return sum(2 * m * k * n * times for m, k, n, times in products(workload))
