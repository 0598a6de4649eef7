"""What the tables of customisations stand on: a net, a change, and three ways to run.

A :class:`Reader` does with one module (ours, or d2l 0.17.6) what a reader does:
trains, predicts, changes something, goes on with a loop of their own. What comes of
it is noted in the order in which it happens, so that two ways of running can be
compared entry by entry: losses, gradients' norms, parameters, gradients, texts, calls
of the reader's own code, errors, and the next random numbers.
"""

from __future__ import annotations

import contextlib
import io
import math
import os
import random
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple
from unittest import mock

import numpy
import pytest
from mxnet import cpu, gluon, initializer, np
from mxnet.gluon import rnn

import d2l_rnn
from d2l_rnn.acceleration.recognise import SWITCH
from d2l_rnn.data.text import Vocab
from d2l_rnn.models import scratch_stacks
from d2l_rnn.training import loop

VOCAB = Vocab(list("time travellerz"))
VOCAB_SIZE, NUM_HIDDENS = len(VOCAB), 8
BATCH_SIZE, NUM_STEPS, LR = 2, 5, 0.05
NUM_EPOCHS = 2
#: Ids of a text in which something can be learnt.
CORPUS = [int(k) for k in numpy.random.RandomState(8).randint(0, VOCAB_SIZE, 40)]
CORPUS += [1, 2, 3] * 3


@initializer.register
class Wild(initializer.Initializer):
    """Weights so large that gradients are longer than 1, of any dtype."""

    def __init__(self, scale: float = 3.0) -> None:
        super().__init__(scale=scale)
        self.scale = scale

    def _init_weight(self, name: Any, array: Any) -> None:
        array[:] = np.random.normal(scale=self.scale, size=array.shape)


@dataclass
class Row:
    """A customisation.

    Attributes
    ----------
    name : str
    path : str
        The path that it must take: "packed", "graph", or words of the reason.
    change : callable
        What is done to the reader's net, or around it; nothing where the net itself
        is the customisation.
    make : callable
        The reader's net.
    old : str
        Why 0.17.6 is not compared with; empty where it is.
    clipped : bool
        Whether at least half of the longer story's steps are clipped.
    errors : tuple of str
        Classes of the errors that come of it in the longer story, in their order.
    """

    name: str
    path: str
    change: Optional[Callable[[Reader], None]] = None
    make: Callable[[Reader], Any] = lambda reader: reader.lstm()
    old: str = ""
    clipped: bool = True
    errors: Tuple[str, ...] = ()


