"""A reader's Gluon net stays the reader's: each customisation, early and late."""

from __future__ import annotations

import copy
import warnings
from types import ModuleType
from typing import Any, Callable, List

import pytest
from mxnet import autograd, cpu, gluon, np, npx
from mxnet.gluon import nn, rnn

from .customising import (
    NUM_HIDDENS,
    VOCAB_SIZE,
    Reader,
    Row,
    Wild,
    by_name,
    check,
    stories,
    wild,
)

Change = Callable[[Reader], None]


def subclass(own_forward: bool) -> Callable[[Reader], Any]:
    def make(reader: Reader) -> Any:
        class Own(reader.d.RNNModel):  # type: ignore[name-defined]
            if own_forward:

                def forward(self, inputs: Any, state: Any) -> Any:
                    reader.called("forward")
                    logits, state = super().forward(inputs, state)
                    return 0.5 * logits, state

        return reader.model(rnn.LSTM(NUM_HIDDENS), Own)

    return make


def with_call(reader: Reader) -> Any:
    class Own(reader.d.RNNModel):  # type: ignore[name-defined]
        def __call__(self, *arguments: Any) -> Any:
            reader.called("call")
            logits, state = super().__call__(*arguments)
            return -logits, state

    return reader.model(rnn.GRU(NUM_HIDDENS), Own)


def with_embedding(reader: Reader) -> Any:
    class Own(reader.d.RNNModel):  # type: ignore[name-defined]
        def __init__(self, *arguments: Any, **kwargs: Any) -> None:
            super().__init__(*arguments, **kwargs)
            self.embedding = nn.Embedding(VOCAB_SIZE, 4)

        def forward(self, inputs: Any, state: Any) -> Any:
            Y, state = self.rnn(self.embedding(inputs.T), state)
            return self.dense(Y.reshape(-1, Y.shape[-1])), state

    return reader.model(rnn.LSTM(NUM_HIDDENS), Own)


