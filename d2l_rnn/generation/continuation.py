"""A language model continues a text (book Section 8.5)."""

from __future__ import annotations

from typing import List, Sequence

from mxnet import np

from ..acceleration.generation import as_network
from ..errors import UsageError
from ..inference.network import Network
from ..protocols import Device, LanguageModel, Vocabulary


def generate_ids(
    prefix: Sequence[int], num_preds: int, net: LanguageModel, device: Device
) -> List[int]:
    """Continue token ids with the likeliest next one, again and again.

    The prefix is read one token at a time, as in the book: a bidirectional layer then
    sees nothing but that token.

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

    Raises
    ------
    UsageError
        If the prefix is empty.
    """
    ids = [int(i) for i in prefix]
    if not ids:
        raise UsageError("the prefix is empty: at least one token is needed")
    network = as_network(net, device)
    if isinstance(network, Network) and network.knows(ids):
        return ids + network.continue_greedily(ids, num_preds)
    state = net.begin_state(batch_size=1, ctx=device)
    for position in range(len(ids) + num_preds - 1):
        token = np.array([ids[position]], ctx=device).reshape(1, 1)
        logits, state = net(token, state)
        if position == len(ids) - 1:
            ids.append(int(logits.argmax(axis=1).reshape(1)))
    return ids


def continue_text(
    prefix: Sequence[str],
    num_preds: int,
    net: LanguageModel,
    vocab: Vocabulary,
    device: Device,
) -> str:
    """What the book's :func:`d2l_rnn.chapters.predict_ch8` is, and says of itself."""
    ids = generate_ids([vocab[token] for token in prefix], num_preds, net, device)
    separator = "" if isinstance(prefix, str) else " "
    return separator.join(vocab.idx_to_token[i] for i in ids)
