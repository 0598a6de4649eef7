"""Gluon's recurrent layers with the two arguments that mxnet 1.9.1 drops on a CPU.

``dropout``: the fused operator's CPU version has no recurrent dropout and ignores the
argument without a word (the output at rate 0.9 equals that at 0). ``sequence_length``:
the operator knows it on a GPU only. The layers here do both themselves, so a CPU run
and a GPU run are the same experiment. Weights, their names, states and calls are
Gluon's; with neither argument in use, so is the computation.

What else has to know the inside of a Gluon block stands here too: the names of its
parameters in a checkpoint, and what a layer was made with.
"""

from __future__ import annotations

from typing import Callable, Dict, Iterable, List, Optional, Tuple

from mxnet import gluon
from mxnet.gluon import Block, rnn

from ..errors import UsageError
from ..protocols import Array, Net, Operators, RecurrentLayer, Tensor

# Added to a gate's input it makes the gate exactly 0 or 1 in float32.
_SATURATION = 1e4
# What saturates which gate where the input is padding, in the operator's gate order.
# An LSTM's i f g o: nothing is written, nothing forgotten, c_t = c_{t-1}. A GRU's
# r z n: h_t = z h_{t-1} + (1 - z) n = h_{t-1}.
_FREEZING = {
    "lstm": (-_SATURATION, _SATURATION, 0.0, 0.0),
    "gru": (0.0, _SATURATION, 0.0),
}


class _LayerByLayer:
    """Runs a Gluon recurrent layer one level at a time where one of both is in use."""

    _num_layers: int
    _hidden_size: int
    _dropout: float
    _layout: str
    _mode: str
    _dir: int
    _use_sequence_length: bool

    def _forward_kernel(
        self,
        F: Operators,
        inputs: Tensor,
        states: List[Tensor],
        sequence_length: Optional[Tensor] = None,
        **parameters: Tensor,
    ) -> Tuple[Tensor, List[Tensor]]:
        between = self._dropout > 0 and self._num_layers > 1
        if not (between or self._use_sequence_length):
            kernel = super()._forward_kernel  # type: ignore[misc]
            Y, final = kernel(F, inputs, states, None, **parameters)
            return Y, final
        if self._use_sequence_length and sequence_length is None:
            raise UsageError("use_sequence_length=True: call layer(X, state, lengths)")
        # (num_steps, batch_size, input_size)
        Y = F.np.swapaxes(inputs, 0, 1) if self._layout == "NTC" else inputs
        padding = None
        if sequence_length is not None:
            ones = F.np.ones_like(_cut(F, Y, 2, 0, 1))
            # (num_steps, batch_size, 1): 1 where there is padding, 0 elsewhere
            padding = 1 - F.npx.sequence_mask(ones, sequence_length, True)
        final_states: List[List[Tensor]] = [[] for _ in states]
        for layer in range(self._num_layers):
            if layer > 0 and between:
                # Acts in training mode only: kept values are scaled by 1 / (1 - p).
                Y = F.npx.dropout(Y, p=self._dropout)
            begin = [
                _cut(F, state, 0, layer * self._dir, (layer + 1) * self._dir)
                for state in states
            ]
            Y, *end = self._level(F, layer, Y, begin, padding, parameters)
            if sequence_length is not None:
                if self._mode == "lstm":
                    end[0] = self._last_outputs(F, Y, end[0], sequence_length)
                Y = F.npx.sequence_mask(Y, sequence_length, True)
            for kind, state in zip(final_states, end):
                kind.append(state)
        if self._layout == "NTC":
            Y = F.np.swapaxes(Y, 0, 1)
        # Each (num_layers * directions, batch_size, num_hiddens)
        return Y, [F.np.concatenate(kind, axis=0) for kind in final_states]

    def _level(
        self,
        F: Operators,
        layer: int,
        X: Tensor,
        state: List[Tensor],
        padding: Optional[Tensor],
        parameters: Dict[str, Tensor],
    ) -> Iterable[Tensor]:
        """One level of the stack: outputs, then the level's final states."""
        weights, biases = [], []
        for direction in ["l", "r"][: self._dir]:
            name = f"{direction}{layer}_"
            i2h = parameters[name + "i2h_weight"]
            if padding is not None:
                # (num_gates * num_hiddens, input_size + 1)
                i2h = F.np.concatenate(
                    [i2h, self._freezing_column(F, parameters[name + "i2h_bias"])], 1
                )
            weights += [i2h, parameters[name + "h2h_weight"]]
            biases += [parameters[name + "i2h_bias"], parameters[name + "h2h_bias"]]
        if padding is not None:
            X = F.np.concatenate([X, padding], axis=2)
        flat = [F.np.reshape(parameter, -1) for parameter in weights + biases]
        return F.npx.rnn(
            X,
            # Gluon's own: infers an input_size that is left open, concatenate does not.
            F.np._internal.rnn_param_concat(*flat, dim=0),
            *state,
            state_size=self._hidden_size,
            num_layers=1,
            bidirectional=self._dir == 2,
            mode=self._mode,
            state_outputs=True,
            p=0.0,
        )

    def _freezing_column(self, F: Operators, bias: Tensor) -> Tensor:
        """Weights of the padding feature, (num_gates * num_hiddens, 1).

        Where the feature is 1 they hold a unit's memory as it is, and let no gradient
        through; where it is 0 they do nothing. So a sequence in a padded minibatch
        goes through the fused operator as if it were alone, in both directions.
        """
        zeros = F.np.zeros_like(_cut(F, bias, 0, 0, self._hidden_size))
        column = [zeros + value for value in _FREEZING[self._mode]]
        return F.np.expand_dims(F.np.concatenate(column), 1)

    def _last_outputs(
        self, F: Operators, Y: Tensor, hidden: Tensor, sequence_length: Tensor
    ) -> Tensor:
        """An LSTM's hidden states at each sequence's last step.

        Padding leaves the memory cell alone, but the output gate still moves: forwards
        the state is the output at step ``sequence_length``, backwards the scan ends
        at step 1, which is never padding.
        """
        forward = _cut(F, Y, 2, 0, self._hidden_size)
        until = F.npx.sequence_mask(forward, sequence_length, True)
        before = F.npx.sequence_mask(forward, sequence_length - 1, True)
        # (1, batch_size, num_hiddens): all terms but one are zero
        last = F.np.sum(until - before, axis=0, keepdims=True)
        if self._dir == 1:
            return last
        return F.np.concatenate([last, _cut(F, hidden, 0, 1, 2)], axis=0)


