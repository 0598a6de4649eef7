"""Is this net exactly one that we know? Each condition is a line and has its words."""

from __future__ import annotations

import os
import sys
from typing import Any, List, NamedTuple, Union

from mxnet import autograd, gluon, np
from mxnet.gluon import nn, rnn

from ..models import first_edition, scratch, scratch_operators, scratch_stacks
from ..models.language_model import RNNModel
from ..models.scratch_model import RNNModelScratch
from .provenance import (
    is_ours,
    replaced_in_class,
    replaced_in_instance,
    replaced_in_module,
)

#: A net for which :func:`why_not_to_generate` has no reason.
KnownModel = Union[RNNModel, RNNModelScratch]

SWITCH = "D2L_RNN_ACCELERATION"
MODELS = (RNNModel, first_edition.RNNModel)
LAYERS = (rnn.RNN, rnn.GRU, rnn.LSTM)
LOSS = gluon.loss.SoftmaxCrossEntropyLoss
_WORDS_FOR_OFF = ("off", "0", "no", "false")


def switched_off() -> str:
    """Why nothing is accelerated in this process; empty where it may be."""
    if os.environ.get(SWITCH, "").lower() in _WORDS_FOR_OFF:
        return f"{SWITCH} is off"
    return ""


def why_not(net: object) -> str:
    """Why a language model is not trained on the fast path.

    Asked at each call, with the objects as they are then.

    Parameters
    ----------
    net : object
        Its parameters may still wait for their first forward pass.

    Returns
    -------
    str
        Empty where it is recognised: then the fast path is taken, and gives the same
        numbers. Else the first reason found.
    """
    return why_not_to_generate(net) or _changed_loss() or _untrainable(net)


def why_not_to_generate(net: object) -> str:
    """As :func:`why_not`, of a net that is only asked, not trained."""
    if switched_off():
        return switched_off()
    if autograd.is_recording():
        return "a gradient is being recorded"
    if isinstance(net, RNNModel) and type(net) in MODELS:
        return _not_plain(net)
    if type(net) is RNNModelScratch:
        return _not_plain_scratch(net)
    return f"the net is of class {type(net).__name__}, not one of ours"


def _not_plain(net: RNNModel) -> str:
    """What is not as the book's ``RNNModel`` over a Gluon layer has it."""
    layer, dense = net.rnn, net.dense
    if type(layer) not in LAYERS:
        return f"its recurrent layer is a {type(layer).__name__}, not Gluon's own"
    if type(dense) is not nn.Dense:
        return f"its output layer is a {type(dense).__name__}, not Gluon's Dense"
    for name, block in (("net", net), ("net.rnn", layer), ("net.dense", dense)):
        changed = changed_block(name, block)
        if changed:
            return changed
    if list(net._children.items()) != [("rnn", layer), ("dense", dense)]:
        return "the net has other children than rnn and dense"
    if dense.act is not None:  # a child of Dense
        return "its output layer has an activation"
    for name, block in (("net.rnn", layer), ("net.dense", dense)):
        if block._children:
            return f"{name} has children of its own"
        if block._active:
            return f"{name} was hybridized"
    return _unusual_layer(layer) or _unusual_dense(net, dense)


def changed_block(name: str, block: gluon.Block) -> str:
    """What a reader has changed about a block; empty where it is nothing."""
    replaced = replaced_in_class(type(block))
    if replaced:
        return f"{replaced} was replaced"
    replaced = replaced_in_instance(block)
    if replaced:
        return f"{name}.{replaced} was replaced"
    if block._forward_hooks or block._forward_pre_hooks:
        return f"{name} has a forward hook"
    if getattr(block, "_callback", None) is not None:
        return f"{name} has a hook on its operators"
    return ""


def _unusual_layer(layer: gluon.Block) -> str:
    if layer._layout != "TNC":
        return f"its recurrent layer has layout {layer._layout}"
    if layer._dropout:
        return "its recurrent layer has dropout"
    if layer._projection_size:
        return "its recurrent layer has a projection"
    if layer._lstm_state_clip_min is not None or layer._lstm_state_clip_max is not None:
        return "its recurrent layer clips its state"
    if layer._use_sequence_length:
        return "its recurrent layer takes sequence lengths"
    if layer._dtype != "float32":
        return f"its recurrent layer is of {layer._dtype}"
    expected = {name: getattr(layer, name, None) for name in parameter_names(layer)}
    if layer._reg_params != expected:
        return "its recurrent layer has other parameters than Gluon gave it"
    return ""


def _unusual_dense(net: RNNModel, dense: nn.Dense) -> str:
    if dense.bias is None:
        return "its output layer has no bias"
    if not isinstance(net.vocab_size, int):
        return "its vocab_size is no whole number"
    for name, parameter in net.collect_params().items():
        if type(parameter) is not gluon.Parameter:
            return f"{name} is a {type(parameter).__name__}"
        if replaced_in_instance(parameter):
            return f"{name}.{replaced_in_instance(parameter)} was replaced"
        if str(parameter.dtype) not in ("float32", "<class 'numpy.float32'>"):
            return f"{name} is of {parameter.dtype}"
        if parameter._stype != "default" or parameter._grad_stype != "default":
            return f"{name} is sparse"
        if parameter._data is not None and len(parameter._data) != 1:
            return f"{name} lies on several devices"
        if parameter._data is None and not parameter._deferred_init:
            return f"{name} is not initialised"
    replaced = replaced_in_class(gluon.Parameter)
    return f"{replaced} was replaced" if replaced else ""


