"""The book's functions under the book's names, wired from the rooms.

What the book writes out in one function (initialise, train, draw, print, sample) is
here put together from the parts that each room holds.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Callable, Dict, Iterable, Iterator, Sequence, Tuple
from weakref import ReferenceType, ref

from mxnet import gluon, init

from . import recording
from .acceleration.epochs import next_token, parameters_of
from .errors import UsageError
from .generation.continuation import continue_text
from .history import History
from .late_binding import book, replaced
from .progress import Progress
from .protocols import (
    Array,
    Device,
    LanguageModel,
    Loss,
    Minibatch,
    Net,
    TrainableModel,
    Vocabulary,
)
from .results.metrics import perplexity, tokens_per_sec
from .seeding import epoch_seed, set_seed
from .streams import on_a_terminal, show, tell
from .training.loop import EpochRow, train, train_epoch
from .training.objectives import NextToken
from .training.optimisers import Sgd
from .training.parameters import Parameters

PREFIXES = ("time traveller", "traveller")
_NUM_OWN = 10  # tokens of a text that are continued where these do not fit


def predict_ch8(
    prefix: Sequence[str],
    num_preds: int,
    net: LanguageModel,
    vocab: Vocabulary,
    device: Device,
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
    return continue_text(prefix, num_preds, net, vocab, device)


class _BookSgd(Sgd):
    """Gradient descent by the book's ``grad_clipping`` and ``sgd``, or a reader's."""

    def __init__(self, net: Net, parameters: Parameters, lr: float) -> None:
        super().__init__(parameters, lr)
        self._net = net

    def step(self) -> Array:
        by_reader = replaced("sgd") and not isinstance(self._net, gluon.Block)
        if not by_reader and not replaced("grad_clipping"):
            return super().step()
        book("grad_clipping")(self._net, 1)
        norm = self.parameters.norm()
        if by_reader:
            book("sgd")(self._net.params, self.lr, 1)
        else:
            self.parameters.descend(self.lr)
        return norm


class _Updater:
    """The book's ``updater(batch_size)`` as an optimiser."""

    def __init__(self, net: Net, updater: Callable[..., object]) -> None:
        self.parameters = Parameters.of(net)
        self._net, self._updater = net, updater

    def step(self) -> Array:
        book("grad_clipping")(self._net, 1)
        norm = self.parameters.norm()
        self._updater(batch_size=1)  # the loss is a mean already
        return norm


def train_epoch_ch8(
    net: TrainableModel,
    train_iter: Iterable[Minibatch],
    loss: Loss,
    updater: Callable[..., object],
    device: Device,
    use_random_iter: bool,
) -> Tuple[float, float]:
    """Train for one epoch with the book's own updater (Section 8.5).

    Returns
    -------
    perplexity, tokens_per_sec : float
    """
    objective = NextToken(net, loss, device, use_random_iter)
    row = _timed(lambda: train_epoch(objective, train_iter, _Updater(net, updater)))
    return perplexity(row.loss, row.tokens), tokens_per_sec(row.tokens, row.seconds)


def _timed(epoch: Callable[[], EpochRow]) -> EpochRow:
    """An epoch, by the clock of a reader who has replaced the book's ``Timer``."""
    if not replaced("Timer"):
        return epoch()
    timer = book("Timer")()
    row = epoch()
    return dataclasses.replace(row, seconds=timer.stop())


