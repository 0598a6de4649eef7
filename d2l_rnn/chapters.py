"""The book's functions under the book's names, wired from the rooms.

What the book writes out in one function (initialise, train, draw, print, sample) is
here put together from the parts that each room holds.
"""

from __future__ import annotations

from typing import Any, Callable, Iterable, List, Sequence, Tuple

from mxnet import gluon, np

from .errors import UsageError
from .history import History
from .progress import Progress
from .results.metrics import perplexity, three_lines
from .training.loop import (
    grad_clipping,
    initialize,
    mean_of,
    train,
    train_epoch,
)

PREFIXES = ("time traveller", "traveller")


def generate_ids(
    prefix: Sequence[int], num_preds: int, net: Any, device: Any
) -> List[int]:
    """Continue token ids with the likeliest next one, again and again.

    The prefix is read one token at a time, as in the book: a bidirectional layer then
    sees nothing but that token. The chosen ids stay on the device until the end.

    Parameters
    ----------
    prefix : sequence of int
        At least one id.
    num_preds : int
        Number of ids to append.
    net, device
        A language model, and where its parameters are.

    Returns
    -------
    list of int
        The prefix and ``num_preds`` more ids.
    """
    if not prefix:
        raise UsageError("the prefix is empty: at least one token is needed")
    state = net.begin_state(batch_size=1, ctx=device)
    tokens = np.array(prefix, ctx=device).reshape(-1, 1, 1)
    for token in tokens[:-1]:
        _, state = net(token, state)
    token, number = tokens[-1], 0
    chosen = []  # each (number of steps, 1)
    while number < num_preds:
        block = net.greedy_block(token, state) if hasattr(net, "greedy_block") else None
        if block is None:
            logits, state = net(token, state)
            ids = logits.argmax(axis=1).reshape(1, 1)
        else:
            ids, state = block
        chosen.append(ids.astype("int32"))
        token, number = ids[-1:], number + len(ids)
    following = np.concatenate(chosen).reshape(-1).asnumpy() if chosen else []
    return [int(i) for i in prefix] + [int(i) for i in following[:num_preds]]


def predict_ch8(
    prefix: Sequence[str], num_preds: int, net: Any, vocab: Any, device: Any
) -> str:
    """Generate ``num_preds`` characters following the ``prefix`` (book Section 8.5).

    Parameters
    ----------
    prefix : str, or list of str
        Characters, or the tokens of a word vocabulary.
    num_preds : int
    net : callable
        ``net(X, state) -> (logits, state)`` with ``begin_state``.
    vocab : Vocab
    device : mxnet.Context

    Returns
    -------
    str
        The prefix as the vocabulary knows it, and what follows; characters are joined
        as they are, the tokens of a list with spaces.

    Raises
    ------
    UsageError
        If the prefix is empty.
    """
    ids = generate_ids([vocab[token] for token in prefix], num_preds, net, device)
    return ("" if isinstance(prefix, str) else " ").join(vocab.to_tokens(ids))


def train_epoch_ch8(
    net: Any,
    train_iter: Iterable[Any],
    loss: Any,
    updater: Callable[..., Any],
    device: Any,
    use_random_iter: bool,
) -> Tuple[float, float]:
    """Train for one epoch with the book's own updater (Section 8.5).

    Returns
    -------
    perplexity, tokens_per_sec : float
    """

    def update() -> Any:
        norm = grad_clipping(net, 1)
        updater(batch_size=1)  # the loss is a mean already
        return norm

    objective = mean_of(net, loss)
    row = train_epoch(net, train_iter, objective, update, device, use_random_iter)
    return perplexity(row.loss, row.tokens), row.tokens / row.seconds


def train_ch8(
    net: Any,
    train_iter: Iterable[Any],
    vocab: Any,
    lr: float,
    num_epochs: int,
    device: Any,
    use_random_iter: bool = False,
) -> History:
    """Train a language model and print the book's three lines (Section 8.5).

    A Gluon block is initialised anew with Normal(0.01); a net from scratch goes on
    from its parameters. In a notebook the training curve is drawn, in a terminal a
    progress bar is shown.

    Parameters
    ----------
    net : gluon.Block or RNNModelScratch
    train_iter : iterable of (X, Y)
        Such as :class:`~d2l_rnn.data.sequences.SeqDataLoader`.
    vocab : Vocab
    lr : float
        Learning rate.
    num_epochs : int
        At least 1.
    device : mxnet.Context
    use_random_iter : bool
        Whether each minibatch begins with a fresh state.

    Returns
    -------
    History
        An ``EpochRow`` for each epoch (the book returns nothing).

    Raises
    ------
    DivergenceError
        If a loss or a gradient is not finite.
    """
    if num_epochs < 1:
        raise UsageError(f"num_epochs {num_epochs}: at least 1")
    if isinstance(net, gluon.Block):
        initialize(net, device)
    history, progress = History(), Progress(num_epochs)
    try:
        for row in train(net, train_iter, lr, num_epochs, device, use_random_iter):
            history.append(row)
            progress.show(row)
    finally:
        progress.close()
    last = history[-1]
    texts = [predict_ch8(prefix, 50, net, vocab, device) for prefix in PREFIXES]
    value, speed = perplexity(last.loss, last.tokens), last.tokens / last.seconds
    print(three_lines(value, speed, device, texts))
    return history
