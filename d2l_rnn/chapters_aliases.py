"""Names of the book's editions 0.7 to 0.15, where their sense is still the same."""

from __future__ import annotations

from typing import Any, Iterable, Optional

from mxnet import gluon

from .errors import UsageError
from .history import History
from .late_binding import book
from .models.attention import AdditiveAttention
from .protocols import Array, BookVocabulary, Device, Layer, Minibatch
from .streams import show


class MLPAttention(AdditiveAttention):
    """Additive attention by its name in the editions before 0.16.

    As in 0.14 and 0.15. Before, the hyperbolic tangent was taken of queries and keys
    each alone, and so the queries made no difference to the weights.

    Parameters
    ----------
    units : int
        Width of the small network that scores.
    dropout : float
        Rate at which weights are dropped in training.
    """

    def __init__(self, units: int, dropout: float, **kwargs: Any) -> None:
        super().__init__(units, dropout, **kwargs)

    @property
    def v(self) -> Layer:
        """The last layer, ``w_v`` since."""
        return self.w_v

    def forward(  # type: ignore[override]
        self, query: Array, key: Array, value: Array, valid_len: Optional[Array]
    ) -> Array:
        """As that of :class:`~d2l_rnn.models.attention.AdditiveAttention`."""
        return super().forward(query, key, value, valid_len)


def train_s2s_ch9(
    model: gluon.Block,
    data_iter: Iterable[Minibatch],
    lr: float,
    num_epochs: int,
    tgt_vocab: BookVocabulary,
    device: Optional[Device] = None,
) -> History:
    """``train_seq2seq`` by its name in the edition 0.15.

    Raises
    ------
    UsageError
        For the five arguments of the editions before, whose data began every target
        sentence with ``<bos>``, which ours do not.
    """
    if device is None:
        raise UsageError(
            "train_s2s_ch9 with five arguments, of the editions before 0.15, is not "
            "carried on: give the target vocabulary too, (model, data_iter, lr, "
            "num_epochs, tgt_vocab, device)"
        )
    history: History = book("train_seq2seq")(
        model, data_iter, lr, num_epochs, tgt_vocab, device
    )
    return history


def predict_s2s_ch9(
    model: gluon.Block,
    src_sentence: str,
    src_vocab: BookVocabulary,
    tgt_vocab: BookVocabulary,
    num_steps: int,
    device: Device,
) -> str:
    """The text of ``predict_seq2seq``, by its name in the editions 0.11 to 0.15."""
    text, _ = book("predict_seq2seq")(
        model, src_sentence, src_vocab, tgt_vocab, num_steps, device
    )
    return str(text)


def translate(
    engs: Iterable[str],
    fras: Iterable[str],
    model: gluon.Block,
    src_vocab: BookVocabulary,
    tgt_vocab: BookVocabulary,
    num_steps: int,
    device: Device,
) -> None:
    """Print translations of sentences, each with its BLEU (edition 0.15).

    Parameters
    ----------
    engs, fras : iterable of str
        Source sentences, and what they should become.
    model, src_vocab, tgt_vocab, num_steps, device
        As for ``predict_seq2seq``.
    """
    for eng, fra in zip(engs, fras):
        translation = book("predict_s2s_ch9")(
            model, eng, src_vocab, tgt_vocab, num_steps, device
        )
        score = book("bleu")(translation, fra, k=2)
        show(f"{eng} => {translation}, bleu {score:.3f}")
