"""A net itself is asked, where no NumPy network of it is known; by MXNet."""

from __future__ import annotations

from typing import Any, Sequence, Tuple

from mxnet import np, npx

from ..arrays import Floats, Integers
from ..inference.network import Tokens
from ..protocols import Device


class NetSteps:
    """A language model, one token at a time, as :class:`.choosing.Steps`.

    Parameters
    ----------
    net : LanguageModel
        Any: a reader's own too.
    vocab_size : int
    device : mxnet.Context
    """

    def __init__(self, net: Any, vocab_size: int, device: Device) -> None:
        self._net, self._device = net, device
        self.vocab_size = vocab_size

    def begin_state(self, rows: int) -> Any:
        """The net's own."""
        return self._net.begin_state(batch_size=rows, ctx=self._device)

    def select(self, state: Any, rows: Sequence[int]) -> Any:
        """The state of these rows; of Gluon's layers they are the second axis."""
        index = np.array(list(rows), ctx=self._device)
        return [np.take(array, index, axis=array.ndim - 2) for array in state]

    def step(self, tokens: Tokens, state: Any) -> Tuple[Floats, Any]:
        """Read a token a row; log-probabilities of the next, (rows, vocab_size)."""
        X = np.array(tokens, ctx=self._device).reshape(-1, 1)
        logits, state = self._net(X, state)
        return npx.log_softmax(logits, axis=-1).asnumpy(), state


def probabilities(net: Any, rows: Integers, device: Device) -> Floats:
    """What a net makes of every position of rows of text, each read as a whole.

    Parameters
    ----------
    net : ClozeModel or Tagger
    rows : numpy.ndarray of int, shape (batch_size, num_steps)
    device : mxnet.Context

    Returns
    -------
    numpy.ndarray of float32, shape (batch_size, num_steps, num_outputs)
        Sums to one along the last axis.
    """
    X = np.array(rows, ctx=device)
    logits, _ = net(X, net.begin_state(X.shape[0], device))
    given = npx.softmax(logits.reshape(X.shape[1], X.shape[0], -1), axis=-1)
    found: Floats = given.asnumpy().swapaxes(0, 1)
    return found
