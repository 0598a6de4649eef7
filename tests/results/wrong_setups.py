"""Curves of ``rnn`` really trained wrong, kept for the tests of the verdict.

    python tests/results/wrong_setups.py [NAME ...]

trains each set-up three times for 500 epochs, from the builds' initial weights (the
cells of section 8.6 in their order after ``mx.random.seed(0)``, which is MXNet's
unseeded state) with the offsets of seeds 1 to 3, and adds each curve, at the epochs
that the book prints, to ``wrong_setups.json``. What is there already stays. The one
that is right, ``book``, is the control.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Dict, Iterator, List

if TYPE_CHECKING:
    from d2l_rnn.data.sequences import Minibatch

CURVES = Path(__file__).with_name("wrong_setups.json")
SEEDS = (1, 2, 3)
UNTRAINED = "time travellervmoopwrrrr"  # what all 41 builds print


@dataclass(frozen=True)
class SetUp:
    """What is done otherwise than in the book."""

    num_hiddens: int = 256
    batch_size: int = 32
    lr: float = 1.0
    theta: float = 1.0
    fresh_state: bool = False
    offset_zero: bool = False


SET_UPS = {
    "book": SetUp(),
    "lr 0.9": SetUp(lr=0.9),
    "offset always 0": SetUp(offset_zero=True),
    "hidden 224": SetUp(num_hiddens=224),
    "state reset": SetUp(fresh_state=True),
    "lr 0.5": SetUp(lr=0.5),
    "no clipping": SetUp(theta=float("inf")),
    "batch 16": SetUp(batch_size=16),
}


def load() -> Dict[str, Dict[str, List[float]]]:
    """The kept curves by set-up and seed, each at the epochs that the book prints."""
    kept: Dict[str, Dict[str, List[float]]] = json.loads(CURVES.read_text("utf-8"))
    return kept


def train_once(set_up: SetUp, seed: int) -> List[float]:
    """The perplexity of every tenth epoch."""
    import mxnet
    from mxnet import np, npx
    from mxnet.gluon import rnn

    from d2l_rnn.acceleration.epochs import next_token, parameters_of
    from d2l_rnn.data.sequences import SequenceLoader, sequential_partition
    from d2l_rnn.experiments.configs import LanguageModelConfig
    from d2l_rnn.experiments.corpus import read_corpus
    from d2l_rnn.generation.continuation import continue_text
    from d2l_rnn.models.language_model import RNNModel
    from d2l_rnn.training.initialisation import initialize
    from d2l_rnn.training.loop import train
    from d2l_rnn.training.optimisers import Sgd

    class FromTheFirstToken(SequenceLoader):
        """Minibatches that are the same in every epoch."""

        def __iter__(self) -> Iterator[Minibatch]:
            return sequential_partition(
                self.corpus, self.batch_size, self.num_steps, self.ctx
            )

    npx.set_np()
    device, num_steps = mxnet.cpu(), 35
    corpus = read_corpus(LanguageModelConfig(cell="rnn", corpus="time-machine"))
    vocab_size = len(corpus.vocab)
    mxnet.random.seed(0)
    layer = rnn.RNN(set_up.num_hiddens)
    layer.initialize()
    X = np.random.uniform(size=(num_steps, 32, vocab_size))
    layer(X, layer.begin_state(batch_size=32))
    net = RNNModel(layer, vocab_size)
    net.initialize(force_reinit=True, ctx=device)
    text = continue_text("time traveller", 10, net, corpus.vocab, device)
    if set_up.num_hiddens == 256 and text != UNTRAINED:
        raise SystemExit(f"{text!r}: the builds print {UNTRAINED!r}")
    initialize(net, device)
    loader = FromTheFirstToken if set_up.offset_zero else SequenceLoader
    batches = loader(corpus.training, set_up.batch_size, num_steps, ctx=device)
    parameters = parameters_of(net, batches)
    rows = train(
        next_token(net, parameters, device, set_up.fresh_state),
        batches,
        Sgd(parameters, set_up.lr, set_up.theta),
        500,
        seed=seed,
        first_epoch=1,
    )
    from d2l_rnn.results.metrics import perplexity

    values = [perplexity(row.loss, row.tokens) for row in rows]
    return [float(f"{value:.6g}") for value in values[9::10]]


def main(names: List[str]) -> None:
    kept = load() if CURVES.exists() else {}
    for name in names or list(SET_UPS):
        curves = kept.setdefault(name, {})
        for seed in SEEDS:
            if str(seed) not in curves:
                curves[str(seed)] = train_once(SET_UPS[name], seed)
                lines = (f"{json.dumps(key)}: {json.dumps(kept[key])}" for key in kept)
                CURVES.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")
                print(name, seed, curves[str(seed)][-1], flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
