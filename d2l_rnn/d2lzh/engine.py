"""Models of the first edition, as the one training loop and generation take them.

Loop, optimiser, packed parameters and NumPy networks are those of the 0.17 names. What
stands here hands arrays of ``nd`` to them as views of ``mx.np``, whose memory is the
same, and runs what is a reader's under the rules of ``nd``.
"""

from __future__ import annotations

from typing import (
    Any,
    Callable,
    Dict,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
    Union,
)

from mxnet import gluon, init, nd

from ..acceleration import epochs
from ..acceleration.generation import as_network
from ..data.first_edition import Windows
from ..errors import UsageError
from ..generation.continuation import generate_ids
from ..history import History
from ..inference.network import Network
from ..models.first_edition import RNNModel
from ..protocols import Array, Device, LegacyArray
from ..results.metrics import perplexity
from ..semantics import Semantics, of_numpy
from ..streams import show
from ..training.loop import train
from ..training.optimisers import Optimiser, Sgd
from ..training.parameters import Parameters, Trainable

#: A tuple of arrays in the book; a reader's own may be anything.
LegacyState = Any
LegacyMinibatches = Iterator[Tuple[LegacyArray, LegacyArray]]
DataIter = Callable[[Sequence[int], int, int, Device], LegacyMinibatches]


def on_device(windows: Windows, ctx: Optional[Device]) -> LegacyMinibatches:
    """Minibatches as arrays of ``nd`` on a device, each (batch_size, num_steps)."""
    for X, Y in windows:
        yield nd.array(X, ctx=ctx), nd.array(Y, ctx=ctx)


def parameters_of(params: Sequence[LegacyArray]) -> Parameters:
    """Arrays of ``nd`` with gradients, for an optimiser."""

    def found() -> List[Trainable]:
        return [
            Trainable(array.as_np_ndarray(), array.grad.as_np_ndarray())
            for array in params
            if array.grad is not None
        ]

    return Parameters(found)


class Functions:
    """A model from scratch: ``rnn(inputs, state, params)`` and what it begins with."""

    def __init__(
        self,
        rnn: Callable[..., Tuple[List[LegacyArray], LegacyState]],
        params: Sequence[LegacyArray],
        init_rnn_state: Callable[[int, int, Device], LegacyState],
        num_hiddens: int,
        vocab_size: int,
        to_onehot: Callable[[LegacyArray, int], List[LegacyArray]],
    ) -> None:
        self.params, self._rnn, self._init_state = params, rnn, init_rnn_state
        self._num_hiddens, self._vocab_size = num_hiddens, vocab_size
        self._to_onehot = to_onehot

    def begin_state(self, batch_size: int, ctx: Device) -> LegacyState:
        """The state that the reader's function gives."""
        with Semantics(numpy=False):
            return self._init_state(batch_size, self._num_hiddens, ctx)

    def __call__(self, X: Array, state: LegacyState) -> Tuple[Array, LegacyState]:
        """Logits of ids (batch_size, num_steps), time-major, and the next state."""
        with Semantics(numpy=False):
            inputs = self._to_onehot(X.as_nd_ndarray(), self._vocab_size)
            outputs, state = self._rnn(inputs, state, self.params)
            # (num_steps * batch_size, vocab_size)
            logits = nd.concat(*outputs, dim=0)
        return logits.as_np_ndarray(), state


class Model:
    """A Gluon model over arrays of ``nd``; of :class:`RNNModel` or a reader's class."""

    def __init__(self, model: RNNModel) -> None:
        self.model = model

    def initialize(self, ctx: Device) -> None:
        """Draw all parameters anew from Normal(0.01)."""
        with Semantics(numpy=False):
            self.model.initialize(ctx=ctx, force_reinit=True, init=init.Normal(0.01))

    def parameters(self, minibatches: Minibatches, reason: str) -> Parameters:
        """The model's own, packed while an epoch runs where it may be.

        Parameters
        ----------
        minibatches : Minibatches
        reason : str
            A further one against it; empty where there is none.
        """
        return epochs.parameters_of(self.model, minibatches, lambda: reason)

    # What the graph of a recognised model is made of:

    @property
    def rnn(self) -> gluon.Block:
        """Its recurrent layer."""
        return self.model.rnn

    @property
    def dense(self) -> gluon.Block:
        """Its output layer."""
        return self.model.dense

    @property
    def vocab_size(self) -> int:
        """Width of its one-hot rows."""
        size: int = self.model.vocab_size
        return size

    def begin_state(self, batch_size: int, ctx: Device) -> Any:
        """The model's zero states."""
        with Semantics(numpy=False):
            state = self.model.begin_state(batch_size=batch_size, ctx=ctx)
        return _views(state, "as_np_ndarray")

    def __call__(self, X: Array, state: Any) -> Tuple[Array, Any]:
        """Logits of ids (batch_size, num_steps), time-major, and the next state."""
        with Semantics(numpy=False):
            legacy = _views(state, "as_nd_ndarray")
            logits, legacy = self.model(X.as_nd_ndarray(), legacy)
        return logits.as_np_ndarray(), _views(legacy, "as_np_ndarray")


