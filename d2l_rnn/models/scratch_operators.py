"""The few operators of the networks from scratch, alike for arrays and for symbols.

A step function written with these computes when it is given arrays, and describes
itself as a graph when it is given symbols (``RNNModelScratch.hybridize``).

They are MXNet's oneDNN operators where that matters on a CPU: ``npx.fully_connected``
takes a third of the time of ``np.dot`` on a minibatch's rows, ``npx.activation`` a
fifth of that of ``np.tanh``, and the results agree to rounding.
"""

from __future__ import annotations

from typing import Any, Callable, Optional, Sequence

from mxnet import np, npx, symbol


def _num_rows(matrix: Any) -> int:
    """First axis' length of an array, or of a symbol made from parameters."""
    if isinstance(matrix, np.ndarray):
        return matrix.shape[0]
    _, (shape,), _ = matrix.infer_shape()
    return shape[0]


def linear(X: Any, W_T: Any, b: Optional[Any] = None) -> Any:
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
    return operators.fully_connected(
        *arguments, num_hidden=_num_rows(W_T), no_bias=b is None, flatten=False
    )


def product(W: Any, num_uses: int) -> Callable[..., Any]:
    """The map ``(X, b=None) -> X W + b`` by a weight that is used ``num_uses`` times.

    Transposing costs as much as two multiplications of a few rows, so it pays unless
    there is but one use, as in generating text.
    """
    if num_uses > 1:
        W_T = W.T
        return lambda X, b=None: linear(X, W_T, b)
    dot = np.dot if isinstance(W, np.ndarray) else symbol.numpy.dot
    return lambda X, b=None: dot(X, W) if b is None else dot(X, W) + b


def sigmoid(X: Any) -> Any:
    """``1 / (1 + exp(-X))``, elementwise."""
    operators = npx if isinstance(X, np.ndarray) else symbol.numpy_extension
    return operators.activation(X, act_type="sigmoid")


def tanh(X: Any) -> Any:
    """The hyperbolic tangent, elementwise."""
    operators = npx if isinstance(X, np.ndarray) else symbol.numpy_extension
    return operators.activation(X, act_type="tanh")


def concatenate(arrays: Sequence[Any], axis: int) -> Any:
    """Join arrays, or symbols, along an axis."""
    module = np if isinstance(arrays[0], np.ndarray) else symbol.numpy
    return module.concatenate(arrays, axis=axis)
