"""The nets that the fast paths know, small and with weights that matter."""

from __future__ import annotations

from typing import Any, List

from mxnet import cpu, init, np
from mxnet.gluon import rnn

from d2l_rnn.arrays import Floats
from d2l_rnn.models.language_model import RNNModel
from d2l_rnn.models.scratch import GRU, LSTM, LSTM_PEEPHOLE, RNN
from d2l_rnn.models.scratch_model import RNNModelScratch
from d2l_rnn.models.scratch_stacks import bidirectional, deep, language_model

VOCAB_SIZE, NUM_HIDDENS = 7, 5
LAYERS = {
    "rnn": lambda: rnn.RNN(NUM_HIDDENS),
    "rnn-tanh": lambda: rnn.RNN(NUM_HIDDENS, 2, activation="tanh"),
    "gru": lambda: rnn.GRU(NUM_HIDDENS),
    "deep-gru": lambda: rnn.GRU(NUM_HIDDENS, 3),
    "lstm": lambda: rnn.LSTM(NUM_HIDDENS),
    "deep-lstm": lambda: rnn.LSTM(NUM_HIDDENS, 2),
    "bigru": lambda: rnn.GRU(NUM_HIDDENS, bidirectional=True),
    "bilstm": lambda: rnn.LSTM(NUM_HIDDENS, 2, bidirectional=True),
}
SCRATCH = {
    "rnn-scratch": RNN,
    "gru-scratch": GRU,
    "lstm-scratch": LSTM,
    "peephole": LSTM_PEEPHOLE,
    "birnn-scratch": bidirectional(RNN),
    "deep-gru-scratch": deep(GRU, 3),
    "deep-bilstm-scratch": deep(bidirectional(LSTM), 2),
}


def make(name: str) -> RNNModel:
    """A net over a Gluon layer, its biases no zeros."""
    net = RNNModel(LAYERS[name](), VOCAB_SIZE)
    net.initialize(init.Normal(0.7))
    net(np.zeros((1, 1)), net.begin_state(batch_size=1))
    for parameter in net.collect_params().values():
        parameter.set_data(np.random.normal(scale=0.4, size=parameter.shape))
    return net


def scratch(name: str) -> RNNModelScratch:
    """A net from scratch, its biases no zeros."""
    functions = language_model(SCRATCH[name])
    net = RNNModelScratch(VOCAB_SIZE, NUM_HIDDENS, cpu(), *functions)
    for param in net.params:
        param[:] = np.random.normal(scale=0.7, size=param.shape)
    return net


def any_net(name: str) -> Any:
    """Either."""
    return scratch(name) if name in SCRATCH else make(name)


def arrays_of(net: Any) -> List[Any]:
    """A net's parameters."""
    if isinstance(net, RNNModelScratch):
        return list(net.params)
    return [parameter.data() for parameter in net.collect_params().values()]


def gradients_of(net: Any) -> List[Floats]:
    """Copies of their gradients."""
    if isinstance(net, RNNModelScratch):
        scratch: List[Any] = net.params
        return [param.grad.asnumpy().copy() for param in scratch]
    found = net.collect_params().values()
    return [parameter.grad().asnumpy().copy() for parameter in found]
