"""Training of encoder-decoders: what is minimised, and what it reports (9.7.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Iterable, Iterator, List, Optional, Tuple

from mxnet import autograd, gluon, np, npx

from ..errors import UsageError
from ..protocols import Array, Device, Minibatch
from .divergence import read_losses
from .loop import EpochRow, train
from .losses import MaskedSoftmaxCELoss, book_loss, coverage_penalty
from .objectives import Minimised, Objective
from .optimisers import Optimiser
from .scheduled_sampling import teacher_probability


@dataclass(frozen=True)
class TranslationRow(EpochRow):
    """What one epoch of translation training brought.

    Attributes
    ----------
    loss, tokens
        As in :class:`~d2l_rnn.training.loop.EpochRow`; of target tokens up to <eos>.
    book_loss : float
        See :func:`~d2l_rnn.training.losses.book_loss`.
    teacher_probability : float
        How often the decoder read the true token.
    coverage_penalty : float or None
        Summed over the epoch's sentences, where it was part of the objective.
    heldout_loss, heldout_tokens : float and int, or None
        Of the held-out sentences after the epoch, always with teacher forcing.
    """

    book_loss: float
    teacher_probability: float = 1.0
    coverage_penalty: Optional[float] = None
    heldout_loss: Optional[float] = None
    heldout_tokens: Optional[int] = None


def decoder_inputs(Y: Array, bos: int) -> Array:
    """``<bos>`` and the target without its last step: what teacher forcing feeds.

    Parameters
    ----------
    Y : mxnet.np.ndarray, shape (batch_size, num_steps)
        Target token ids.
    bos : int
        Id of ``<bos>``.

    Returns
    -------
    mxnet.np.ndarray, shape (batch_size, num_steps)
    """
    inputs: Array = np.concatenate((np.full_like(Y[:, :1], bos), Y[:, :-1]), axis=1)
    return inputs


class Translation:
    """The book's masked loss summed over a minibatch, and what may be added to it.

    As in the book the gradient of that sum is clipped first, then divided by the number
    of target tokens. ``penalty`` times the coverage penalty a step may be added.

    Parameters
    ----------
    net : EncoderDecoder
        ``net(X, dec_input, X_valid_len) -> (logits, state)``.
    bos : int
        Id of ``<bos>`` among the target tokens.
    device : mxnet.Context
    loss : callable, optional
        ``loss(Y_hat, Y, Y_valid_len)``, one number a sentence; the book's by default.
    schedule, final_probability, num_epochs
        Scheduled sampling, see
        :func:`~d2l_rnn.training.scheduled_sampling.teacher_probability`.
    penalty, tau : float
        Weight and aim of the coverage penalty; needs a decoder with attention.

    Raises
    ------
    UsageError
        If a penalty is asked for and the decoder has no attention.
    """

    def __init__(
        self,
        net: gluon.Block,
        bos: int,
        device: Device,
        *,
        loss: Optional[Callable[..., Array]] = None,
        schedule: str = "none",
        final_probability: float = 0.25,
        num_epochs: int = 1,
        penalty: float = 0.0,
        tau: float = 1.0,
    ) -> None:
        if penalty and not hasattr(net.decoder, "attention_matrix"):
            raise UsageError("attention penalty: the decoder has no attention")
        self.net, self.bos, self.device = net, bos, device
        self.loss = MaskedSoftmaxCELoss() if loss is None else loss
        self.penalty, self.tau = penalty, tau
        self._schedule = (schedule, num_epochs, final_probability)
        self.begin_epoch(1)

    def begin_epoch(self, epoch: int) -> None:
        """How often the true token is read may change from epoch to epoch."""
        schedule, num_epochs, final_probability = self._schedule
        self.probability = teacher_probability(
            schedule, epoch, num_epochs, final_probability
        )
        self.num_steps = 1
        self.penalties: List[Array] = []

    def __call__(self, *minibatch: Array) -> Minimised:
        """The loss of ``X, X_valid_len, Y, Y_valid_len``, ids (batch_size, steps)."""
        with autograd.pause():
            X, X_valid_len, Y, Y_valid_len = [
                array.as_in_ctx(self.device) for array in minibatch
            ]
            tokens = int(Y_valid_len.sum().asnumpy())
        self.num_steps = Y.shape[1]
        # (batch_size,)
        losses, weights = self.losses(X, X_valid_len, Y, Y_valid_len)
        objective = losses
        if self.penalty:
            stray = coverage_penalty(weights(), Y_valid_len, X_valid_len, self.tau)
            objective = losses + self.penalty / self.num_steps * stray
            self.penalties.append(stray.sum())
        return Minimised(objective, losses.sum(), self.num_steps, tokens, tokens)

    def losses(
        self, X: Array, X_valid_len: Array, Y: Array, Y_valid_len: Array
    ) -> Tuple[Array, Callable[[], Array]]:
        """Loss of each sentence, and a function that gives the attention weights."""
        if self.probability >= 1:
            with autograd.pause():
                dec_input = decoder_inputs(Y, self.bos)
            Y_hat, _ = self.net(X, dec_input, X_valid_len)
            weights = self._attention_matrix
        else:
            Y_hat, weights = self._sampled(X, X_valid_len, Y)
        return self.loss(Y_hat, Y, Y_valid_len), weights

    def _attention_matrix(self) -> Array:
        matrix: Array = self.net.decoder.attention_matrix
        return matrix

    def _sampled(
        self, X: Array, X_valid_len: Array, Y: Array
    ) -> Tuple[Array, Callable[[], Array]]:
        """Logits where each input is the true token, or one drawn from the model."""
        decoder = self.net.decoder
        state = decoder.init_state(self.net.encoder(X, X_valid_len), X_valid_len)
        # (batch_size, 1)
        token = np.full_like(Y[:, :1], self.bos)
        logits, weights = [], []
        for t in range(Y.shape[1]):
            # (batch_size, 1, vocab_size)
            Y_hat, state = decoder(token, state)
            logits.append(Y_hat)
            if hasattr(decoder, "attention_matrix"):
                weights.append(decoder.attention_matrix)
            token = next_input(Y[:, t : t + 1], Y_hat, self.probability)
        return np.concatenate(logits, axis=1), lambda: np.concatenate(weights, axis=1)


def next_input(truth: Array, logits: Array, probability: float) -> Array:
    """The true token with this probability, else one drawn from the model.

    The choice is no function of the weights: no gradient goes through it. Adding
    Gumbel noise to logits and taking the largest draws from their softmax.

    Parameters
    ----------
    truth : mxnet.np.ndarray, shape (batch_size, 1)
    logits : mxnet.np.ndarray, shape (batch_size, 1, vocab_size)
    probability : float
    """
    with autograd.pause():
        noise = np.random.gumbel(size=logits.shape, ctx=logits.ctx)
        drawn = (logits + noise).argmax(axis=2).astype(truth.dtype)
        coins = np.random.uniform(size=truth.shape, ctx=truth.ctx)
        token: Array = np.where(coins < probability, truth, drawn)
    return token


def train_translation(
    objective: Translation,
    batches: Iterable[Minibatch],
    optimiser: Optimiser,
    num_epochs: int,
    *,
    seed: Optional[int] = None,
    first_epoch: int = 1,
    heldout_iter: Optional[Iterable[Minibatch]] = None,
    sharded: Optional[Objective] = None,
) -> Iterator[TranslationRow]:
    """As :func:`~d2l_rnn.training.loop.train`, with what translation reports besides.

    Parameters
    ----------
    objective, batches, optimiser, num_epochs, seed, first_epoch
        As there; minibatches are ``X, X_valid_len, Y, Y_valid_len``.
    heldout_iter : iterable, optional
        As ``batches``; evaluated after each epoch.
    sharded : Objective, optional
        What is minimised where several devices share a minibatch, ``objective`` being
        the first one's.
    """
    rows = train(
        sharded or objective,
        batches,
        optimiser,
        num_epochs,
        seed=seed,
        first_epoch=first_epoch,
    )
    for row in rows:
        heldout: Tuple[Optional[float], Optional[int]] = (None, None)
        penalty = None
        if objective.penalty:
            penalty = float(read_losses(objective.penalties, row.epoch).sum())
        if heldout_iter is not None:
            heldout = evaluate_translation(
                objective.net, heldout_iter, objective.bos, objective.device
            )
        yield TranslationRow(
            row.epoch,
            row.loss,
            row.tokens,
            row.seconds,
            book_loss(row.loss, row.tokens, objective.num_steps),
            objective.probability,
            penalty,
            *heldout,
        )


def evaluate_translation(
    net: gluon.Block, data_iter: Iterable[Minibatch], bos: int, device: Device
) -> Tuple[float, int]:
    """Cross-entropy of sentences with teacher forcing, without training.

    Parameters
    ----------
    net, bos, device
        As of :class:`Translation`.
    data_iter : iterable of (X, X_valid_len, Y, Y_valid_len)

    Returns
    -------
    loss : float
        Summed over target tokens, in nats.
    tokens : int
    """
    loss = MaskedSoftmaxCELoss()
    losses, lengths = [], []
    for batch in data_iter:
        X, X_valid_len, Y, Y_valid_len = [x.as_in_ctx(device) for x in batch]
        Y_hat, _ = net(X, decoder_inputs(Y, bos), X_valid_len)
        losses.append(loss(Y_hat, Y, Y_valid_len).sum() * Y.shape[1])
        lengths.append(Y_valid_len.sum())
    npx.waitall()
    total = np.stack(losses).asnumpy().astype("float64").sum()
    return float(total), int(np.stack(lengths).asnumpy().sum())
