"""Gated layers' forward and backward pass by hand, term by term (Sections 9.1 and 9.2).

The output product, its loss and their derivatives are those of :mod:`.handwritten`; a
layer is told ``dL/dH_t`` from above. Rows are examples, as in the book's Chapter 9.
X and H stand for ``X_t`` and ``H_{t-1}``, a prime for what the step makes of a state,
``*`` for the elementwise product.

**GRU.** With ``a`` what a gate is the function of::

    a_z = X W_xz + H W_hz + b_z            Z = sigmoid(a_z)
    a_r = X W_xr + H W_hr + b_r            R = sigmoid(a_r)
    a_h = X W_xh + (R * H) W_hh + b_h      H~ = tanh(a_h)
    H'  = Z * H + (1 - Z) * H~

    dL/dZ       = dL/dH' * (H - H~)        dL/da_z = dL/dZ * Z * (1 - Z)
    dL/dH~      = dL/dH' * (1 - Z)         dL/da_h = dL/dH~ * (1 - H~ * H~)
    dL/d(R * H) = dL/da_h W_hh^T
    dL/dR       = dL/d(R * H) * H          dL/da_r = dL/dR * R * (1 - R)

and H is read in four places::

    dL/dH = dL/dH' * Z + dL/d(R * H) * R + dL/da_z W_hz^T + dL/da_r W_hr^T

**LSTM.** ::

    a_i, a_f, a_o, a_c = X W_x. + H W_h. + b_.    i, f, o = sigmoid(a), C~ = tanh(a_c)
    C' = f * C + i * C~                           H' = o * tanh(C')

    dL/do  = dL/dH' * tanh(C')
    dL/dC' = dL/dH' * o * (1 - tanh(C')^2) + dL/dC' as the next step reads it
    dL/df  = dL/dC' * C,   dL/di = dL/dC' * C~,   dL/dC~ = dL/dC' * i
    dL/dC  = dL/dC' * f
    dL/dH  = dL/da_i W_hi^T + dL/da_f W_hf^T + dL/da_o W_ho^T + dL/da_c W_hc^T

**The weights** are the same at every step, so their gradients are sums over steps::

    dL/dW_x. = sum_t X_t^T dL/da_t,   dL/dW_h. = sum_t H_{t-1}^T dL/da_t,
    dL/db.   = sum of dL/da_t over steps and examples

where for ``W_hh`` of a GRU ``R * H`` stands in H's place. The same in fewer and larger
products is in :mod:`.handwritten_layers`.
"""

from __future__ import annotations

from typing import NamedTuple, Tuple

import numpy as np

from ..arrays import Floats


class GRUParameters(NamedTuple):
    """Parameters, or their gradients, in the book's order.

    Each ``W_x.`` is (num_inputs, num_hiddens), each ``W_h.`` (num_hiddens,
    num_hiddens), each ``b`` (num_hiddens,).
    """

    W_xz: Floats
    W_hz: Floats
    b_z: Floats
    W_xr: Floats
    W_hr: Floats
    b_r: Floats
    W_xh: Floats
    W_hh: Floats
    b_h: Floats


class LSTMParameters(NamedTuple):
    """Parameters, or their gradients; shapes as of :class:`GRUParameters`."""

    W_xi: Floats
    W_hi: Floats
    b_i: Floats
    W_xf: Floats
    W_hf: Floats
    b_f: Floats
    W_xo: Floats
    W_ho: Floats
    b_o: Floats
    W_xc: Floats
    W_hc: Floats
    b_c: Floats


class GRUPass(NamedTuple):
    """What a GRU's forward pass computes and its backward pass needs.

    Attributes
    ----------
    H : np.ndarray, shape (num_steps + 1, batch_size, num_hiddens)
        The first is the state given.
    Z, R, H_tilda : np.ndarray, shape (num_steps, batch_size, num_hiddens)
    """

    H: Floats
    Z: Floats
    R: Floats
    H_tilda: Floats


class LSTMPass(NamedTuple):
    """What an LSTM's forward pass computes and its backward pass needs.

    Attributes
    ----------
    H, C : np.ndarray, shape (num_steps + 1, batch_size, num_hiddens)
        The first of each is the state given.
    i, f, o, C_tilda : np.ndarray, shape (num_steps, batch_size, num_hiddens)
    """

    H: Floats
    C: Floats
    i: Floats
    f: Floats
    o: Floats
    C_tilda: Floats


def _sigmoid(a: Floats) -> Floats:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * a)))


def gru_forward(params: GRUParameters, x: Floats, state: Floats) -> GRUPass:
    """A GRU over all steps; equations in the module's docstring.

    Parameters
    ----------
    params : GRUParameters
    x : np.ndarray, shape (num_steps, batch_size, num_inputs)
    state : np.ndarray, shape (batch_size, num_hiddens)
    """
    W_xz, W_hz, b_z, W_xr, W_hr, b_r, W_xh, W_hh, b_h = params
    hiddens, gates = [state], []
    for X in x:
        H = hiddens[-1]
        # Each (batch_size, num_hiddens)
        Z = _sigmoid(X @ W_xz + H @ W_hz + b_z)
        R = _sigmoid(X @ W_xr + H @ W_hr + b_r)
        H_tilda = np.tanh(X @ W_xh + (R * H) @ W_hh + b_h)
        hiddens.append(Z * H + (1 - Z) * H_tilda)
        gates.append((Z, R, H_tilda))
    return GRUPass(np.stack(hiddens), *map(np.stack, zip(*gates)))


