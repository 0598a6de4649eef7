"""RNN, GRU and LSTM with their backward passes by hand, step by step, in NumPy.

Slow twins. Every function takes inputs X (num_steps, batch_size, num_inputs), a state
(tuple of (batch_size, num_hiddens)) and the parameters of its namesake in
``d2l_rnn.models.scratch``; it returns the hidden states (num_steps, batch_size,
num_hiddens), the state after the last step, and ``backward``. That turns the gradients
by these two into those by X, by the first state and by the parameters.
"""

from __future__ import annotations

from typing import Callable, List, Tuple

import numpy as np

from d2l_rnn.arrays import Floats

State = Tuple[Floats, ...]
Backward = Callable[[Floats, State], Tuple[Floats, State, List[Floats]]]
Cell = Callable[[Floats, State, List[Floats]], Tuple[Floats, State, Backward]]


def sigmoid(z: Floats) -> Floats:
    return 1 / (1 + np.exp(-z))


class _Gate:
    """One affine map X W_x + H W_h + b, and the sums of its gradients over time."""

    def __init__(self, W_x: Floats, W_h: Floats, b: Floats) -> None:
        self.W_x, self.W_h, self.b = W_x, W_h, b
        self.gradients = [np.zeros_like(W_x), np.zeros_like(W_h), np.zeros_like(b)]

    def forward(self, X: Floats, H: Floats) -> Floats:
        return X @ self.W_x + H @ self.W_h + self.b

    def backward(self, dz: Floats, X: Floats, H: Floats) -> Tuple[Floats, Floats]:
        """Add to the gradients; return those by X and H."""
        for total, part in zip(self.gradients, (X.T @ dz, H.T @ dz, dz.sum(axis=0))):
            total += part
        return dz @ self.W_x.T, dz @ self.W_h.T


def _gates(params: List[Floats]) -> List[_Gate]:
    return [_Gate(*params[k : k + 3]) for k in range(0, len(params), 3)]


def _gradients(gates: List[_Gate]) -> List[Floats]:
    return [gradient for gate in gates for gradient in gate.gradients]


def rnn(
    X: Floats, state: State, params: List[Floats]
) -> Tuple[Floats, State, Backward]:
    """tanh(X W_xh + H W_hh + b_h)."""
    (gate,) = gates = _gates(params)
    H = [state[0]]
    for X_t in X:
        H.append(np.tanh(gate.forward(X_t, H[-1])))

    def backward(dH: Floats, d_state: State) -> Tuple[Floats, State, List[Floats]]:
        (carried,), dX = d_state, np.empty_like(X)
        for t in reversed(range(len(X))):
            dz = (1 - H[t + 1] ** 2) * (dH[t] + carried)
            dX[t], carried = gate.backward(dz, X[t], H[t])
        return dX, (carried,), _gradients(gates)

    return np.stack(H[1:]), (H[-1],), backward


def gru(
    X: Floats, state: State, params: List[Floats]
) -> Tuple[Floats, State, Backward]:
    """The book's GRU: the reset gate acts on H before its product with W_hh."""
    update, reset, candidate = gates = _gates(params)
    H, steps = [state[0]], []
    for X_t in X:
        Z = sigmoid(update.forward(X_t, H[-1]))
        R = sigmoid(reset.forward(X_t, H[-1]))
        N = np.tanh(candidate.forward(X_t, R * H[-1]))
        H.append(Z * H[-1] + (1 - Z) * N)
        steps.append((Z, R, N))

    def backward(dH: Floats, d_state: State) -> Tuple[Floats, State, List[Floats]]:
        (carried,), dX = d_state, np.empty_like(X)
        for t in reversed(range(len(X))):
            Z, R, N = steps[t]
            total = dH[t] + carried
            dN = total * (1 - Z) * (1 - N**2)
            dX_n, dRH = candidate.backward(dN, X[t], R * H[t])
            dZ = total * (H[t] - N) * Z * (1 - Z)
            dX_z, dH_z = update.backward(dZ, X[t], H[t])
            dR = dRH * H[t] * R * (1 - R)
            dX_r, dH_r = reset.backward(dR, X[t], H[t])
            dX[t] = dX_n + dX_z + dX_r
            carried = total * Z + dRH * R + dH_z + dH_r
        return dX, (carried,), _gradients(gates)

    return np.stack(H[1:]), (H[-1],), backward


def gru_reset_after(
    X: Floats, state: State, params: List[Floats]
) -> Tuple[Floats, State, Backward]:
    """Gluon's GRU: the reset gate acts on H W_hh (b_h stands outside of it)."""
    update, reset = gates = _gates(params[:6])
    W_x, W_h, b = params[6:]
    dW_x, dW_h, db = np.zeros_like(W_x), np.zeros_like(W_h), np.zeros_like(b)
    H, steps = [state[0]], []
    for X_t in X:
        Z = sigmoid(update.forward(X_t, H[-1]))
        R = sigmoid(reset.forward(X_t, H[-1]))
        U = H[-1] @ W_h
        N = np.tanh(X_t @ W_x + b + R * U)
        H.append(Z * H[-1] + (1 - Z) * N)
        steps.append((Z, R, U, N))

    def backward(dH: Floats, d_state: State) -> Tuple[Floats, State, List[Floats]]:
        (carried,), dX = d_state, np.empty_like(X)
        for t in reversed(range(len(X))):
            Z, R, U, N = steps[t]
            total = dH[t] + carried
            dN = total * (1 - Z) * (1 - N**2)
            dZ = total * (H[t] - N) * Z * (1 - Z)
            dX_z, dH_z = update.backward(dZ, X[t], H[t])
            dR = dN * U * R * (1 - R)
            dX_r, dH_r = reset.backward(dR, X[t], H[t])
            for sum_, part in zip(
                (dW_x, dW_h, db), (X[t].T @ dN, H[t].T @ (dN * R), dN.sum(axis=0))
            ):
                sum_ += part
            dX[t] = dX_z + dX_r + dN @ W_x.T
            carried = total * Z + dH_z + dH_r + (dN * R) @ W_h.T
        return dX, (carried,), _gradients(gates) + [dW_x, dW_h, db]

    return np.stack(H[1:]), (H[-1],), backward