class Reader:
    """Somebody who works with a net.

    Parameters
    ----------
    d : module
        ``d2l_rnn``, or d2l 0.17.6.
    """

    def __init__(self, d: ModuleType, undo: contextlib.ExitStack) -> None:
        self.d, self._undo = d, undo
        self.iterator: Any = self.loader()
        self.net: Any = None
        self.kept: Any = None
        self.random_iter = False
        self.calls: List[str] = []
        self.noted: List[Tuple[str, Any]] = []
        self.norms: List[float] = []
        self.paths: List[str] = []
        self.errors: List[Exception] = []
        self._predict = d.predict_ch8
        self.patch(d, "predict_ch8", self._predict_a_little)
        self.folder = Path(undo.enter_context(tempfile.TemporaryDirectory()))

    def _predict_a_little(self, prefix: str, number: int, *others: Any) -> str:
        """What train_ch8 prints, cut short: one text has more than a greedy block."""
        number = 11 if prefix.startswith("time") else 1
        return str(self._predict(prefix[-2:], number, *others))

    @property
    def ours(self) -> bool:
        return self.d is d2l_rnn

    def loader(self) -> Any:
        """The book's iterator, over a small corpus."""
        with mock.patch.object(
            self.d, "load_corpus_time_machine", lambda n: (list(CORPUS), VOCAB)
        ):
            return self.d.SeqDataLoader(BATCH_SIZE, NUM_STEPS, False, -1)

    def lstm(self) -> Any:
        return self.model(rnn.LSTM(NUM_HIDDENS))

    def model(self, layer: Any, kind: Any = None, scale: float = 3.0) -> Any:
        """An ``RNNModel``, or a model of the same signature, with wild weights."""
        net = (kind or self.d.RNNModel)(layer, VOCAB_SIZE)
        return wild(net, scale)

    def scratch(self, functions: Any = None, scale: float = 3.0, **changed: Any) -> Any:
        """A net from scratch of our step functions, with wild weights."""
        get_params, init_state, forward_fn = functions or (
            scratch_stacks.get_lstm_params,
            scratch_stacks.init_lstm_state,
            scratch_stacks.lstm,
        )
        net = self.d.RNNModelScratch(
            VOCAB_SIZE,
            NUM_HIDDENS,
            cpu(),
            get_params,
            changed.get("init_state", init_state),
            changed.get("forward_fn", forward_fn),
        )
        for param in net.params:
            param[:] = np.random.normal(scale=scale, size=param.shape)
        return net

    def patch(self, thing: Any, name: str, value: Any) -> None:
        """Replace an attribute until the story is over."""
        self._undo.enter_context(mock.patch.object(thing, name, value))

    def called(self, what: str) -> None:
        self.calls.append(what)

    # What a reader does

    def attempt(self, act: Callable[[], None]) -> None:
        """Do something; an error that comes of it is noted."""
        try:
            act()
        except Exception as error:
            self.noted.append(("error", type(error).__name__))
            self.errors.append(error)

    def train(self, net: Any = None) -> None:
        """``train_ch8``; its path is noted apart: ways of running differ in it."""
        net = self.net if net is None else net
        shown = io.StringIO()
        try:
            with contextlib.redirect_stdout(shown):
                if self.ours:
                    self._train_ours(net)
                else:
                    self._train_theirs(net)
        finally:
            lines = shown.getvalue().splitlines()
            self.noted += [("text", line) for line in lines if "tokens/sec" not in line]
            self.look(net)

    def _train_ours(self, net: Any) -> None:
        def noting(losses: Any, epoch: int, norms: Any = ()) -> Any:
            values = read_losses(losses, epoch, norms)
            each = numpy.array([float(norm) for norm in norms])
            self.norms += list(each)
            self.noted += [("losses", values), ("norms", each)]
            return values

        read_losses = vars(loop)["read_losses"]
        with mock.patch.object(loop, "read_losses", noting):
            history = self.d.train_ch8(*self._arguments(net), self.random_iter)
        self.paths.append(history.path)
        for row in history:
            self.noted.append(("perplexity", math.exp(row.loss / row.tokens)))

    def _train_theirs(self, net: Any) -> None:
        train_epoch = self.d.train_epoch_ch8

        def noting(*arguments: Any) -> Any:
            value, speed = train_epoch(*arguments)
            curve.append(value)
            return value, speed

        curve: List[float] = []
        with mock.patch.object(self.d, "train_epoch_ch8", noting):
            self.d.train_ch8(*self._arguments(net), self.random_iter)
        self.noted += [("perplexity", value) for value in curve]

    def _arguments(self, net: Any) -> Tuple[Any, ...]:
        return net, self.iterator, VOCAB, LR, NUM_EPOCHS, cpu()

    def go_on(self) -> None:
        """An epoch with an updater of the reader's: a ``Trainer``, or the book's."""
        net = self.net
        if isinstance(net, gluon.Block):
            options = {"learning_rate": LR}
            updater = gluon.Trainer(net.collect_params(), "sgd", options).step
        else:

            def updater(batch_size: int) -> None:
                for param in net.params:
                    param[:] = param - LR * param.grad / batch_size

        loss = gluon.loss.SoftmaxCrossEntropyLoss()
        value, _ = self.d.train_epoch_ch8(
            net, self.iterator, loss, updater, cpu(), self.random_iter
        )
        self.noted.append(("perplexity", value))
        self.look(net)

    def predict(self) -> None:
        text = self._predict("time", 6, self.net, VOCAB, cpu())
        self.noted.append(("text", text))

    def look(self, net: Any) -> None:
        """Note a net's arrays and gradients, where it has them."""
        for data, grad in arrays_of(net):
            self.noted += [("array", data), ("grad", grad)]

    def tell(self, row: Row, moment: str) -> None:
        """The whole story of a customisation that comes early or late."""
        self.net = row.make(self)
        change = row.change or (lambda reader: None)
        if moment == "before":
            self.attempt(lambda: change(self))
            self.attempt(self.train)
            return
        if row.change is None:
            companion = self.lstm()  # a net that we know goes before
            self.attempt(lambda: self.train(companion))
            self.paths.clear()
        self.attempt(self.train)
        self.attempt(self.predict)
        if row.change is not None:
            self.paths.clear()
        self.attempt(lambda: change(self))
        self.attempt(self.go_on)
        self.attempt(self.predict)
        self.attempt(self.train)


def wild(net: Any, scale: float = 3.0) -> Any:
    """The same block, whose weights will be drawn from :class:`Wild`."""
    for parameter in net.collect_params().values():
        if parameter.name.endswith("weight"):
            parameter.init = Wild(scale)
    return net


