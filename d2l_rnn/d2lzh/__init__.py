"""The recurrent names of the book's first edition (Chinese, ``mxnet.nd``): chapter 6.

``import d2l_rnn.d2lzh as d2l`` in the place of ``import d2lzh as d2l``, and the code
of the printed Chinese edition runs unchanged below that line, on the engine of
``import d2l_rnn as d2l``. Arrays of ``nd`` go in and come out; NumPy semantics are as
they were found when a function returns, so that a reader's ``nn.Dense`` and
``rnn.LSTM`` go on working. Who replaces one of these names is heard by the others.
"""

from __future__ import annotations

from typing import Callable, Dict, List, Optional, Sequence, Tuple

from .. import compatibility

with compatibility.semantics_left_alone():
    compatibility.prepare_mxnet()

    from mxnet import context

    from ..history import History
    from ..models.first_edition import RNNModel
    from ..protocols import Device, LegacyArray
    from ..semantics import Semantics, of_numpy
    from . import engine
    from .engine import Minibatches, Sample, Schedule
    from .minibatches import (
        data_iter_consecutive,
        data_iter_random,
        load_data_jay_lyrics,
        to_onehot,
    )

__all__ = [
    "RNNModel",
    "data_iter_consecutive",
    "data_iter_random",
    "grad_clipping",
    "load_data_jay_lyrics",
    "predict_rnn",
    "predict_rnn_gluon",
    "sgd",
    "to_onehot",
    "train_and_predict_rnn",
    "train_and_predict_rnn_gluon",
    "try_gpu",
]

#: ``rnn(inputs, state, params) -> (outputs, state)``: a step each, of one-hot rows.
Forward = Callable[..., Tuple[List[LegacyArray], engine.LegacyState]]
#: ``init_rnn_state(batch_size, num_hiddens, ctx) -> state``
InitState = Callable[[int, int, Device], engine.LegacyState]


def __getattr__(name: str) -> object:
    raise AttributeError(
        f"module {__name__!r} has no attribute {name!r}: it has those of chapter 6, "
        f"{', '.join(__all__)}"
    )


def try_gpu() -> Device:
    """The first GPU, ``gpu(0)``, or ``cpu(0)`` where there is none (section 4.6)."""
    device: Device = context.gpu() if context.num_gpus() else context.cpu()
    return device


@of_numpy
def grad_clipping(
    params: Sequence[LegacyArray], theta: Optional[float], ctx: Device
) -> None:
    """Clip the gradient: ``g <- min(1, theta / |g|) g`` (section 6.4).

    Parameters
    ----------
    params : sequence of nd.NDArray
        With gradients; ``|g|`` is the norm over all of them together.
    theta : float or None
        Largest norm; None does not clip.
    ctx : mxnet.Context
        As in the book; the arrays know where they are.
    """
    if theta is not None:
        engine.parameters_of(params).clip(theta)


@of_numpy
def sgd(params: Sequence[LegacyArray], lr: float, batch_size: float) -> None:
    """Minibatch stochastic gradient descent: ``w <- w - lr g / batch_size`` (3.2)."""
    engine.parameters_of(params).descend(lr / batch_size)


def predict_rnn(
    prefix: str,
    num_chars: int,
    rnn: Forward,
    params: Sequence[LegacyArray],
    init_rnn_state: InitState,
    num_hiddens: int,
    vocab_size: int,
    ctx: Device,
    idx_to_char: Sequence[str],
    char_to_idx: Dict[str, int],
) -> str:
    """Continue ``prefix`` by ``num_chars`` characters, each the likeliest (6.4).

    Parameters
    ----------
    prefix : str
        At least one character; the vocabulary knows all of them.
    num_chars : int
    rnn : callable
        ``rnn(inputs, state, params) -> (outputs, state)``: lists of a step each.
    params : sequence of nd.NDArray
    init_rnn_state : callable
        ``init_rnn_state(batch_size, num_hiddens, ctx) -> state``.
    num_hiddens, vocab_size : int
    ctx : mxnet.Context
    idx_to_char, char_to_idx : list of str, dict of str to int

    Raises
    ------
    UsageError
        If the prefix is empty or has other characters.
    """
    net = engine.Functions(
        rnn, params, init_rnn_state, num_hiddens, vocab_size, to_onehot
    )
    return engine.continued(prefix, num_chars, net, ctx, idx_to_char, char_to_idx)


def predict_rnn_gluon(
    prefix: str,
    num_chars: int,
    model: RNNModel,
    vocab_size: int,
    ctx: Device,
    idx_to_char: Sequence[str],
    char_to_idx: Dict[str, int],
) -> str:
    """As :func:`predict_rnn`, of an :class:`RNNModel` or a block like it (6.5)."""
    net = engine.Model(model)
    return engine.continued(prefix, num_chars, net, ctx, idx_to_char, char_to_idx)


