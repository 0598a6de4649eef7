"""What can be taken along: a trained net's arrays, and how they are put together.

Every recurrent layer, from scratch or of Gluon, stands here in Gluon's layout: the
gates below one another, an LSTM's in the order i f g o, a GRU's r z n, with a bias on
either side. What is exported is computed from these and from nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence, Union

from ..arrays import Floats
from ..errors import UsageError
from ..inference.translation_network import Design


class Weights(NamedTuple):
    """One recurrent layer in one direction, ``X W_x^T + b_x`` and ``H W_h^T + b_h``.

    Attributes
    ----------
    W_x : numpy.ndarray, shape (num_gates * num_hiddens, num_inputs)
    W_h : numpy.ndarray, shape (num_gates * num_hiddens, num_hiddens)
    b_x, b_h : numpy.ndarray, shape (num_gates * num_hiddens,)
    peepholes : numpy.ndarray, shape (3, num_hiddens), optional
        Of an LSTM, p_i, p_f and p_o; see :class:`d2l_rnn.inference.cells.LSTMCell`.
    """

    W_x: Floats
    W_h: Floats
    b_x: Floats
    b_h: Floats
    peepholes: Optional[Floats] = None


@dataclass(frozen=True, eq=False)
class Stack:
    """Recurrent layers on top of one another.

    Attributes
    ----------
    cell : "rnn_tanh", "rnn_relu", "gru" or "lstm"
    layers : list of lists of Weights
        From the inputs up, each of one or two directions.
    reset_after : bool
        Of a GRU: whether the reset gate stands after the product with ``W_h``, as in
        Gluon and PyTorch, or before it, as in the book's own from scratch.
    """

    cell: str
    layers: List[List[Weights]]
    reset_after: bool = True

    @property
    def num_directions(self) -> int:
        """1 or 2."""
        return len(self.layers[0])

    @property
    def num_hiddens(self) -> int:
        """Hidden units a direction."""
        return int(self.layers[0][0].W_h.shape[1])

    @property
    def num_inputs(self) -> int:
        """What the lowest layer reads."""
        return int(self.layers[0][0].W_x.shape[1])

    @property
    def num_states(self) -> int:
        """Arrays of a state: H, and C of an LSTM."""
        return 2 if self.cell == "lstm" else 1

    @property
    def has_peepholes(self) -> bool:
        """Whether gates see the memory cell."""
        return self.layers[0][0].peepholes is not None

    def named(self, name: str) -> Dict[str, Floats]:
        """The arrays by Gluon's names, ``NAME.l0_i2h_weight`` and so on."""
        found: Dict[str, Floats] = {}
        for number, directions in enumerate(self.layers):
            for letter, weights in zip("lr", directions):
                start = f"{name}.{letter}{number}_"
                found[f"{start}i2h_weight"], found[f"{start}h2h_weight"] = weights[:2]
                found[f"{start}i2h_bias"], found[f"{start}h2h_bias"] = weights[2:4]
                if weights.peepholes is not None:
                    found[f"{start}peepholes"] = weights.peepholes
        return found


class Dense(NamedTuple):
    """``Y = X weight^T + bias``: (num_outputs, num_inputs) and (num_outputs,)."""

    weight: Floats
    bias: Floats

    def named(self, name: str) -> Dict[str, Floats]:
        """Both by name."""
        return {f"{name}.weight": self.weight, f"{name}.bias": self.bias}


@dataclass(frozen=True, eq=False)
class LanguageNet:
    """Tokens in, scores of the next one out, after each.

    Attributes
    ----------
    stack : Stack
    dense : Dense
    embedding : numpy.ndarray, shape (vocab_size, embed_size), optional
        Without it the stack reads one-hot vectors.
    classes : numpy.ndarray, shape (num_classes, num_hiddens), optional
        The state begins with ``tanh`` of a row of it (one to many).
    separate_states : bool
        Whether each layer has state arrays of its own, (batch, num_hiddens), as the
        nets from scratch have them; else H and C of all layers are one array each.
    """

    stack: Stack
    dense: Dense
    embedding: Optional[Floats] = None
    classes: Optional[Floats] = None
    separate_states: bool = False

    def named(self) -> Dict[str, Floats]:
        """All arrays by name."""
        found = {**self.stack.named("rnn"), **self.dense.named("dense")}
        for name, array in (("embedding", self.embedding), ("classes", self.classes)):
            if array is not None:
                found[f"{name}.weight"] = array
        return found