def lstm(
    X: Floats, state: State, params: List[Floats]
) -> Tuple[Floats, State, Backward]:
    """LSTM, gates in the order i, f, o, c; peepholes p_i, p_f, p_o may follow."""
    input_gate, forget_gate, output_gate, candidate = gates = _gates(params[:12])
    zeros = [np.zeros_like(params[2])] * 3
    p_i, p_f, p_o = params[12:] or zeros
    H, C, steps = [state[0]], [state[1]], []
    for X_t in X:
        i = sigmoid(input_gate.forward(X_t, H[-1]) + p_i * C[-1])
        f = sigmoid(forget_gate.forward(X_t, H[-1]) + p_f * C[-1])
        g = np.tanh(candidate.forward(X_t, H[-1]))
        C.append(f * C[-1] + i * g)
        o = sigmoid(output_gate.forward(X_t, H[-1]) + p_o * C[-1])
        H.append(o * np.tanh(C[-1]))
        steps.append((i, f, g, o))

    def backward(dH: Floats, d_state: State) -> Tuple[Floats, State, List[Floats]]:
        carried_H, carried_C = d_state
        dX, dp = np.empty_like(X), np.zeros((3, *p_i.shape), X.dtype)
        for t in reversed(range(len(X))):
            i, f, g, o = steps[t]
            total, tanh_C = dH[t] + carried_H, np.tanh(C[t + 1])
            do = total * tanh_C * o * (1 - o)
            dC = carried_C + total * o * (1 - tanh_C**2) + do * p_o
            di = dC * g * i * (1 - i)
            df = dC * C[t] * f * (1 - f)
            dg = dC * i * (1 - g**2)
            parts = [
                gate.backward(dz, X[t], H[t])
                for gate, dz in zip(gates, (di, df, do, dg))
            ]
            dX[t] = sum(part[0] for part in parts)
            carried_H = sum((part[1] for part in parts[1:]), parts[0][1])
            carried_C = dC * f + di * p_i + df * p_f
            dp += [
                (dz * c).sum(axis=0)
                for dz, c in ((di, C[t]), (df, C[t]), (do, C[t + 1]))
            ]
        peepholes = list(dp) if len(params) > 12 else []
        return dX, (carried_H, carried_C), _gradients(gates) + peepholes

    return np.stack(H[1:]), (H[-1], C[-1]), backward


def bidirectional(
    layer: Cell,
    X: Floats,
    state: State,
    params: List[Floats],
) -> Tuple[Floats, State, Backward]:
    """Two passes of a layer, the second over flipped input; outputs side by side."""
    num_states, num_params = len(state) // 2, len(params) // 2
    H_f, state_f, backward_f = layer(X, state[:num_states], params[:num_params])
    H_b, state_b, backward_b = layer(X[::-1], state[num_states:], params[num_params:])

    def backward(dH: Floats, d_state: State) -> Tuple[Floats, State, List[Floats]]:
        dH_f, dH_b = np.split(dH, 2, axis=2)
        dX_f, d_state_f, d_params_f = backward_f(dH_f, d_state[:num_states])
        dX_b, d_state_b, d_params_b = backward_b(dH_b[::-1], d_state[num_states:])
        return dX_f + dX_b[::-1], d_state_f + d_state_b, d_params_f + d_params_b

    return np.concatenate([H_f, H_b[::-1]], axis=2), state_f + state_b, backward


def deep(
    layer: Cell,
    num_layers: int,
    X: Floats,
    state: State,
    params: List[Floats],
) -> Tuple[Floats, State, Backward]:
    """Layers on top of one another, the lowest first."""
    num_states, num_params = len(state) // num_layers, len(params) // num_layers
    hiddens, backwards = X, []
    new_state: State = ()
    for k in range(num_layers):
        hiddens, layer_state, backward_one = layer(
            hiddens,
            state[k * num_states : (k + 1) * num_states],
            params[k * num_params : (k + 1) * num_params],
        )
        new_state += layer_state
        backwards.append(backward_one)

    def backward(dH: Floats, d_state: State) -> Tuple[Floats, State, List[Floats]]:
        d_first: State = ()
        d_params: List[Floats] = []
        for k in reversed(range(num_layers)):
            dH, d_layer_state, d_layer_params = backwards[k](
                dH, d_state[k * num_states : (k + 1) * num_states]
            )
            d_first, d_params = d_layer_state + d_first, d_layer_params + d_params
        return dH, d_first, d_params

    return hiddens, new_state, backward
