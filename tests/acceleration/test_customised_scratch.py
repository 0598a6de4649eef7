"""A reader's net from scratch stays the reader's: every change, early and late."""

from __future__ import annotations

import functools
from collections import namedtuple
from types import ModuleType
from typing import Any, Callable

import pytest
from mxnet import cpu, np, npx

from d2l_rnn.models import scratch, scratch_operators, scratch_stacks
from d2l_rnn.models.scratch_stacks import bidirectional, deep, language_model

from .customising import NUM_HIDDENS, VOCAB_SIZE, Reader, Row, by_name, check, stories

Pair = namedtuple("Pair", ["H", "C"])


def lstm(**changed: Any) -> Callable[[Reader], Any]:
    return lambda reader: reader.scratch(**changed)


def of(layer: Any, scale: float = 1.0) -> Callable[[Reader], Any]:
    functions = language_model(layer)  # once: graphs are kept by function
    return lambda reader: reader.scratch(functions, scale)


class OwnClass:
    """The book's class, written out by a reader; it may have no hash."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, params: Any) -> None:
        self.params = params

    def begin_state(self, batch_size: int, ctx: Any) -> Any:
        return scratch_stacks.init_lstm_state(batch_size, NUM_HIDDENS, ctx)

    def __call__(self, X: Any, state: Any) -> Any:
        inputs = npx.one_hot(X.T, VOCAB_SIZE)
        return scratch_stacks.lstm(inputs, state, self.params)


class Closure(OwnClass):
    """It computes with arrays that it keeps, and lists them, or none."""

    def __init__(self, params: Any, listed: Any) -> None:
        super().__init__(listed)
        self._kept = params

    def __call__(self, X: Any, state: Any) -> Any:
        inputs = npx.one_hot(X.T, VOCAB_SIZE)
        return scratch_stacks.lstm(inputs, state, self._kept)


class Halving:
    """A callable that keeps another under the name that ``partial`` has for it."""

    def __init__(self, func: Any) -> None:
        self.func = func

    def __call__(self, *arguments: Any) -> Any:
        logits, state = self.func(*arguments)
        return logits / 2, state


class OwnLayer(scratch.Layer):
    """A tuple of our functions, with another one in the place of one of them."""

    @property
    def forward(self) -> Any:
        def own(inputs: Any, state: Any, params: Any) -> Any:
            hiddens, state = self[2](inputs, state, params)
            return [H / 2 for H in hiddens], state

        return own


def subclassed(reader: Reader) -> Any:
    class Own(reader.d.RNNModelScratch):  # type: ignore[name-defined]
        def __call__(self, X: Any, state: Any) -> Any:
            reader.called("call")
            return super().__call__(X, state)

    net = reader.scratch()
    net.__class__ = Own
    return net


def tied(reader: Reader) -> Any:
    """Input and forget gate share their arrays; each is listed twice."""
    net = reader.scratch()
    net.params[3:6] = net.params[:3]
    return net


def closure(listed: bool) -> Callable[[Reader], Any]:
    def make(reader: Reader) -> Any:
        params = reader.scratch().params
        return Closure(params, params if listed else [])

    return make


def keep(reader: Reader) -> None:
    """An array that the reader kept is the net's, now and later."""
    reader.kept = reader.net.params[0]
    reader.kept[:] = reader.kept * 0.5
    reader.net.params[1][:] = 0.1


def as_tuple(reader: Reader) -> None:
    reader.net.params = tuple(reader.net.params)


def replaced_list(reader: Reader) -> None:
    reader.net.params = [param.copy() for param in reader.net.params]
    for param in reader.net.params:
        param.attach_grad()


def replaced_array(reader: Reader) -> None:
    fresh = np.random.normal(size=reader.net.params[1].shape)
    fresh.attach_grad()
    reader.net.params[1] = fresh


def added(reader: Reader) -> None:
    for param in reader.net.params:
        param.attach_grad("add")


def frozen(reader: Reader) -> None:
    """An array whose gradient nobody computes."""
    reader.net.params[0] = reader.net.params[0].copy()


