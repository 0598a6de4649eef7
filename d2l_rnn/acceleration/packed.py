"""A recurrent layer's parameters as one vector, while an epoch runs.

A Gluon layer glues its parameters into one vector at every forward pass and takes the
gradient apart again; for a wide layer that costs as much as a tenth of the training
step. It is spared where the parameters already are one vector. So that the reader's
arrays stay the reader's, the vector is filled from them before an epoch, and they from
it when the epoch is over, or broken off.
"""

from __future__ import annotations

from typing import Dict, List, Optional

from mxnet import autograd, nd, np

from ..models.language_model import RNNModel
from ..protocols import Array, LegacyArray, Shape
from ..training.parameters import (
    Trainable,
    as_row,
    blocks_of,
    descend,
    norm_of_blocks,
    trainables,
)
from .recognise import parameters_in_order
from .while_epochs import Reason, WhileEpochs, clipped_by


class Pack:
    """One vector under all of a net's parameters, and one under all their gradients.

    Parameters
    ----------
    net : RNNModel
        Recognised; all shapes known.

    Attributes
    ----------
    layer, weight, bias : mxnet.np.ndarray
        Views of the vector to compute with: all of the recurrent layer's parameters in
        the fused operator's order, (number of them,), and the output layer's.
    """

    def __init__(self, net: RNNModel) -> None:
        self.parameters = parameters_in_order(net)
        arrays = [parameter.data() for parameter in self.parameters]
        ctx, size = arrays[0].ctx, sum(array.size for array in arrays)
        # (1, number of parameters)
        self.data = nd.zeros((1, size), ctx=ctx)
        self.grad = nd.zeros((1, size), ctx=ctx)
        blocks: Dict[int, List[LegacyArray]] = {}
        self.views: List[Trainable] = []
        start = 0
        for parameter, array in zip(self.parameters, arrays):
            stop = start + array.size
            blocks[id(parameter)] = blocks_of(self.grad[:, start:stop])
            data, grad = (_view(v, start, stop, array.shape) for v in self._vectors)
            self.views.append(Trainable(data, grad))
            start = stop
        # In the net's order, not the operator's: a sum's bits depend on its order.
        self.blocks = [b for p in net.collect_params().values() for b in blocks[id(p)]]
        split = size - arrays[-1].size - arrays[-2].size
        self.layer = _marked(*(_view(v, 0, split, (split,)) for v in self._vectors))
        self.weight, self.bias = (_marked(t.data, t.grad) for t in self.views[-2:])

    @property
    def _vectors(self) -> List[LegacyArray]:
        return [self.data, self.grad]

    def gather(self) -> None:
        """Fill the vector from the net's arrays."""
        for parameter, view in zip(self.parameters, self.views):
            view.data[:] = parameter.data().as_np_ndarray()

    def scatter(self, factor: Optional[Array]) -> None:
        """Fill the net's arrays from the vector.

        Parameters
        ----------
        factor : mxnet.np.ndarray, shape (1,), optional
            What the gradient is multiplied by; None leaves the net's gradients alone.
        """
        for parameter, view in zip(self.parameters, self.views):
            parameter.data().as_np_ndarray()[:] = view.data
            if factor is not None:
                parameter.grad().as_np_ndarray()[:] = view.grad * factor


def _view(row: LegacyArray, start: int, stop: int, shape: Shape) -> Array:
    """A view of part of a row (1, size); ``mx.np``'s slice and reshape would copy."""
    return row.reshape((-1,))[start:stop].reshape(shape).as_np_ndarray()


def _marked(data: Array, grad: Array) -> Array:
    autograd.mark_variables([data], [grad])
    return data


class PackedParameters(WhileEpochs):
    """Parameters that lie packed while an epoch runs, where a net may be packed then.

    Parameters
    ----------
    net : RNNModel
    reason : callable
        As for :class:`~.while_epochs.WhileEpochs`.
    """

    word = "packed"

    def __init__(self, net: RNNModel, reason: Reason) -> None:
        super().__init__(lambda: trainables(net), reason)
        self._net = net
        self._pack: Optional[Pack] = None
        self._of: List[int] = []
        self._factor: Optional[Array] = None
        #: The net's parameters where they are packed now.
        self.packed: Optional[Pack] = None

    def begin(self) -> None:
        """Fill the vector from the net's arrays."""
        settle(self._net)
        found = [id(p.data()) for p in parameters_in_order(self._net)]
        if self._pack is None or self._of != found:
            self._pack, self._of = Pack(self._net), found
        self._pack.gather()
        self.packed, self._factor = self._pack, None

    def end(self) -> None:
        """Fill the net's arrays from the vector."""
        if self.packed is not None:
            self.packed.scatter(self._factor)
            self.packed = None

    def trained(self) -> List[Trainable]:
        """The net's own arrays; while they are packed only :meth:`sgd` knows them."""
        if self.packed is not None:
            raise RuntimeError("packed parameters are moved by sgd alone")
        return super().trained()

    def gradients(self) -> List[LegacyArray]:
        """As of :class:`Parameters`; one vector while they are packed."""
        return super().gradients() if self.packed is None else [self.packed.grad]

    def sgd(self, lr: float, theta: float) -> Array:
        """As of :class:`Parameters`; the gradient is scaled when the epoch is over."""
        pack = self.packed
        if pack is None:
            return super().sgd(lr, theta)
        norm = norm_of_blocks(pack.blocks)
        self._factor = clipped_by(norm, theta)
        descend(pack.data, pack.grad, -lr, as_row(self._factor))
        return norm


def settle(net: RNNModel) -> None:
    """Have shapes settled that Gluon leaves open until the first forward pass.

    The weights that wait for it are drawn then, as they would be at the first
    minibatch. Of a recognised net only: nobody else hears of the call.
    """
    parameters = net.collect_params().values()
    if any(parameter._data is None for parameter in parameters):
        ctx = next(iter(parameters)).list_ctx()[0]
        net(np.zeros((1, 1), ctx=ctx), net.begin_state(batch_size=1, ctx=ctx))
