"""The arrays that training moves, where they lie: the reader's own, updated in place.

An optimiser works on a :class:`Parameters`. Here it is a net's own arrays; the room
``acceleration`` hands in one that holds them packed while an epoch runs.
"""

from __future__ import annotations

import math
from typing import Callable, Dict, List, NamedTuple, Sequence

from mxnet import gluon, nd, np

from ..protocols import Array, Device, LegacyArray, Net

# Terms of the gradient's norm that are summed one after the other: few enough to be
# exact in float32 to two millionths. Blocks end where an array ends, so that the norm
# has the same bits whether the arrays lie apart or packed.
_BLOCK = 1 << 14


class Trainable(NamedTuple):
    """An array to be trained.

    Attributes
    ----------
    data, grad : mxnet.np.ndarray, of one shape
    lr_mult : float
        What its learning rate is multiplied by; its gradient counts in the norm, also
        where this is 0.
    """

    data: Array
    grad: Array
    lr_mult: float = 1.0


def trainables(net: Net) -> List[Trainable]:
    """The arrays of a net that are trained, in its order.

    Parameters
    ----------
    net : gluon.Block, or object with ``params``
        A Gluon parameter with ``grad_req`` 'null' is left out, and so is an array
        without a gradient. An array that ``params`` lists twice is there twice, as in
        the book. A block's arrays of ``mx.nd`` come as views of ``mx.np``.
    """
    if isinstance(net, gluon.Block):
        return [
            Trainable(p.data().as_np_ndarray(), p.grad().as_np_ndarray(), p.lr_mult)
            for p in net.collect_params().values()
            if p.grad_req != "null"
        ]
    return [Trainable(p, p.grad) for p in net.params if p.grad is not None]


def as_row(array: Array) -> LegacyArray:
    """A view of an array as one row, (1, size), of the kind that ``mx.nd`` takes.

    Reshaping an array of ``mx.np`` would copy it.
    """
    return array.as_nd_ndarray().reshape((1, -1))


def blocks_of(row: LegacyArray) -> List[LegacyArray]:
    """Views of a row's parts of at most ``_BLOCK`` entries, one behind the other."""
    flat = row.reshape((-1,))
    return [flat[i : i + _BLOCK] for i in range(0, flat.size, _BLOCK)]


def norm_of_blocks(blocks: Sequence[LegacyArray]) -> Array:
    """The Euclidean norm over all blocks together, (1,); it stays on the device.

    0 of no block: a net may list no parameters, and the operator would crash.
    """
    if not blocks:
        zero: Array = np.zeros(1)
        return zero
    # (number of blocks,); np.dot is as exact and takes three times as long.
    squares = nd.multi_sum_sq(*blocks, num_arrays=len(blocks))
    norm: Array = np.sqrt(squares.as_np_ndarray().sum(keepdims=True))
    return norm