def train_and_predict_rnn(
    rnn: Forward,
    get_params: Callable[[], Sequence[LegacyArray]],
    init_rnn_state: InitState,
    num_hiddens: int,
    vocab_size: int,
    ctx: Device,
    corpus_indices: Sequence[int],
    idx_to_char: Sequence[str],
    char_to_idx: Dict[str, int],
    is_random_iter: bool,
    num_epochs: int,
    num_steps: int,
    lr: float,
    clipping_theta: Optional[float],
    batch_size: int,
    pred_period: int,
    pred_len: int,
    prefixes: Sequence[str],
) -> History:
    """Train a model from scratch, printing what it says (section 6.4).

    Every ``pred_period`` epochs the book's lines are printed: perplexity, seconds of
    the epoch, and each prefix continued by ``pred_len`` characters.

    Parameters
    ----------
    rnn, init_rnn_state, num_hiddens, vocab_size, ctx, idx_to_char, char_to_idx
        As for :func:`predict_rnn`.
    get_params : callable
        Gives the parameters, with gradients; trained in place.
    corpus_indices : sequence of int
    is_random_iter : bool
        Random sampling, the state fresh with each minibatch; or adjacent sampling,
        the state carried on and detached.
    num_epochs, num_steps, batch_size, pred_period, pred_len : int
    lr : float
    clipping_theta : float or None
    prefixes : sequence of str

    Returns
    -------
    History
        An ``EpochRow`` for each epoch (the book returns nothing).

    Raises
    ------
    UsageError
        If a number is less than 1, or a prefix has characters that are unknown.
    DataError
        If the corpus fills no minibatch.
    DivergenceError
        If a loss or a gradient is not finite.
    """
    with Semantics(numpy=False):
        params = get_params()
    net = engine.Functions(
        rnn, params, init_rnn_state, num_hiddens, vocab_size, to_onehot
    )

    def by_reader() -> None:
        grad_clipping(params, clipping_theta, ctx)
        sgd(params, lr, 1)

    def said(prefix: str) -> str:
        return predict_rnn(
            prefix,
            pred_len,
            rnn,
            params,
            init_rnn_state,
            num_hiddens,
            vocab_size,
            ctx,
            idx_to_char,
            char_to_idx,
        )

    return engine.train_and_predict(
        net,
        engine.parameters_of(params),
        Minibatches(
            data_iter_random if is_random_iter else data_iter_consecutive,
            corpus_indices,
            batch_size,
            num_steps,
            ctx,
        ),
        Schedule(num_epochs, lr, clipping_theta, is_random_iter),
        Sample(pred_period, prefixes, char_to_idx, said),
        ctx,
        by_reader if _replaced(grad_clipping, sgd) else None,
    )


def train_and_predict_rnn_gluon(
    model: RNNModel,
    num_hiddens: int,
    vocab_size: int,
    ctx: Device,
    corpus_indices: Sequence[int],
    idx_to_char: Sequence[str],
    char_to_idx: Dict[str, int],
    num_epochs: int,
    num_steps: int,
    lr: float,
    clipping_theta: Optional[float],
    batch_size: int,
    pred_period: int,
    pred_len: int,
    prefixes: Sequence[str],
) -> History:
    """As :func:`train_and_predict_rnn`, of a Gluon model and adjacent sampling (6.5).

    The model is initialised anew with Normal(0.01).
    """
    net = engine.Model(model)
    net.initialize(ctx)

    def by_reader() -> None:
        arrays = [p.data() for p in model.collect_params().values()]
        grad_clipping(arrays, clipping_theta, ctx)
        parameters.descend(lr)

    def said(prefix: str) -> str:
        return predict_rnn_gluon(
            prefix, pred_len, model, vocab_size, ctx, idx_to_char, char_to_idx
        )

    minibatches = Minibatches(
        data_iter_consecutive, corpus_indices, batch_size, num_steps, ctx
    )
    clipped_by_reader = _replaced(grad_clipping)
    reason = "grad_clipping was replaced" if clipped_by_reader else ""
    parameters = net.parameters(minibatches, reason)
    return engine.train_and_predict(
        net,
        parameters,
        minibatches,
        Schedule(num_epochs, lr, clipping_theta, False),
        Sample(pred_period, prefixes, char_to_idx, said),
        ctx,
        by_reader if clipped_by_reader else None,
    )


_OWN = grad_clipping, sgd


def _replaced(*functions: object) -> bool:
    """Whether a reader has put a function of their own in the place of one of ours."""
    return not all(function in _OWN for function in functions)