class Architecture(NamedTuple):
    """All that a recognised ``RNNModel``'s graphs depend on, beside its numbers.

    Attributes
    ----------
    mode : str
        Gluon's word for the kind of cell.
    num_hiddens, num_layers, directions : int
    vocab_size, units : int
        Widths of the one-hot inputs and of the logits.
    """

    mode: str
    num_hiddens: int
    num_layers: int
    directions: int
    vocab_size: int
    units: int

    @classmethod
    def of(cls, net: RNNModel) -> Architecture:
        """A net's own."""
        layer = net.rnn
        return cls(
            layer._mode,
            layer._hidden_size,
            layer._num_layers,
            layer._dir,
            net.vocab_size,
            net.dense._units,
        )

    @property
    def num_states(self) -> int:
        """Hidden state, and of an LSTM the memory cell."""
        return 2 if self.mode == "lstm" else 1


def parameter_names(layer: gluon.Block) -> List[str]:
    """A Gluon layer's parameters in the fused operator's order.

    All weights layer by layer and direction by direction, then all biases in the same
    order.
    """
    return [
        f"{direction}{number}_{part}_{kind}"
        for kind in ("weight", "bias")
        for number in range(layer._num_layers)
        for direction in ["l", "r"][: layer._dir]
        for part in ("i2h", "h2h")
    ]


def parameters_in_order(net: RNNModel) -> List[gluon.Parameter]:
    """The recurrent layer's parameters in the operator's order, then the output's."""
    layer = [getattr(net.rnn, name) for name in parameter_names(net.rnn)]
    return [*layer, net.dense.weight, net.dense.bias]


def _changed_loss() -> str:
    if gluon.loss.SoftmaxCrossEntropyLoss is not LOSS:
        return "gluon.loss.SoftmaxCrossEntropyLoss was replaced"
    replaced = replaced_in_class(LOSS)
    return f"{replaced} was replaced" if replaced else ""


def _untrainable(net: Any) -> str:
    """What stands against moving all parameters alike."""
    if isinstance(net, RNNModelScratch):
        return ""
    parameters = parameters_in_order(net)
    if len({id(parameter) for parameter in parameters}) != len(parameters):
        return "two of its parameters are one"
    if len(net.collect_params().keys()) != len(parameters):
        return "the net has parameters beside its layers'"
    for parameter in parameters:
        if parameter.grad_req != "write":
            return f"{parameter.name} has grad_req {parameter.grad_req!r}"
        if parameter.lr_mult != 1:
            return f"{parameter.name} has lr_mult {parameter.lr_mult}"
    known = [parameter._data[0] for parameter in parameters if parameter._data]
    if len({id(array) for array in known}) != len(known):
        return "two of its parameters share an array"
    return ""


def _not_plain_scratch(net: RNNModelScratch) -> str:
    """What is not as our own step functions have it."""
    replaced = replaced_in_class(RNNModelScratch)
    if replaced:
        return f"{replaced} was replaced"
    if replaced_in_instance(net):
        return f"net.{replaced_in_instance(net)} was replaced"
    for name in ("forward_fn", "init_state"):
        if not is_ours(getattr(net, name)):
            return f"net.{name} is the reader's own"
    for module in (scratch, scratch_operators, scratch_stacks):
        if replaced_in_module(module):
            return f"{replaced_in_module(module)} was replaced"
    if type(net.params) is not list:
        return f"net.params is a {type(net.params).__name__}, not a list"
    if len({id(array) for array in net.params}) != len(net.params):
        return "net.params lists an array twice"
    for number, array in enumerate(net.params):
        if type(array) is not np.ndarray or str(array.dtype) != "float32":
            return f"net.params[{number}] is no float32 array"
        if array.grad is None:
            return f"net.params[{number}] has no gradient"
    return ""


def why_not_iterate(batches: object) -> str:
    """Why an iterator of minibatches may do more than give minibatches.

    Code of a reader that runs between two steps may look at the net, or change it; it
    must find the arrays in order. Lists and the package's own loaders do neither.

    Returns
    -------
    str
        Empty where the iterator is known.
    """
    if type(batches) in (list, tuple):
        return ""
    kind = type(batches)
    if not getattr(kind, "__module__", "").startswith("d2l_rnn."):
        return f"the iterator is the reader's own ({kind.__name__})"
    replaced = replaced_in_class(kind) or replaced_in_instance(batches)
    if replaced:
        return f"{replaced} of the iterator was replaced"
    function = getattr(batches, "data_iter_fn", None)
    if function is None:
        return ""
    if not is_ours(function):
        return "data_iter_fn of the iterator is the reader's own"
    replaced = replaced_in_module(sys.modules[function.__module__])
    return f"{replaced} was replaced" if replaced else ""
