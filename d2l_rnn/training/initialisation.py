"""Fresh weights, with all shapes settled: what an experiment begins with.

Gluon leaves some shapes open until the first forward pass, and draws the weights that
depend on them then. An experiment draws all of them from its seed before its first
epoch, in that same order.
"""

from __future__ import annotations

from mxnet import gluon, init, np

from ..protocols import Device


def initialize(net: object, device: Device) -> None:
    """Give a language model fresh weights as the book does: Normal(0.01), biases zero.

    A net from scratch keeps the parameters that it was made with.
    """
    if isinstance(net, gluon.Block):
        net.initialize(ctx=device, force_reinit=True, init=init.Normal(0.01))
        net(np.zeros((1, 1), ctx=device), net.begin_state(batch_size=1, ctx=device))


def initialize_seq2seq(net: gluon.Block, num_steps: int, device: Device) -> None:
    """Give an encoder-decoder fresh weights as the book does: Xavier's, biases zero."""
    net.initialize(init.Xavier(), force_reinit=True, ctx=device)
    ids, length = np.zeros((1, num_steps), ctx=device), np.ones((1,), ctx=device)
    net(ids, ids, length)
