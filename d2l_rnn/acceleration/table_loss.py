"""The training step of a net that reads a table: forward, loss and backward.

The lowest layer is :mod:`.recurrence`'s, by hand; the layers above are Gluon's fused
operator, and the loss is computed in the memory of the logits, which become their own
gradient::

    l = -1/N sum_n log softmax(y_n)[t_n],   dl/dy_n = (softmax(y_n) - onehot(t_n)) / N
"""

from __future__ import annotations

from typing import Callable, List, Sequence, Tuple

import numpy
from mxnet import autograd, np, npx

from ..arrays import Floats, Integers
from ..models.language_model import RNNModel
from ..protocols import Array
from .recognise import Architecture, parameter_names
from .recurrence import Recurrence, Weights
from .shared_memory import as_numpy
from .table_rows import TableParameters

_BLOCK = 1 << 18  # logits that the loss works on at a time: they fit into a cache


class _Objective:
    """A minibatch's loss, whose gradient can be taken once."""

    def __init__(self, backward: Callable[[], None]) -> None:
        self.backward = backward


def table_loss(
    parameters: TableParameters, X: Array, y: Array, state: Sequence[Array]
) -> Tuple[Array, List[Array]]:
    """The mean loss and the next state of a net that reads a table.

    ``parameters.objective.backward()`` then takes the gradient.

    Parameters
    ----------
    parameters : TableParameters
        Within an epoch.
    X : mxnet.np.ndarray, shape (batch_size, num_steps)
    y : mxnet.np.ndarray, shape (num_steps * batch_size,)
        Time-major.
    state : sequence of mxnet.np.ndarray
        Each (num_layers * directions, batch_size, num_hiddens).
    """
    net, table = parameters.net, parameters.table
    assert table is not None
    layers = parameters.layers(X.shape[1], X.shape[0])
    rows = table.read(X.asnumpy().T.reshape(-1).astype("int64"))
    with autograd.pause(train_mode=True):
        lowest, lowest_state = _lowest(net, layers, rows, X.shape, state)
        lowest.attach_grad()
    logits, upper_state = _above(net, lowest, state)
    with autograd.pause():
        numbers = as_numpy(logits)
        loss = np.array(mean_cross_entropy(numbers, y.asnumpy().astype("int64")))
        d_logits = logits.detach()  # the same memory
        new_state = _joined(lowest_state, upper_state)

    def backward() -> None:
        autograd.backward([logits], [d_logits])
        assert lowest.grad is not None
        with autograd.pause(train_mode=True):
            d_rows = _lowest_back(net, layers, lowest.grad)
        autograd.backward([rows], [d_rows])

    parameters.objective = _Objective(backward)
    return loss, new_state


def table_logits(
    net: RNNModel, layers: List[Recurrence], X: Array, state: Sequence[Array]
) -> Tuple[Array, List[Array]]:
    """What a net gives, its lowest layer over columns of its own weights.

    Parameters
    ----------
    net : RNNModel
        Recognised; all shapes known.
    layers : list of Recurrence
        Of :func:`~.table_rows.lowest_layers`, for X.
    X, state
        As for :func:`table_loss`.

    Returns
    -------
    logits : mxnet.np.ndarray, shape (num_steps * batch_size, vocab_size)
    state : list of mxnet.np.ndarray
    """
    ids = X.asnumpy().T.reshape(-1).astype("int64")
    known = (ids >= 0) & (ids < net.vocab_size)
    columns = numpy.where(known, ids, 0)
    # (T * B, directions * num_gates * num_hiddens)
    rows = numpy.concatenate(
        [
            as_numpy(getattr(net.rnn, f"{name}0_i2h_weight").data()).take(columns, 1).T
            for name, _ in zip("lr", layers)
        ],
        axis=1,
    )
    rows[~known] = 0
    with autograd.pause():
        lowest, low = _lowest(net, layers, np.array(rows), X.shape, state)
        logits, high = _above(net, lowest, state)
        return logits, _joined(low, high)


def _joined(lowest: List[Array], above: List[List[Array]]) -> List[Array]:
    """States of all layers."""
    pairs = zip(lowest, above)
    return [np.concatenate([low, *high], axis=0) for low, high in pairs]


