"""Every kind of language model, its weights drawn: a net here, and to be exported."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Callable, Dict, List, NamedTuple, Tuple

import numpy
import pytest
from mxnet import cpu, np, npx

from d2l_rnn.experiments.configs import LanguageModelConfig
from d2l_rnn.experiments.configs_sequences import (
    EditionV1Config,
    HandwrittenConfig,
    HandwrittenGatedConfig,
)
from d2l_rnn.experiments.exported import net_of
from d2l_rnn.experiments.language import build
from d2l_rnn.export.nets import LanguageNet, Trained
from d2l_rnn.inference.handwritten_language_model import HandwrittenLanguageModel
from d2l_rnn.inference.handwritten_model import HandwrittenRNN
from d2l_rnn.models.gluon_layers import named_arrays

VOCAB_SIZE, NUM_HIDDENS = 11, 6
VOCAB = ["<unk>", *"abcdefghij"]
TOLERANCE: Any = {"rtol": 1e-5, "atol": 1e-5}

_LSTM = LanguageModelConfig(num_hiddens=NUM_HIDDENS)
_SCRATCH = replace(_LSTM, implementation="scratch")
CONFIGS: Dict[str, Any] = {
    "rnn": replace(_LSTM, cell="rnn"),
    "gru": replace(_LSTM, cell="gru"),
    "lstm": _LSTM,
    "deep-lstm": replace(_LSTM, num_layers=3),
    "deep-gru": replace(_LSTM, cell="gru", num_layers=2),
    "bilstm": replace(_LSTM, num_layers=2, bidirectional=True),
    "rnn-scratch": replace(_SCRATCH, cell="rnn"),
    "gru-scratch": replace(_SCRATCH, cell="gru"),
    "lstm-scratch": _SCRATCH,
    "lstm-peephole": replace(_SCRATCH, cell="lstm-peephole"),
    "deep-scratch": replace(_SCRATCH, num_layers=2),
    "birnn-scratch": replace(_SCRATCH, cell="rnn", bidirectional=True),
    "deep-bidirectional-peephole": replace(
        _SCRATCH, cell="lstm-peephole", num_layers=2, bidirectional=True
    ),
    "rnn-handwritten": HandwrittenConfig(num_hiddens=NUM_HIDDENS),
    "relu-handwritten": HandwrittenConfig(num_hiddens=NUM_HIDDENS, activation="relu"),
    "gru-handwritten": HandwrittenGatedConfig(cell="gru", num_hiddens=NUM_HIDDENS),
    "lstm-handwritten": HandwrittenGatedConfig(num_hiddens=NUM_HIDDENS),
    "rnn-scratch-v1": EditionV1Config(cell="rnn-scratch", num_hiddens=NUM_HIDDENS),
    "rnn-v1": EditionV1Config(cell="rnn", num_hiddens=NUM_HIDDENS),
    "gru-v1": EditionV1Config(cell="gru", num_hiddens=NUM_HIDDENS),
    "lstm-v1": EditionV1Config(cell="lstm", num_hiddens=NUM_HIDDENS),
    "birnn-v1": EditionV1Config(cell="birnn", num_hiddens=NUM_HIDDENS),
}
#: What one fused layer of PyTorch or Gluon computes.
FUSED = [
    name
    for name in CONFIGS
    if "peephole" not in name and name not in ("gru-scratch", "gru-handwritten")
]
# d2l alone takes seconds to import.
KINDS = [
    pytest.param(name, marks=pytest.mark.slow) if name.endswith("-v1") else name
    for name in CONFIGS
]
BOTH_WAYS = [name for name in CONFIGS if "bi" in name]

#: ``(tokens, states) -> (logits, states)``: (batch, length), logits (batch, length,
#: vocabulary), and the states as the net has them, batch first where it is separate.
Forward = Callable[[Any, List[Any]], Tuple[Any, List[Any]]]


class Made(NamedTuple):
    """A net here, and the same to be exported."""

    trained: Trained
    forward: Forward

    @property
    def net(self) -> LanguageNet:
        assert isinstance(self.trained.net, LanguageNet)
        return self.trained.net

    def draw_state(self, batch: int) -> List[Any]:
        """Numbers that a state may have."""
        stack = self.net.stack
        rows, number = len(stack.layers) * stack.num_directions, stack.num_states
        shape: Tuple[int, ...] = (rows, batch, NUM_HIDDENS)
        if self.net.separate_states:
            shape, number = (batch, NUM_HIDDENS), rows * number
        drawn = numpy.random.uniform(-0.9, 0.9, (number, *shape))
        return list(drawn.astype("float32"))


def agree(name: str, found: Any, wanted: Any) -> None:
    """Both are the same within the tolerance; prints (``-s``) how near they are."""
    numpy.testing.assert_allclose(found, wanted, **TOLERANCE)
    print(f"{name}: {abs(found - wanted).max():.1e}")


def made(name: str) -> Made:
    """A net of a kind, its weights no small numbers."""
    config = CONFIGS[name]
    if isinstance(config, HandwrittenConfig):
        arrays, forward = _handwritten(config)
    elif isinstance(config, HandwrittenGatedConfig):
        arrays, forward = _handwritten_gated(config)
    elif isinstance(config, EditionV1Config):
        arrays, forward = _edition_v1(config)
    else:
        net = build(config, VOCAB_SIZE, cpu())
        for array in named_arrays(net).values():
            array[:] = np.random.normal(scale=0.6, size=array.shape)
        arrays, forward = named_arrays(net), _ours(net)
    numbers = {
        key: numpy.array(a if isinstance(a, numpy.ndarray) else a.asnumpy())
        for key, a in arrays.items()
    }
    net_ = net_of(config, numbers, VOCAB_SIZE)
    return Made(Trained(net_, name, {"experiment": name}, {"vocab": VOCAB}), forward)


def _batch_major(logits: Any, batch: int) -> Any:
    """Our nets' rows are time-major."""
    return logits.reshape(-1, batch, VOCAB_SIZE).swapaxes(0, 1)


