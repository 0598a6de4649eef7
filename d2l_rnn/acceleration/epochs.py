"""Parameters and objective of a language model's training, fast where they may be."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Iterable, Sequence, Tuple

from mxnet import gluon, symbol

from ..models.language_model import RNNModel
from ..models.scratch_model import RNNModelScratch
from ..protocols import Array, Device, LanguageModel, Loss, Minibatch, Net, State
from ..training.objectives import Minimised, NextToken
from ..training.parameters import Parameters
from .packed import Pack, PackedParameters
from .recognise import Architecture, why_not, why_not_iterate
from .step_graphs import StepGraphs
from .table_loss import table_loss
from .table_rows import TableParameters, reads_table
from .tracing import Graph, static_graph, variable
from .while_epochs import Reason, WhileEpochs


class ScratchParameters(WhileEpochs):
    """Parameters of a net from scratch, where they are; its steps become one graph.

    Parameters
    ----------
    net : RNNModelScratch
    reason : callable
        As for :class:`~.while_epochs.WhileEpochs`.
    """

    word = "graph"

    def __init__(self, net: RNNModelScratch, reason: Reason) -> None:
        super().__init__(Parameters.of(net).trained, reason)
        #: Whether the net's steps are one graph now.
        self.traced = False

    def begin(self) -> None:
        """From here on the steps are one graph."""
        self.traced = True

    def end(self) -> None:
        """From here on they are the net's own again."""
        self.traced = False


def parameters_of(
    net: Net,
    batches: Iterable[Minibatch],
    more: Reason = lambda: "",
    dense: bool = False,
) -> Parameters:
    """A language model's parameters, for its optimiser.

    Parameters
    ----------
    net : LanguageModel
    batches : iterable
        What it is trained on.
    more : callable
        A further reason for the plain path; empty where there is none.
    dense : bool
        Whether all gradients have to be whole arrays, which devices can sum: no table.
    """

    def reason() -> str:
        return more() or why_not(net) or why_not_iterate(batches)

    if isinstance(net, RNNModelScratch):
        return ScratchParameters(net, reason)
    if isinstance(net, RNNModel) and not (dense or why_not(net)) and reads_table(net):
        return TableParameters(net, reason)
    if isinstance(net, gluon.Block):
        return PackedParameters(net, reason)
    parameters = Parameters.of(net)
    parameters.path = f"plain: {why_not(net)}"
    return parameters


def path_of(net: object, batches: object, dense: bool = False) -> str:
    """Which path an epoch would take that began now, as ``History.path`` has it."""
    reason = why_not(net) or why_not_iterate(batches)
    if reason:
        return f"plain: {reason}"
    if isinstance(net, RNNModel) and not dense and reads_table(net):
        return "table"
    return "graph" if isinstance(net, RNNModelScratch) else "packed"


def next_token(
    net: LanguageModel,
    parameters: Parameters,
    device: Device,
    fresh_state: bool = False,
) -> NextToken:
    """The mean cross-entropy of every next token, as one graph where it may be.

    Parameters
    ----------
    net, device, fresh_state
        As for :class:`~d2l_rnn.training.objectives.NextToken`.
    parameters : Parameters
        Of :func:`parameters_of`.
    """
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    loss.hybridize()  # nobody else holds it, and its numbers stay the same
    return _NextToken(net, loss, device, fresh_state, parameters)


class _NextToken(NextToken):
    net: Any  # recognised, where its parameters are packed or traced

    def __init__(
        self,
        net: LanguageModel,
        loss: Loss,
        device: Device,
        fresh_state: bool,
        parameters: Parameters,
    ) -> None:
        super().__init__(net, loss, device, fresh_state)
        self._parameters = parameters

    def __call__(self, X: Array, Y: Array) -> Minimised:
        minimised = super().__call__(X, Y)
        parameters = self._parameters
        if isinstance(parameters, TableParameters) and parameters.objective:
            return minimised._replace(objective=parameters.objective)
        return minimised

    def mean_loss(self, X: Array, y: Array, state: Any) -> Tuple[Array, State]:
        parameters = self._parameters
        if isinstance(parameters, TableParameters) and parameters.table:
            return table_loss(parameters, X, y, state)
        if isinstance(parameters, PackedParameters) and parameters.packed:
            return packed_loss(self.net, parameters.packed, X, y, state)
        if isinstance(parameters, ScratchParameters) and parameters.traced:
            return StepGraphs.of(self.net).mean_loss(self.net, X, y, state)
        return super().mean_loss(X, y, state)


def packed_loss(
    net: RNNModel, pack: Pack, X: Array, y: Array, state: Sequence[Array]
) -> Tuple[Array, Sequence[Array]]:
    """The mean loss and the next state of a packed net, as one graph."""
    graph = _packed_graph(Architecture.of(net))
    inputs = X.astype("float32", copy=False)
    loss, *state = graph(inputs, pack.layer, pack.weight, pack.bias, *state, y)
    return loss, state


@lru_cache(maxsize=32)
def _packed_graph(model: Architecture) -> Graph:
    """``(X, layer, weight, bias, *state, y) -> [mean loss, *state]``, of one shape.

    The operators are those of the plain path, in their order: so are the numbers.
    """
    operators = symbol.numpy_extension
    X, layer, weight, bias, y = map(variable, ("X", "layer", "weight", "bias", "y"))
    state = [variable(f"state{k}") for k in range(model.num_states)]
    # (num_steps, batch_size, directions * num_hiddens), then the states
    Y, *new_state = operators.rnn(
        operators.one_hot(X.T, model.vocab_size),
        layer,
        *state,
        state_size=model.num_hiddens,
        num_layers=model.num_layers,
        bidirectional=model.directions == 2,
        mode=model.mode,
        state_outputs=True,
        p=0.0,
    )
    # (num_steps, batch_size, units): the logits are reshaped, not the wider hiddens
    logits = operators.fully_connected(
        Y, weight, bias, num_hidden=model.units, flatten=False
    )
    logits = logits.reshape(-1, model.units)
    loss = gluon.loss.SoftmaxCrossEntropyLoss()(logits, y).mean()
    return static_graph([loss, *new_state], [X, layer, weight, bias, *state, y])