def _cut(F: Operators, X: Tensor, axis: int, begin: int, end: int) -> Tensor:
    """``X[begin:end]`` along an axis, for arrays and for symbols."""
    free = (None,) * axis
    return F.npx.slice(X, begin=free + (begin,), end=free + (end,))


def _check_input_size(input_size: int, use_sequence_length: bool) -> None:
    if use_sequence_length and not input_size:
        raise UsageError("use_sequence_length=True needs input_size")


class RNN(_LayerByLayer, rnn.RNN):
    """``gluon.rnn.RNN`` with dropout between its layers on every device."""


class GRU(_LayerByLayer, rnn.GRU):
    """``gluon.rnn.GRU`` with dropout and sequence lengths on every device.

    Parameters
    ----------
    hidden_size, num_layers, layout, dropout, bidirectional, input_size, ...
        As in Gluon. ``dropout`` acts on the outputs of all layers but the last, in
        training mode only.
    use_sequence_length : bool
        Call the layer as ``layer(X, state, lengths)`` with ``lengths`` (batch_size,),
        each at least 1: outputs past a sequence's length are 0, final states are
        those after its last step, and both are the same however much padding follows.
        Needs ``input_size``.
    """

    def __init__(
        self, *args: object, use_sequence_length: bool = False, **kwargs: object
    ) -> None:
        super().__init__(*args, **kwargs)
        _check_input_size(self._input_size, use_sequence_length)
        self._use_sequence_length = use_sequence_length


class LSTM(_LayerByLayer, rnn.LSTM):
    """``gluon.rnn.LSTM`` with dropout and sequence lengths on every device.

    Parameters as for :class:`GRU`; projections and state clipping are not for it.
    """

    def __init__(
        self, *args: object, use_sequence_length: bool = False, **kwargs: object
    ) -> None:
        refused = {"projection_size", "state_clip_min", "state_clip_max"} & set(kwargs)
        if refused:
            raise UsageError(f"LSTM: {', '.join(sorted(refused))} not supported")
        super().__init__(*args, **kwargs)
        _check_input_size(self._input_size, use_sequence_length)
        self._use_sequence_length = use_sequence_length


CELLS: Dict[str, Callable[..., RecurrentLayer]] = {"gru": GRU, "lstm": LSTM}


def recurrent_layer(
    cell: str,
    num_hiddens: int,
    num_layers: int = 1,
    dropout: float = 0.0,
    bidirectional: bool = False,
    use_sequence_length: Optional[bool] = False,
    **kwargs: object,
) -> RecurrentLayer:
    """The recurrent layer of a name.

    Parameters
    ----------
    cell : {'gru', 'lstm'}
    num_hiddens : int
        Hidden units a direction.
    num_layers : int
    dropout : float
        Rate between the layers.
    bidirectional, use_sequence_length : bool
        As for :class:`GRU`.

    Raises
    ------
    UsageError
        If there is no such cell.
    """
    if cell not in CELLS:
        raise UsageError(f"cell {cell!r}: accepted are {', '.join(CELLS)}")
    return CELLS[cell](
        num_hiddens,
        num_layers,
        dropout=dropout,
        bidirectional=bidirectional,
        use_sequence_length=bool(use_sequence_length),
        **kwargs,
    )


def layout_of(layer: object) -> str:
    """The layout of a Gluon recurrent layer; a reader's own is taken for TNC."""
    return str(getattr(layer, "_layout", "TNC"))


def input_size_of(layer: object) -> int:
    """The ``input_size`` of a Gluon recurrent layer; 0 where it is left open."""
    return int(getattr(layer, "_input_size", 0) or 0)


def named_parameters(net: Block) -> Dict[str, gluon.Parameter]:
    """A block's parameters by names that are alike in every process.

    They tell the structure, ``rnn.l0_i2h_weight``, ``dense.bias``: the path of
    attributes, as in ``save_parameters``, but for the inside of recurrent layers, where
    Gluon's own names know no layer above the tenth.
    """
    named = dict(net._reg_params)
    for name, child in net._children.items():
        inner = named_parameters(child)
        named.update({f"{name}.{key}": value for key, value in inner.items()})
    return named


def named_arrays(net: Net) -> Dict[str, Array]:
    """The arrays of an initialised net, by names that are alike in every process.

    Parameters
    ----------
    net : gluon.Block, or object with ``params``
        The arrays of a net from scratch have numbers, ``params.0``.
    """
    if isinstance(net, Block):
        return {name: p.data() for name, p in named_parameters(net).items()}
    return {f"params.{number}": array for number, array in enumerate(net.params)}
