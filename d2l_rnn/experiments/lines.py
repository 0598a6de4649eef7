"""What both experiments with single lines share: their data, and a model to beat."""

from __future__ import annotations

import math
from typing import Any, Callable, Dict, List, NamedTuple, Sequence

import numpy
from mxnet import init, np

from ..data.lines import LANGUAGES, Line, labelled_lines
from ..data.pairs import load_pairs
from ..data.text import Vocab
from ..data.translation import PairLoader, build_array_nmt, build_vocab_nmt
from ..inference.ngrams import ngram_model
from ..models.gluon_layers import named_arrays
from ..results import record
from ..seeding import epoch_seed, set_seed
from ..training import checkpoint
from ..training.loop import train
from ..training.objectives import Examples, SummedLoss
from ..training.optimisers import Adam
from ..training.parameters import Parameters
from .configs_sequences import LinesConfig
from .running import Run

Json = Dict[str, Any]

_NGRAM_ORDER = 3


class LineData(NamedTuple):
    """Lines of both languages, and as minibatches ``(X, valid_len, language)``.

    X is (batch_size, num_steps + 1): characters, ``<eos>``, padding.
    """

    source: Json
    vocab: Vocab
    training: List[Line]
    heldout: List[Line]
    train_iter: PairLoader
    heldout_iter: PairLoader


def read_lines(config: LinesConfig) -> LineData:
    """Read the lines of a configuration, and the vocabulary of those to train on."""
    pairs = load_pairs(config.corpus, config.data_dir or None)
    training, heldout = labelled_lines(
        pairs.text, config.num_examples, config.num_steps, config.heldout_fraction
    )
    vocab = build_vocab_nmt([list(line.text) for line in training])

    def minibatches(lines: List[Line], shuffle: bool) -> PairLoader:
        X, valid_len = build_array_nmt(
            [list(line.text) for line in lines], vocab, config.num_steps + 1
        )
        languages = np.array([line.language for line in lines])
        return PairLoader([X, valid_len, languages], config.batch_size, shuffle)

    return LineData(
        {"name": pairs.name, "sha1": pairs.sha1, "tokens": len(training)},
        vocab,
        training,
        heldout,
        minibatches(training, True),
        minibatches(heldout, False),
    )


def train_net(
    make: Callable[..., Any],
    loss_of: Callable[[Any], SummedLoss],
    data: LineData,
    config: LinesConfig,
    run: Run,
) -> Any:
    """Make a net over characters, train it with Adam, record its epochs.

    Parameters
    ----------
    make : callable
        ``(vocab_size, embed_size, num_hiddens, num_classes) -> net``.
    loss_of : callable
        ``loss_of(net)`` is the summed loss of a minibatch of ``data``.
    data, config, run
    """
    set_seed(epoch_seed(config.seed, 0))
    sizes = (len(data.vocab), config.embed_size, config.num_hiddens, len(LANGUAGES))
    net = make(*sizes)
    net.initialize(init.Xavier(), ctx=run.device)
    adam = Adam(Parameters.of(net), config.lr, config.theta)
    kept: List[record.Row] = []
    if run.options.resume and run.checkpoint.exists():
        arrays, saved = checkpoint.load(run.checkpoint)
        checkpoint.put_arrays(named_arrays(net), arrays, adam)
        kept = record.read_run(run.directory).epochs[: saved["epoch"]]
    run.begin(data.source, kept)
    rows = train(
        Examples(loss_of(net), run.device),
        data.train_iter,
        adam,
        config.num_epochs,
        seed=config.seed,
        first_epoch=len(kept) + 1,
    )

    def save(epoch: int) -> None:
        notes = {"vocab": data.vocab.idx_to_token, "epoch": epoch}
        arrays = checkpoint.arrays_of(named_arrays(net), adam)
        checkpoint.save(run.checkpoint, arrays, notes)

    run.follow(rows, save)
    return net


class NgramClassifier:
    """The language whose trigram model gives a line the greater probability.

    Parameters
    ----------
    training : sequence of Line
    vocab : Vocab
        With ``<bos>`` and ``<eos>``.
    """

    def __init__(self, training: Sequence[Line], vocab: Vocab) -> None:
        self.vocab = vocab
        self.models = [ngram_model(_NGRAM_ORDER, len(vocab)) for _ in LANGUAGES]
        for line in training:
            self.models[line.language].fit(self._ids(line.text))

    def _ids(self, text: str) -> List[int]:
        return self.vocab[["<bos>", *text, "<eos>"]]

    def __call__(self, text: str) -> int:
        """The index of a line's language."""
        ids = self._ids(text)
        return int(numpy.argmax([m.log_probabilities(ids).sum() for m in self.models]))

    def accuracy(self, lines: Sequence[Line]) -> float:
        """The share of lines that are given their language; NaN of none."""
        right = sum(self(line.text) == line.language for line in lines)
        return right / len(lines) if lines else math.nan
