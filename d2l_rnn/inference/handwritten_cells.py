"""A step of each cell, forward and backward, for :mod:`.handwritten_layers`."""

from __future__ import annotations

import numpy as np

from ..arrays import Floats
from .handwritten_layers import HandwrittenLayer, LayerParameters, side_by_side


class RNNLayer(HandwrittenLayer):
    """``H_t = tanh(z_t)`` or relu, ``z_t = X_t W_xh + H_{t-1} W_hh + b_h``.

    Parameters
    ----------
    params : LayerParameters
    relu : bool
    """

    num_gates = 1

    def __init__(self, params: LayerParameters, relu: bool = False) -> None:
        super().__init__(params)
        self._relu = relu

    def _step(self, t: int, z: Floats, x: Floats) -> None:
        (H,) = self._states
        np.matmul(self.params.W_h, H[t], out=z[0])
        z += x
        if self._relu:
            np.maximum(z[0], 0, out=H[t + 1])
        else:
            np.tanh(z[0], out=H[t + 1])

    def _step_back(self, t: int, z: Floats, dH: Floats) -> None:
        (H,), (carried,) = self._states, self._carried
        if self._relu:
            np.multiply(dH, H[t + 1] > 0, out=z[0])
        else:
            tanh_backward(dH, H[t + 1], out=z[0])
        np.matmul(self._W_h_T, z[0], out=carried)


class GRULayer(HandwrittenLayer):
    """Gated recurrent units (book Section 9.1), gates in the order z r h::

    Z, R = sigmoid(z_t),   H~ = tanh(X_t W_xh + (R * H) W_hh + b_h)
    H' = Z * H + (1 - Z) * H~ = H~ + Z * (H - H~)
    """

    num_gates = 3

    def _step(self, t: int, z: Floats, x: Floats) -> None:
        (H,), h, RH = self._states, self.num_hiddens, self._kept[t]
        gates, (Z, R, candidate) = z[:2], z
        np.matmul(self.params.W_h[: 2 * h], H[t], out=gates.reshape(2 * h, -1))
        gates += x[:2]
        gates *= 0.5
        np.tanh(gates, out=gates)
        half_of_one_more(gates)
        np.multiply(R, H[t], out=RH)
        np.matmul(self.params.W_h[2 * h :], RH, out=candidate)
        candidate += x[2]
        np.tanh(candidate, out=candidate)
        np.subtract(H[t], candidate, out=H[t + 1])
        H[t + 1] *= Z
        H[t + 1] += candidate

    def _step_back(self, t: int, z: Floats, dH: Floats) -> None:
        H, (Z, R, candidate), h = self._states[0][t], z, self.num_hiddens
        (carried,), (dZ, dRH) = self._carried, self._scratch
        np.subtract(H, candidate, out=dZ)
        dZ *= dH
        np.multiply(dH, Z, out=carried)
        dH -= carried  # dL/dH~ = dL/dH' * (1 - Z)
        tanh_backward(dH, candidate, out=candidate)
        np.matmul(self._W_h_T[:, 2 * h :], candidate, out=dRH)
        carried += np.multiply(dRH, R, out=dH)
        dRH *= H  # dL/dR
        sigmoid_backward(dZ, Z)
        sigmoid_backward(dRH, R)
        carried += np.matmul(self._W_h_T[:, : 2 * h], z[:2].reshape(2 * h, -1), out=dH)

    def _weights_gradient(self, dz: Floats, dW_h: Floats) -> None:
        h = self.num_hiddens
        super()._weights_gradient(dz[: 2 * h], dW_h[: 2 * h])
        # What the candidate's weight multiplied was R * H.
        RH = side_by_side(self._kept, self._hiddens[:, 1:])
        np.matmul(dz[2 * h :], RH.T, out=dW_h[2 * h :])


class LSTMLayer(HandwrittenLayer):
    """Long short-term memory (book Section 9.2), gates in the order i f o c::

    i, f, o = sigmoid(z_t),   C~ = tanh(z_t)
    C' = f * C + i * C~,   H' = o * tanh(C')
    """

    num_gates, num_states = 4, 2

    def _step(self, t: int, z: Floats, x: Floats) -> None:
        (H, C), tanh_C, (product, _) = self._states, self._kept[t], self._scratch
        np.matmul(self.params.W_h, H[t], out=z.reshape(len(self.params.b), -1))
        z += x
        sigmoids, (i, f, o, candidate) = z[:3], z
        sigmoids *= 0.5
        np.tanh(z, out=z)
        half_of_one_more(sigmoids)
        np.multiply(f, C[t], out=C[t + 1])
        C[t + 1] += np.multiply(i, candidate, out=product)
        np.tanh(C[t + 1], out=tanh_C)
        np.multiply(o, tanh_C, out=H[t + 1])

    def _step_back(self, t: int, z: Floats, dH: Floats) -> None:
        C, tanh_C, (i, f, o, candidate) = self._states[1][t], self._kept[t], z
        (carried, dC), (d, e) = self._carried, self._scratch
        np.multiply(dH, o, out=d)
        dC += tanh_backward(d, tanh_C, out=e)  # by C', of all that reads it
        dH *= tanh_C  # dL/do
        sigmoid_backward(dH, o)
        np.multiply(dC, candidate, out=d)  # dL/di
        np.multiply(dC, i, out=e)  # dL/dC~
        sigmoid_backward(d, i)
        tanh_backward(e, candidate, out=candidate)
        np.multiply(dC, C, out=d)  # dL/df
        dC *= f
        sigmoid_backward(d, f)
        np.matmul(self._W_h_T, z.reshape(len(self.params.b), -1), out=carried)


def half_of_one_more(x: Floats) -> None:
    """``(1 + x) / 2`` in place: of ``tanh(z / 2)`` it makes ``sigmoid(z)``."""
    x *= 0.5
    x += 0.5


def tanh_backward(d: Floats, y: Floats, out: Floats) -> Floats:
    """``d * (1 - y^2)``: the derivative told from the value. ``out`` may be ``y``."""
    np.multiply(y, y, out=out)
    np.subtract(1, out, out=out)
    return np.multiply(d, out, out=out)


def sigmoid_backward(d: Floats, y: Floats) -> None:
    """``d * y * (1 - y)``, told from the sigmoid's value ``y``, in its place.

    ``d`` is overwritten too.
    """
    d *= y
    np.subtract(1, y, out=y)
    y *= d
