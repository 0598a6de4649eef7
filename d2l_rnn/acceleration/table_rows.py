"""A large vocabulary: the one-hot product as rows of a table, the loss without copies.

Of the weights that a one-hot input is multiplied by, a minibatch reads the columns of
its own tokens, and they alone have a gradient. While an epoch runs these weights lie as
a table, a row a token; the gradient is of the rows that were read, and the others stay
untouched. The loss is computed in the memory of the logits, which become their own
gradient::

    l = -1/N sum_n log softmax(y_n)[t_n],   dl/dy_n = (softmax(y_n) - onehot(t_n)) / N

The sums are other ones than the plain path's: the numbers agree to rounding, 1e-5 over
a curve, and not bit for bit. It is taken from ``TABLE_FROM`` tokens on, below which the
packed parameters are as fast.
"""

from __future__ import annotations

import math
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import numpy
from mxnet import autograd, nd, np, npx

from ..arrays import Floats, Integers
from ..models.language_model import RNNModel
from ..protocols import Array
from ..training.parameters import (
    Parameters,
    Trainable,
    as_row,
    blocks_of,
    clipping_factor,
    descend,
    norm_of_blocks,
    trainables,
)
from .packed import settle
from .recognise import Architecture, parameter_names
from .recurrence import KINDS, Recurrence, Weights
from .shared_memory import as_numpy

#: Tokens in the vocabulary from which on a table is read: see docs/cost.md.
TABLE_FROM = 600
_ROWS = 32
_BLOCK = 1 << 18  # logits that the loss works on at a time: they fit into a cache


def reads_table(net: RNNModel) -> bool:
    """Whether a recognised net's vocabulary is large enough, on a CPU."""
    if net.vocab_size < TABLE_FROM:
        return False
    (ctx,) = next(iter(net.collect_params().values())).list_ctx()
    return bool(ctx.device_type == "cpu")


class Table:
    """The lowest layer's input weights, a row a token; of both directions beside.

    Parameters
    ----------
    net : RNNModel
        Recognised; all shapes known.

    Attributes
    ----------
    rows : mxnet.nd.NDArray, shape (vocab_size, directions * num_gates * num_hiddens)
    grad : row_sparse, of the same shape
        Of the rows that the last minibatch read.
    """

    def __init__(self, net: RNNModel) -> None:
        model = Architecture.of(net)
        self.weights = [
            getattr(net.rnn, f"{direction}0_i2h_weight")
            for direction in ["l", "r"][: model.directions]
        ]
        arrays = [as_numpy(weight.data()) for weight in self.weights]
        width = sum(len(array) for array in arrays)
        self.rows = nd.empty((model.vocab_size, width))
        self._numbers = as_numpy(self.rows.as_np_ndarray())
        self.grad = nd.sparse.zeros("row_sparse", self.rows.shape)
        autograd.mark_variables([self.rows], [self.grad])
        self.gather()

    def _columns(self, whole: Floats) -> List[Floats]:
        return numpy.split(whole, len(self.weights), axis=1)

    def gather(self) -> None:
        """Fill the table from the net's arrays."""
        for weight, part in zip(self.weights, self._columns(self._numbers)):
            _transpose(as_numpy(weight.data()), part)

    def scatter(self, factor: Optional[float]) -> None:
        """Fill the net's arrays, and the gradients with what there is of them.

        Parameters
        ----------
        factor : float, optional
            What the gradient is multiplied by; None leaves the net's gradients alone.
        """
        for weight, part in zip(self.weights, self._columns(self._numbers)):
            _transpose(part, as_numpy(weight.data()))
        if factor is None:
            return
        read = self.grad.indices.asnumpy()
        found = factor * self.grad.data.asnumpy()
        for weight, part in zip(self.weights, self._columns(found)):
            grad = as_numpy(weight.grad())
            grad[:] = 0
            grad[:, read] = part.T

    def read(self, ids: Integers) -> Array:
        """Rows of tokens, (len(ids), width); under ``record`` they have a gradient.

        An id that is no token's is an input of noughts, as one-hot makes it.
        """
        size, width = self.rows.shape
        known = (ids >= 0) & (ids < size)
        rows = nd.Embedding(
            nd.array(numpy.where(known, ids, 0)),
            self.rows,
            input_dim=size,
            output_dim=width,
            sparse_grad=True,
        )
        if not known.all():
            rows = rows * nd.array(known[:, None])
        found: Array = rows.as_np_ndarray()
        return found


