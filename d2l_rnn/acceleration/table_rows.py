"""A large vocabulary: the one-hot product as rows of a table, the loss without copies.

Of the weights that a one-hot input is multiplied by, a minibatch reads the columns of
its own tokens, and they alone have a gradient. While an epoch runs these weights lie as
a table, a row a token; the gradient is of the rows that were read, and the others stay
untouched.

The sums are other ones than the plain path's: the numbers agree to rounding, 1e-5 over
a curve, and not bit for bit. It is taken from ``TABLE_FROM`` tokens on, below which the
packed parameters are as fast.
"""

from __future__ import annotations

from typing import Dict, List, Optional, Tuple

import numpy
from mxnet import autograd, nd
from mxnet.util import is_np_array

from ..arrays import Floats, Integers
from ..models.language_model import RNNModel
from ..protocols import Array, Differentiable
from ..training.parameters import (
    Trainable,
    as_row,
    blocks_of,
    descend,
    norm_of_blocks,
    trainables,
)
from .packed import settle
from .recognise import Architecture
from .recurrence import KINDS, Recurrence
from .shared_memory import as_numpy
from .while_epochs import Reason, WhileEpochs, clipped_by

#: Tokens in the vocabulary from which on a table is read: see docs/cost.md.
TABLE_FROM = 600
_ROWS = 32


def reads_table(net: RNNModel) -> bool:
    """Whether a recognised net's vocabulary is large enough, on the first CPU.

    Not under the semantics of ``mxnet.nd``, those of the first edition.
    """
    if net.vocab_size < TABLE_FROM or not is_np_array():
        return False
    (ctx,) = next(iter(net.collect_params().values())).list_ctx()
    return (ctx.device_type, ctx.device_id) == ("cpu", 0)


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


class TableParameters(WhileEpochs):
    """Parameters of a net that reads a table while an epoch runs, where it may.

    Parameters
    ----------
    net : RNNModel
    reason : callable
        As for :class:`~.while_epochs.WhileEpochs`.
    """

    word = "table"

    def __init__(self, net: RNNModel, reason: Reason) -> None:
        super().__init__(lambda: trainables(net), reason)
        self.net = net
        self._factor: Optional[Array] = None
        #: What the net reads now.
        self.table: Optional[Table] = None
        self._layers: Dict[Tuple[int, int], List[Recurrence]] = {}
        #: The last minibatch's, whose gradient is not taken yet.
        self.objective: Optional[Differentiable] = None

    def begin(self) -> None:
        """Make the table of the net's arrays."""
        settle(self.net)
        self.table, self._factor = Table(self.net), None

    def end(self) -> None:
        """Fill the net's arrays from the table."""
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
        self._factor = clipped_by(norm, theta)
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
            self._layers[key] = lowest_layers(self.net, *key)
        return self._layers[key]


def lowest_layers(net: RNNModel, num_steps: int, batch_size: int) -> List[Recurrence]:
    """The lowest layer's directions, with buffers for minibatches of a shape."""
    model = Architecture.of(net)
    kind = KINDS[model.mode]
    sizes = num_steps, batch_size, model.num_hiddens
    return [kind(model.mode, *sizes) for _ in range(model.directions)]
