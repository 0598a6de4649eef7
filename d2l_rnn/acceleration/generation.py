"""A recognised language model generates as a NumPy network of its arrays."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Tuple, Union, cast

import numpy
from mxnet import gluon

from ..arrays import Floats
from ..inference.network import Network, of_gluon, of_scratch
from ..models import scratch
from ..models.gluon_layers import named_arrays, named_parameters
from ..models.language_model import RNNModel
from ..models.scratch_model import RNNModelScratch
from ..protocols import Array, Device, LanguageModel, Net, Shape, State
from ..training.checkpoint import arrays_of
from .recognise import Architecture, why_not_to_generate
from .recurrence import Recurrence
from .step_graphs import StepGraphs
from .table_loss import table_logits
from .table_rows import lowest_layers, reads_table

_KINDS = {
    scratch.rnn_layer: "rnn",
    scratch.gru_layer: "gru",
    scratch.lstm_layer: "lstm",
    scratch.lstm_peephole_layer: "lstm-peephole",
}


def as_network(net: Any, device: Device) -> Union[Network, str]:
    """A recognised net's arrays, copied, as a network that needs no MXNet.

    Parameters
    ----------
    net : object
    device : mxnet.Context

    Returns
    -------
    Network or str
        In words where there is none: then the net itself has to be asked.
    """
    reason = why_not_to_generate(net)
    if reason:
        return reason
    arrays = copied_arrays(net, device)
    if isinstance(arrays, str):
        return arrays
    structure: Optional[Tuple[str, int, int]]
    if isinstance(net, RNNModel):
        model = Architecture.of(net)
        structure = model.mode, model.num_layers, model.directions
    else:
        structure = _structure(net.forward_fn)
    if structure is None:
        return "its layers are put together in a way of their own"
    try:
        if isinstance(net, RNNModel):
            network = of_gluon(*structure, arrays)
        else:
            network = of_scratch(*structure, list(arrays.values()))
    except ValueError as error:
        return f"its arrays do not fit: {error}"
    if net.vocab_size != network.vocab_size or network.num_inputs != net.vocab_size:
        return "it does not score the tokens that it reads"
    return network


def copied_arrays(net: Net, device: Device) -> Union[Dict[str, Floats], str]:
    """A recognised net's arrays by name, copied; in words why NumPy is not asked."""
    if device.device_type != "cpu":
        return "on a GPU the net itself is asked"
    parameters = named_parameters(net) if isinstance(net, gluon.Block) else {}
    if any(parameter._data is None for parameter in parameters.values()):
        return "the net has not seen a minibatch yet"
    arrays = arrays_of(named_arrays(net))
    if not all(numpy.isfinite(array).all() for array in arrays.values()):
        return "a weight is not finite"  # what is the likeliest of NaNs?
    return arrays


def _structure(forward_fn: object) -> Optional[Tuple[str, int, int]]:
    """Kind of cell, layers and directions of ``language_model(...).forward_fn``."""
    layer, num_layers = _closed_over(forward_fn).get("layer"), 1
    around = _closed_over(getattr(layer, "forward", None))
    if "num_layers" in around:
        num_layers, layer = around["num_layers"], around["layer"]
    directions = getattr(layer, "num_directions", 1)
    if layer is not None and directions == 2:
        layer = _closed_over(layer.forward).get("layer")
    forward: Any = getattr(layer, "forward", None)
    kind = _KINDS.get(forward)
    return None if kind is None else (kind, num_layers, directions)


def _closed_over(function: object) -> Mapping[str, Any]:
    """The variables that one of our functions keeps, by name."""
    names = getattr(getattr(function, "__code__", None), "co_freevars", ())
    cells = getattr(function, "__closure__", None) or ()
    return {name: cell.cell_contents for name, cell in zip(names, cells)}


class Asked:
    """A language model that is only asked, a net from scratch as one graph a call.

    Gluon's layers are one operator already; with a large vocabulary the lowest reads
    columns of its weights in place of one-hot products.

    Parameters
    ----------
    net : LanguageModel
        Any; one that is not recognised is called itself.
    """

    def __init__(self, net: LanguageModel) -> None:
        self._net = net
        self._layers: Dict[Shape, List[Recurrence]] = {}
        self.begin_state = net.begin_state

    def __call__(self, X: Array, state: State) -> Tuple[Array, State]:
        net = self._net
        if isinstance(net, RNNModelScratch) and isinstance(state, (list, tuple)):
            if not why_not_to_generate(net):
                return StepGraphs.of(net).logits(net, X, state)
        if isinstance(net, RNNModel) and not _why_no_table(net, state):
            if X.shape not in self._layers:
                self._layers[X.shape] = lowest_layers(net, X.shape[1], X.shape[0])
            return table_logits(net, self._layers[X.shape], X, cast(List[Array], state))
        return net(X, state)


def _why_no_table(net: RNNModel, state: State) -> str:
    """Why a net is asked with one-hot products; empty where it reads a table."""
    if not isinstance(state, (list, tuple)):
        return "its state is no list"
    if why_not_to_generate(net):
        return why_not_to_generate(net)
    if any(p._data is None for p in net.collect_params().values()):
        return "the net has not seen a minibatch yet"
    return "" if reads_table(net) else "its vocabulary is small"
