"""Names of the book's editions 0.7 to 0.15, where their sense is still the same."""

from __future__ import annotations

from typing import Any, Iterable, Optional

from .errors import UsageError
from .late_binding import book
from .models.attention import AdditiveAttention


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
    def v(self) -> Any:
        """The last layer, ``w_v`` since."""
        return self.w_v

    def forward(  # type: ignore[override]
        self, query: Any, key: Any, value: Any, valid_len: Any
    ) -> Any:
        """As that of :class:`~d2l_rnn.models.attention.AdditiveAttention`."""
        return super().forward(query, key, value, valid_len)


def train_s2s_ch9(
    model: Any,
    data_iter: Iterable[Any],
    lr: float,
    num_epochs: int,
    tgt_vocab: Any,
    device: Optional[Any] = None,
) -> Any:
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
    return book("train_seq2seq")(model, data_iter, lr, num_epochs, tgt_vocab, device)


def predict_s2s_ch9(
    model: Any,
    src_sentence: str,
    src_vocab: Any,
    tgt_vocab: Any,
    num_steps: int,
    device: Any,
) -> str:
    """The text of ``predict_seq2seq``, by its name in the editions 0.11 to 0.15."""
    text, _ = book("predict_seq2seq")(
        model, src_sentence, src_vocab, tgt_vocab, num_steps, device
    )
    return str(text)


def translate(
    engs: Iterable[str],
    fras: Iterable[str],
    model: Any,
    src_vocab: Any,
    tgt_vocab: Any,
    num_steps: int,
    device: Any,
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
        print(f"{eng} => {translation}, bleu {score:.3f}")