class BookCell(nn.Block):
    """The book's own cell: its class is never ours."""

    def __init__(self, rnn_layer: Any, vocab_size: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rnn, self.vocab_size = rnn_layer, vocab_size
        self.dense = nn.Dense(vocab_size)

    def forward(self, inputs: Any, state: Any) -> Any:
        X = npx.one_hot(inputs.T, self.vocab_size)
        Y, state = self.rnn(X, state)
        return self.dense(Y.reshape(-1, Y.shape[-1])), state

    def begin_state(self, *arguments: Any, **kwargs: Any) -> Any:
        return self.rnn.begin_state(*arguments, **kwargs)


class OwnLayer(nn.Block):
    """A recurrent layer of a reader's."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.of_input, self.of_state = (nn.Dense(NUM_HIDDENS) for _ in range(2))

    def forward(self, X: Any, state: Any) -> Any:
        outputs = []
        for x in X:
            state = [np.tanh(self.of_input(x) + self.of_state(state[0]))]
            outputs += state
        return np.stack(outputs), state

    def begin_state(self, batch_size: int, ctx: Any) -> Any:
        return [np.zeros((batch_size, NUM_HIDDENS), ctx=ctx)]


class OwnHybridLayer(nn.HybridBlock):
    """Leaky averages of a dense layer's outputs."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.inner = nn.Dense(NUM_HIDDENS, activation="tanh", flatten=False)

    def hybrid_forward(self, F: Any, X: Any, state: Any) -> Any:
        Y = self.inner(X)
        return Y + state[0], [0.5 * state[0] + F.np.mean(Y, axis=0, keepdims=True)]

    def begin_state(self, batch_size: int, ctx: Any) -> Any:
        return [np.zeros((1, batch_size, NUM_HIDDENS), ctx=ctx)]


class OwnLSTM(rnn.LSTM):
    def forward(self, *arguments: Any) -> Any:
        Y, state = super().forward(*arguments)
        return Y * 2, state


class OwnDense(nn.Dense):
    def forward(self, X: Any) -> Any:
        return super().forward(X) * 2


def over(
    layer: Callable[[], Any], kind: Any = None, scale: float = 3.0
) -> Callable[[Reader], Any]:
    return lambda reader: reader.model(layer(), kind, scale)


def hook(part: str, before: bool = False) -> Change:
    def change(reader: Reader) -> None:
        block = getattr(reader.net, part) if part else reader.net
        if before:
            block.register_forward_pre_hook(lambda b, x: reader.called(part))
        else:
            block.register_forward_hook(lambda b, x, y: reader.called(part))

    return change


def hook_taken_away(reader: Reader) -> None:
    handle = reader.net.rnn.register_forward_hook(lambda b, x, y: reader.called("no"))
    handle.detach()


def forward_on_instance(part: str) -> Change:
    def change(reader: Reader) -> None:
        block = getattr(reader.net, part) if part else reader.net
        forward = block.forward

        def own(*arguments: Any) -> Any:
            reader.called(part)
            return forward(*arguments)

        block.forward = own

    return change


def on_class(kind: Callable[[Reader], Any], name: str) -> Change:
    """A method of a class is replaced, and put back at the end."""

    def change(reader: Reader) -> None:
        original = getattr(kind(reader), name)

        def own(self: Any, *arguments: Any, **kwargs: Any) -> Any:
            reader.called(name)
            return original(self, *arguments, **kwargs)

        reader.patch(kind(reader), name, own)

    return change


def new_part(name: str, make: Callable[[], Any]) -> Change:
    def change(reader: Reader) -> None:
        part = wild(make())
        setattr(reader.net, name, part)
        part.initialize(ctx=cpu())

    return change


def new_dense(units: int = VOCAB_SIZE, **options: Any) -> Change:
    return new_part("dense", lambda: nn.Dense(units, **options))


def parameters(name: str, value: Any, select: str = ".*") -> Change:
    return lambda reader: reader.net.collect_params(select).setattr(name, value)


def tied(reader: Reader) -> Any:
    """A second level whose weights are the first level's."""
    net = reader.model(rnn.LSTM(VOCAB_SIZE, 1))
    net.rnn = rnn.LSTM(VOCAB_SIZE, 1)
    net.second = rnn.LSTM(VOCAB_SIZE, 1, params=net.rnn.collect_params())
    net.dense.register_forward_pre_hook(
        lambda block, x: reader.called("dense")  # the net is another by its children
    )
    return wild(net)


def shared_array(reader: Reader) -> None:
    """Two biases begin as equal arrays: equal is not the same."""
    layer = reader.net.rnn
    layer.l0_h2h_bias.init = layer.l0_i2h_bias.init


def to_float64(reader: Reader) -> Any:
    class Double(reader.d.RNNModel):  # type: ignore[name-defined]
        def forward(self, inputs: Any, state: Any) -> Any:
            X = npx.one_hot(inputs.T, self.vocab_size, dtype="float64")
            Y, state = self.rnn(X, [s.astype("float64") for s in state])
            return self.dense(Y.reshape(-1, Y.shape[-1])), state

    net = reader.model(rnn.GRU(NUM_HIDDENS), Double)
    net.cast("float64")
    for parameter in net.collect_params().values():  # Gluon cannot draw them
        parameter.init = parameter.init or Wild()
    return net


def saved_and_loaded(reader: Reader) -> None:
    path = str(reader.folder / "net.params")
    first_pass(reader)
    reader.net.save_parameters(path)
    reader.net.initialize(ctx=cpu(), force_reinit=True)
    reader.net.load_parameters(path, ctx=cpu())


def loaded_into_another(reader: Reader) -> None:
    path = str(reader.folder / "net.params")
    first_pass(reader)
    reader.net.save_parameters(path)
    reader.net = reader.lstm()
    reader.net.load_parameters(path, ctx=cpu())


def deep_copied(reader: Reader) -> None:
    first_pass(reader)
    reader.net = copy.deepcopy(reader.net)


def first_pass(reader: Reader) -> None:
    """The net is used once by hand."""
    net = reader.net
    with warnings.catch_warnings():  # where it has weights already, it keeps them
        warnings.simplefilter("ignore")
        net.initialize(ctx=cpu())
    logits, _ = net(np.zeros((2, 3)), net.begin_state(batch_size=2, ctx=cpu()))
    reader.noted.append(("text", str(logits.shape)))


def data_set(reader: Reader) -> None:
    first_pass(reader)
    for parameter in reader.net.collect_params().values():
        parameter.set_data(np.random.normal(size=parameter.shape))


def reinitialised(reader: Reader) -> None:
    first_pass(reader)
    reader.net.initialize(Wild(0.5), ctx=cpu(), force_reinit=True)


def exported(reader: Reader) -> None:
    net = reader.net
    first_pass(reader)
    for part in (net.rnn, net.dense):
        part.hybridize()
    first_pass(reader)
    for name, part in (("rnn", net.rnn), ("dense", net.dense)):
        part.export(str(reader.folder / name))
        assert (reader.folder / f"{name}-symbol.json").exists()
        part.hybridize(False)


def summarised(reader: Reader) -> None:
    net = reader.net
    first_pass(reader)
    net.summary(np.zeros((2, 5)), net.begin_state(batch_size=2, ctx=cpu()))


def own_loop(reader: Reader) -> None:
    """Two steps by hand before going on."""
    first_pass(reader)
    net = reader.net
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
    for X, Y in list(reader.iterator)[:2]:
        with autograd.record():
            logits, _ = net(X, net.begin_state(batch_size=X.shape[0], ctx=cpu()))
            loss = gluon.loss.SoftmaxCrossEntropyLoss()(logits, Y.T.reshape(-1)).mean()
        loss.backward()
        trainer.step(1)


def momentum(reader: Reader) -> None:
    """A Trainer with momentum keeps its own arrays beside the net's."""
    first_pass(reader)
    options = {"learning_rate": 0.1, "momentum": 0.9}
    trainer = gluon.Trainer(reader.net.collect_params(), "sgd", options)
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    reader.kept = trainer
    reader.d.train_epoch_ch8(
        reader.net, reader.iterator, loss, trainer.step, cpu(), False
    )


def hybridised(part: str, again: bool = False) -> Change:
    def change(reader: Reader) -> None:
        block = getattr(reader.net, part) if part else reader.net
        block.hybridize()
        if again:
            block.hybridize(False)

    return change


STALE = "0.17.6's Trainer refuses a parameter that no gradient reaches"
GRAPH = "0.17.6 does not cut the state off, and asks for the gradient of a lost graph"
NULL = "0.17.6's grad_clipping raises TypeError where a parameter is frozen"

PLAIN: List[Row] = [
    Row("book's own cell", "class BookCell", make=over(lambda: rnn.LSTM(8), BookCell)),
    Row("subclass, own forward", "class Own", make=subclass(True)),
    Row("subclass, nothing changed", "class Own", make=subclass(False)),
    Row("own __call__", "class Own", make=with_call),
    Row("embedding", "class Own", make=with_embedding),
    Row("own recurrent Block", "OwnLayer", make=over(OwnLayer)),
    Row("own HybridBlock", "OwnHybridLayer", make=over(OwnHybridLayer), old=GRAPH),
    Row("own LSTM", "OwnLSTM", make=over(lambda: OwnLSTM(NUM_HIDDENS))),
    Row("float64", "class Double", make=to_float64),
    Row("tied levels", "forward hook", make=tied, old=STALE),
    Row("layer with dropout", "dropout", make=over(lambda: rnn.GRU(8, 2, dropout=0.5))),
    Row("hook on net", "net has a forward hook", hook("")),
    Row("hook on rnn", "net.rnn has a forward hook", hook("rnn")),
    Row("hook on dense", "net.dense has a forward hook", hook("dense")),
    Row("pre-hook on rnn", "net.rnn has a forward hook", hook("rnn", True)),
    Row("pre-hook on net", "net has a forward hook", hook("", True)),
    Row("net.forward = f", "net.forward was replaced", forward_on_instance("")),
    Row("rnn.forward = f", "net.rnn.forward was", forward_on_instance("rnn")),
    Row("dense.forward = f", "net.dense.forward was", forward_on_instance("dense")),
    Row(
        "RNNModel.forward = f",
        "RNNModel.forward was replaced",
        on_class(lambda reader: reader.d.RNNModel, "forward"),
    ),
    Row(
        "RNNModel.begin_state = f",
        "RNNModel.begin_state was replaced",
        on_class(lambda reader: reader.d.RNNModel, "begin_state"),
    ),
    Row(
        "LSTM.hybrid_forward = f",
        "LSTM.hybrid_forward was replaced",
        on_class(lambda reader: rnn.LSTM, "hybrid_forward"),
    ),
    Row(
        "Dense.forward = f",
        "Dense.forward was replaced",
        on_class(lambda reader: nn.Dense, "forward"),
    ),
    Row(
        "Block.__call__ = f",
        "Block.__call__ was replaced",
        on_class(lambda reader: gluon.Block, "__call__"),
    ),
    Row(
        "loss's hybrid_forward = f",
        "SoftmaxCrossEntropyLoss.hybrid_forward was replaced",
        on_class(lambda reader: gluon.loss.SoftmaxCrossEntropyLoss, "hybrid_forward"),
    ),
    Row("dense without bias", "no bias", new_dense(use_bias=False)),
    Row(
        "dense with activation",
        "activation",
        new_dense(activation="relu"),
        clipped=False,
    ),
    Row(
        "own dense",
        "OwnDense",
        new_part("dense", lambda: OwnDense(VOCAB_SIZE)),
    ),
    Row(
        "extra child",
        "other children",
        new_part("extra", lambda: nn.Activation("relu")),
    ),
    Row(
        "extra child with weights",
        "other children",
        new_part("extra", lambda: nn.Dense(3, in_units=2)),
        old=STALE,
        errors=("UserWarning",),  # of the reader's own Trainer
    ),
    Row(
        "all of rnn frozen",
        "grad_req 'null'",
        parameters("grad_req", "null", ".*l0.*"),
        old=NULL,
    ),
    Row(
        "bias frozen",
        "grad_req 'null'",
        parameters("grad_req", "null", ".*bias"),
        old=NULL,
    ),
    Row("gradients added", "grad_req 'add'", parameters("grad_req", "add")),
    Row("lr_mult 0", "lr_mult 0", parameters("lr_mult", 0.0, ".*l0_h2h.*")),
    Row("lr_mult 0.1", "lr_mult 0.1", parameters("lr_mult", 0.1)),
    Row(
        "frozen and hooked",
        "forward hook",
        lambda reader: (
            (
                parameters("lr_mult", 0.0, ".*weight")(reader),
                hook("dense")(reader),
            )
            and None
        ),
    ),
    Row("net hybridised", "was hybridized", hybridised("")),
    Row("rnn hybridised", "net.rnn was hybridized", hybridised("rnn")),
    Row("dense hybridised", "net.dense was hybridized", hybridised("dense")),
]

PACKED: List[Row] = [
    Row("lstm", "packed"),
    Row("gru", "packed", make=over(lambda: rnn.GRU(NUM_HIDDENS))),
    Row("tanh", "packed", make=over(lambda: rnn.RNN(8, activation="tanh"))),
    Row("relu", "packed", make=over(lambda: rnn.RNN(8), scale=0.5)),
    Row("deep bigru", "packed", make=over(lambda: rnn.GRU(8, 2, bidirectional=True))),
    Row("deep lstm", "packed", make=over(lambda: rnn.LSTM(5, 3))),
    Row("hook taken away", "packed", hook_taken_away),
    Row("new dense", "packed", new_dense()),
    Row("narrower dense", "packed", new_dense(VOCAB_SIZE - 2)),
    Row("new rnn", "packed", new_part("rnn", lambda: rnn.LSTM(8))),
    Row("wd_mult", "packed", parameters("wd_mult", 0.0)),
    Row("equal biases", "packed", shared_array),
    Row("saved and loaded", "packed", saved_and_loaded),
    Row("loaded into another", "packed", loaded_into_another),
    Row("deepcopy", "packed", deep_copied, errors=("MXNetError",)),
    Row("set_data", "packed", data_set),
    Row("force_reinit", "packed", reinitialised),
    Row("exported", "packed", exported),
    Row("summary", "packed", summarised),
    Row("own loop", "packed", own_loop),
    Row("own momentum", "packed", momentum),
    Row("hybridised and back", "packed", hybridised("rnn", True)),
]
ROWS = by_name(PLAIN + PACKED)


# Told by the quick suite; -m "" tells all.
QUICK = [
    "book's own cell",
    "subclass, own forward",
    "embedding",
    "own recurrent Block",
    "own HybridBlock",
    "hook on rnn",
    "pre-hook on net",
    "net.forward = f",
    "RNNModel.forward = f",
    "LSTM.hybrid_forward = f",
    "dense without bias",
    "own dense",
    "all of rnn frozen",
    "lr_mult 0",
    "lr_mult 0.1",
    "rnn hybridised",
    "lstm",
    "gru",
    "deep bigru",
    "new dense",
    "new rnn",
    "saved and loaded",
    "deepcopy",
    "set_data",
    "force_reinit",
    "exported",
    "summary",
    "own loop",
]


@pytest.mark.parametrize(("name", "moment"), stories(ROWS, QUICK))
def test_a_customised_net(name: str, moment: str, old: ModuleType) -> None:
    check(ROWS[name], moment, old)


def test_enough_are_recognised() -> None:
    assert len(PACKED) >= 12
    assert len(ROWS) >= 40
