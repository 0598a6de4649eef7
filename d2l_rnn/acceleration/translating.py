"""A recognised encoder-decoder translates as a NumPy network of its arrays."""

from __future__ import annotations

from typing import Any, Tuple, Union

from mxnet import np, npx

from ..arrays import Floats, Integers
from ..inference.decoding import Step
from ..inference.translation_network import DecoderState, Design, TranslationNetwork
from ..models import attention
from ..models.gluon_layers import LSTM
from ..protocols import Array, Device, State
from .generation import copied_arrays
from .teacher_forcing import why_not_to_translate

_SCORES = {
    attention.AdditiveAttention: "additive",
    attention.CosineAttention: "cosine",
    attention.BilinearAttention: "bilinear",
}


def as_translation_network(net: Any, device: Device) -> Union[TranslationNetwork, str]:
    """A recognised net's arrays, copied, as a network that needs no MXNet.

    Parameters
    ----------
    net : object
    device : mxnet.Context

    Returns
    -------
    TranslationNetwork or str
        In words where there is none: then the net itself has to be asked.
    """
    reason = why_not_to_translate(net)
    if reason:
        return reason
    arrays = copied_arrays(net, device)
    if isinstance(arrays, str):
        return arrays
    try:
        return TranslationNetwork(_design(net), arrays)
    except (KeyError, ValueError) as error:
        return f"its arrays do not fit: {error}"


def greedy_steps(
    net: Any, device: Device, X: Array, valid_len: Array
) -> Tuple[Step[Any], State]:
    """The step of a decoder for one sentence, and its first state.

    Parameters
    ----------
    net : EncoderDecoder
        Any: one that is not recognised is asked itself.
    device : mxnet.Context
    X : mxnet.np.ndarray, shape (1, num_steps)
        Token ids.
    valid_len : mxnet.np.ndarray, shape (1,)

    Returns
    -------
    step : callable
        ``(tokens, state) -> (log_probs, state)``. After it the decoder has its
        ``attention_weights`` of that step, whoever computed them.
    state
    """
    network, ids = as_translation_network(net, device), X.asnumpy().astype("int64")
    if isinstance(network, str) or not network.knows(ids):
        first = net.decoder.init_state(net.encoder(X, valid_len), valid_len)

        def plain(tokens: Integers, state: State) -> Tuple[Floats, State]:
            Y, state = net.decoder(np.array(tokens, ctx=device).reshape(1, 1), state)
            return npx.log_softmax(Y[:, 0]).asnumpy(), state

        return plain, first

    def step(tokens: Integers, state: DecoderState) -> Tuple[Floats, DecoderState]:
        log_probs, state, weights = network.attended_step(tokens, state)
        if weights is not None:
            net.decoder.remember([np.array(weights[:, None], ctx=device)])
        return log_probs, state

    lengths = valid_len.asnumpy().astype("int64")
    return step, network.begin_state(ids, lengths)


def _design(net: Any) -> Design:
    encoder, decoder = net.encoder, net.decoder
    score, normalise = "", True
    if hasattr(decoder, "attention"):
        by, normalise = decoder.attention, decoder.attention.normalise
        if type(by) is attention.DotProductAttention:
            score = "dot" if by.scaled else "dot-unscaled"
        else:
            score = _SCORES[type(by)]
    return Design(
        "lstm" if isinstance(decoder.rnn, LSTM) else "gru",
        decoder.rnn._num_layers,
        encoder.bidirectional,
        encoder.mask_padding,
        decoder.bridge,
        getattr(decoder, "book_context", False),
        score,
        normalise,
    )
