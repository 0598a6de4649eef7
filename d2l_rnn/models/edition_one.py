"""The models of the book's edition 1.0 that the MXNet part of d2l 1.0.3 lacks."""

from __future__ import annotations

from typing import Any, List, NamedTuple, Tuple

from mxnet import autograd
from mxnet.gluon import rnn

from ..errors import D2lRnnError
from ..installation import cure_of_d2l

try:
    from d2l import mxnet as d2l
# What was compiled for another NumPy raises the last two.
except (ImportError, OSError, ValueError, AttributeError) as error:
    raise D2lRnnError(
        "the experiments of edition 1.0 need the package d2l 1.0.3, which cannot be "
        f"imported ({error}): {cure_of_d2l(str(error)).text}"
    ) from error

__all__ = ["LSTM", "BiGRU", "RNNLM", "RNNLMScratch", "d2l"]


class LSTM(d2l.RNN):
    """As in the book (1.0, section 10.1); d2l's MXNet part does not have it."""

    def __init__(self, num_hiddens: int) -> None:
        d2l.Module.__init__(self)
        self.save_hyperparameters()
        self.rnn = rnn.LSTM(num_hiddens)

    def forward(self, inputs: Any, H_C: Any = None) -> Tuple[Any, Any]:
        """Outputs (num_steps, batch_size, num_hiddens), and the state (H, C)."""
        if H_C is None:
            H_C = self.rnn.begin_state(inputs.shape[1], ctx=inputs.ctx)
        outputs, H_C = self.rnn(inputs, H_C)
        return outputs, H_C


class BiGRU(d2l.RNN):
    """As in the book (1.0.0-alpha0, section 10.4): both directions, one GRU layer."""

    def __init__(self, num_hiddens: int) -> None:
        d2l.Module.__init__(self)
        self.save_hyperparameters()
        self.rnn = rnn.GRU(num_hiddens, bidirectional=True)


class BatchLoss(NamedTuple):
    """A minibatch's mean loss, its tokens, and whether it was trained on."""

    mean: Any
    tokens: int
    training: bool


class _Listening:
    """Keeps every minibatch's loss where the book draws it."""

    heard: List[BatchLoss]

    def loss(self, Y_hat: Any, Y: Any, averaged: bool = True) -> Any:
        """The model's loss, kept besides."""
        value = super().loss(Y_hat, Y, averaged)  # type: ignore[misc]
        if not hasattr(self, "heard"):
            self.heard = []
        self.heard.append(BatchLoss(value, Y.size, autograd.is_recording()))
        return value

    def plot(self, key: str, value: Any, train: bool) -> None:
        """Draw nothing."""


class RNNLM(_Listening, d2l.RNNLM):
    """d2l's language model over a Gluon layer."""


class RNNLMScratch(_Listening, d2l.RNNLMScratch):
    """d2l's language model from scratch."""
