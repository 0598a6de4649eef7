"""The character RNN whose forward and backward pass are NumPy written by hand."""

from __future__ import annotations

import math
import time
from typing import Any, Dict, Iterable, Iterator, Sequence, Tuple

import numpy
from mxnet import np

from ..arrays import Floats
from ..data.sequences import SequenceLoader
from ..errors import DivergenceError, RunError
from ..inference.handwritten_model import HandwrittenRNN
from ..protocols import Arrays, Device
from ..seeding import epoch_seed, set_seed
from ..training.loop import EpochRow
from .configs_sequences import HandwrittenConfig
from .contract import Json, Notify
from .language import TextModelRun
from .sizes import check_sizes


class AsLanguageModel:
    """The NumPy net for those who call with MXNet arrays: evaluation and prediction."""

    def __init__(self, net: HandwrittenRNN) -> None:
        self.net = net
        self.begin_state = net.begin_state

    def __call__(self, X: Any, state: Any) -> Tuple[Any, Any]:
        logits, state = self.net(X.asnumpy().astype("int64"), state)
        return np.array(logits), state


def train_handwritten(
    net: HandwrittenRNN,
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
    net : HandwrittenRNN
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


class HandwrittenRun(TextModelRun[HandwrittenConfig]):
    """The RNN language model whose every gradient is written by hand."""

    def __init__(
        self, config: HandwrittenConfig, device: Device, notify: Notify
    ) -> None:
        super().__init__(config, device, notify)
        check_sizes(config, len(self.corpus.vocab))
        self.net = HandwrittenRNN(
            len(self.corpus.vocab),
            config.num_hiddens,
            numpy.random.default_rng(epoch_seed(config.seed, 0)),
            config.activation,
            config.concatenated,
        )
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
        """U, W, b, V and c, copied: the net changes its own in place."""
        return {name: a.copy() for name, a in self.net.params._asdict().items()}

    def restore(self, arrays: Arrays) -> None:
        """Take the five over."""
        wanted, found = [
            {name: array.shape for name, array in named.items()}
            for named in (self.net.params._asdict(), arrays)
        ]
        if wanted != found:
            raise RunError("checkpoint of another model: its shapes differ")
        self.net.params = self.net.params._replace(**arrays)

    def result(self, epochs: Sequence[Json]) -> Json:
        """As of the other language models; computed on no device."""
        return {"device": "NumPy", **super().result(epochs)}