@dataclass(frozen=True, eq=False)
class PixelNet(LanguageNet):
    """Levels of an image's pixels in, row by row, scores of the next pixel's out.

    It scores ``len(dense.bias)`` levels; what it reads besides, ids after these, are
    the classes of images: one of them comes before the first pixel.
    """


@dataclass(frozen=True, eq=False)
class BothSidesNet:
    """Scores of every token of a sequence by the tokens on both sides of it.

    See :mod:`d2l_rnn.models.both_sides`, whose ``distance`` is 1 where a token is not
    to see itself.
    """

    embedding: Floats
    forwards: Stack
    backwards: Stack
    dense: Dense
    distance: int

    def named(self) -> Dict[str, Floats]:
        """All arrays by name."""
        return {
            "embedding.weight": self.embedding,
            **self.forwards.named("forward_stack"),
            **self.backwards.named("backward_stack"),
            **self.dense.named("dense"),
        }


@dataclass(frozen=True, eq=False)
class ClassifierNet:
    """A sequence in, scores of its label out: of the state after its last token."""

    embedding: Floats
    stack: Stack
    dense: Dense

    def named(self) -> Dict[str, Floats]:
        """All arrays by name."""
        return {
            "embedding.weight": self.embedding,
            **self.stack.named("rnn"),
            **self.dense.named("dense"),
        }


@dataclass(frozen=True, eq=False)
class TranslationNet:
    """Encoder and decoder, put together as ``design`` says.

    Attributes
    ----------
    design : Design
    encoder_embedding, decoder_embedding : numpy.ndarray, shape (vocab_size, embed_size)
    encoder, decoder : Stack
    dense : Dense
    attention : dict of str to numpy.ndarray
        Arrays of the score, by the names that checkpoints have.
    """

    design: Design
    encoder_embedding: Floats
    encoder: Stack
    decoder_embedding: Floats
    decoder: Stack
    dense: Dense
    attention: Mapping[str, Floats] = field(default_factory=dict)

    def named(self) -> Dict[str, Floats]:
        """All arrays by name."""
        return {
            "encoder.embedding.weight": self.encoder_embedding,
            **self.encoder.named("encoder.rnn"),
            "decoder.embedding.weight": self.decoder_embedding,
            **self.decoder.named("decoder.rnn"),
            **self.dense.named("decoder.dense"),
            **{f"decoder.attention.{k}": a for k, a in self.attention.items()},
        }


@dataclass(frozen=True, eq=False)
class HiddenMarkovNet:
    """``P(h_1)``, ``P(h_t | h_{t-1})`` and ``P(x_t | h_t)``, a row a condition."""

    initial: Floats
    transition: Floats
    emission: Floats

    def named(self) -> Dict[str, Floats]:
        """All arrays by name."""
        return dict(vars(self))


Net = Union[LanguageNet, BothSidesNet, ClassifierNet, TranslationNet, HiddenMarkovNet]


class Trained(NamedTuple):
    """A net, and what else a reader of the file has to know.

    Attributes
    ----------
    net : Net
    experiment : str
    facts : dict of str to str
        Goes into the file beside the arrays: ``experiment``, ``token``, ``clean``, ...
    vocabularies : dict of str to list of str
        ``vocab``, or ``src_vocab`` and ``tgt_vocab``, and ``labels`` where there are
        some; each in the order of the ids.
    """

    net: Net
    experiment: str
    facts: Mapping[str, str]
    vocabularies: Mapping[str, Sequence[str]]


def plain_language_net(trained: Trained, target: str, modules: str) -> LanguageNet:
    """A net that is one fused recurrent layer and a dense one on top, if it is that.

    Parameters
    ----------
    trained : Trained
    target : str
        As on the command line.
    modules : str
        Where the layers stand: ``torch.nn``, ``gluon.rnn``.

    Raises
    ------
    UsageError
        If it is none; says why, and what it can be exported to.
    """
    net, reason = trained.net, ""
    if not isinstance(net, LanguageNet) or net.embedding is not None:
        others = (
            "numpy is" if isinstance(net, HiddenMarkovNet) else "onnx and numpy are"
        )
        raise UsageError(
            f"--to {target}: {trained.experiment} is no recurrent layer with a dense "
            f"one on top; {others} accepted"
        )
    if net.stack.has_peepholes:
        reason = f"{modules}.LSTM has no peepholes"
    elif net.stack.cell == "gru" and not net.stack.reset_after:
        reason = (
            f"{modules}.GRU resets after the product with the state, the book's GRU "
            "from scratch before it"
        )
    if reason:
        raise UsageError(f"--to {target}: {reason}; onnx and numpy are accepted")
    return net
