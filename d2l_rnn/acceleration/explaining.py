"""Which path a language model takes, in words."""

from __future__ import annotations

from ..models.language_model import RNNModel
from .recognise import why_not, why_not_to_generate
from .table_rows import reads_table


def explain(net: object) -> str:
    """In words: which path a language model takes, and why.

    Parameters
    ----------
    net : object

    Returns
    -------
    str
    """
    training, generating = why_not(net), why_not_to_generate(net)
    if not training and isinstance(net, RNNModel) and reads_table(net):
        return (
            f"recognised: with {net.vocab_size:,} tokens trained on rows of a table in "
            "place of one-hot products, whose curve is the plain one to 1e-5, not bit "
            "for bit; asked on the fast path"
        )
    if not training:
        return "recognised: trained and asked on the fast path, with the same numbers"
    if not generating:
        return f"trained on the plain path ({training}); asked on the fast one"
    return f"plain path: {training}"
