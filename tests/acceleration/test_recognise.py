"""A net is recognised exactly if it is one of ours, and told why where it is not."""

from __future__ import annotations

import contextlib
import functools
import io
import sys
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, Callable, Dict

import pytest
from mxnet import autograd, cpu, gluon, np
from mxnet.gluon import nn, rnn

import d2l_rnn
from d2l_rnn.acceleration import explain, provenance, why_not
from d2l_rnn.acceleration.recognise import (
    SWITCH,
    why_not_iterate,
    why_not_to_generate,
)
from d2l_rnn.data import sequences
from d2l_rnn.models import scratch, scratch_stacks

from .customising import CORPUS, VOCAB, VOCAB_SIZE
from .test_customised_surroundings import batches


def lstm() -> Any:
    net = d2l_rnn.RNNModel(rnn.LSTM(8), VOCAB_SIZE)
    net.initialize()
    return net


def scratch_net() -> Any:
    functions = (
        scratch_stacks.get_lstm_params,
        scratch_stacks.init_lstm_state,
        scratch_stacks.lstm,
    )
    return d2l_rnn.RNNModelScratch(VOCAB_SIZE, 8, cpu(), *functions)


def test_explain_says_which_path_and_why() -> None:
    net = lstm()
    assert explain(net).startswith("recognised")
    net.rnn.l0_i2h_bias.grad_req = "null"
    told = explain(net)
    assert "trained on the plain path" in told and "asked on the fast one" in told
    assert net.rnn.l0_i2h_bias.name in told and "'null'" in told
    net.rnn.register_forward_hook(lambda *arguments: None)
    assert explain(net) == "plain path: net.rnn has a forward hook"
    assert (
        explain(object()) == "plain path: the net is of class object, not one of ours"
    )
    assert explain(scratch_net()).startswith("recognised")


@pytest.mark.parametrize("word", ["off", "OFF", "0", "no", "false"])
def test_the_switch(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, word)
    assert why_not(lstm()) == why_not_to_generate(scratch_net()) == f"{SWITCH} is off"
    monkeypatch.setenv(SWITCH, "on")
    assert why_not(lstm()) == ""


def test_asked_at_each_call() -> None:
    net = lstm()
    handle = net.dense.register_forward_hook(lambda *arguments: None)
    assert why_not(net)
    handle.detach()
    assert not why_not(net)
    with autograd.record():
        assert why_not(net) == "a gradient is being recorded"
    assert not why_not(net)
    net.rnn.hybridize()
    assert why_not(net)
    net.rnn.hybridize(False)
    assert not why_not(net)


class Called:
    """An object in the place of a function."""

    def __call__(self, *arguments: Any, **kwargs: Any) -> Any:
        return None


class Descriptor:
    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return lambda *arguments: None


def own(*arguments: Any, **kwargs: Any) -> None:
    return None


STAND_INS: Dict[str, Any] = {
    "a function": own,
    "an object": Called(),
    "a partialmethod": functools.partialmethod(own),
    "a descriptor": Descriptor(),
    "a staticmethod": staticmethod(own),
    "a property": property(own),
}
METHODS = [
    (d2l_rnn.RNNModel, "forward"),
    (gluon.Block, "__call__"),
    (rnn.LSTM, "forward"),
    (nn.Dense, "hybrid_forward"),
    (gluon.Parameter, "data"),
    (gluon.loss.SoftmaxCrossEntropyLoss, "hybrid_forward"),
]


