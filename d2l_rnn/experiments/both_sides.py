"""Two nets of one kind, with and without a backward stack, trained side by side."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterable, List

import numpy
from mxnet import gluon, np, npx

from ..errors import RunError
from ..models.gluon_layers import named_arrays
from ..results import record
from ..results.metrics import perplexity
from ..seeding import epoch_seed, set_seed
from ..training import checkpoint
from ..training.loop import train
from ..training.objectives import NextToken
from ..training.optimisers import Adam
from ..training.parameters import Parameters
from .configs_bidirectional import BothSidesConfig
from .running import Run

BIDIRECTIONAL, LEFT_TO_RIGHT = "bidirectional", "left_to_right"


def build_both(
    kind: Any, config: BothSidesConfig, vocab_size: int, num_outputs: int, device: Any
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


def train_both(
    nets: Dict[str, Any],
    train_iter: Iterable[Any],
    config: BothSidesConfig,
    run: Run,
    corpus: Dict[str, Any],
    notes: Dict[str, Any],
) -> None:
    """Train both nets epoch by epoch in turn, and record the epochs.

    The epochs' own fields are the bidirectional net's; the other's perplexity and
    seconds stand beside them. A resumed run goes on exactly.

    Parameters
    ----------
    nets : dict
        Of :func:`build_both`.
    train_iter : iterable of (X, Y)
    config : BothSidesConfig
    run : Run
    corpus : dict
        For the record.
    notes : dict
        For the checkpoint.
    """
    adams = {
        name: Adam(Parameters.of(net), config.lr, config.theta)
        for name, net in nets.items()
    }
    kept: List[record.Row] = []
    if run.options.resume and run.checkpoint.exists():
        arrays, saved = checkpoint.load(run.checkpoint)
        for name, net in nets.items():
            own = arrays_under(name, arrays)
            checkpoint.put_arrays(named_arrays(net), own, adams[name])
        kept = record.read_run(run.directory).epochs[: saved["epoch"]]
    run.begin(corpus, kept)
    rows = {
        name: train(
            NextToken(net, gluon.loss.SoftmaxCrossEntropyLoss(), run.device),
            train_iter,
            adams[name],
            config.num_epochs,
            seed=config.seed,
            first_epoch=len(kept) + 1,
            before_epoch=_falling_rate(adams[name], config),
        )
        for name, net in nets.items()
    }

    def other(row: Any) -> Dict[str, Any]:
        beside = next(rows[LEFT_TO_RIGHT])
        return {
            LEFT_TO_RIGHT + "_perplexity": perplexity(beside.loss, beside.tokens),
            LEFT_TO_RIGHT + "_seconds": beside.seconds,
        }

    def save(epoch: int) -> None:
        arrays = {
            f"{name}.{key}": array
            for name, net in nets.items()
            for key, array in checkpoint.arrays_of(
                named_arrays(net), adams[name]
            ).items()
        }
        checkpoint.save(run.checkpoint, arrays, {**notes, "epoch": epoch})

    run.follow(rows[BIDIRECTIONAL], save, other)


def _falling_rate(adam: Adam, config: BothSidesConfig) -> Callable[[int], None]:
    """The rate falls in equal steps: ``lr (E - e + 1) / E`` in epoch e of E."""

    def set_rate(epoch: int) -> None:
        left = config.num_epochs - epoch + 1
        adam.lr = config.lr * left / config.num_epochs

    return set_rate


def arrays_under(
    name: str, arrays: Dict[str, numpy.ndarray]
) -> Dict[str, numpy.ndarray]:
    """One net's arrays out of a checkpoint of several.

    Raises
    ------
    RunError
        If there are none.
    """
    start = name + "."
    found = {
        k[len(start) :]: array for k, array in arrays.items() if k.startswith(start)
    }
    if not found:
        raise RunError(f"checkpoint without a {name} net")
    return found


def probabilities(net: Any, rows: numpy.ndarray, device: Any) -> numpy.ndarray:
    """What a net makes of every position of rows of text, each read as a whole.

    Parameters
    ----------
    net : ClozeModel or Tagger
    rows : numpy.ndarray of int, shape (batch_size, num_steps)
    device : mxnet.Context

    Returns
    -------
    numpy.ndarray of float32, shape (batch_size, num_steps, num_outputs)
        Sums to one along the last axis.
    """
    X = np.array(rows, ctx=device)
    logits, _ = net(X, net.begin_state(X.shape[0], device))
    given = npx.softmax(logits.reshape(X.shape[1], X.shape[0], -1), axis=-1)
    return given.asnumpy().swapaxes(0, 1)
