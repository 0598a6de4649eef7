"""A language model's logits as a function of real-valued inputs."""

from __future__ import annotations

from typing import Sequence

from mxnet import npx

from ..errors import UsageError
from ..protocols import Array
from .language_model import RNNModel
from .scratch_model import RNNModelScratch


def logits_of_inputs(net: object, inputs: Array, state: Sequence[Array]) -> Array:
    """The logits of one-hot, or any, inputs: what the net does after ``one_hot``.

    Token ids have no gradient; the inputs that they become have.

    Parameters
    ----------
    net : RNNModel or RNNModelScratch
    inputs : mxnet.np.ndarray, shape (num_steps, batch_size, vocab_size)
    state : as of ``net.begin_state``

    Returns
    -------
    mxnet.np.ndarray, shape (num_steps * batch_size, vocab_size)

    Raises
    ------
    UsageError
        If the net is neither of both.
    """
    if isinstance(net, RNNModel):
        Y, _ = net.rnn(inputs, state)
        logits: Array = net.dense(npx.reshape(Y, (-5, -2)))
        return logits
    if isinstance(net, RNNModelScratch):
        return net.forward_fn(inputs, state, net.params)[0]
    raise UsageError(f"{type(net).__name__}: no language model over one-hot inputs")
