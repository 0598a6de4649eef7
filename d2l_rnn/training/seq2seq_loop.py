"""Training of encoder-decoder models as a stream of epochs (book Section 9.7.4)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Iterable, Iterator, List, Optional, Tuple

from mxnet import autograd, init, np, npx

from ..errors import UsageError
from ..seeding import epoch_seed, set_seed
from .adam import Adam
from .divergence import read_losses
from .loop import EpochRow
from .losses import MaskedSoftmaxCELoss, book_loss, coverage_penalty
from .parameters import FlatParameters
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


def decoder_inputs(Y: Any, bos: int) -> Any:
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
    return np.concatenate((np.full_like(Y[:, :1], bos), Y[:, :-1]), axis=1)


def initialize_seq2seq(net: Any, data_iter: Iterable[Any], device: Any) -> None:
    """Xavier's weights as in the book, and one forward pass that settles all shapes."""
    net.initialize(init.Xavier(), force_reinit=True, ctx=device)
    X, X_valid_len, Y, _ = [x.as_in_ctx(device)[:1] for x in next(iter(data_iter))]
    net(X, Y, X_valid_len)


def make_adam(net: Any, lr: float) -> Adam:
    """Adam for an initialised net; its parameters become views of one vector."""
    return Adam(FlatParameters(net), lr)


def train_translation(
    net: Any,
    train_iter: Iterable[Any],
    adam: Adam,
    num_epochs: int,
    bos: int,
    device: Any,
    *,
    theta: float = 1.0,
    seed: Optional[int] = None,
    first_epoch: int = 1,
    schedule: str = "none",
    final_probability: float = 0.25,
    penalty: float = 0.0,
    tau: float = 1.0,
    heldout_iter: Optional[Iterable[Any]] = None,
) -> Iterator[TranslationRow]:
    """Train an initialised encoder-decoder, yielding a row after each epoch.

    Minimises the book's masked loss summed over a minibatch, plus ``penalty`` times the
    coverage penalty a step. As in the book the gradient of that sum is clipped first,
    then divided by the number of target tokens.

    Parameters
    ----------
    net : EncoderDecoder
        ``net(X, dec_input, X_valid_len) -> (logits, state)``; trained in place.
    train_iter : iterable of (X, X_valid_len, Y, Y_valid_len)
        Token ids (batch_size, num_steps) and lengths (batch_size,); iterated anew for
        each epoch.
    adam : Adam
        From :func:`make_adam`.
    num_epochs : int
        The last epoch's number.
    bos : int
        Id of ``<bos>`` among the target tokens.
    device : mxnet.Context
    theta : float
        Largest norm of the gradient.
    seed : int, optional
        Every epoch's random numbers follow from (seed, epoch) alone. None leaves the
        generators to themselves.
    first_epoch : int
        Where to go on.
    schedule, final_probability
        Scheduled sampling, see
        :func:`~d2l_rnn.training.scheduled_sampling.teacher_probability`.
    penalty, tau : float
        Weight and aim of the coverage penalty; needs a decoder with attention.
    heldout_iter : iterable, optional
        As ``train_iter``; evaluated after each epoch.

    Yields
    ------
    TranslationRow

    Raises
    ------
    UsageError
        If a penalty is asked for and the decoder has no attention.
    DivergenceError
        If a loss is not finite.
    """
    if penalty and not hasattr(net.decoder, "attention_matrix"):
        raise UsageError("attention penalty: the decoder has no attention")
    loss = MaskedSoftmaxCELoss()
    loss.hybridize()
    for epoch in range(first_epoch, num_epochs + 1):
        if seed is not None:
            set_seed(epoch_seed(seed, epoch))
        probability = teacher_probability(
            schedule, epoch, num_epochs, final_probability
        )
        losses: List[Any] = []
        penalties: List[Any] = []
        lengths: List[Any] = []
        num_steps = 1
        start = time.perf_counter()
        for batch in train_iter:
            X, X_valid_len, Y, Y_valid_len = [x.as_in_ctx(device) for x in batch]
            num_steps = Y.shape[1]
            with autograd.record():
                Y_hat, weights = _decode(net, X, X_valid_len, Y, bos, probability)
                # (batch_size,)
                objective = mean_loss = loss(Y_hat, Y, Y_valid_len)
                if penalty:
                    stray = coverage_penalty(weights(), Y_valid_len, X_valid_len, tau)
                    objective = mean_loss + penalty / num_steps * stray
                    penalties.append(stray.sum())
            objective.backward()
            # The book's number of tokens; it stays on the device.
            tokens = Y_valid_len.sum()
            adam.parameters.clip(theta)
            adam.parameters.grad[:] /= tokens
            adam.step()
            losses.append(mean_loss.sum() * num_steps)
            lengths.append(tokens)
        total = float(read_losses(losses, epoch).sum())
        num_tokens = int(np.stack(lengths).asnumpy().sum())
        seconds = time.perf_counter() - start
        heldout: Tuple[Optional[float], Optional[int]] = (None, None)
        if heldout_iter is not None:
            heldout = evaluate_translation(net, heldout_iter, bos, device)
        yield TranslationRow(
            epoch,
            total,
            num_tokens,
            seconds,
            book_loss(total, num_tokens, num_steps),
            probability,
            float(read_losses(penalties, epoch).sum()) if penalty else None,
            *heldout,
        )


def _decode(
    net: Any, X: Any, X_valid_len: Any, Y: Any, bos: int, probability: float
) -> Tuple[Any, Any]:
    """Logits of a minibatch, and a function that gives its attention weights."""
    if probability >= 1:
        Y_hat, _ = net(X, decoder_inputs(Y, bos), X_valid_len)
        return Y_hat, lambda: net.decoder.attention_matrix
    state = net.decoder.init_state(net.encoder(X, X_valid_len), X_valid_len)
    # (batch_size, 1)
    token = np.full_like(Y[:, :1], bos)
    logits, weights = [], []
    for t in range(Y.shape[1]):
        # (batch_size, 1, vocab_size)
        Y_hat, state = net.decoder(token, state)
        logits.append(Y_hat)
        if hasattr(net.decoder, "attention_matrix"):
            weights.append(net.decoder.attention_matrix)
        token = _next_input(Y[:, t : t + 1], Y_hat, probability)
    return np.concatenate(logits, axis=1), lambda: np.concatenate(weights, axis=1)


def _next_input(truth: Any, logits: Any, probability: float) -> Any:
    """The true token with this probability, else one drawn from the model.

    The choice is no function of the weights: no gradient goes through it. Adding
    Gumbel noise to logits and taking the largest draws from their softmax.
    """
    with autograd.pause():
        noise = np.random.gumbel(size=logits.shape, ctx=logits.ctx)
        drawn = (logits + noise).argmax(axis=2).astype(truth.dtype)
        coins = np.random.uniform(size=truth.shape, ctx=truth.ctx)
        return np.where(coins < probability, truth, drawn)


def evaluate_translation(
    net: Any, data_iter: Iterable[Any], bos: int, device: Any
) -> Tuple[float, int]:
    """Cross-entropy of sentences with teacher forcing, without training.

    Parameters
    ----------
    net, bos, device
        As in :func:`train_translation`.
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
