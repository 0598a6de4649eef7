"""A function of the book that a reader replaces is called in its place."""

from __future__ import annotations

import random
import sys
from types import ModuleType
from typing import Any, Callable, Dict, List, Tuple

import numpy
import pytest
from mxnet import cpu, np
from mxnet.gluon import rnn

import d2l_rnn
from d2l_rnn.data.text import Vocab
from d2l_rnn.late_binding import CALLS, book, replaced

from .customising import CORPUS, VOCAB, VOCAB_SIZE

HOMES = ("chapters", "chapters_text", "chapters_translation")
PAIRS = "go .\tva !\nrun !\tcours !\nhelp me .\taide-moi .\nstop !\tarrete !\n" * 2


def owners() -> List[Tuple[str, str]]:
    """(who calls, whom) of the three modules."""
    found = []
    for owner, names in CALLS.items():
        module = sys.modules[getattr(d2l_rnn, owner).__module__]
        if module.__name__.rsplit(".", 1)[-1] in HOMES:
            found += [(owner, name) for name in names]
    return found


def loader(use_random_iter: bool = False) -> Any:
    return d2l_rnn.SeqDataLoader(2, 5, use_random_iter, 60)


def language_model() -> Any:
    return d2l_rnn.RNNModel(rnn.LSTM(3), VOCAB_SIZE)


def scratch() -> Any:
    from d2l_rnn.models.scratch_stacks import get_rnn_params, init_rnn_state
    from d2l_rnn.models.scratch_stacks import rnn as forward

    return d2l_rnn.RNNModelScratch(
        VOCAB_SIZE, 3, cpu(), get_rnn_params, init_rnn_state, forward
    )


def batches() -> List[Any]:
    ids = np.array(CORPUS[:20], dtype="float32").reshape(2, 10)
    return [(ids[:, :5], ids[:, 1:6])]


def train_ch8(net: Any = None) -> None:
    d2l_rnn.train_ch8(net or language_model(), batches(), VOCAB, 0.5, 10, cpu())


def train_epoch_ch8() -> None:
    from mxnet import gluon

    net = language_model()
    net.initialize()
    net(np.zeros((1, 1)), net.begin_state(batch_size=1))
    updater = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 1}).step
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    d2l_rnn.train_epoch_ch8(net, batches(), loss, updater, cpu(), False)


def translator() -> Tuple[Any, Any, Any]:
    vocab = Vocab(["a", "b", "c"], reserved_tokens=["<pad>", "<bos>", "<eos>"])
    encoder = d2l_rnn.Seq2SeqEncoder(len(vocab), 3, 3, 1)
    decoder = d2l_rnn.Seq2SeqDecoder(len(vocab), 3, 3, 1)
    net = d2l_rnn.EncoderDecoder(encoder, decoder)
    ids, lengths = np.array([[4, 5, 3, 1]] * 2), np.array([3, 3])
    return net, vocab, [(ids, lengths, ids, lengths)]


def train_seq2seq() -> None:
    net, vocab, pairs = translator()
    d2l_rnn.train_seq2seq(net, pairs, 0.01, 10, vocab, cpu())


def predict_seq2seq() -> None:
    net, vocab, _ = translator()
    net.initialize()
    d2l_rnn.predict_seq2seq(net, "a b", vocab, vocab, 4, cpu())


WAYS: Dict[str, Callable[[], object]] = {
    "train_ch8": train_ch8,
    "train_epoch_ch8": train_epoch_ch8,
    "load_data_time_machine": lambda: d2l_rnn.load_data_time_machine(2, 5),
    "SeqDataLoader": lambda: [list(loader(False)), list(loader(True))],
    "load_corpus_time_machine": lambda: d2l_rnn.load_corpus_time_machine(60),
    "train_seq2seq": train_seq2seq,
    "predict_seq2seq": predict_seq2seq,
    "load_data_nmt": lambda: d2l_rnn.load_data_nmt(2, 4),
    "build_array_nmt": lambda: d2l_rnn.build_array_nmt([["a"]], translator()[1], 3),
}


class Heard(Exception):
    """Somebody has called the reader's function."""


def heard(*arguments: Any, **kwargs: Any) -> None:
    raise Heard


@pytest.mark.parametrize("owner, name", owners())
def test_a_replaced_function_is_called(
    owner: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = "read_data_nmt" if owner == "load_data_nmt" else "read_time_machine"
    monkeypatch.setattr(
        d2l_rnn, read, lambda: PAIRS if read == "read_data_nmt" else ["time"] * 30
    )
    way = WAYS[owner]
    way()  # the names have been used once: bound too early, they would stay so
    monkeypatch.setattr(d2l_rnn, name, heard)
    with pytest.raises(Heard):
        if name == "sgd":
            train_ch8(scratch())
        else:
            way()
    monkeypatch.undo()
    assert not replaced(name)


def test_every_owner_is_tried() -> None:
    assert {owner for owner, _ in owners()} == set(WAYS)
    assert len(owners()) >= 25


def test_replaced_says_what_a_reader_did(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = d2l_rnn.grad_clipping
    assert not replaced("grad_clipping")
    monkeypatch.setattr(d2l_rnn, "grad_clipping", heard)
    assert replaced("grad_clipping") and book("grad_clipping") is heard
    monkeypatch.setattr(d2l_rnn, "grad_clipping", ours)
    assert not replaced("grad_clipping")
    monkeypatch.delattr(d2l_rnn, "grad_clipping")  # it is found anew
    assert not replaced("grad_clipping") and book("grad_clipping") is ours


def test_a_name_set_before_it_was_asked_for_is_a_reader_s(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(vars(d2l_rnn), "truncate_pad", raising=False)
    monkeypatch.delitem(d2l_rnn._found, "truncate_pad", raising=False)
    monkeypatch.setitem(vars(d2l_rnn), "truncate_pad", heard)
    assert replaced("truncate_pad") and book("truncate_pad") is heard


def test_the_corpus_is_read_at_each_epoch(old: ModuleType) -> None:
    """Set or edited in place, as 0.17.6 reads it; the vocabulary is the loader's."""
    both = []
    for module in (d2l_rnn, old):
        random.seed(3)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                module, "load_corpus_time_machine", lambda n: (list(CORPUS), VOCAB)
            )
            loaded, vocab = module.load_data_time_machine(2, 5)
        assert vocab is loaded.vocab is VOCAB
        seen = [list(loaded)]
        loaded.corpus[:5] = [0] * 5
        seen.append(list(loaded))
        loaded.corpus = range(14)
        loaded.num_steps = 5
        seen.append(list(loaded))
        both.append([[(X.asnumpy(), Y.asnumpy()) for X, Y in e] for e in seen])
    assert len(both[0][0]) > 2
    for ours, theirs in zip(*both):
        assert len(ours) == len(theirs)
        for one, other in zip(ours, theirs):
            numpy.testing.assert_array_equal(one, other)


def test_a_short_text_gives_what_the_book_gives(old: ModuleType) -> None:
    counts = []
    for module in (d2l_rnn, old):
        random.seed(0)
        iterate = module.seq_data_iter_sequential
        counts.append([len(list(iterate(range(14), 2, 5))) for _ in range(20)])
    assert counts[0] == counts[1] and max(counts[0]) == 1
