"""The character RNN whose forward and backward pass are NumPy written by hand."""

from __future__ import annotations

import math
import time
from typing import Any, Dict, Iterable, Iterator, List, Tuple

import numpy
from mxnet import np

from ..data.sequences import SequenceLoader, sequential_partition
from ..errors import DivergenceError
from ..generation.text import continue_text
from ..inference.handwritten_model import HandwrittenRNN
from ..results import record
from ..results.metrics import perplexity, three_lines
from ..seeding import epoch_seed, set_seed
from ..training import checkpoint
from ..training.loop import EpochRow, evaluate
from .configs_sequences import HandwrittenConfig
from .language import read_corpus
from .running import Run


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


def run(config: HandwrittenConfig, run: Run) -> None:
    """Train, evaluate on the text that follows, generate, record."""
    text, corpus, heldout, vocab = read_corpus(config)
    batch_size, num_steps = config.batch_size, config.num_steps
    train_iter = SequenceLoader(corpus, batch_size, num_steps)
    net = HandwrittenRNN(
        len(vocab),
        config.num_hiddens,
        numpy.random.default_rng(epoch_seed(config.seed, 0)),
        config.activation,
        config.concatenated,
    )
    kept: List[record.Row] = []
    if run.options.resume and run.checkpoint.exists():
        arrays, saved = checkpoint.load(run.checkpoint)
        net.params = net.params._replace(**arrays)
        kept = record.read_run(run.directory).epochs[: saved["epoch"]]
    run.begin({"name": text.name, "sha1": text.sha1, "tokens": len(corpus)}, kept)
    rows = train_handwritten(
        net,
        train_iter,
        config.lr,
        config.num_epochs,
        theta=config.theta,
        seed=config.seed,
        first_epoch=len(kept) + 1,
    )

    def save(epoch: int) -> None:
        notes = {
            "vocab": vocab.idx_to_token,
            "token": config.token,
            "corpus": {"name": text.name, "sha1": text.sha1},
            "epoch": epoch,
        }
        checkpoint.save(run.checkpoint, net.params._asdict(), notes)

    run.follow(rows, save)
    model = AsLanguageModel(net)
    loss, tokens = evaluate(
        model, sequential_partition(heldout, batch_size, num_steps), run.device
    )
    prefixes = config.prefix_list()
    if config.token == "word":
        prefixes = [prefix.split() for prefix in prefixes]  # type: ignore[misc]
    run.finish(
        {
            "device": "NumPy",
            "heldout_perplexity": perplexity(loss, int(tokens)) if tokens else None,
            "heldout_tokens": len(heldout),
            "texts": [
                continue_text(prefix, config.num_preds, model, vocab, run.device)
                for prefix in prefixes
            ],
        }
    )
    if run.options.plot:
        run.draw_curve()


def summary(result: Dict[str, Any]) -> str:
    """The book's three lines."""
    return three_lines(
        result["perplexity"],
        result["tokens_per_sec"],
        result["device"],
        result["texts"],
    )