def train_ch8(
    net: TrainableModel,
    train_iter: Iterable[Minibatch],
    vocab: Vocabulary,
    lr: float,
    num_epochs: int,
    device: Device,
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
        Such as :class:`~d2l_rnn.chapters_text.SeqDataLoader`.
    vocab : Vocab
        Where it lacks characters of the book's prefixes, the first ten tokens of
        ``train_iter.corpus`` are continued in their place, and a line says so.
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
    DataError
        If the iterator gives no minibatch.
    """
    if num_epochs < 1:
        raise UsageError(f"num_epochs {num_epochs}: at least 1")
    if isinstance(net, gluon.Block):
        net.initialize(ctx=device, force_reinit=True, init=init.Normal(0.01))
    recorder = recording.current()
    settings = {"lr": lr, "num_epochs": num_epochs, "use_random_iter": use_random_iter}
    recorder.begin(net, train_iter, device, **settings)
    animator = None
    if replaced("Animator"):
        animator = book("Animator")(
            xlabel="epoch", ylabel="perplexity", legend=["train"], xlim=[10, num_epochs]
        )
    history, progress = History(), Progress(num_epochs, animator=animator)
    try:
        epochs = _by_reader if replaced("train_epoch_ch8") else _epochs
        for row in epochs(
            net, train_iter, lr, num_epochs, device, use_random_iter, history
        ):
            history.append(row)
            recorder.epoch(row)
            _tell(net, history.path, progress)
            progress.show(row)
    finally:
        progress.close()
    value = perplexity(row.loss, row.tokens)
    speed = tokens_per_sec(row.tokens, row.seconds)
    show(f"perplexity {value:.1f}, {speed:.1f} tokens/sec on {device}")
    texts = []
    for prefix in _prefixes_for(vocab, train_iter):
        texts.append(book("predict_ch8")(prefix, 50, net, vocab, device))
        show(texts[-1])
    recorder.end(texts)
    return history


def _prefixes_for(
    vocab: Vocabulary, train_iter: Iterable[Minibatch]
) -> Sequence[Sequence[str]]:
    """The book's, or of a text that lacks their characters its own first tokens."""
    if replaced("predict_ch8"):
        return PREFIXES
    tokens = vocab.idx_to_token
    characters = dict.fromkeys("".join(PREFIXES))
    unknown = [repr(c) for c in characters if tokens[vocab[c]] != c]
    corpus: Sequence[int] = getattr(train_iter, "corpus", [])[:_NUM_OWN]
    if not unknown:
        return PREFIXES
    said = f"the vocabulary has no {', '.join(unknown)} of {PREFIXES}"
    if not len(corpus):
        tell(f"{said}: <unk> stands for them")
        return PREFIXES
    own = [tokens[int(i)] for i in corpus]
    tell(f"{said}: the first of its text, {own}, in their place")
    return ["".join(own) if all(len(token) == 1 for token in own) else own]


def _epochs(
    net: TrainableModel,
    train_iter: Iterable[Minibatch],
    lr: float,
    num_epochs: int,
    device: Device,
    use_random_iter: bool,
    history: History,
) -> Iterator[EpochRow]:
    """The epochs of :func:`train_ch8`, on the fast path where it may be taken."""
    parameters = parameters_of(net, train_iter, _replaced_functions)
    objective = next_token(net, parameters, device, use_random_iter)
    optimiser = _BookSgd(net, parameters, lr)
    seed = recording.current().seed
    rows = train(objective, train_iter, optimiser, num_epochs, seed=seed)
    for _ in range(num_epochs):
        yield _timed(lambda: next(rows))
        history.path = parameters.path


def _replaced_functions() -> str:
    for name in ("grad_clipping", "sgd"):
        if replaced(name):
            return f"{name} was replaced"
    return ""


def _by_reader(
    net: TrainableModel,
    train_iter: Iterable[Minibatch],
    lr: float,
    num_epochs: int,
    device: Device,
    use_random_iter: bool,
    history: History,
) -> Iterator[EpochRow]:
    """The epochs of :func:`train_ch8` by a reader's ``train_epoch_ch8``."""
    history.path = "plain: train_epoch_ch8 was replaced"
    if isinstance(net, gluon.Block):
        trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": lr})
        updater: Callable[..., object] = trainer.step
    else:

        def updater(batch_size: int) -> None:
            book("sgd")(net.params, lr, batch_size)

    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    seed = recording.current().seed
    for epoch in range(1, num_epochs + 1):
        if seed is not None:
            set_seed(epoch_seed(seed, epoch))
        value, speed = book("train_epoch_ch8")(
            net, train_iter, loss, updater, device, use_random_iter
        )
        # All that is known of the epoch; one token stands for all.
        yield EpochRow(epoch, math.log(value), 1, tokens_per_sec(1, speed))


# By id, since a reader's net need not have a hash.
_told: Dict[int, ReferenceType[Net]] = {}


def _tell(net: Net, path: str, progress: Progress) -> None:
    """Say in a terminal, once a net, why it is trained on the slower path."""
    if not path.startswith("plain: ") or not on_a_terminal():
        return
    if id(net) in _told and _told[id(net)]() is net:
        return
    try:
        _told[id(net)] = ref(net)
    except TypeError:  # a class with __slots__
        return
    progress.tell(f"plain path, {path[len('plain: ') :]}")
