"""The few operators of the networks from scratch, alike for arrays and for symbols.

A step function written with these computes when it is given arrays, and describes
itself as a graph when it is given symbols (``RNNModelScratch.hybridize``).

They are MXNet's oneDNN operators where that matters on a CPU: ``npx.fully_connected``
takes a third of the time of ``np.dot`` on a minibatch's rows, ``npx.activation`` a
fifth of that of ``np.tanh``, and the results agree to rounding.
"""

from __future__ import annotations

from typing import (
    Any,
    Callable,
    Iterator,
    List,
    Optional,
    Protocol,
    TypeVar,
    overload,
)

from mxnet import nd, np, npx, symbol

from ..protocols import TensorT

T_co = TypeVar("T_co", covariant=True)


class Steps(Protocol[T_co]):
    """A sequence of matrices, one a step: a list of them, or one array."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[T_co]: ...
    @overload
    def __getitem__(self, key: int) -> T_co: ...
    @overload
    def __getitem__(self, key: slice) -> Steps[T_co]: ...


def _num_rows(matrix: Any) -> int:
    """First axis' length of an array, or of a symbol made from parameters."""
    if isinstance(matrix, np.ndarray):
        return int(matrix.shape[0])
    _, (shape,), _ = matrix.infer_shape()
    return int(shape[0])


def linear(X: TensorT, W_T: TensorT, b: Optional[TensorT] = None) -> TensorT:
    """``X W + b``, the weight given transposed: the layout that oneDNN multiplies by.

    Parameters
    ----------
    X : array or symbol, shape (batch_size, num_inputs)
    W_T : array or symbol, shape (num_outputs, num_inputs)
    b : array or symbol, shape (num_outputs,), optional

    Returns
    -------
    array or symbol, shape (batch_size, num_outputs)
    """
    operators = npx if isinstance(X, np.ndarray) else symbol.numpy_extension
    arguments = [X, W_T] if b is None else [X, W_T, b]
    Y: TensorT = operators.fully_connected(
        *arguments, num_hidden=_num_rows(W_T), no_bias=b is None, flatten=False
    )
    return Y


def product(W: TensorT) -> Callable[[TensorT], TensorT]:
    """The map ``X -> X W`` by a weight that is used again and again.

    The weight is transposed once: that costs as much as two multiplications of a few
    rows. In a graph that unrolls many calls, MXNet merges their transpositions.
    """
    W_T = W.T
    return lambda X: linear(X, W_T)


def join_steps(inputs: Steps[TensorT]) -> TensorT:
    """A sequence of matrices on top of one another.

    Parameters
    ----------
    inputs : num_steps arrays or symbols, each (batch_size, num_inputs)

    Returns
    -------
    array or symbol, shape (num_steps * batch_size, num_inputs)
    """
    if isinstance(inputs, np.ndarray):
        rows: TensorT = inputs.reshape(-1, inputs.shape[-1])
        return rows
    return inputs[0] if len(inputs) == 1 else concatenate(inputs, axis=0)


def split_steps(X: TensorT, num_steps: int) -> List[TensorT]:
    """The inverse of :func:`join_steps`.

    By the operator of ``mx.nd``: ``mx.np.split`` takes up to 25 times as long.
    """
    if num_steps == 1:
        return [X]
    module = nd if isinstance(X, np.ndarray) else symbol
    steps = module.SliceChannel(X.as_nd_ndarray(), num_outputs=num_steps, axis=0)
    return [step.as_np_ndarray() for step in steps]


def sigmoid(X: TensorT) -> TensorT:
    """``1 / (1 + exp(-X))``, elementwise."""
    operators = npx if isinstance(X, np.ndarray) else symbol.numpy_extension
    Y: TensorT = operators.activation(X, act_type="sigmoid")
    return Y


def tanh(X: TensorT) -> TensorT:
    """The hyperbolic tangent, elementwise."""
    operators = npx if isinstance(X, np.ndarray) else symbol.numpy_extension
    Y: TensorT = operators.activation(X, act_type="tanh")
    return Y


def concatenate(arrays: Steps[TensorT], axis: int) -> TensorT:
    """Join arrays, or symbols, along an axis."""
    module = np if isinstance(arrays[0], np.ndarray) else symbol.numpy
    joined: TensorT = module.concatenate(arrays, axis=axis)
    return joined
