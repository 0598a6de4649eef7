"""The book's translation functions under the book's names, wired from the rooms."""

from __future__ import annotations

from typing import Any, Iterable, List, Tuple

import numpy
from mxnet import np, npx

from .data.translation import truncate_pad
from .errors import UsageError
from .history import History
from .inference.decoding import greedy_search
from .progress import Progress
from .training.seq2seq_loop import (
    TranslationRow,
    initialize_seq2seq,
    make_adam,
    train_translation,
)


def _book_loss_of(row: TranslationRow) -> float:
    return row.book_loss


def train_seq2seq(
    net: Any,
    data_iter: Iterable[Any],
    lr: float,
    num_epochs: int,
    tgt_vocab: Any,
    device: Any,
) -> History:
    """Train a model for sequence to sequence and print the loss (book Section 9.7.4).

    The net is initialised anew with Xavier's weights. In a notebook the training curve
    is drawn, in a terminal a progress bar is shown.

    Parameters
    ----------
    net : EncoderDecoder
        The book's, ours, or of classes that a reader has written to that interface.
    data_iter : iterable of (X, X_valid_len, Y, Y_valid_len)
        Such as :func:`~d2l_rnn.data.translation.load_data_nmt` returns.
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
        If a loss is not finite.
    """
    if num_epochs < 1:
        raise UsageError(f"num_epochs {num_epochs}: at least 1")
    initialize_seq2seq(net, data_iter, device)
    rows = train_translation(
        net, data_iter, make_adam(net, lr), num_epochs, tgt_vocab["<bos>"], device
    )
    history = History()
    progress = Progress(num_epochs, name="loss", value_of=_book_loss_of)
    try:
        for row in rows:
            history.append(row)
            progress.show(row)
    finally:
        progress.close()
    print(loss_line(row.book_loss, row.tokens / row.seconds, device))
    return history


def loss_line(book_loss: float, tokens_per_sec: float, device: object) -> str:
    """The book's closing line of a translation training."""
    return f"loss {book_loss:.3f}, {tokens_per_sec:.1f} tokens/sec on {device}"


def predict_seq2seq(
    net: Any,
    src_sentence: str,
    src_vocab: Any,
    tgt_vocab: Any,
    num_steps: int,
    device: Any,
    save_attention_weights: bool = False,
) -> Tuple[str, List[Any]]:
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
    enc_X = np.array([truncate_pad(ids, num_steps, src_vocab["<pad>"])], ctx=device)
    enc_outputs = net.encoder(enc_X, enc_valid_len)
    attention_weight_seq: List[Any] = []

    def step(tokens: numpy.ndarray, state: Any) -> Tuple[numpy.ndarray, Any]:
        Y, state = net.decoder(np.array(tokens, ctx=device).reshape(1, 1), state)
        if save_attention_weights:
            attention_weight_seq.append(net.decoder.attention_weights)
        return npx.log_softmax(Y[:, 0]).asnumpy(), state

    (hypothesis,) = greedy_search(
        step,
        lambda state, rows: state,  # one sentence has one row, which never leaves
        net.decoder.init_state(enc_outputs, enc_valid_len),
        [tgt_vocab["<bos>"]],
        tgt_vocab["<eos>"],
        num_steps,
    )
    return " ".join(tgt_vocab.to_tokens(list(hypothesis.tokens))), attention_weight_seq
