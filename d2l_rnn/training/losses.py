"""What sequence-to-sequence training minimises, and what it reports.

A padded minibatch has ``tokens`` valid target tokens. Records hold the cross-entropy
summed over them, so that ``loss / tokens`` is nats a token. The book's number is
another one: :func:`book_loss` is the one place that converts.
"""

from __future__ import annotations

from mxnet import np, npx
from mxnet.gluon.loss import SoftmaxCELoss

from ..protocols import Array


class MaskedSoftmaxCELoss(SoftmaxCELoss):
    """The softmax cross-entropy with masks (book Section 9.7.3).

    ``l = 1 / num_steps  sum_{t <= valid_len} -log softmax(pred_t)[label_t]``: summed
    over the valid steps of a sequence, but divided by all of its steps.

    Parameters
    ----------
    axis, sparse_label, from_logits, weight, batch_axis
        As of ``gluon.loss.SoftmaxCrossEntropyLoss``.
    """

    def forward(self, pred: Array, label: Array, valid_len: Array) -> Array:
        """Loss of each sequence.

        Parameters
        ----------
        pred : mxnet.np.ndarray, shape (batch_size, num_steps, vocab_size)
            Logits.
        label : mxnet.np.ndarray, shape (batch_size, num_steps)
            Token ids.
        valid_len : mxnet.np.ndarray, shape (batch_size,)
            Number of valid steps.

        Returns
        -------
        mxnet.np.ndarray, shape (batch_size,)
        """
        # (batch_size, num_steps, 1)
        weights = np.expand_dims(np.ones_like(label), axis=-1)
        weights = npx.sequence_mask(weights, valid_len, True, axis=1)
        losses: Array = super().forward(pred, label, weights)
        return losses


def book_loss(loss: float, tokens: int, num_steps: int) -> float:
    """The loss that the book prints for its translation models.

    Its masked loss is averaged over all ``num_steps`` steps, and the sum of that is
    divided by the number of valid tokens once more: a ``num_steps``-th of the loss a
    token. Uniform predictions over 7 tokens at 10 steps are 0.195, not log 7 = 1.946.

    Parameters
    ----------
    loss : float
        Cross-entropy summed over tokens, in nats.
    tokens : int
        Number of valid target tokens.
    num_steps : int
        Length to which target sentences are padded.
    """
    return loss / (tokens * num_steps)


def coverage(weights: Array, target_lens: Array) -> Array:
    """Attention that each source position got over all target steps.

    Parameters
    ----------
    weights : mxnet.np.ndarray, shape (batch_size, num_steps, num_keys)
        Attention weights.
    target_lens : mxnet.np.ndarray, shape (batch_size,)
        Number of valid target steps; later ones do not count.

    Returns
    -------
    mxnet.np.ndarray, shape (batch_size, num_keys)
        With softmax weights a row sums to the target's length.
    """
    valid: Array = npx.sequence_mask(weights, target_lens, True, axis=1)
    return valid.sum(axis=1)


def coverage_penalty(
    weights: Array, target_lens: Array, source_lens: Array, tau: float = 1.0
) -> Array:
    """Penalty on source positions read too often or not at all.

    ``sum_i (tau - sum_t alpha_ti)^2`` over the valid source positions ``i`` and target
    steps ``t``: doubly stochastic attention (Xu et al. 2015, there with ``tau`` 1), a
    word's fertility in Cohn et al. 2016.

    Parameters
    ----------
    weights : mxnet.np.ndarray, shape (batch_size, num_steps, num_keys)
    target_lens, source_lens : mxnet.np.ndarray, shape (batch_size,)
    tau : float
        Attention that a position should get in sum.

    Returns
    -------
    mxnet.np.ndarray, shape (batch_size,)
    """
    strays = np.square(tau - coverage(weights, target_lens))
    valid: Array = npx.sequence_mask(strays, source_lens, True, axis=1)
    return valid.sum(axis=1)
