"""One vector under all of a net's parameters, and one under all its gradients.

The norm of the gradient is then one dot product, clipping one multiplication and SGD
one update, where the book takes one of each per parameter; and a fused recurrent layer
reads its weights in place. This is the one module that touches Gluon's private
``_data`` and ``_grad``.
"""

from __future__ import annotations

import math
from typing import Any, Dict, List, Optional, Tuple

from mxnet import autograd, gluon, nd, np

# Terms of the gradient's norm that are summed one after the other.
_BLOCK = 1 << 14


def _view(vector: Any, start: int, stop: int, shape: Any) -> Any:
    """A view of part of a vector; unlike ``mx.np``'s slice and reshape, no copy."""
    return vector.as_nd_ndarray()[start:stop].reshape(shape).as_np_ndarray()


class FlatParameters:
    """A net's parameters and gradients, each as one vector on one device.

    The net goes on working as before: its arrays are now views of the vectors. A net
    with ``packable_parameters`` and ``use_packed`` (:class:`d2l_rnn.models.\
language_model.RNNModel`) is told to compute with the vector itself.

    Parameters
    ----------
    net : gluon.Block or object with ``params``, a list of arrays
        Initialised, all shapes known, all parameters trained, on one device, float32.

    Attributes
    ----------
    data, grad : mxnet.np.ndarray, shape (number of parameters,)
    """

    def __init__(self, net: Any) -> None:
        if isinstance(net, gluon.Block):
            first = net.packable_parameters() if hasattr(net, "use_packed") else []
            known = {id(p) for p in first}
            rest = [p for p in net.collect_params().values() if id(p) not in known]
            parameters = first + rest
            arrays = [p.data() for p in parameters]
        else:
            first, parameters, arrays = [], [], list(net.params)
        ctx = arrays[0].ctx
        size = sum(array.size for array in arrays)
        self.data, self.grad = np.zeros(size, ctx=ctx), np.zeros(size, ctx=ctx)
        self._one = np.ones(1, ctx=ctx)
        # Each as one row, (1, number of parameters).
        vectors = [a.as_nd_ndarray() for a in (self.data, self.grad)]
        self._rows = [vector.reshape((1, size)) for vector in vectors]
        whole = vectors[1]
        self._blocks = [whole[i : i + _BLOCK] for i in range(0, size, _BLOCK)]
        views: List[Any] = []
        start = 0
        for array in arrays:
            stop = start + array.size
            view = _view(self.data, start, stop, array.shape)
            grad = _view(self.grad, start, stop, array.shape)
            view[:] = array
            autograd.mark_variables([view], [grad])
            views.append((view, grad))
            start = stop
        if not parameters:
            net.params[:] = [view for view, _ in views]
        for parameter, (view, grad) in zip(parameters, views):
            parameter._data, parameter._grad = [view], [grad]
        if first:
            stop = sum(p.data().size for p in first)
            packed = _view(self.data, 0, stop, (stop,))
            autograd.mark_variables([packed], [_view(self.grad, 0, stop, (stop,))])
            net.use_packed(packed)

    def clip(self, theta: float) -> Any:
        """Scale the gradient to norm ``theta`` where it is longer; return the norm.

        ``g <- min(1, theta / |g|) g`` (book Section 8.5), on the device: the norm is
        not read back, and where it is below ``theta`` the factor is exactly 1.

        Parameters
        ----------
        theta : float
            Largest norm; ``inf`` does not clip.

        Returns
        -------
        mxnet.np.ndarray, shape (1,), or None
            The norm before clipping; None where nothing is clipped.
        """
        norm, factor = self._norm_and_factor(theta)
        if norm is not None:
            self.grad *= factor
        return norm

    def sgd(self, lr: float, theta: float) -> Any:
        """One step of clipped gradient descent, in one pass over the vectors.

        ``w <- w - lr min(1, theta / |g|) g``. The gradient itself is not scaled: that
        would take longer than this.

        Parameters
        ----------
        lr : float
        theta : float
            As for :meth:`clip`.

        Returns
        -------
        mxnet.np.ndarray, shape (1,), or None
            As of :meth:`clip`.
        """
        norm, factor = self._norm_and_factor(theta)
        # A matrix product (1, 1) x (1, n) added to the parameters: a third of the time
        # that it takes to multiply by an array and then to update.
        scalar = factor.as_nd_ndarray().reshape((1, 1))
        data, grad = self._rows
        nd.linalg_gemm(scalar, grad, data, alpha=-lr, beta=1.0, out=data)
        return norm

    def _norm_and_factor(self, theta: float) -> Tuple[Optional[Any], Any]:
        """The gradient's norm and what to multiply it by; None and 1 without bound."""
        if not math.isfinite(theta):
            return None, self._one
        # (number of blocks,): sums of squares, each over few enough terms to be exact
        # in float32 to a millionth; np.dot is as exact and takes three times as long.
        squares = nd.multi_sum_sq(*self._blocks, num_arrays=len(self._blocks))
        norm = np.sqrt(squares.as_np_ndarray().sum(keepdims=True))
        return norm, theta / np.maximum(norm, theta)


def parameter_arrays(net: Any) -> List[Any]:
    """The arrays of a Gluon block or of a net with ``params``, in their order."""
    return list(named_arrays(net).values())


def named_arrays(net: Any) -> Dict[str, Any]:
    """The same arrays by names that do not change from one process to the next.

    A Gluon block's names tell its structure (``rnn.l0_i2h_weight``), as in
    ``save_parameters``; a net from scratch has numbers (``params.0``).
    """
    if isinstance(net, gluon.Block):
        parameters = net._collect_params_with_prefix()
        return {name: parameter.data() for name, parameter in parameters.items()}
    return {f"params.{number}": array for number, array in enumerate(net.params)}
