"""The book's translation functions under the book's names, wired from the rooms."""

from __future__ import annotations

import dataclasses
from typing import Iterable, List, Tuple

from mxnet import gluon, init, np

from .acceleration.teacher_forcing import TracedTranslation
from .acceleration.translating import greedy_steps
from .arrays import Floats, Integers
from .data import translation
from .data.text import Vocab
from .data.translation import PairLoader
from .errors import UsageError
from .history import History
from .inference.decoding import greedy_search
from .late_binding import book, replaced
from .progress import Progress
from .protocols import Array, BookVocabulary, Device, Minibatch, Minibatches, State
from .results.metrics import loss_line, tokens_per_sec
from .streams import show
from .training.optimisers import Adam
from .training.parameters import Parameters
from .training.translation import TranslationRow, train_translation


def build_array_nmt(
    lines: List[List[str]], vocab: Vocab, num_steps: int
) -> Tuple[Array, Array]:
    """Sentences as padded ids with their lengths (book Section 9.5).

    See :func:`d2l_rnn.data.translation.build_array_nmt`.
    """
    return translation.build_array_nmt(lines, vocab, num_steps, book("truncate_pad"))


def load_data_nmt(
    batch_size: int, num_steps: int, num_examples: int = 600
) -> Tuple[Minibatches, BookVocabulary, BookVocabulary]:
    """Return the iterator and the vocabularies of the translation data (Section 9.5).

    Parameters
    ----------
    batch_size, num_steps : int
    num_examples : int
        See :func:`~d2l_rnn.data.translation.tokenize_nmt`.
    """
    text = book("preprocess_nmt")(book("read_data_nmt")())
    sides = book("tokenize_nmt")(text, num_examples)
    vocabs, arrays = [], []
    for side in sides:
        vocab = book("Vocab")(
            side, min_freq=2, reserved_tokens=["<pad>", "<bos>", "<eos>"]
        )
        vocabs.append(vocab)
        arrays += book("build_array_nmt")(side, vocab, num_steps)
    if replaced("load_array"):
        return (book("load_array")(arrays, batch_size), *vocabs)
    return (PairLoader(arrays, batch_size), *vocabs)


def train_seq2seq(
    net: gluon.Block,
    data_iter: Iterable[Minibatch],
    lr: float,
    num_epochs: int,
    tgt_vocab: BookVocabulary,
    device: Device,
) -> History:
    """Train a model for sequence to sequence and print the loss (book Section 9.7.4).

    The net is initialised anew with Xavier's weights. In a notebook the training curve
    is drawn, in a terminal a progress bar is shown.

    Parameters
    ----------
    net : EncoderDecoder
        The book's, ours, or of classes that a reader has written to that interface.
    data_iter : iterable of (X, X_valid_len, Y, Y_valid_len)
        Such as :func:`load_data_nmt` returns.
    lr : float
        Learning rate of Adam.
    num_epochs : int
        At least 1.
    tgt_vocab : Vocab
        With ``<bos>``.
    device : mxnet.Context

    Returns
    -------
    History
        A ``TranslationRow`` for each epoch (the book returns nothing).

    Raises
    ------
    DivergenceError
        If a loss or a gradient is not finite.
    DataError
        If the iterator gives no minibatch.
    """
    if num_epochs < 1:
        raise UsageError(f"num_epochs {num_epochs}: at least 1")
    net.initialize(init.Xavier(), force_reinit=True, ctx=device)
    loss = book("MaskedSoftmaxCELoss")()
    objective = TracedTranslation(net, tgt_vocab["<bos>"], device, data_iter, loss=loss)
    adam = _BookAdam(net, lr)
    animator = None
    if replaced("Animator"):
        animator = book("Animator")(
            xlabel="epoch", ylabel="loss", xlim=[10, num_epochs]
        )
    history = History()
    progress = Progress(
        num_epochs, name="loss", value_of=_book_loss_of, animator=animator
    )
    timed = replaced("Timer")
    rows = train_translation(objective, data_iter, adam, num_epochs)
    try:
        for _ in range(num_epochs):
            timer = book("Timer")() if timed else None
            row = next(rows)
            if timer is not None:
                row = dataclasses.replace(row, seconds=timer.stop())
            history.append(row)
            history.path = objective.path
            progress.show(row)
    finally:
        progress.close()
    speed = tokens_per_sec(row.tokens, row.seconds)
    show(loss_line(row.book_loss, speed, device))
    return history


class _BookAdam(Adam):
    """Adam on a gradient clipped by the book's ``grad_clipping``, or a reader's."""

    def __init__(self, net: gluon.Block, lr: float) -> None:
        super().__init__(Parameters.of(net), lr)
        self._net = net

    def step(self, batch_size: float = 1) -> Array:
        self.clip = None
        if replaced("grad_clipping"):
            self.clip = lambda: book("grad_clipping")(self._net, 1)
        return super().step(batch_size)


def _book_loss_of(row: TranslationRow) -> float:
    return row.book_loss


def predict_seq2seq(
    net: gluon.Block,
    src_sentence: str,
    src_vocab: BookVocabulary,
    tgt_vocab: BookVocabulary,
    num_steps: int,
    device: Device,
    save_attention_weights: bool = False,
) -> Tuple[str, List[Array]]:
    """Translate a sentence, the likeliest token at each step (book Section 9.7.5).

    Parameters
    ----------
    net : EncoderDecoder
        As for :func:`train_seq2seq`.
    src_sentence : str
        Tokens separated by single spaces.
    src_vocab, tgt_vocab : Vocab
    num_steps : int
        The sentence is cut or padded to it; at most as many tokens are predicted.
    device : mxnet.Context
    save_attention_weights : bool
        Whether to keep ``net.decoder.attention_weights`` of every step.

    Returns
    -------
    translation : str
    attention_weight_seq : list
    """
    ids = src_vocab[src_sentence.lower().split(" ")] + [src_vocab["<eos>"]]
    enc_valid_len = np.array([min(len(ids), num_steps)], ctx=device)
    # (1, num_steps)
    enc_X = np.array(
        [book("truncate_pad")(ids, num_steps, src_vocab["<pad>"])], ctx=device
    )
    attention_weight_seq: List[Array] = []
    decoded, first = greedy_steps(net, device, enc_X, enc_valid_len)

    def step(tokens: Integers, state: State) -> Tuple[Floats, State]:
        log_probs, state = decoded(tokens, state)
        if save_attention_weights:
            attention_weight_seq.append(net.decoder.attention_weights)
        return log_probs, state

    (hypothesis,) = greedy_search(
        step,
        lambda state, rows: state,  # one sentence has one row, which never leaves
        first,
        [tgt_vocab["<bos>"]],
        tgt_vocab["<eos>"],
        num_steps,
    )
    return " ".join(tgt_vocab.to_tokens(list(hypothesis.tokens))), attention_weight_seq
