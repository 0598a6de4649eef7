"""What stands around a net is the reader's too: functions, iterators, exceptions."""

from __future__ import annotations

from types import ModuleType
from typing import Any, Callable, Iterator, List

import numpy
import pytest
from mxnet import autograd, gluon, np

import d2l_rnn

from .customising import (
    CORPUS,
    Reader,
    Row,
    assert_close,
    assert_same,
    by_name,
    check,
    stories,
    story,
)

Change = Callable[[Reader], None]


def book_function(name: str) -> Change:
    """A function of the book is replaced by one that calls it."""

    def change(reader: Reader) -> None:
        original = getattr(reader.d, name)

        def own(*arguments: Any, **kwargs: Any) -> Any:
            reader.called(name)
            return original(*arguments, **kwargs)

        reader.patch(reader.d, name, own)

    return change


def no_clipping(reader: Reader) -> None:
    reader.patch(reader.d, "grad_clipping", lambda net, theta: reader.called("clip"))


def own_sgd(reader: Reader) -> None:
    def own(params: Any, lr: float, batch_size: int) -> None:
        reader.called("sgd")
        for param in params:
            param[:] = param - 0.5 * lr * param.grad / batch_size

    reader.patch(reader.d, "sgd", own)


def own_train_epoch(reader: Reader) -> None:
    def own(
        net: Any, train_iter: Any, loss: Any, updater: Any, device: Any, fresh: bool
    ) -> Any:
        total, number = 0.0, 0
        for X, Y in train_iter:
            reader.called("step")
            state = net.begin_state(batch_size=X.shape[0], ctx=device)
            with autograd.record():
                y_hat, _ = net(X, state)
                mean = loss(y_hat, Y.T.reshape(-1)).mean()
            mean.backward()
            updater(batch_size=2)
            total, number = total + float(mean), number + 1
        return 2 ** (total / number), 1.0

    reader.patch(reader.d, "train_epoch_ch8", own)


def own_animator(reader: Reader) -> None:
    class Own:
        def __init__(self, **kwargs: Any) -> None:
            reader.called(str(sorted(kwargs)))

        def add(self, x: Any, y: Any) -> None:
            reader.called("add")

    reader.patch(reader.d, "Animator", Own)


def own_timer(reader: Reader) -> None:
    class Own:
        def __init__(self) -> None:
            reader.called("timer")

        def stop(self) -> float:
            return 2.0

    reader.patch(reader.d, "Timer", Own)


def corpus_set(reader: Reader) -> None:
    reader.iterator.corpus = CORPUS[::-1]


def corpus_edited(reader: Reader) -> None:
    corpus = reader.iterator.corpus
    corpus[10:20] = corpus[:10]
    del corpus[-3:]


def corpus_longer(reader: Reader) -> None:
    reader.iterator.corpus = numpy.array(CORPUS * 2)


def data_iter_fn(reader: Reader) -> None:
    original = reader.iterator.data_iter_fn

    def own(*arguments: Any) -> Iterator[Any]:
        reader.called("iter")
        return original(*arguments)

    reader.iterator.data_iter_fn = own


def random_sampling(reader: Reader) -> None:
    reader.iterator.data_iter_fn = reader.d.seq_data_iter_random
    reader.random_iter = True


def fresh_states(reader: Reader) -> None:
    reader.random_iter = True


def larger_batches(reader: Reader) -> None:
    reader.iterator.batch_size, reader.iterator.num_steps = 3, 4


def batches(number: int = 4, num_steps: int = 5, **types: str) -> List[Any]:
    ids = numpy.array(CORPUS[: 2 * number * num_steps + 1])
    starts = numpy.arange(0, 2 * number * num_steps, num_steps).reshape(number, 2)
    rows = starts[..., None] + numpy.arange(num_steps)
    return [
        (
            np.array(ids[row], dtype=types.get("X", "float32")),
            np.array(ids[row + 1], dtype=types.get("Y", "float32")),
        )
        for row in rows
    ]


def iterator(make: Callable[[Reader], Any]) -> Change:
    def change(reader: Reader) -> None:
        reader.iterator = make(reader)

    return change


class OwnIterator:
    """It counts how often it is asked, and looks at the net between two steps."""

    def __init__(self, reader: Reader, fails_in: int = 0) -> None:
        self.reader, self.fails_in, self.epoch = reader, fails_in, 0

    def __iter__(self) -> Iterator[Any]:
        self.epoch += 1
        self.reader.called("iter")
        for number, minibatch in enumerate(batches()):
            if number:  # some weights may wait for the first
                self.reader.look(self.reader.net)
            if self.epoch == self.fails_in and number == 2:
                raise LookupError("no more text")
            yield minibatch


class Generator:
    """A generator function, called anew for each epoch."""

    def __iter__(self) -> Iterator[Any]:
        yield from batches()


def of_lengths(reader: Reader) -> List[Any]:
    """Minibatches of many lengths, one step among them."""
    lengths = [5, 1, 3, 5, 2, 1]
    return [(X[:, :k], Y[:, :k]) for k, (X, Y) in zip(lengths, batches() * 2)]


def of_one(reader: Reader) -> List[Any]:
    """One line, one step."""
    return [(X[:1, :1], Y[:1, :1]) for X, Y in batches()]


