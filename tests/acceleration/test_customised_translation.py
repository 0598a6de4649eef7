"""``train_seq2seq`` with a reader's parts: default is off, and both are 0.17.6."""

from __future__ import annotations

import contextlib
import io
import random
from types import ModuleType
from typing import Any, Callable, Dict, List, Tuple
from unittest import mock

import numpy
import pytest
from mxnet import cpu, gluon, np, npx
from mxnet import random as mxnet_random
from mxnet.gluon import nn, rnn

import d2l_rnn
from d2l_rnn.data.text import Vocab
from d2l_rnn.training import loop

from .customising import acceleration, arrays_of

VOCAB = Vocab(list("abcdef"), reserved_tokens=["<pad>", "<bos>", "<eos>"])
Change = Callable[[Any, ModuleType, List[str], contextlib.ExitStack], None]


def pairs() -> List[Any]:
    draw = numpy.random.RandomState(4)
    found = []
    for _ in range(3):
        # float32, as build_array_nmt gives
        X, Y = (np.array(draw.randint(4, 10, (8, 4)).tolist()) for _ in range(2))
        found.append((X, np.array([4, 3] * 4), Y, np.array([3, 4] * 4)))
    return found


def book_net(d: ModuleType) -> Any:
    """Ours, also for 0.17.6, which does not save the decoder of its Section 9.7."""
    return d.EncoderDecoder(
        d2l_rnn.Seq2SeqEncoder(len(VOCAB), 4, 8, 2),
        d2l_rnn.Seq2SeqDecoder(len(VOCAB), 4, 8, 2),
    )


def own_parts(d: ModuleType) -> Any:
    class OwnEncoder(d.Encoder):  # type: ignore[name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(len(VOCAB), 8)

        def forward(self, X: Any, *arguments: Any) -> Any:
            return self.embedding(X).mean(axis=1)

    class OwnDecoder(d.Decoder):  # type: ignore[name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(len(VOCAB), 8)
            self.layer = rnn.LSTM(8)
            self.dense = nn.Dense(len(VOCAB), flatten=False)

        def init_state(self, enc_outputs: Any, *arguments: Any) -> Any:
            return [np.expand_dims(enc_outputs, 0), np.expand_dims(enc_outputs, 0)]

        def forward(self, X: Any, state: Any) -> Any:
            Y, state = self.layer(self.embedding(X).swapaxes(0, 1), state)
            return self.dense(Y).swapaxes(0, 1), state

    return d.EncoderDecoder(OwnEncoder(), OwnDecoder())


def setting(name: str, value: Any, select: str) -> Change:
    def change(net: Any, d: ModuleType, calls: List[str], undo: Any) -> None:
        net.collect_params(select).setattr(name, value)

    return change


def hooked(net: Any, d: ModuleType, calls: List[str], undo: Any) -> None:
    net.encoder.register_forward_hook(lambda b, x, y: calls.append("encoder"))
    net.decoder.register_forward_pre_hook(lambda b, x: calls.append("decoder"))


def own_forward(net: Any, d: ModuleType, calls: List[str], undo: Any) -> None:
    forward = net.decoder.forward

    def own(X: Any, state: Any) -> Any:
        calls.append("forward")
        logits, state = forward(X, state)
        return logits * 2, state

    net.decoder.forward = own


def own_loss(net: Any, d: ModuleType, calls: List[str], undo: Any) -> None:
    class Own:
        def __call__(self, pred: Any, label: Any, valid_len: Any) -> Any:
            calls.append("loss")
            ones = np.expand_dims(np.ones_like(label), -1)
            weights = npx.sequence_mask(ones, valid_len, True, axis=1)
            return 3 * gluon.loss.SoftmaxCELoss()(pred, label, weights)

    undo.enter_context(mock.patch.object(d, "MaskedSoftmaxCELoss", Own))


def own_clipping(net: Any, d: ModuleType, calls: List[str], undo: Any) -> None:
    def own(net: Any, theta: float) -> None:
        calls.append(f"clip {theta}")
        for parameter in net.collect_params().values():
            parameter.grad()[:] = parameter.grad() * 0.5

    undo.enter_context(mock.patch.object(d, "grad_clipping", own))


def nothing(net: Any, d: ModuleType, calls: List[str], undo: Any) -> None:
    pass


