"""Character RNNs whose forward and backward pass are NumPy written by hand."""

from __future__ import annotations

import math
import time
from typing import Any, Dict, Iterable, Iterator, Protocol, Sequence, Tuple, Union

import numpy
from mxnet import np

from ..arrays import Floats, Integers
from ..data.sequences import SequenceLoader
from ..errors import DivergenceError, RunError
from ..inference.handwritten import RNNParameters
from ..inference.handwritten_language_model import HandwrittenLanguageModel
from ..inference.handwritten_model import HandwrittenRNN
from ..protocols import Arrays, Device
from ..seeding import epoch_seed, set_seed
from ..training.loop import EpochRow
from .configs_sequences import (
    ByHandConfig,
    HandwrittenConfig,
    HandwrittenGatedConfig,
)
from .contract import Json, Notify
from .language import TextModelRun
from .sizes import check_sizes

Net = Union[HandwrittenRNN, HandwrittenLanguageModel]


class TrainedByHand(Protocol):
    """What :func:`train_handwritten` asks of a net; gradients are of the net's kind."""

    def begin_state(self, batch_size: int) -> Any: ...
    def loss_and_gradients(
        self, X: Integers, Y: Integers, state: Any
    ) -> Tuple[float, Any, Any]: ...
    def update(self, gradients: Any, lr: float, theta: float) -> float: ...


class AsLanguageModel:
    """The NumPy net for those who call with MXNet arrays: evaluation and prediction."""

    def __init__(self, net: Net) -> None:
        self.net = net
        self.begin_state = net.begin_state

    def __call__(self, X: Any, state: Any) -> Tuple[Any, Any]:
        logits, state = self.net(X.asnumpy().astype("int64"), state)
        return np.array(logits), state


def train_handwritten(
    net: TrainedByHand,
    train_iter: Iterable[Any],
    lr: float,
    num_epochs: int,
    *,
    theta: float = 1.0,
    seed: int = 0,
    first_epoch: int = 1,
) -> Iterator[EpochRow]:
    """Train as :func:`d2l_rnn.training.loop.train` does, the state carried over.

    Where the hand-written backward pass ends, the state is a constant: there is
    nothing to detach.

    Parameters
    ----------
    net : HandwrittenLanguageModel or HandwrittenRNN
        Trained in place.
    train_iter : iterable of (X, Y)
        MXNet arrays of token ids, each (batch_size, num_steps).
    lr, num_epochs, theta, seed, first_epoch
        As for the other loop.

    Raises
    ------
    DivergenceError
        If a loss or a gradient is not finite.
    """
    for epoch in range(first_epoch, num_epochs + 1):
        set_seed(epoch_seed(seed, epoch))
        state, total, tokens = None, 0.0, 0
        start = time.perf_counter()
        for X, Y in train_iter:
            ids, targets = (array.asnumpy().astype("int64") for array in (X, Y))
            if state is None:
                state = net.begin_state(batch_size=len(ids))
            with numpy.errstate(all="ignore"):  # what is not finite is told below
                loss, gradients, state = net.loss_and_gradients(ids, targets, state)
                norm = net.update(gradients, lr, theta)
            if not (math.isfinite(loss) and math.isfinite(norm)):
                raise DivergenceError(
                    f"loss or gradient is not finite at epoch {epoch}: try a smaller "
                    "learning rate (--lr), or clip the gradient (--theta)"
                )
            total += loss * targets.size
            tokens += targets.size
        yield EpochRow(epoch, total, tokens, time.perf_counter() - start)


def build(config: ByHandConfig, vocab_size: int) -> Net:
    """The net of a configuration, its weights drawn from the seed.

    An RNN's weights are drawn as columns: it begins the same in all its forms.
    """
    sizes = vocab_size, config.num_hiddens
    rng = numpy.random.default_rng(epoch_seed(config.seed, 0))
    if isinstance(config, HandwrittenGatedConfig):
        return HandwrittenLanguageModel(config.cell, *sizes, rng)
    assert isinstance(config, HandwrittenConfig)
    net = HandwrittenRNN(*sizes, rng, config.activation, config.concatenated)
    if config.concatenated:
        return net
    fast = HandwrittenLanguageModel(
        "rnn", *sizes, rng, relu=config.activation == "relu"
    )
    fast.put(as_rows(net.params))
    return fast


def as_rows(params: RNNParameters) -> Dict[str, Floats]:
    """An RNN's arrays of :mod:`..inference.handwritten` by the names of Section 8.5."""
    U, W, b, V, c = params
    rows = {"W_xh": U.T, "W_hh": W.T, "b_h": b[:, 0]}
    return {**rows, "W_hq": V.T, "b_q": c[:, 0]}


def as_columns(params: Arrays) -> RNNParameters:
    """The inverse of :func:`as_rows`."""
    U, W, V = (params[name].T for name in ("W_xh", "W_hh", "W_hq"))
    return RNNParameters(U, W, params["b_h"][:, None], V, params["b_q"][:, None])


class HandwrittenRun(TextModelRun[ByHandConfig]):
    """A language model whose every gradient is written by hand."""

    def __init__(self, config: ByHandConfig, device: Device, notify: Notify) -> None:
        super().__init__(config, device, notify)
        check_sizes(config, len(self.corpus.vocab))
        self.net = build(config, len(self.corpus.vocab))
        self.model = AsLanguageModel(self.net)

    def rows(self, first_epoch: int) -> Iterator[EpochRow]:
        """Clipped gradient descent in NumPy."""
        config = self.config
        return train_handwritten(
            self.net,
            SequenceLoader(self.corpus.training, config.batch_size, config.num_steps),
            config.lr,
            config.num_epochs,
            theta=config.theta,
            seed=config.seed,
            first_epoch=first_epoch,
        )

    def arrays(self) -> Dict[str, Floats]:
        """The weights, copied: the net changes its own in place.

        An RNN's are U, W, b, V and c, as Section 8.7 has them.
        """
        return {name: array.copy("C") for name, array in self._own().items()}

    def restore(self, arrays: Arrays) -> None:
        """Take them over."""
        wanted, found = [
            {name: array.shape for name, array in named.items()}
            for named in (self._own(), arrays)
        ]
        if wanted != found:
            raise RunError("checkpoint of another model: its shapes differ")
        for name, array in self._own().items():
            array[...] = arrays[name]

    def num_parameters(self) -> int:
        """Of all arrays."""
        return sum(array.size for array in self._own().values())

    def _own(self) -> Dict[str, Floats]:
        """The net's own arrays, by the names that its checkpoint has."""
        if isinstance(self.net, HandwrittenRNN):
            return self.net.params._asdict()
        if self.net.cell == "rnn":
            return as_columns(self.net.params)._asdict()
        return self.net.params

    def result(self, epochs: Sequence[Json]) -> Json:
        """As of the other language models; computed on no device."""
        return {"device": "NumPy", **super().result(epochs)}
