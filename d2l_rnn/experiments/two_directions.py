"""Two nets of one kind, with and without a backward stack, trained side by side."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterator, Mapping, TypeVar

from mxnet import gluon

from ..protocols import Device
from ..seeding import epoch_seed, set_seed
from ..training.loop import EpochRow, train
from ..training.objectives import NextToken
from ..training.optimisers import Adam
from ..training.parameters import Parameters
from .configs_bidirectional import BothSidesConfig
from .nets import SideBySide
from .sizes import check_sizes

BIDIRECTIONAL, LEFT_TO_RIGHT = "bidirectional", "left_to_right"
B = TypeVar("B", bound=BothSidesConfig)


def build_both(
    kind: Any,
    config: BothSidesConfig,
    vocab_size: int,
    num_outputs: int,
    device: Device,
) -> Dict[str, Any]:
    """The two nets of a configuration, initialised from its seed.

    Parameters
    ----------
    kind : type
        ``ClozeModel`` or ``Tagger``.
    config : BothSidesConfig
        With ``match`` "hiddens" the left-to-right net has as many hidden units as one
        direction of the other; with "parameters", so many more that both nets learn
        equally many numbers, as nearly as that can be.
    vocab_size, num_outputs : int
    device : mxnet.Context
    """
    check_sizes(config, vocab_size, num_outputs)
    set_seed(epoch_seed(config.seed, 0))
    nets: Dict[str, Any] = {}
    num_hiddens = config.num_hiddens
    for name in (BIDIRECTIONAL, LEFT_TO_RIGHT):
        if name == LEFT_TO_RIGHT and config.match == "parameters":
            num_hiddens = _matched_hiddens(
                nets[BIDIRECTIONAL].num_parameters(), config, vocab_size, num_outputs
            )
        nets[name] = kind(
            vocab_size,
            num_outputs,
            config.embed_size,
            num_hiddens,
            config.num_layers,
            name == BIDIRECTIONAL,
            config.dropout,
        )
        nets[name].initialize_weights(device)
    return nets


def _matched_hiddens(
    num_parameters: int, config: BothSidesConfig, vocab_size: int, num_outputs: int
) -> int:
    """Hidden units with which one stack learns as many numbers as the two together."""

    def size(h: int) -> int:
        first = 4 * h * (config.embed_size + h + 2)
        above = (config.num_layers - 1) * 4 * h * (2 * h + 2)
        embedding = vocab_size * config.embed_size
        return embedding + first + above + num_outputs * (h + 1)

    # Two stacks have at most the weights of one that is twice as wide.
    candidates = range(config.num_hiddens, 2 * config.num_hiddens + 1)
    return min(candidates, key=lambda h: abs(size(h) - num_parameters))


class TwoDirections(SideBySide[B]):
    """The bidirectional net, and beside it the one that reads from left to right.

    Attributes
    ----------
    train_iter : iterable of (X, Y)
        Set by the constructor; Y is an answer to each token of X.
    """

    train_iter: Any

    def use(self, nets: Mapping[str, Any]) -> None:
        """Take the nets of :func:`build_both` for training."""
        self.nets = nets
        self.adams = {
            name: Adam(Parameters.of(net), self.config.lr, self.config.theta)
            for name, net in nets.items()
        }

    def train(self, name: str, first_epoch: int) -> Iterator[EpochRow]:
        """The mean cross-entropy, by Adam at a falling rate."""
        loss = gluon.loss.SoftmaxCrossEntropyLoss()
        return train(
            NextToken(self.nets[name], loss, self.device),
            self.train_iter,
            self.adams[name],
            self.config.num_epochs,
            seed=self.config.seed,
            first_epoch=first_epoch,
            before_epoch=falling_rate(self.adams[name], self.config),
        )

    def extendable(self, old_epochs: int, new_epochs: int) -> str:
        """Never: the rate would have fallen more slowly."""
        return "its learning rate falls over all epochs"


def falling_rate(adam: Adam, config: Any) -> Callable[[int], None]:
    """The rate falls in equal steps: ``lr (E - e + 1) / E`` in epoch e of E."""

    def set_rate(epoch: int) -> None:
        left = config.num_epochs - epoch + 1
        adam.lr = config.lr * left / config.num_epochs

    return set_rate