def broken(reader: Reader) -> List[Any]:
    """The third minibatch is none."""
    good = batches()
    return [*good[:2], good[2][:1], good[3]]


def within_record(reader: Reader) -> None:
    train = reader.train

    def recorded(net: Any = None) -> None:
        with autograd.record():
            train(net)

    reader.train = recorded  # type: ignore[method-assign]


class DoubleLoss(gluon.loss.Loss):
    def __init__(self) -> None:
        super().__init__(weight=None, batch_axis=0)

    def hybrid_forward(self, F: Any, y_hat: Any, y: Any) -> Any:
        return -2 * F.npx.pick(F.npx.log_softmax(y_hat), y)


def own_loss(reader: Reader) -> None:
    reader.patch(gluon.loss, "SoftmaxCrossEntropyLoss", DoubleLoss)


def scratch(reader: Reader) -> Any:
    return reader.scratch()


ROWS = by_name(
    [
        # the norms that are noted are those after the reader's clipping
        Row(
            "grad_clipping",
            "grad_clipping was",
            book_function("grad_clipping"),
            clipped=False,
        ),
        Row("no clipping", "grad_clipping was", no_clipping, clipped=False),
        Row("no clipping, scratch", "grad_clipping was", no_clipping, scratch),
        Row("sgd, scratch", "sgd was replaced", own_sgd, scratch),
        Row("sgd, Gluon", "sgd was replaced", own_sgd),
        Row("train_epoch_ch8", "train_epoch_ch8 was", own_train_epoch),
        Row("train_epoch_ch8, scratch", "train_epoch_ch8", own_train_epoch, scratch),
        Row("own loss", "SoftmaxCrossEntropyLoss was replaced", own_loss),
        Row("own iterator", "reader's own", iterator(lambda r: OwnIterator(r))),
        Row(
            "own iterator, scratch",
            "reader's own",
            iterator(lambda r: OwnIterator(r)),
            scratch,
        ),
        Row("generator", "reader's own", iterator(lambda r: Generator())),
        Row("data_iter_fn", "data_iter_fn", data_iter_fn),
        Row("predict_ch8", "packed", book_function("predict_ch8")),
        Row("Animator", "packed", own_animator),
        Row("Timer", "packed", own_timer),
        Row("Animator, scratch", "graph", own_animator, scratch),
        Row("corpus set", "packed", corpus_set),
        Row("corpus edited", "packed", corpus_edited),
        Row("corpus an array", "packed", corpus_longer),
        Row("random sampling", "packed", random_sampling),
        Row("fresh states", "graph", fresh_states, scratch),
        Row("other sizes", "packed", larger_batches),
        Row("list", "packed", iterator(lambda r: batches())),
        Row("tuple, scratch", "graph", iterator(lambda r: tuple(batches())), scratch),
        Row(
            "whole numbers", "packed", iterator(lambda r: batches(X="int32", Y="int64"))
        ),
        Row(
            "whole numbers, scratch",
            "graph",
            iterator(lambda r: batches(X="int64", Y="int32")),
            scratch,
        ),
        Row("one step", "packed", iterator(of_one)),
        Row("one step, scratch", "graph", iterator(of_one), scratch),
        Row("many lengths", "packed", iterator(of_lengths)),
        Row("many lengths, scratch", "graph", iterator(of_lengths), scratch),
    ]
)


# Told by the quick suite; -m "" tells all.
QUICK = [
    "grad_clipping",
    "train_epoch_ch8",
    "own iterator",
    "generator",
    "predict_ch8",
    "Animator",
    "corpus set",
    "corpus edited",
    "random sampling",
    "sgd, scratch",
]


@pytest.mark.parametrize(("name", "moment"), stories(ROWS, QUICK))
def test_what_stands_around(name: str, moment: str, old: ModuleType) -> None:
    check(ROWS[name], moment, old)


FAILING = {
    # name: (error, what changes, make, whether 0.17.6 leaves the same behind)
    "second epoch": ("LookupError", iterator(lambda r: OwnIterator(r, 2)), None, True),
    "second epoch, scratch": (
        "LookupError",
        iterator(lambda r: OwnIterator(r, 2)),
        scratch,
        True,
    ),
    # 0.17.6: a ValueError
    "broken list": ("TypeError", iterator(broken), None, False),
    "broken list, scratch": ("TypeError", iterator(broken), scratch, False),
    # 0.17.6: a ZeroDivisionError
    "used up": ("DataError", iterator(lambda r: iter(batches())), None, False),
    # 0.17.6: the same error, at another place of the first or second step
    "within record": ("MXNetError", within_record, None, False),
    "within record, scratch": ("MXNetError", within_record, scratch, False),
}


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("name", FAILING)
def test_what_an_exception_leaves_behind(
    name: str, moment: str, old: ModuleType
) -> None:
    error, change, make, like_the_book = FAILING[name]
    row = Row(name, "", change, make or (lambda reader: reader.lstm()))
    default = story(row, moment, d2l_rnn, True, 8)
    off = story(row, moment, d2l_rnn, False, 8)
    assert {type(e).__name__ for e in default.errors} == {error}, default.errors
    assert_same(default, off)
    assert any(kind == "array" and value is not None for kind, value in off.noted)
    if like_the_book:
        assert_close(off, story(row, moment, old, True, 8))
