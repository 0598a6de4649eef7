"""The book's functions of its networks from scratch, as printed (Sections 8.5 to 9.2).

They are here for any library: the few operators that they use are handed in.
"""

from __future__ import annotations

from typing import (
    Callable,
    Iterable,
    List,
    NamedTuple,
    Protocol,
    Sequence,
    Tuple,
    Union,
)


class Matrix(Protocol):
    """An array of any library."""

    def __add__(self, other: Matrix) -> Matrix: ...
    def __mul__(self, other: Matrix) -> Matrix: ...
    def __rsub__(self, other: float) -> Matrix: ...


State = Tuple[Matrix, ...]
ForwardFn = Callable[[Iterable[Matrix], State, Sequence[Matrix]], Tuple[Matrix, State]]


class Operators(NamedTuple):
    """What the book calls ``np.dot``, ``np.tanh``, ... or ``torch.mm``, ..."""

    dot: Callable[[Matrix, Matrix], Matrix]
    tanh: Callable[[Matrix], Matrix]
    sigmoid: Callable[[Matrix], Matrix]
    concatenate: Callable[[List[Matrix]], Matrix]
    normal: Callable[[Tuple[int, ...]], Matrix]
    zeros: Callable[[Union[int, Tuple[int, ...]]], Matrix]
    attach_grad: Callable[[Matrix], object]


NUM_GATES = {"rnn": 1, "gru": 3, "lstm": 4}


def functions(
    cell: str, operators: Operators
) -> Tuple[
    Callable[[int, int, object], List[Matrix]],
    Callable[[int, int, object], State],
    ForwardFn,
]:
    """``get_params, init_state, forward_fn`` of a cell, for ``RNNModelScratch``."""
    dot, tanh, sigmoid, concatenate, normal, zeros, attach_grad = operators

    def get_params(vocab_size: int, num_hiddens: int, device: object) -> List[Matrix]:
        params = []
        for _ in range(NUM_GATES[cell]):
            params += [
                normal((vocab_size, num_hiddens)),
                normal((num_hiddens, num_hiddens)),
                zeros(num_hiddens),
            ]
        params += [normal((num_hiddens, vocab_size)), zeros(vocab_size)]
        for param in params:
            attach_grad(param)
        return params

    def init_state(batch_size: int, num_hiddens: int, device: object) -> State:
        shape = (batch_size, num_hiddens)
        return tuple(zeros(shape) for _ in range(2 if cell == "lstm" else 1))

    def rnn(
        inputs: Iterable[Matrix], state: State, params: Sequence[Matrix]
    ) -> Tuple[Matrix, State]:
        W_xh, W_hh, b_h, W_hq, b_q = params
        (H,) = state
        outputs = []
        for X in inputs:
            H = tanh(dot(X, W_xh) + dot(H, W_hh) + b_h)
            outputs.append(dot(H, W_hq) + b_q)
        return concatenate(outputs), (H,)

    def gru(
        inputs: Iterable[Matrix], state: State, params: Sequence[Matrix]
    ) -> Tuple[Matrix, State]:
        W_xz, W_hz, b_z, W_xr, W_hr, b_r, W_xh, W_hh, b_h, W_hq, b_q = params
        (H,) = state
        outputs = []
        for X in inputs:
            Z = sigmoid(dot(X, W_xz) + dot(H, W_hz) + b_z)
            R = sigmoid(dot(X, W_xr) + dot(H, W_hr) + b_r)
            H_tilda = tanh(dot(X, W_xh) + dot(R * H, W_hh) + b_h)
            H = Z * H + (1 - Z) * H_tilda
            outputs.append(dot(H, W_hq) + b_q)
        return concatenate(outputs), (H,)

    def lstm(
        inputs: Iterable[Matrix], state: State, params: Sequence[Matrix]
    ) -> Tuple[Matrix, State]:
        W_xi, W_hi, b_i, W_xf, W_hf, b_f, W_xo, W_ho, b_o = params[:9]
        W_xc, W_hc, b_c, W_hq, b_q = params[9:]
        H, C = state
        outputs = []
        for X in inputs:
            I_t = sigmoid(dot(X, W_xi) + dot(H, W_hi) + b_i)
            F_t = sigmoid(dot(X, W_xf) + dot(H, W_hf) + b_f)
            O_t = sigmoid(dot(X, W_xo) + dot(H, W_ho) + b_o)
            C_tilda = tanh(dot(X, W_xc) + dot(H, W_hc) + b_c)
            C = F_t * C + I_t * C_tilda
            H = O_t * tanh(C)
            outputs.append(dot(H, W_hq) + b_q)
        return concatenate(outputs), (H, C)

    return get_params, init_state, {"rnn": rnn, "gru": gru, "lstm": lstm}[cell]