def arrays_of(net: Any) -> Iterator[Tuple[Any, Any]]:
    """Copies of all arrays of a net and of their gradients; None for what is not."""
    if not isinstance(net, gluon.Block):
        for param in net.params:
            grad = param.grad
            yield param.asnumpy(), None if grad is None else grad.asnumpy()
        return
    for parameter in net.collect_params().values():
        try:
            data = parameter.data().asnumpy()
        except Exception:  # waits for its shape
            yield None, None
            continue
        frozen = parameter.grad_req == "null"
        yield data, None if frozen else parameter.grad().asnumpy()


@contextlib.contextmanager
def acceleration(on: bool) -> Iterator[None]:
    """Default, or off."""
    with mock.patch.dict(os.environ):
        os.environ.pop(SWITCH, None)
        if not on:
            os.environ[SWITCH] = "off"
        yield


def story(row: Row, moment: str, d: ModuleType, on: bool, seed: int) -> Reader:
    """Run a row's story with a module, with or without acceleration."""
    import mxnet

    with contextlib.ExitStack() as undo:
        undo.enter_context(acceleration(on))
        random.seed(seed)
        numpy.random.seed(seed)
        mxnet.random.seed(seed)
        reader = Reader(d, undo)
        reader.tell(row, moment)
        draws = (random.random(), float(np.random.uniform()))
        reader.noted += [("calls", list(reader.calls)), ("draws", draws)]
        return reader


def assert_same(one: Reader, other: Reader) -> None:
    """All that was noted, bit for bit."""
    assert [kind for kind, _ in one.noted] == [kind for kind, _ in other.noted]
    for number, ((kind, a), (_, b)) in enumerate(zip(one.noted, other.noted)):
        if isinstance(a, numpy.ndarray):
            message = f"{kind}, entry {number}"
            numpy.testing.assert_array_equal(a, b, message)
            assert a.dtype == b.dtype, message
        else:
            assert a == b, (kind, number)


def assert_close(ours: Reader, theirs: Reader) -> None:
    """Curves, arrays, gradients within 1e-3; texts, calls and draws the same."""
    noted = [entry for entry in ours.noted if entry[0] not in ("losses", "norms")]
    kinds, theirs_kinds = ([kind for kind, _ in e] for e in (noted, theirs.noted))
    assert kinds == theirs_kinds, (ours.errors, theirs.errors)
    for number, ((kind, a), (_, b)) in enumerate(zip(noted, theirs.noted)):
        if kind in ("array", "grad") and a is not None and b is not None:
            scale = max(1.0, float(abs(b).max()))
            message = f"{kind}, entry {number}"
            numpy.testing.assert_allclose(a, b, 1e-3, 1e-3 * scale, err_msg=message)
        elif kind == "perplexity":
            numpy.testing.assert_allclose(a, b, 1e-3, err_msg=f"entry {number}")
        else:
            assert a == b, (kind, number)


def check(row: Row, moment: str, old: ModuleType, seed: int = 8) -> None:
    """The three laws of a row: its path; default is off; both are 0.17.6.

    0.17.6 is asked for the longer story only.
    """
    default = story(row, moment, d2l_rnn, True, seed)
    off = story(row, moment, d2l_rnn, False, seed)
    expected = list(row.errors) if moment == "after" else []
    errors = [type(error).__name__ for error in default.errors]
    assert errors == expected, default.errors
    assert_same(default, off)
    assert all(path.startswith("plain: ") for path in off.paths)
    assert default.paths
    for path in default.paths:
        if row.path in ("packed", "graph"):
            assert path == row.path
        else:
            assert path.startswith("plain: ") and row.path in path
    if row.clipped and off.norms and moment == "after":
        assert numpy.mean(numpy.array(off.norms) > 1) >= 0.5
    if not row.old and moment == "after":
        assert_close(off, story(row, moment, old, True, seed))


def stories(rows: Dict[str, Row], quick: Sequence[str]) -> List[Any]:
    """All rows, each told early and late; the quick suite tells ``quick`` ones late.

    The late story trains and predicts before, between and after the change.
    """
    assert set(quick) <= set(rows)
    return [
        pytest.param(
            name,
            moment,
            marks=() if moment == "after" and name in quick else pytest.mark.slow,
        )
        for name in rows
        for moment in ("before", "after")
    ]


def by_name(rows: List[Row]) -> Dict[str, Row]:
    table = {row.name: row for row in rows}
    assert len(table) == len(rows)
    return table