def _lowest(
    net: RNNModel,
    layers: List[Recurrence],
    rows: Array,
    shape: Tuple[int, ...],
    state: Sequence[Array],
) -> Tuple[Array, List[Array]]:
    """The lowest layer's outputs, and its states, each (directions, B, h)."""
    batch_size, num_steps = shape
    given = as_numpy(rows).reshape(num_steps, batch_size, -1)
    parts = numpy.split(given, len(layers), axis=2)
    hiddens, states = [], []
    for d, (layer, part, name) in enumerate(zip(layers, parts, "lr")):
        weights, bias = _weights(net, name)
        inputs = part[::-1] if d else part
        inputs += bias
        found = layer.forward(inputs, weights, [s[d] for s in state])
        hiddens.append(found[::-1] if d else found)
        states.append([s.copy() for s in layer.state()])
    outputs: Array = np.array(numpy.concatenate(hiddens, axis=2))
    return outputs, [np.array(numpy.stack(pair)) for pair in zip(*states)]


def _weights(net: RNNModel, name: str) -> Tuple[Weights, Floats]:
    """The hidden state's weights, and what is added to the rows of the table."""
    layer = net.rnn
    W = getattr(layer, f"{name}0_h2h_weight").data()
    inside = getattr(layer, f"{name}0_h2h_bias").data()
    bias = getattr(layer, f"{name}0_i2h_bias").data().asnumpy()
    if layer._mode == "gru":  # its reset gate stands between the two
        return Weights(W, inside), bias
    return Weights(W), bias + inside.asnumpy()


def _lowest_back(net: RNNModel, layers: List[Recurrence], dY: Array) -> Array:
    """Write the lowest layer's gradients; return that of the rows it was given."""
    parts = numpy.split(dY.asnumpy(), len(layers), axis=2)
    found = []
    for d, (layer, part, name) in enumerate(zip(layers, parts, "lr")):
        weights, _ = _weights(net, name)
        own = {
            kind: getattr(net.rnn, f"{name}0_{kind}").grad()
            for kind in ("h2h_weight", "h2h_bias", "i2h_bias")
        }
        part = numpy.ascontiguousarray(part[::-1] if d else part)
        grads = layer.backward(part, weights, own["h2h_weight"])
        own["h2h_bias"][:] = grads.b
        own["i2h_bias"][:] = grads.X.sum((0, 1))
        found.append(grads.X[::-1] if d else grads.X)
    whole = numpy.concatenate(found, axis=2) if len(found) > 1 else found[0]
    rows: Array = np.array(whole.reshape(-1, whole.shape[-1]))
    return rows


def _above(
    net: RNNModel, lowest: Array, state: Sequence[Array]
) -> Tuple[Array, List[List[Array]]]:
    """Logits, and the states of the layers above the lowest."""
    model = Architecture.of(net)
    Y = lowest
    upper: List[List[Array]] = [[] for _ in state]
    if model.num_layers > 1:
        names = [n for n in parameter_names(net.rnn) if not n[1:].startswith("0_")]
        flat = [getattr(net.rnn, name).data().reshape(-1) for name in names]
        Y, *new_state = npx.rnn(
            Y,
            np.concatenate(flat),
            *(s[model.directions :] for s in state),
            state_size=model.num_hiddens,
            num_layers=model.num_layers - 1,
            bidirectional=model.directions == 2,
            mode=model.mode,
            state_outputs=True,
            p=0.0,
        )
        upper = [[s] for s in new_state]
    logits: Array = npx.fully_connected(
        Y.reshape(-1, Y.shape[-1]),
        net.dense.weight.data(),
        net.dense.bias.data(),
        num_hidden=model.units,
        flatten=False,
    )
    return logits, upper


def mean_cross_entropy(logits: Floats, targets: Integers) -> float:
    """The mean loss of logits, which become its gradient, in their own memory.

    Parameters
    ----------
    logits : numpy.ndarray, shape (N, vocab_size)
        Overwritten by ``(softmax(logits) - onehot(targets)) / N``.
    targets : numpy.ndarray of int, shape (N,)
        What lies outside of the vocabulary counts as its first or last token, as for
        Gluon's loss.

    Returns
    -------
    float
        In nats.
    """
    number, vocab_size = logits.shape
    targets = targets.clip(0, vocab_size - 1)
    size = max(1, _BLOCK // vocab_size)
    total = 0.0
    with numpy.errstate(all="ignore"):  # what is not finite is told of by the loop
        for start in range(0, number, size):
            block = logits[start : start + size]
            places = numpy.arange(len(block)), targets[start : start + size]
            block -= block.max(1, keepdims=True)
            total -= float(block[places].sum(dtype="float64"))
            numpy.exp(block, out=block)
            sums = block.sum(1, keepdims=True)
            total += float(numpy.log(sums).sum(dtype="float64"))
            block *= 1 / (number * sums)
            block[places] -= 1 / number
    return float(total / number)
