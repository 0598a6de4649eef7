"""The objective of an encoder-decoder's training, as one graph where it may be.

The decoder with attention takes its steps one after the other, some twenty operators
each; as one graph, unrolled over the steps, they take less than half of the time. The
operators are those of the plain path, in their order, and so are the numbers.
"""

from __future__ import annotations

import math
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Tuple
from weakref import WeakKeyDictionary

from mxnet import autograd, gluon, symbol
from mxnet.gluon import nn

from ..models import (
    attention,
    attention_decoder,
    encoder_decoder,
    gluon_layers,
    seq2seq,
)
from ..protocols import Array, Device, Minibatch, Tensor
from ..training.losses import MaskedSoftmaxCELoss
from ..training.translation import Translation, decoder_inputs
from .provenance import replaced_in_class, replaced_in_module
from .recognise import changed_block, switched_off, why_not_iterate
from .tracing import Graph, executed_first, variable

_SCORES = (
    attention.AdditiveAttention,
    attention.DotProductAttention,
    attention.CosineAttention,
    attention.BilinearAttention,
)
_KNOWN = (
    encoder_decoder.EncoderDecoder,
    seq2seq.Seq2SeqEncoder,
    seq2seq.Seq2SeqDecoder,
    attention_decoder.Seq2SeqAttentionDecoder,
    gluon_layers.GRU,
    gluon_layers.LSTM,
    nn.Embedding,
    nn.Dense,
    nn.Dropout,
    attention.Sharpness,
    *_SCORES,
)
_DECODERS = (seq2seq.Seq2SeqDecoder, attention_decoder.Seq2SeqAttentionDecoder)


def why_not_translate(net: object, loss: object) -> str:
    """Why an encoder-decoder is not trained as one graph; empty where it is."""
    reason = why_not_to_translate(net)
    if reason:
        return reason
    if type(loss) is not MaskedSoftmaxCELoss or vars(loss).get("_weight") is not None:
        return "the loss is not the book's"
    return replaced_in_class(MaskedSoftmaxCELoss)


def why_not_to_translate(net: object) -> str:
    """As :func:`why_not_translate`, of a net that is only asked, not trained."""
    if switched_off():
        return switched_off()
    if autograd.is_recording():
        return "a gradient is being recorded"
    if type(net) is not encoder_decoder.EncoderDecoder:
        return f"the net is of class {type(net).__name__}, not one of ours"
    if type(net.encoder) is not seq2seq.Seq2SeqEncoder:
        return f"its encoder is a {type(net.encoder).__name__}, not one of ours"
    if type(net.decoder) not in _DECODERS:
        return f"its decoder is a {type(net.decoder).__name__}, not one of ours"
    for name, block in _blocks("net", net):
        if type(block) not in _KNOWN:
            return f"{name} is a {type(block).__name__}, not one that we know"
        if changed_block(name, block):
            return changed_block(name, block)
        if getattr(block, "_active", False):
            return f"{name} was hybridized"
    if set(net._children) != {"encoder", "decoder"}:
        return "the net has other children than encoder and decoder"
    for name, parameter in net.collect_params().items():
        if str(parameter.dtype) not in ("float32", "<class 'numpy.float32'>"):
            return f"{name} is of {parameter.dtype}"
    for module in (attention, seq2seq, attention_decoder, encoder_decoder):
        if replaced_in_module(module):
            return f"{replaced_in_module(module)} was replaced"
    return ""


def _blocks(name: str, block: gluon.Block) -> Iterator[Tuple[str, gluon.Block]]:
    yield name, block
    for child, inner in block._children.items():
        yield from _blocks(f"{name}.{child}", inner)