def own_forward(reader: Reader) -> None:
    forward_fn = reader.net.forward_fn

    def own(inputs: Any, state: Any, params: Any) -> Any:
        reader.called("forward")
        logits, state = forward_fn(inputs, state, params)
        return 2 * logits, state

    reader.net.forward_fn = own


def around(reader: Reader) -> None:
    forward_fn = reader.net.forward_fn
    reader.net.forward_fn = lambda *arguments: forward_fn(*arguments)


def partial_of_ours(reader: Reader) -> None:
    reader.net.forward_fn = functools.partial(reader.net.forward_fn)


def partial_of_own(reader: Reader) -> None:
    around(reader)
    partial_of_ours(reader)


def own_init_state(reader: Reader) -> None:
    def own(batch_size: int, num_hiddens: int, device: Any) -> Any:
        reader.called("init")
        return tuple(np.ones((batch_size, num_hiddens), ctx=device) for _ in range(2))

    reader.net.init_state = own


def named_state(reader: Reader) -> None:
    """A namedtuple goes in and comes out."""
    init_state, forward_fn = reader.net.init_state, reader.net.forward_fn

    def own(inputs: Any, state: Any, params: Any) -> Any:
        logits, (H, C) = forward_fn(inputs, (state.H, state.C), params)
        return logits, Pair(H, C)

    reader.net.init_state = lambda *arguments: Pair(*init_state(*arguments))
    reader.net.forward_fn = own


def dict_state(reader: Reader) -> None:
    init_state, forward_fn = reader.net.init_state, reader.net.forward_fn

    def own(inputs: Any, state: Any, params: Any) -> Any:
        logits, state = forward_fn(inputs, (state["H"], state["C"]), params)
        return logits, dict(zip("HC", state))

    reader.net.init_state = lambda *arguments: dict(zip("HC", init_state(*arguments)))
    reader.net.forward_fn = own


class Memory:
    """A state of a reader's, which is cut off in place."""

    def __init__(self, array: Any) -> None:
        self.array = array

    def detach(self) -> None:
        self.array = self.array.detach()


def own_state(reader: Reader) -> None:
    init_state, forward_fn = reader.net.init_state, reader.net.forward_fn

    def own(inputs: Any, state: Any, params: Any) -> Any:
        logits, state = forward_fn(inputs, [s.array for s in state], params)
        return logits, [Memory(array) for array in state]

    reader.net.init_state = lambda *arguments: [
        Memory(a) for a in init_state(*arguments)
    ]
    reader.net.forward_fn = own


def replaced_in(module: ModuleType, name: str, kind: str = "function") -> Any:
    """An operator of ours is replaced, for as long as the story lasts."""

    def change(reader: Reader) -> None:
        original = getattr(module, name)

        def own(*arguments: Any, **kwargs: Any) -> Any:
            return original(*arguments, **kwargs) * 0.5

        class Own:
            def __call__(self, *arguments: Any, **kwargs: Any) -> Any:
                return own(*arguments, **kwargs)

        reader.patch(module, name, own if kind == "function" else Own())

    return change


def call_on_class(reader: Reader) -> None:
    original = reader.d.RNNModelScratch.__call__

    def own(self: Any, X: Any, state: Any) -> Any:
        reader.called("call")
        return original(self, X, state)

    reader.patch(reader.d.RNNModelScratch, "__call__", own)


DICT = "0.17.6 detaches the keys of a dict"
NO_GRAD = "0.17.6's grad_clipping raises TypeError where an array has no gradient"