@pytest.mark.parametrize("stand_in", STAND_INS)
@pytest.mark.parametrize("kind, name", METHODS)
def test_a_replaced_method_is_noticed(
    kind: Any, name: str, stand_in: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = lstm()
    monkeypatch.setattr(kind, name, STAND_INS[stand_in])
    assert "was replaced" in why_not(net) and name in why_not(net)
    monkeypatch.undo()
    if name not in vars(kind):
        assert why_not(net) == ""


def test_a_base_put_among_the_others_is_noticed() -> None:
    class Mixin:
        def forward(self, *arguments: Any) -> Any:
            return None

    net, bases = lstm(), d2l_rnn.RNNModel.__bases__
    try:
        d2l_rnn.RNNModel.__bases__ = (Mixin, *bases)
        assert why_not(net) == "Mixin was replaced"
    finally:
        d2l_rnn.RNNModel.__bases__ = bases
    assert why_not(net) == ""


@pytest.mark.parametrize("stand_in", ["a function", "an object"])
@pytest.mark.parametrize(
    "module, name",
    [(scratch, "tanh"), (scratch, "product"), (scratch_stacks, "linear")],
)
def test_a_replaced_function_of_ours_is_noticed(
    module: ModuleType, name: str, stand_in: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = scratch_net()
    assert why_not(net) == ""
    monkeypatch.setattr(module, name, STAND_INS[stand_in])
    assert why_not(net).endswith(f".{name} was replaced")


def test_what_is_ours_and_what_only_looks_like_it(tmp_path: Path) -> None:
    ours: Any = scratch_stacks.lstm
    assert provenance.is_ours(ours)
    assert provenance.is_ours(functools.partial(ours))
    assert provenance.is_ours(scratch.LSTM)

    def around(*arguments: Any) -> Any:
        return ours(*arguments)

    around.func = ours  # type: ignore[attr-defined]
    called = Called()
    called.func = ours  # type: ignore[attr-defined]
    for function in (
        around,
        called,
        functools.partial(around),
        Called,
        len,
        ours.__call__,
    ):
        assert not provenance.is_ours(function), function
    assert not provenance.is_ours(functools.partial(ours, key=around))
    # A package of the reader's whose name begins with ours.
    file = provenance.PACKAGE.rstrip("/\\") + "_exercises.py"
    space: Dict[str, Any] = {}
    exec(compile("def theirs(): pass", file, "exec"), space)
    assert isinstance(space["theirs"], FunctionType)
    assert not provenance.is_ours(space["theirs"])


def test_iterators(monkeypatch: pytest.MonkeyPatch) -> None:
    loader = sequences.SequenceLoader(CORPUS, 2, 5)
    for known in (loader, batches(), tuple(batches())):
        assert why_not_iterate(known) == ""

    class Own(sequences.SequenceLoader):
        pass

    class OwnList(list):  # type: ignore[type-arg]
        pass

    for unknown in (iter(batches()), Own(CORPUS, 2, 5), OwnList(), zip(), map(own, [])):
        assert "reader's own" in why_not_iterate(unknown)
    loader.data_iter_fn = own  # type: ignore[assignment]
    assert "data_iter_fn" in why_not_iterate(loader)
    loader = sequences.SequenceLoader(CORPUS, 2, 5)
    monkeypatch.setattr(sequences, "sequential_partition", own)
    assert why_not_iterate(loader) == "sequences.sequential_partition was replaced"
    monkeypatch.undo()
    monkeypatch.setattr(sequences.SequenceLoader, "__iter__", own)
    assert "SequenceLoader.__iter__" in why_not_iterate(loader)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Unhashable:
    """A net from scratch of a reader's class."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self) -> None:
        self._net = scratch_net()
        self.params = self._net.params

    def begin_state(self, batch_size: int, ctx: Any) -> Any:
        return self._net.begin_state(batch_size, ctx)

    def __call__(self, X: Any, state: Any) -> Any:
        return self._net(X, state)


@pytest.mark.parametrize("make", [lstm, Unhashable])
def test_a_terminal_is_told_once_a_net(
    make: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def train(net: Any) -> str:
        terminal = Terminal()
        monkeypatch.setattr(sys, "stderr", terminal)
        with contextlib.redirect_stdout(io.StringIO()):
            history = d2l_rnn.train_ch8(net, batches(), VOCAB, 0.1, 2, cpu())
        lines = terminal.getvalue().replace("\r", "\n").splitlines()
        told = [line for line in lines if line.startswith("d2l_rnn: plain path")]
        assert len(told) <= 1
        if told:
            assert told[0].split(", ", 1)[1] == history.path[len("plain: ") :]
        return "".join(told)

    net, other = make(), make()
    if make is lstm:
        assert train(net) == ""  # the fast path has nothing to say
        for one in (net, other):
            one.rnn.register_forward_hook(lambda *arguments: None)
    assert train(net) and train(net) == ""
    assert train(other)


def test_nothing_is_told_where_nobody_reads(capsys: Any) -> None:
    net = lstm()
    net.rnn.register_forward_hook(lambda *arguments: None)
    history = d2l_rnn.train_ch8(net, batches(), VOCAB, 0.1, 1, cpu())
    assert history.path == "plain: net.rnn has a forward hook"
    assert "plain path" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "layer, word",
    [
        (lambda: rnn.LSTM(8, dropout=0.1), "dropout"),
        (lambda: rnn.LSTM(8, projection_size=4), "projection"),
        (lambda: rnn.LSTM(8, state_clip_min=-1, state_clip_max=1), "clips"),
        (lambda: rnn.GRU(8, dtype="float64"), "float64"),
    ],
)
def test_unusual_layers(layer: Callable[[], Any], word: str) -> None:
    assert word in why_not(d2l_rnn.RNNModel(layer(), VOCAB_SIZE))


def test_two_devices_and_no_weights_at_all() -> None:
    net = d2l_rnn.RNNModel(rnn.LSTM(8), VOCAB_SIZE)
    assert why_not(net).endswith("is not initialised")
    net.initialize(ctx=[cpu(0), cpu(1)])
    for ctx in (cpu(0), cpu(1)):
        net(np.zeros((1, 1), ctx=ctx), net.begin_state(batch_size=1, ctx=ctx))
    assert why_not(net).endswith("lies on several devices")