class TracedTranslation(Translation):
    """The book's objective, its forward pass one graph where teacher forcing is whole.

    Parameters
    ----------
    batches : iterable
        What the net is trained on.
    net, bos, device, options
        As for :class:`~d2l_rnn.training.translation.Translation`.
    """

    #: Which way the numbers took in the last epoch.
    path = "plain"

    def __init__(
        self,
        net: encoder_decoder.EncoderDecoder,
        bos: int,
        device: Device,
        batches: Iterable[Minibatch],
        **options: Any,
    ) -> None:
        self._batches = batches
        super().__init__(net, bos, device, **options)

    def begin_epoch(self, epoch: int) -> None:
        """As there; whether the graph may be taken is asked anew."""
        super().begin_epoch(epoch)
        reason = why_not_translate(self.net, self.loss)
        reason = reason or why_not_iterate(self._batches)
        if not reason and self.probability < 1:
            reason = "the decoder reads what it has drawn itself"
        self.path = f"plain: {reason}" if reason else "graph"

    def losses(
        self, X: Array, X_valid_len: Array, Y: Array, Y_valid_len: Array
    ) -> Tuple[Array, Callable[[], Array]]:
        """Loss of each sentence, and a function that gives the attention weights."""
        parameters = self.net.collect_params().values()
        waiting = any(parameter._data is None for parameter in parameters)
        if self.path != "graph" or waiting:  # the first pass settles the shapes
            return super().losses(X, X_valid_len, Y, Y_valid_len)
        with autograd.pause():
            dec_input = decoder_inputs(Y, self.bos)
            state = self.net.encoder.rnn.begin_state(batch_size=X.shape[0], ctx=X.ctx)
        graph = _graph_of(self.net, Y.shape[1])
        lengths = X_valid_len.astype("float32")
        losses, *weights = graph(X, lengths, dec_input, Y, Y_valid_len, *state)
        if weights:
            self.net.decoder.remember(weights)
        return losses, self._attention_matrix


_graphs: WeakKeyDictionary[gluon.Block, Dict[object, Graph]] = WeakKeyDictionary()


def _graph_of(net: encoder_decoder.EncoderDecoder, num_steps: int) -> Graph:
    """A net's graph over so many target steps, made when it is first asked for."""
    parameters = net.collect_params()
    arrays = tuple(id(parameter) for parameter in parameters.values())
    decoder = net.decoder
    options = (
        decoder.bridge,
        getattr(decoder, "book_context", None),
        net.encoder.mask_padding,
        net.encoder.bidirectional,
    )
    key = (num_steps, arrays, options)
    known = _graphs.setdefault(net, {})
    if key not in known:
        known.clear()  # of parts that the net may not have any more
        known[key] = _trace(net, num_steps)
    return known[key]


def _trace(net: encoder_decoder.EncoderDecoder, num_steps: int) -> Graph:
    """``(X, X_valid_len, dec_input, Y, Y_valid_len, *state) -> [losses, *weights]``."""
    names = ("X", "X_valid_len", "dec_input", "Y", "Y_valid_len")
    inputs = [variable(name) for name in names]
    X, X_valid_len, dec_input, Y, Y_valid_len = inputs
    kinds = 2 if net.encoder.rnn._mode == "lstm" else 1
    states = [f"begin{k}" for k in range(kinds)]
    begin = [variable(name) for name in states]
    outputs, state = _encoder(net.encoder, X, X_valid_len, begin)
    weights: List[Tensor] = []
    if isinstance(net.decoder, seq2seq.Seq2SeqDecoder):
        logits = _decoder(net.decoder, dec_input, state)
    else:
        logits, weights = _attention_decoder(
            net.decoder, dec_input, outputs, state, X_valid_len, num_steps
        )
    F = symbol
    masks = F.np.expand_dims(F.np.ones_like(Y), axis=-1)
    masks = F.npx.sequence_mask(masks, Y_valid_len, True, axis=1)
    losses = gluon.loss.SoftmaxCELoss()(logits, Y, masks)
    # Without masks nothing reads the source's lengths.
    read = set(symbol.Group([losses, *weights]).list_arguments())
    everything = [*inputs, *begin]
    used = [k for k, name in enumerate([*names, *states]) if name in read]
    graph = gluon.SymbolBlock(
        [losses, *weights], [everything[k] for k in used], params=net.collect_params()
    )
    # Not static_shape: arrays that a new initialisation puts in the parameters would
    # get no gradient.
    graph.hybridize(static_alloc=True)
    calls: List[int] = []

    def call(*arrays: Array) -> List[Array]:
        given = [arrays[k] for k in used]
        answer = graph(*given) if calls else executed_first(graph, given)
        calls[:] = [1]
        return list(answer) if isinstance(answer, (list, tuple)) else [answer]

    return call


def _encoder(
    encoder: encoder_decoder.Encoder, X: Tensor, valid_lens: Tensor, begin: List[Tensor]
) -> Tuple[Tensor, List[Tensor]]:
    """As ``Seq2SeqEncoder.forward``, of symbols."""
    X = symbol.np.swapaxes(encoder.embedding(X), 0, 1)
    if encoder.mask_padding:
        outputs, state = encoder.rnn(X, begin, valid_lens)
    else:
        outputs, state = encoder.rnn(X, begin)
    if encoder.bidirectional:
        state = [_join_directions(s, encoder.rnn._num_layers) for s in state]
    return outputs, list(state)