def gru_backward(
    params: GRUParameters, x: Floats, passed: GRUPass, from_above: Floats
) -> Tuple[GRUParameters, Floats]:
    """Backward pass of a GRU; equations in the module's docstring.

    Parameters
    ----------
    params, x
        As given to :func:`gru_forward`.
    passed : GRUPass
    from_above : np.ndarray, shape (num_steps, batch_size, num_hiddens)
        The loss's gradient by each step's hidden state, but for what later steps read.

    Returns
    -------
    gradients : GRUParameters
    state_gradient : np.ndarray, shape (batch_size, num_hiddens)
    """
    _, W_hz, _, _, W_hr, _, _, W_hh, _ = params
    grads = GRUParameters(*map(np.zeros_like, params))
    dH = np.zeros_like(passed.H[0])
    for t in reversed(range(len(x))):
        X, H = x[t], passed.H[t]
        Z, R, H_tilda = passed.Z[t], passed.R[t], passed.H_tilda[t]
        dH_next = dH + from_above[t]
        da_z = dH_next * (H - H_tilda) * Z * (1 - Z)
        da_h = dH_next * (1 - Z) * (1 - H_tilda * H_tilda)
        dRH = da_h @ W_hh.T
        da_r = dRH * H * R * (1 - R)
        dH = dH_next * Z + dRH * R + da_z @ W_hz.T + da_r @ W_hr.T
        _add(grads[0:3], X, H, da_z)
        _add(grads[3:6], X, H, da_r)
        _add(grads[6:9], X, R * H, da_h)
    return grads, dH


def lstm_forward(
    params: LSTMParameters, x: Floats, state: Tuple[Floats, Floats]
) -> LSTMPass:
    """An LSTM over all steps; equations in the module's docstring.

    Parameters
    ----------
    params : LSTMParameters
    x : np.ndarray, shape (num_steps, batch_size, num_inputs)
    state : H and C, each np.ndarray, shape (batch_size, num_hiddens)
    """
    W_xi, W_hi, b_i, W_xf, W_hf, b_f, W_xo, W_ho, b_o, W_xc, W_hc, b_c = params
    states, gates = [state], []
    for X in x:
        H, C = states[-1]
        # Each (batch_size, num_hiddens)
        i = _sigmoid(X @ W_xi + H @ W_hi + b_i)
        f = _sigmoid(X @ W_xf + H @ W_hf + b_f)
        o = _sigmoid(X @ W_xo + H @ W_ho + b_o)
        C_tilda = np.tanh(X @ W_xc + H @ W_hc + b_c)
        C = f * C + i * C_tilda
        states.append((o * np.tanh(C), C))
        gates.append((i, f, o, C_tilda))
    H_all, C_all = map(np.stack, zip(*states))
    return LSTMPass(H_all, C_all, *map(np.stack, zip(*gates)))


def lstm_backward(
    params: LSTMParameters, x: Floats, passed: LSTMPass, from_above: Floats
) -> Tuple[LSTMParameters, Tuple[Floats, Floats]]:
    """Backward pass of an LSTM; equations in the module's docstring.

    Parameters
    ----------
    params, x
        As given to :func:`lstm_forward`.
    passed : LSTMPass
    from_above
        As for :func:`gru_backward`.

    Returns
    -------
    gradients : LSTMParameters
    state_gradients : two np.ndarray, each (batch_size, num_hiddens)
        By H and by C before the first step.
    """
    _, W_hi, _, _, W_hf, _, _, W_ho, _, _, W_hc, _ = params
    grads = LSTMParameters(*map(np.zeros_like, params))
    dH, dC = np.zeros_like(passed.H[0]), np.zeros_like(passed.C[0])
    for t in reversed(range(len(x))):
        X, H, C, tanh_C = x[t], passed.H[t], passed.C[t], np.tanh(passed.C[t + 1])
        i, f, o, C_tilda = passed.i[t], passed.f[t], passed.o[t], passed.C_tilda[t]
        dH_next = dH + from_above[t]
        dC_next = dC + dH_next * o * (1 - tanh_C * tanh_C)
        da_o = dH_next * tanh_C * o * (1 - o)
        da_f = dC_next * C * f * (1 - f)
        da_i = dC_next * C_tilda * i * (1 - i)
        da_c = dC_next * i * (1 - C_tilda * C_tilda)
        dH = da_i @ W_hi.T + da_f @ W_hf.T + da_o @ W_ho.T + da_c @ W_hc.T
        dC = dC_next * f
        for number, da in enumerate((da_i, da_f, da_o, da_c)):
            _add(grads[3 * number : 3 * number + 3], X, H, da)
    return grads, (dH, dC)


def _add(grads: Tuple[Floats, ...], X: Floats, H: Floats, da: Floats) -> None:
    """A step's part of the gradients of a gate's ``W_x, W_h, b``."""
    dW_x, dW_h, db = grads
    dW_x += X.T @ da
    dW_h += H.T @ da
    db += da.sum(axis=0)
