"""The weights that the book's builds began with, drawn again as they drew them.

No build sets a seed, and MXNet without a seed is MXNet with the seed 0. So a net's
first weights follow from what its notebook drew before it: here the draws of the 0.17
notebooks are made again, in their order, by MXNet itself.

Gluon's blocks draw on the CPU, whatever the device, and the layers whose shapes are
still open draw when they are first called. Nets from scratch drew on the builds' GPU,
from cuRAND's generator with the number of the device, 0, for its seed.

What else is random in a run is its own: its seed's, of which nothing is taken here.
"""

from __future__ import annotations

from typing import Any, Union

import mxnet
from mxnet import np

from ..curand import normals
from ..data.text import Vocab
from ..errors import D2lRnnError
from ..generation.continuation import continue_text
from ..models.attention_decoder import Seq2SeqAttentionDecoder
from ..models.encoder_decoder import EncoderDecoder
from ..models.language_model import RNNModel
from ..models.scratch_model import RNNModelScratch
from ..models.seq2seq import Seq2SeqDecoder, Seq2SeqEncoder
from ..protocols import Device
from ..results.initial_weights import UNTRAINED
from ..training.initialisation import initialize, initialize_seq2seq

_UNSEEDED = 0  # the seed of MXNet's generators where none was set
_GPU = 0  # the builds' device, and so the seed of its generator
_DEMONSTRATION = (10, 8, 16, 2)  # vocab_size, embed_size, num_hiddens, num_layers


def draw_language_model(
    name: str, net: Union[RNNModel, RNNModelScratch], vocab: Vocab, device: Device
) -> str:
    """Give a language model the weights of a build.

    Parameters
    ----------
    name : str
        The experiment of the builds that the net is of.
    net : RNNModel or RNNModelScratch
        Of Gluon's layers: not initialised yet.
    vocab : Vocab
    device : mxnet.Context

    Returns
    -------
    str
        What the net says untrained, where the builds print it; empty elsewhere.

    Raises
    ------
    D2lRnnError
        If it says another thing than the builds.
    """
    untrained = ""
    if isinstance(net, RNNModelScratch):
        _draw_scratch(net, 1 if name == "rnn-scratch-reset" else 0)
        if name in UNTRAINED:
            untrained = _says(name, net, vocab, device)
    else:
        mxnet.random.seed(_UNSEEDED)
        if name == "rnn":
            untrained = _draw_section_8_6(net, vocab, device)
        initialize(net, device)
    return untrained


def _draw_section_8_6(net: RNNModel, vocab: Vocab, device: Device) -> str:
    """What Section 8.6 draws before it trains; what its untrained net says."""
    layer: Any = net.rnn
    layer.initialize()
    X = np.random.uniform(size=(35, 32, len(vocab)))
    layer(X, layer.begin_state(batch_size=32))
    net.initialize(force_reinit=True, ctx=device)
    return _says("rnn", net, vocab, device)


def _draw_scratch(net: RNNModelScratch, before: int) -> None:
    """Put cuRAND's numbers into the weights of a net; the biases stay zero.

    ``before`` is how many nets of this size the notebook drew earlier.
    """
    weights = [param for param in net.params if param.ndim > 1]
    count = sum(weight.size for weight in weights)
    first = before * count
    numbers = np.array(normals(_GPU, first + count)[first:] * 0.01, dtype="float32")
    for weight in weights:
        weight[:] = numbers[: weight.size].reshape(weight.shape).as_in_ctx(weight.ctx)
        numbers = numbers[weight.size :]


def _says(name: str, net: Any, vocab: Vocab, device: Device) -> str:
    prefix = UNTRAINED[name][:-10]  # Section 8.5 asks with a space at its end
    found = continue_text(prefix, 10, net, vocab, device)
    if found != UNTRAINED[name]:
        raise D2lRnnError(
            "--initial-weights book: these are not the weights of the builds, whose "
            f"untrained net says {UNTRAINED[name]!r}, and ours {found!r}"
        )
    return found


def draw_translator(net: EncoderDecoder, num_steps: int, device: Device) -> None:
    """Give an encoder-decoder the weights of a build.

    Parameters
    ----------
    net : EncoderDecoder
        Not initialised yet; that of Section 10.4 where its decoder attends.
    num_steps : int
    device : mxnet.Context
    """
    mxnet.random.seed(_UNSEEDED)
    X = np.zeros((4, 7))
    encoder: Any = Seq2SeqEncoder(*_DEMONSTRATION)
    decoder: Any
    encoder.initialize()
    if isinstance(net.decoder, Seq2SeqAttentionDecoder):
        decoder = Seq2SeqAttentionDecoder(*_DEMONSTRATION)
        decoder.initialize()
        encoder(X)
    else:
        encoder(X)
        decoder = Seq2SeqDecoder(*_DEMONSTRATION)
        decoder.initialize()
    decoder(X, decoder.init_state(encoder(X), None))
    initialize_seq2seq(net, num_steps, device)