def _transpose(source: Floats, target: Floats) -> None:
    """Some rows at a time: NumPy's own walks through memory and takes three times."""
    for start in range(0, len(source), _ROWS):
        target[:, start : start + _ROWS] = source[start : start + _ROWS].T


class TableParameters(Parameters):
    """Parameters of a net that reads a table while an epoch runs, where it may.

    Parameters
    ----------
    net : RNNModel
    reason : callable
        Why it may not, asked when an epoch begins; empty where it may.
    """

    def __init__(self, net: RNNModel, reason: Callable[[], str]) -> None:
        super().__init__(lambda: trainables(net))
        self.net, self._reason = net, reason
        self._factor: Optional[Array] = None
        #: What the net reads now.
        self.table: Optional[Table] = None
        self._layers: Dict[Tuple[int, int], List[Recurrence]] = {}
        #: The last minibatch's, whose gradient is not taken yet.
        self.objective: Any = None

    def __enter__(self) -> TableParameters:
        reason = self._reason()
        self.path = f"plain: {reason}" if reason else "table"
        if not reason:
            settle(self.net)
            self.table, self._factor = Table(self.net), None
        return self

    def __exit__(self, *exception: object) -> None:
        super().__exit__(*exception)
        table, self.table = self.table, None
        self._layers, self.objective = {}, None
        if table is not None:
            factor = self._factor
            table.scatter(None if factor is None else float(factor))
            if factor is not None:
                for t in self._beside(table):
                    t.grad[:] = t.grad * factor

    def trained(self) -> List[Trainable]:
        """The net's own arrays; while a table is read only :meth:`sgd` knows them."""
        if self.table is not None:
            raise RuntimeError("what reads a table is moved by sgd alone")
        return super().trained()

    def _beside(self, table: Table) -> List[Trainable]:
        """All arrays that are not in the table."""
        inside = {id(weight) for weight in table.weights}
        return [
            Trainable(p.data(), p.grad())
            for p in self.net.collect_params().values()
            if id(p) not in inside
        ]

    def sgd(self, lr: float, theta: float) -> Array:
        """As of :class:`Parameters`; gradients are scaled when the epoch is over."""
        table = self.table
        if table is None:
            return super().sgd(lr, theta)
        found = self._beside(table)
        blocks = [b for t in found for b in self._view(t.grad).blocks]
        norm = norm_of_blocks([*blocks, *blocks_of(table.grad.data)])
        self._factor = np.ones_like(norm)
        if math.isfinite(theta):
            self._factor = clipping_factor(norm, theta)
        for data, grad, _ in found:
            rows = self._view(data).row, self._view(grad).row
            descend(*rows, -lr, as_row(self._factor))
        # Only the rows that were read.
        rate = lr * float(self._factor)
        nd.sgd_update(table.rows, table.grad, out=table.rows, lr=rate)
        return norm

    def layers(self, num_steps: int, batch_size: int) -> List[Recurrence]:
        """The lowest layer's directions, with buffers for such minibatches."""
        key = (num_steps, batch_size)
        if key not in self._layers:
            model = Architecture.of(self.net)
            kind = KINDS[model.mode]
            self._layers[key] = [
                kind(model.mode, *key, model.num_hiddens)
                for _ in range(model.directions)
            ]
        return self._layers[key]


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
        new_state = [
            np.concatenate([low, *high], axis=0)
            for low, high in zip(lowest_state, upper_state)
        ]

    def backward() -> None:
        autograd.backward([logits], [d_logits])
        assert lowest.grad is not None
        with autograd.pause(train_mode=True):
            d_rows = _lowest_back(net, layers, lowest.grad)
        autograd.backward([rows], [d_rows])

    parameters.objective = _Objective(backward)
    return loss, new_state


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
    Y, upper = lowest, [[] for _ in state]  # type: Any, List[List[Array]]
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
    return total / number