ROWS = by_name(
    [
        Row("lstm", "graph", make=lstm()),
        Row("rnn", "graph", make=of(scratch.RNN)),
        Row("gru", "graph", make=of(scratch.GRU)),
        Row("peephole", "graph", make=of(scratch.LSTM_PEEPHOLE, 3.0)),
        Row("deep", "graph", make=of(deep(scratch.GRU, 2))),
        Row("bilstm", "graph", make=of(bidirectional(scratch.LSTM), 3.0)),
        Row("deep bigru", "graph", make=of(deep(bidirectional(scratch.GRU), 2))),
        Row("kept array", "graph", keep, lstm()),
        Row("params replaced", "graph", replaced_list, lstm()),
        Row("an array replaced", "graph", replaced_array, lstm()),
        Row("gradients added", "graph", added, lstm()),
        Row("partial of ours", "graph", partial_of_ours, lstm()),
        Row("subclass", "class Own", make=subclassed),
        Row(
            "own class",
            "class OwnClass",
            make=lambda reader: OwnClass(reader.scratch().params),
        ),
        Row("closure, listed", "class Closure", make=closure(True)),
        Row(
            "closure, none listed", "class Closure", make=closure(False), clipped=False
        ),
        Row("tied", "twice", make=tied),
        Row("tuple of params", "a tuple, not a list", as_tuple, lstm()),
        Row(
            "no gradient",
            "params[0] has no gradient",
            frozen,
            lstm(),
            NO_GRAD,
            errors=("TypeError",),
        ),
        Row("own forward_fn", "forward_fn is the reader's", own_forward, lstm()),
        Row("lambda around ours", "forward_fn is the reader's", around, lstm()),
        Row("partial of own", "forward_fn is the reader's", partial_of_own, lstm()),
        Row(
            "object around ours",
            "forward_fn is the reader's",
            make=lstm(scale=6.0, forward_fn=Halving(scratch_stacks.lstm)),
        ),
        Row(
            "own layer",
            "forward_fn is the reader's",
            make=of(OwnLayer(*scratch.LSTM), 6.0),
        ),
        Row("own init_state", "init_state is the reader's", own_init_state, lstm()),
        Row("namedtuple state", "is the reader's", named_state, lstm()),
        Row("dict state", "is the reader's", dict_state, lstm(), old=DICT),
        Row("own state", "is the reader's", own_state, lstm()),
        Row("__call__ of the class", "RNNModelScratch.__call__", call_on_class, lstm()),
        Row("tanh", "scratch.tanh was", replaced_in(scratch, "tanh"), lstm()),
        Row("tanh an object", "tanh was", replaced_in(scratch, "tanh", "o"), lstm()),
        Row(
            "operators' linear",
            "scratch_operators.linear was",
            replaced_in(scratch_operators, "linear"),
            lstm(),
        ),
        Row(
            "stacks' linear",
            "scratch_stacks.linear was",
            replaced_in(scratch_stacks, "linear"),
            lstm(),
        ),
    ]
)


# Told by the quick suite; -m "" tells all.
QUICK = [
    "lstm",
    "bilstm",
    "kept array",
    "params replaced",
    "closure, listed",
    "tied",
    "tuple of params",
    "own forward_fn",
    "namedtuple state",
    "tanh",
]


@pytest.mark.parametrize(("name", "moment"), stories(ROWS, QUICK))
def test_a_customised_net(name: str, moment: str, old: ModuleType) -> None:
    check(ROWS[name], moment, old)


def test_a_kept_array_is_trained() -> None:
    """Ties and closures: the reader's own objects move, and no others are made."""
    from d2l_rnn import train_ch8
    from d2l_rnn.data.sequences import SequenceLoader
    from d2l_rnn.models.scratch_model import RNNModelScratch

    from .customising import CORPUS, VOCAB

    net = RNNModelScratch(VOCAB_SIZE, 8, cpu(), *language_model(scratch.LSTM))
    kept = list(net.params)
    listed: Any = net.params
    param: Any
    gradients = [param.grad for param in listed]
    before = [param.asnumpy() for param in kept]
    history = train_ch8(net, SequenceLoader(CORPUS, 2, 5), VOCAB, 0.5, 2, cpu())
    assert history.path == "graph" and net.params is listed
    assert all(one is other for one, other in zip(kept, net.params))
    for param, grad, old in zip(listed, gradients, before):
        assert abs(param.asnumpy() - old).max() > 0
        assert (grad.asnumpy() == param.grad.asnumpy()).all()
