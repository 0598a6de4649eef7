"""Whatever the order in which a reader does things: default is off, bit for bit."""

from __future__ import annotations

import contextlib
import copy
import random
from typing import Any, Callable, Dict, List

import pytest
from mxnet import cpu, gluon, np
from mxnet import random as mxnet_random
from mxnet.gluon import nn, rnn

import d2l_rnn
from d2l_rnn.models import scratch
from d2l_rnn.models.scratch_stacks import bidirectional, deep, language_model

from .customising import VOCAB_SIZE, Reader, acceleration, assert_same, wild

LAYERS = {
    "lstm": lambda: rnn.LSTM(8),
    "deep gru": lambda: rnn.GRU(7, 2),
    "bilstm": lambda: rnn.LSTM(5, bidirectional=True),
    "deep bitanh": lambda: rnn.RNN(6, 2, activation="tanh", bidirectional=True),
}
SCRATCH = {
    "gru": language_model(scratch.GRU),
    "bilstm": language_model(bidirectional(scratch.LSTM)),
    "deep rnn": language_model(deep(scratch.RNN, 2)),
}
Act = Callable[[Reader, Any], None]


def used(reader: Reader) -> None:
    """All weights are there."""
    net = reader.net
    if isinstance(net, gluon.Block):
        try:
            net.dense.weight.data()
        except Exception:
            net.initialize(ctx=cpu(), force_reinit=True)
            net(np.zeros((1, 1)), net.begin_state(batch_size=1, ctx=cpu()))


def hook(reader: Reader, draw: Any) -> None:
    part = draw.choice([reader.net, reader.net.rnn, reader.net.dense])
    reader.kept = part.register_forward_hook(lambda b, x, y: reader.called("hook"))


def unhook(reader: Reader, draw: Any) -> None:
    if reader.kept is not None:
        reader.kept.detach()
        reader.kept = None


def freeze(reader: Reader, draw: Any) -> None:
    parameters = list(reader.net.collect_params().values())
    draw.choice(parameters).grad_req = draw.choice(["null", "write"])


def multiply(reader: Reader, draw: Any) -> None:
    parameters = list(reader.net.collect_params().values())
    draw.choice(parameters).lr_mult = draw.choice([0.0, 0.5, 1.0])


def new_dense(reader: Reader, draw: Any) -> None:
    reader.net.dense = wild(nn.Dense(VOCAB_SIZE))
    reader.net.dense.initialize(ctx=cpu())


def set_data(reader: Reader, draw: Any) -> None:
    used(reader)
    for parameter in reader.net.collect_params().values():
        parameter.set_data(np.random.normal(size=parameter.shape))


def save_and_load(reader: Reader, draw: Any) -> None:
    used(reader)
    path = str(reader.folder / "net.params")
    reader.net.save_parameters(path)
    reader.net.initialize(ctx=cpu(), force_reinit=True)
    reader.net.load_parameters(path, ctx=cpu())


def deep_copy(reader: Reader, draw: Any) -> None:
    used(reader)
    reader.net.hybridize(False)  # MXNet cannot copy a compiled graph
    reader.net, reader.kept = copy.deepcopy(reader.net), None
    reader.look(reader.net)
    for parameter in reader.net.collect_params().values():
        grad_req = parameter.grad_req  # deepcopy leaves the gradients behind
        parameter.grad_req = "null"
        parameter.grad_req = grad_req


def hybridise(reader: Reader, draw: Any) -> None:
    active = draw.random() < 0.5
    if reader.kept is None:  # MXNet warns of hooks
        reader.net.hybridize(active)


def edit_corpus(reader: Reader, draw: Any) -> None:
    corpus = reader.iterator.corpus
    k = draw.randrange(len(corpus) - 1)
    corpus[k], corpus[k + 1] = corpus[k + 1], corpus[k]


def train(reader: Reader, draw: Any) -> None:
    reader.random_iter = draw.random() < 0.3
    reader.attempt(reader.train)


def go_on(reader: Reader, draw: Any) -> None:
    used(reader)
    reader.attempt(reader.go_on)


def predict(reader: Reader, draw: Any) -> None:
    used(reader)
    reader.attempt(reader.predict)


def new_array(reader: Reader, draw: Any) -> None:
    params, k = reader.net.params, draw.randrange(len(reader.net.params))
    params[k] = params[k].copy()
    params[k].attach_grad()


def set_array(reader: Reader, draw: Any) -> None:
    param = draw.choice(list(reader.net.params))
    param[:] = param * 0.5


def tie(reader: Reader, draw: Any) -> None:
    params = list(reader.net.params)
    one, other = draw.sample(range(len(params)), 2)
    if params[one].shape == params[other].shape:
        params[one] = params[other]
        reader.net.params = params


def as_tuple(reader: Reader, draw: Any) -> None:
    kind = draw.choice([tuple, list])
    reader.net.params = kind(reader.net.params)


def mutable(act: Act) -> Act:
    def on_a_list(reader: Reader, draw: Any) -> None:
        reader.net.params = list(reader.net.params)
        act(reader, draw)

    return on_a_list


ALWAYS: List[Act] = [train, train, predict, go_on, edit_corpus]
OF_GLUON: List[Act] = [
    *ALWAYS,
    hook,
    unhook,
    freeze,
    multiply,
    new_dense,
    set_data,
    save_and_load,
    deep_copy,
    hybridise,
]
OF_SCRATCH: List[Act] = [*ALWAYS, mutable(new_array), set_array, tie, as_tuple]


def run(kind: str, name: str, order: int, on: bool) -> Reader:
    draw = random.Random(order)
    with contextlib.ExitStack() as undo:
        undo.enter_context(acceleration(on))
        random.seed(order)
        mxnet_random.seed(order)
        reader = Reader(d2l_rnn, undo)
        if kind == "gluon":
            reader.net, acts = reader.model(LAYERS[name]()), OF_GLUON
        else:
            reader.net = reader.scratch(SCRATCH[name], 1.0)
            acts = OF_SCRATCH
        for _ in range(6):
            draw.choice(acts)(reader, draw)
        train(reader, draw)
        predict(reader, draw)
        reader.noted.append(("draws", (random.random(), float(np.random.uniform()))))
        reader.noted.append(("calls", list(reader.calls)))
        return reader


@pytest.mark.parametrize("name", LAYERS)
def test_any_order_with_a_gluon_net(name: str, seed: int, capsys: Any) -> None:
    for order in range(seed, seed + 2):
        print(f"order {order}")
        assert_same(run("gluon", name, order, True), run("gluon", name, order, False))


@pytest.mark.parametrize("name", SCRATCH)
def test_any_order_with_a_net_from_scratch(name: str, seed: int, capsys: Any) -> None:
    for order in range(seed, seed + 2):
        print(f"order {order}")
        one, other = (run("scratch", name, order, on) for on in (True, False))
        assert_same(one, other)


def test_orders_take_every_path() -> None:
    """Without it the property could hold because nothing was accelerated."""
    paths: Dict[str, int] = {}
    for order in range(6):
        for path in run("gluon", "lstm", order, True).paths:
            paths[path.split(":")[0]] = paths.get(path.split(":")[0], 0) + 1
    assert paths.get("packed", 0) >= 3 and paths.get("plain", 0) >= 3