class Parameters:
    """Arrays and their gradients where they are.

    As a context, it is entered before an epoch and left after it, whatever happens in
    between: what is to be done with the arrays so that they can be worked on as they
    are needed, and be again what they were, is done there. Here that is nothing.

    Parameters
    ----------
    find : callable
        Gives the list of :class:`Trainable`; asked at each step, so that a layer frozen
        or a rate changed in the midst of training is heard.

    Attributes
    ----------
    path : str
        Which way the numbers take, for the record: "plain", or why no other is taken.
    """

    path = "plain"

    def __init__(self, find: Callable[[], Sequence[Trainable]]) -> None:
        self._find = find
        self._views: Dict[int, _View] = {}

    @classmethod
    def of(cls, net: Net) -> Parameters:
        """A net's own."""
        return cls(lambda: trainables(net))

    def __enter__(self) -> Parameters:
        return self

    def __exit__(self, *exception: object) -> None:
        self._views = {}

    def trained(self) -> List[Trainable]:
        """The arrays as they are now."""
        return list(self._find())

    def gradients(self) -> List[LegacyArray]:
        """The gradients where they lie, each once: what is written there is used."""
        found = {id(t.data): t.grad.as_nd_ndarray() for t in self.trained()}
        return list(found.values())

    def norm(self) -> Array:
        """The gradient's Euclidean norm, (1,)."""
        return self._norm(self.trained())

    def clip(self, theta: float) -> Array:
        """Scale the gradient to norm ``theta`` where it is longer; return the norm.

        ``g <- min(1, theta / |g|) g`` (book Section 8.5). The norm is not read back:
        where it is at most ``theta`` the factor is exactly 1.

        Parameters
        ----------
        theta : float
            Largest norm; ``inf`` does not clip.

        Returns
        -------
        mxnet.np.ndarray, shape (1,)
            The norm before clipping.
        """
        return self._clip(self.trained(), theta)

    def descend(self, lr: float) -> None:
        """``w <- w - lr g``, each array with its own multiple of ``lr``."""
        self._descend(self.trained(), lr)

    def sgd(self, lr: float, theta: float) -> Array:
        """One step of clipped gradient descent: ``w <- w - lr min(1, theta / |g|) g``.

        Parameters
        ----------
        lr, theta : float
            ``theta`` as for :meth:`clip`.

        Returns
        -------
        mxnet.np.ndarray, shape (1,)
            The norm before clipping.
        """
        found = self.trained()
        norm = self._clip(found, theta)
        self._descend(found, lr)
        return norm

    def _norm(self, found: Sequence[Trainable]) -> Array:
        if any(str(t.grad.dtype) != "float32" for t in found):
            squares = [(t.grad.astype("float32") ** 2).sum() for t in found]
            norm: Array = np.sqrt(np.stack(squares).sum(keepdims=True))
            return norm
        return norm_of_blocks([b for t in found for b in self._view(t.grad).blocks])

    def _clip(self, found: Sequence[Trainable], theta: float) -> Array:
        self._forget_all_but(found)
        norm = self._norm(found)
        if math.isfinite(theta):
            factor = clipping_factor(norm, theta)
            for _, grad, _ in found:
                grad *= factor.astype(grad.dtype, copy=False)
        return norm

    def _descend(self, found: Sequence[Trainable], lr: float) -> None:
        for data, grad, lr_mult in found:
            if str(data.dtype) != "float32":
                data[:] = data - lr * lr_mult * grad
            elif lr_mult != 0:
                rows = self._view(data).row, self._view(grad).row
                descend(*rows, -lr * lr_mult, _one(data.ctx))
            data._fresh_grad = False  # used: what Gluon's Trainer leaves behind

    def _view(self, array: Array) -> _View:
        """An array's views, made once as long as it is the same object."""
        if id(array) not in self._views:
            row = as_row(array)
            self._views[id(array)] = _View(array, row, blocks_of(row))
        return self._views[id(array)]

    def _forget_all_but(self, found: Sequence[Trainable]) -> None:
        """An array outside Gluon has a new object for its gradient each time."""
        keep = {id(array) for t in found for array in (t.data, t.grad)}
        self._views = {i: view for i, view in self._views.items() if i in keep}


class _View(NamedTuple):
    """An array, kept so that its ``id`` is nobody else's, and views of its memory."""

    array: Array
    row: LegacyArray
    blocks: List[LegacyArray]


_ones: Dict[Device, LegacyArray] = {}


def _one(ctx: Device) -> LegacyArray:
    """[[1]] on a device."""
    if ctx not in _ones:
        _ones[ctx] = nd.ones((1, 1), ctx=ctx)
    return _ones[ctx]


def descend(
    data: LegacyArray, grad: LegacyArray, rate: float, factor: LegacyArray
) -> None:
    """``data <- data + rate factor grad`` in one pass over rows (1, size).

    A matrix product (1, 1) x (1, size) added to what is there: a third of the time of
    multiplying by an array and then updating, and with the same bits. ``factor`` is
    (1, 1), and multiplies the gradient first.
    """
    nd.linalg_gemm(factor, grad, data, alpha=rate, beta=1.0, out=data)


def clipping_factor(norm: Array, theta: float) -> Array:
    """``min(1, theta / norm)``, (1,)."""
    factor: Array = theta / np.maximum(norm, theta)
    return factor


def grad_clipping(net: Net, theta: float) -> Array:
    """Clip the gradient: ``g <- min(1, theta / |g|) g`` (book Section 8.5).

    Parameters
    ----------
    net : gluon.Block or object with ``params``
        ``|g|`` is the norm over all its gradients together, the frozen left out.
    theta : float
        Largest norm; ``inf`` does not clip.

    Returns
    -------
    mxnet.np.ndarray, shape (1,)
        The norm before clipping (the book returns nothing).
    """
    return Parameters.of(net).clip(theta)