def _join_directions(state: Tensor, num_layers: int) -> Tensor:
    """(num_layers * 2, batch, half) becomes (num_layers, batch, 2 * half)."""
    rows = [_rows(state, k, k + 1) for k in range(2 * num_layers)]
    sides = [symbol.np.concatenate(rows[d::2], axis=0) for d in (0, 1)]
    joined: Tensor = symbol.np.concatenate(sides, axis=2)
    return joined


def _rows(X: Tensor, begin: int, end: Optional[int]) -> Tensor:
    rows: Tensor = symbol.npx.slice(X, begin=(begin,), end=(end,))
    return rows


def _last(X: Tensor) -> Tensor:
    """``X[-1]``."""
    last: Tensor = symbol.np.squeeze(_rows(X, -1, None), axis=0)
    return last


def _bridge(state: List[Tensor], bridge: str, num_layers: int) -> List[Tensor]:
    """As ``bridge_state``, of symbols."""
    if bridge == "cell":
        return [symbol.np.zeros_like(state[0]), state[1]]
    zeros = [symbol.np.zeros_like(s) for s in state[1:]]
    if bridge == "hidden":
        return [state[0], *zeros]
    if bridge == "output":
        top = _rows(state[0], -1, None)
        return [symbol.np.concatenate([top] * num_layers, axis=0), *zeros]
    return state


def _decoder(
    decoder: encoder_decoder.Decoder, X: Tensor, state: List[Tensor]
) -> Tensor:
    """As ``Seq2SeqDecoder`` on teacher forcing, of symbols: logits."""
    X = symbol.np.swapaxes(decoder.embedding(X), 0, 1)
    recurrent = _bridge(state, decoder.bridge, decoder.rnn._num_layers)
    context = _last(recurrent[0] if decoder.book_context else state[0])
    # (num_steps, batch_size, num_hiddens)
    contexts = symbol.broadcast_like(
        symbol.np.expand_dims(context, 0).as_nd_ndarray(),
        X.as_nd_ndarray(),
        lhs_axes=(0,),
        rhs_axes=(0,),
    ).as_np_ndarray()
    outputs, _ = decoder.rnn(symbol.np.concatenate((X, contexts), axis=2), recurrent)
    logits: Tensor = symbol.np.swapaxes(decoder.dense(outputs), 0, 1)
    return logits


def _attend(
    decoder: encoder_decoder.Decoder, query: Tensor, values: Tensor, lengths: Tensor
) -> Tuple[Tensor, Tensor]:
    """Context and weights of a step; keys and values are one."""
    by = decoder.attention
    if isinstance(by, attention.DotProductAttention) and by.scaled:
        # A symbol knows no shape, and dividing by an array rounds another way.
        scores = symbol.npx.batch_dot(query, values, transpose_b=True)
        scores = scores / math.sqrt(decoder.rnn._hidden_size)
        found: Tuple[Tensor, Tensor] = by.contexts(symbol, scores, values, lengths)
    else:
        found = by.hybrid_forward(symbol, query, values, values, lengths)
    return found


def _attention_decoder(
    decoder: encoder_decoder.Decoder,
    X: Tensor,
    outputs: Tensor,
    state: List[Tensor],
    lengths: Tensor,
    num_steps: int,
) -> Tuple[Tensor, List[Tensor]]:
    """As ``Seq2SeqAttentionDecoder`` on teacher forcing, of symbols."""
    values = symbol.np.swapaxes(outputs, 0, 1)
    X = symbol.np.swapaxes(decoder.embedding(X), 0, 1)
    recurrent = _bridge(state, decoder.bridge, decoder.rnn._num_layers)
    hiddens, weights = [], []
    for t in range(num_steps):
        query = symbol.np.expand_dims(_last(recurrent[0]), axis=1)
        context, weight = _attend(decoder, query, values, lengths)
        x = symbol.np.expand_dims(symbol.np.squeeze(_rows(X, t, t + 1), axis=0), axis=1)
        x = symbol.np.concatenate((context, x), axis=-1)
        hidden, recurrent = decoder.rnn(symbol.np.swapaxes(x, 0, 1), recurrent)
        hiddens.append(hidden)
        weights.append(weight)
    logits = decoder.dense(symbol.np.concatenate(hiddens, axis=0))
    return symbol.np.swapaxes(logits, 0, 1), weights