#: name: (net, change, whether 0.17.6 runs it)
TABLE: Dict[str, Tuple[Callable[[ModuleType], Any], Change, bool]] = {
    "book": (book_net, nothing, True),
    # 0.17.6's grad_clipping raises TypeError
    "encoder frozen": (book_net, setting("grad_req", "null", ".*encoder.*"), False),
    "biases frozen": (book_net, setting("grad_req", "null", ".*bias"), False),
    "lr_mult 0": (book_net, setting("lr_mult", 0.0, ".*gru.*"), True),
    "lr_mult 0.1": (book_net, setting("lr_mult", 0.1, ".*"), True),
    "gradients added": (book_net, setting("grad_req", "add", ".*weight"), True),
    "own encoder and decoder": (own_parts, nothing, True),
    "hooks": (book_net, hooked, True),
    "decoder.forward = f": (book_net, own_forward, True),
    "own loss": (book_net, own_loss, True),
    "own clipping": (book_net, own_clipping, True),
}


def story(name: str, d: ModuleType, on: bool) -> List[Tuple[str, Any]]:
    """Train twice and translate; what comes of it."""
    make, change, _ = TABLE[name]
    calls: List[str] = []
    noted: List[Tuple[str, Any]] = []
    with contextlib.ExitStack() as undo:
        undo.enter_context(acceleration(on))
        undo.enter_context(contextlib.redirect_stdout(io.StringIO()))
        random.seed(5)
        mxnet_random.seed(5)
        net = make(d)
        arguments = (net, pairs(), 0.02, 2, VOCAB, cpu())
        d.train_seq2seq(*arguments)
        change(net, d, calls, undo)
        for _ in range(2):
            d.train_seq2seq(*arguments)
            for data, grad in arrays_of(net):
                noted += [("array", data), ("grad", grad)]
            text = d.predict_seq2seq(net, "a b c", VOCAB, VOCAB, 4, cpu())[0]
            noted.append(("text", text))
    return noted + [("calls", calls)]


@pytest.mark.parametrize("name", TABLE)
def test_a_customised_translator(name: str, old: ModuleType) -> None:
    norms: List[float] = []
    read_losses = vars(loop)["read_losses"]

    def noting(losses: Any, epoch: int, found: Any = ()) -> Any:
        norms.extend(float(norm) for norm in found)
        return read_losses(losses, epoch, found)

    with mock.patch.object(loop, "read_losses", noting):
        default = story(name, d2l_rnn, True)
    assert numpy.mean(numpy.array(norms) > 1) >= 0.5
    off = story(name, d2l_rnn, False)
    theirs = story(name, old, True) if TABLE[name][2] else off
    for (kind, one), (_, other), (_, book) in zip(default, off, theirs):
        if isinstance(one, numpy.ndarray):
            numpy.testing.assert_array_equal(one, other)
            numpy.testing.assert_allclose(one, book, 1e-3, 1e-3, err_msg=kind)
        else:
            assert one == other == book, kind


@pytest.mark.parametrize("select", [".*encoder.*", ".*bias"])
def test_what_is_frozen_stays_where_it_is(select: str, capsys: Any) -> None:
    net = book_net(d2l_rnn)
    net.initialize()
    frozen = net.collect_params(select)
    frozen.setattr("grad_req", "null")
    mxnet_random.seed(3)
    d2l_rnn.train_seq2seq(net, pairs(), 0.05, 1, VOCAB, cpu())
    after = {name: p.data().asnumpy() for name, p in net.collect_params().items()}
    mxnet_random.seed(3)
    d2l_rnn.train_seq2seq(net, pairs(), 0.0, 1, VOCAB, cpu())
    drawn = {name: p.data().asnumpy() for name, p in net.collect_params().items()}
    assert after.keys() == drawn.keys()
    for name in drawn:
        moved = bool((after[name] != drawn[name]).any())
        assert moved == (name not in frozen), name


def test_the_loss_has_the_book_s_signature() -> None:
    loss = d2l_rnn.MaskedSoftmaxCELoss(axis=-1)
    assert isinstance(loss, gluon.loss.Loss)
    logits = np.random.normal(size=(2, 3, 5))
    labels, lengths = np.array([[1, 2, 3], [0, 4, 4]]), np.array([2, 3])
    expected = d2l_rnn.MaskedSoftmaxCELoss()(logits, labels, lengths)
    numpy.testing.assert_array_equal(
        loss(logits, labels, lengths).asnumpy(), expected.asnumpy()
    )
    moved = d2l_rnn.MaskedSoftmaxCELoss(axis=1)
    assert moved(logits.swapaxes(1, 2), labels, lengths).shape == (2,)