def _views(state: Any, kind: str) -> Any:
    """The same state as arrays of one kind; what is no array is a reader's own."""
    if isinstance(state, (list, tuple)):
        return [_views(part, kind) for part in state]
    return getattr(state, kind)() if hasattr(state, kind) else state


class Minibatches:
    """A corpus, iterated anew for each epoch by one of the ``data_iter`` functions."""

    def __init__(
        self,
        data_iter_fn: DataIter,
        corpus_indices: Sequence[int],
        batch_size: int,
        num_steps: int,
        ctx: Device,
    ) -> None:
        self.data_iter_fn = data_iter_fn
        self._arguments = corpus_indices, batch_size, num_steps, ctx

    def __iter__(self) -> Iterator[Tuple[Array, Array]]:
        with Semantics(numpy=False):
            found = iter(self.data_iter_fn(*self._arguments))
        while True:
            with Semantics(numpy=False):
                minibatch = next(found, None)
            if minibatch is None:
                return
            inputs, targets = minibatch
            yield inputs.as_np_ndarray(), targets.as_np_ndarray()


class Schedule(NamedTuple):
    """How a model is trained: the book's arguments of these names."""

    num_epochs: int
    lr: float
    clipping_theta: Optional[float]
    is_random_iter: bool


class Sample(NamedTuple):
    """What is printed every so many epochs; ``said(prefix)`` continues a prefix."""

    pred_period: int
    prefixes: Sequence[str]
    char_to_idx: Dict[str, int]
    said: Callable[[str], str]


class _ByReader:
    """Parameters moved by a reader's own functions."""

    def __init__(self, parameters: Parameters, move: Callable[[], None]) -> None:
        self.parameters, self._move = parameters, move

    def step(self) -> Array:
        with Semantics(numpy=False):
            self._move()
        return self.parameters.norm()


@of_numpy
def train_and_predict(
    net: Union[Functions, Model],
    parameters: Parameters,
    minibatches: Minibatches,
    schedule: Schedule,
    sample: Sample,
    ctx: Device,
    move: Optional[Callable[[], None]] = None,
) -> History:
    """Train a model and print what it says every so many epochs.

    Parameters
    ----------
    net, parameters, minibatches, schedule, sample, ctx
    move : callable, optional
        Clips and moves the parameters in the place of ours: a reader's own.

    Returns
    -------
    History
    """
    for name, number in (
        ("num_epochs", schedule.num_epochs),
        ("pred_period", sample.pred_period),
    ):
        if number < 1:
            raise UsageError(f"{name} {number}: at least 1")
    for prefix in sample.prefixes:
        _ids_of(prefix, sample.char_to_idx)
    theta = float("inf") if schedule.clipping_theta is None else schedule.clipping_theta
    optimiser: Optimiser = Sgd(parameters, schedule.lr, theta)
    if move is not None:
        optimiser = _ByReader(parameters, move)
    objective = epochs.next_token(net, parameters, ctx, schedule.is_random_iter)
    history = History()
    for row in train(objective, minibatches, optimiser, schedule.num_epochs):
        history.append(row)
        history.path = parameters.path
        if row.epoch % sample.pred_period == 0:
            value = perplexity(row.loss, row.tokens)
            show(f"epoch {row.epoch}, perplexity {value:f}, time {row.seconds:.2f} sec")
            for prefix in sample.prefixes:
                with Semantics(numpy=False):
                    text = sample.said(prefix)
                show(f" - {text}")
    return history


@of_numpy
def continued(
    prefix: str,
    num_chars: int,
    net: Union[Functions, Model],
    ctx: Device,
    idx_to_char: Sequence[str],
    char_to_idx: Dict[str, int],
) -> str:
    """A prefix and the likeliest characters after it, one by one.

    Raises
    ------
    UsageError
        If the prefix is empty or has characters that are unknown.
    """
    ids = _ids_of(prefix, char_to_idx)
    network = as_network(net.model, ctx) if isinstance(net, Model) else ""
    if isinstance(network, Network) and network.knows(ids):
        ids = ids + network.continue_greedily(ids, num_chars)
    else:
        ids = generate_ids(ids, num_chars, net, ctx)
    return "".join(idx_to_char[i] for i in ids)


def _ids_of(prefix: str, char_to_idx: Dict[str, int]) -> List[int]:
    if not prefix:
        raise UsageError("the prefix is empty: at least one character is needed")
    unknown = [char for char in dict.fromkeys(prefix) if char not in char_to_idx]
    if unknown:
        raise UsageError(
            f"prefix {prefix!r}: the corpus has no {', '.join(map(repr, unknown))}"
        )
    return [char_to_idx[char] for char in prefix]
