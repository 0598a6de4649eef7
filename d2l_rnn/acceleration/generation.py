"""Greedy generation of a recognised language model, a block of steps at a call."""

from __future__ import annotations

from typing import Any, List, Sequence, Tuple

from mxnet import np

from ..arrays import Floats
from ..models.scratch_model import RNNModelScratch
from ..protocols import Array, Device, LanguageModel, State
from . import single_step
from .recognise import (
    Architecture,
    KnownModel,
    parameters_in_order,
    why_not_to_generate,
)
from .step_graphs import StepGraphs


def why_not_generate(net: Any, device: Device) -> str:
    """Why a net is asked step by step; empty where it need not be."""
    reason = why_not_to_generate(net)
    if reason:
        return reason
    if device.device_type != "cpu":
        return "on a GPU the fused operator is asked"
    if isinstance(net, RNNModelScratch):
        return ""
    parameters = parameters_in_order(net)
    if any(parameter._data is None for parameter in parameters):
        return "the net has not seen a minibatch yet"
    return ""


class Asked:
    """A language model that is only asked, a net from scratch as one graph a call.

    Gluon's layers are one operator already.

    Parameters
    ----------
    net : LanguageModel
        Any; one that is not recognised is called itself.
    """

    def __init__(self, net: LanguageModel) -> None:
        self._net = net
        self.begin_state = net.begin_state

    def __call__(self, X: Array, state: State) -> Tuple[Array, State]:
        net = self._net
        if isinstance(net, RNNModelScratch) and isinstance(state, (list, tuple)):
            if not why_not_to_generate(net):
                return StepGraphs.of(net).logits(net, X, state)
        return net(X, state)


def continue_greedily(
    net: Any, prefix: Sequence[int], num_preds: int, device: Device
) -> List[int]:
    """The likeliest ids after a prefix, each read by the net in turn.

    Parameters
    ----------
    net : RNNModel or RNNModelScratch
        For which :func:`why_not_generate` has no reason.
    prefix : sequence of int
        At least one id.
    num_preds : int
    device : mxnet.Context

    Returns
    -------
    list of int
        ``num_preds`` ids.
    """
    state: Any = net.begin_state(batch_size=1, ctx=device)
    # (number of tokens, 1, 1)
    tokens = np.array(prefix, ctx=device).reshape(-1, 1, 1)
    for token in tokens[:-1]:
        _, state = _call(net, token, state, greedy=False)
    token, number = tokens[-1], 0
    chosen: List[Array] = []  # each (BLOCK, 1)
    while number < num_preds:
        ids, state = _call(net, token, state, greedy=True)
        chosen.append(ids)
        token, number = ids[-1:], number + len(ids)
    if not chosen:
        return []
    following: Floats = np.concatenate(chosen).reshape(-1).asnumpy()
    return [int(i) for i in following[:num_preds]]


def _call(
    net: KnownModel, token: Array, state: Sequence[Array], greedy: bool
) -> Tuple[Array, Sequence[Array]]:
    """Logits, or the ids of a greedy block; and the state after it."""
    if isinstance(net, RNNModelScratch):
        if greedy:
            return StepGraphs.of(net).greedy_block(net, token, state)
        return StepGraphs.of(net).logits(net, token, state)
    graph = single_step.graph(Architecture.of(net), greedy)
    parameters = [parameter.data() for parameter in parameters_in_order(net)]
    result, *state = graph(token.astype("float32", copy=False), *state, *parameters)
    return result, state