def _ours(net: Any) -> Forward:
    def forward(tokens: Any, states: List[Any]) -> Tuple[Any, List[Any]]:
        logits, after = net(np.array(tokens), [np.array(s) for s in states])
        logits = _batch_major(logits.asnumpy(), len(tokens))
        return logits, [s.asnumpy() for s in after]

    return forward


def _handwritten(config: HandwrittenConfig) -> Tuple[Any, Forward]:
    rng = numpy.random.default_rng(numpy.random.randint(2**31))
    net = HandwrittenRNN(VOCAB_SIZE, NUM_HIDDENS, rng, config.activation)
    for array in net.params:
        array[:] = rng.normal(scale=0.6, size=array.shape)

    def forward(tokens: Any, states: List[Any]) -> Tuple[Any, List[Any]]:
        logits, after = net(tokens, (states[0].T,))
        return _batch_major(logits, len(tokens)), [after[0].T]

    return net.params._asdict(), forward


def _handwritten_gated(config: HandwrittenGatedConfig) -> Tuple[Any, Forward]:
    rng = numpy.random.default_rng(numpy.random.randint(2**31))
    net = HandwrittenLanguageModel(config.cell, VOCAB_SIZE, NUM_HIDDENS, rng)
    net.vector[:] = rng.normal(scale=0.6, size=net.vector.shape)

    def forward(tokens: Any, states: List[Any]) -> Tuple[Any, List[Any]]:
        logits, after = net(tokens, states)
        return _batch_major(logits, len(tokens)), list(after)

    return net.params, forward


def _edition_v1(config: EditionV1Config) -> Tuple[Any, Forward]:
    pytest.importorskip("d2l", reason="d2l is not installed here")
    from d2l_rnn.experiments import edition_v1

    model = edition_v1.build(config, VOCAB_SIZE)
    model(np.zeros((1, 2)))  # settles the shapes that Gluon leaves open
    arrays = edition_v1.named_arrays(model)
    for array in arrays.values():
        array[:] = np.random.normal(scale=0.6, size=array.shape)

    def forward(tokens: Any, states: List[Any]) -> Tuple[Any, List[Any]]:
        X = npx.one_hot(np.array(tokens).T, VOCAB_SIZE)
        own = [np.array(state) for state in states]
        several = config.cell in ("lstm", "rnn-scratch")
        Y, after = model.rnn(X, own if several else own[0])
        logits = model.output_layer(Y).asnumpy()
        after = after if isinstance(after, (list, tuple)) else [after]
        return logits, [state.asnumpy() for state in after]

    return arrays, forward
