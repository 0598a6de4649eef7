"""A hidden Markov model of the text, and what it makes of a missing token."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Sequence, Tuple

import numpy as np

from ..arrays import Floats, Integers
from ..data.text import Vocab
from ..errors import RunError
from ..inference.hmm import HiddenMarkovModel, predict_missing, score
from ..inference.hmm_learning import baum_welch_iterations, random_model
from ..inference.hmm_paths import sample
from ..protocols import Arrays, Device
from ..results import printed
from ..results.metrics import perplexity
from ..training.loop import EpochRow
from .configs_bidirectional import HMMConfig
from .contract import ExperimentRun, Json, Notify
from .corpus import read_split, rows_of, score_of
from .sizes import check_sizes

_TABLES = ("initial", "transition", "emission")
_TRIALS = "trial_perplexities"
_SAMPLE_LENGTH = 60


class Step(NamedTuple):
    """A Baum-Welch iteration: its row, the model after it, and what never falls."""

    row: EpochRow
    model: HiddenMarkovModel
    objective: float


def iterations(
    start: HiddenMarkovModel,
    ids: Integers,
    first_epoch: int,
    num_epochs: int,
    pseudo_counts: float,
) -> Iterator[Step]:
    """Baum-Welch iterations ``first_epoch`` to ``num_epochs`` from ``start``.

    A row's loss is ``-log P(ids)`` of the model after that iteration.
    """
    began = time.perf_counter()
    steps = baum_welch_iterations(start, ids, pseudo_counts)
    next(steps)
    for epoch in range(first_epoch, num_epochs + 1):
        step = next(steps)
        now = time.perf_counter()
        row = EpochRow(epoch, -step.log_likelihood, ids.size, now - began)
        yield Step(row, step.model, step.objective)
        began = time.perf_counter()


def best_trial(
    ids: Integers,
    num_states: int,
    num_symbols: int,
    num_restarts: int,
    num_epochs: int,
    pseudo_counts: float,
    seed: int,
) -> Tuple[List[Step], List[float]]:
    """Begin from several random models; keep the one with the greatest objective.

    Short trials find a good start at a fraction of the price of learning all to the
    end (Biernacki, Celeux and Govaert, 2003).

    Returns
    -------
    steps : list of Step
        Of the best trial, all of them.
    perplexities : list of float
        What each trial reached.
    """
    best: List[Step] = []
    perplexities = []
    for restart in range(num_restarts):
        rng = np.random.default_rng([seed, restart])
        start = random_model(num_states, num_symbols, rng)
        trial = list(iterations(start, ids, 1, num_epochs, pseudo_counts))
        row = trial[-1].row
        perplexities.append(perplexity(row.loss, row.tokens))
        if not best or trial[-1].objective > best[-1].objective:
            best = trial
    return best, perplexities


def learn(
    ids: Integers,
    num_states: int,
    num_symbols: int,
    num_restarts: int,
    trial_epochs: int,
    num_epochs: int,
    pseudo_counts: float,
    seed: int,
) -> HiddenMarkovModel:
    """Try several starts, go on with the best, return where it ends."""
    trial_epochs = min(trial_epochs, num_epochs)
    steps, _ = best_trial(
        ids, num_states, num_symbols, num_restarts, trial_epochs, pseudo_counts, seed
    )
    model = steps[-1].model
    for step in iterations(model, ids, trial_epochs + 1, num_epochs, pseudo_counts):
        model = step.model
    return model


class HMMRun(ExperimentRun[HMMConfig]):
    """Learn the model, ask it about the held-out text.

    The first epochs are those of the best of several trials.
    """

    text = staticmethod(printed.hidden_markov_model)

    def __init__(self, config: HMMConfig, device: Device, notify: Notify) -> None:
        super().__init__(config, device, notify)
        self.corpus = read_split(config, notify)
        self.source = self.corpus.source
        check_sizes(config, len(self.corpus.vocab))
        self.ids = np.array(self.corpus.training)
        self.rows_held_out = rows_of(self.corpus.heldout, config.batch_size)
        self.model: HiddenMarkovModel
        self.trial_perplexities: List[float] = []

    def rows(self, first_epoch: int) -> Iterator[EpochRow]:
        """The best trial's iterations, then those that go on from it."""
        config = self.config
        steps: List[Step] = []
        if first_epoch == 1:
            steps, self.trial_perplexities = best_trial(
                self.ids,
                config.num_states,
                len(self.corpus.vocab),
                config.num_restarts,
                min(config.trial_epochs, config.num_epochs),
                config.pseudo_counts,
                config.seed,
            )
        for step in steps:
            self.model = step.model
            yield step.row
        first_epoch += len(steps)
        for step in iterations(
            self.model, self.ids, first_epoch, config.num_epochs, config.pseudo_counts
        ):
            self.model = step.model
            yield step.row

    def arrays(self) -> Dict[str, Floats]:
        """The model's tables, and what the trials reached."""
        tables = {name: getattr(self.model, name) for name in _TABLES}
        return {**tables, _TRIALS: np.array(self.trial_perplexities)}

    def restore(self, arrays: Arrays) -> None:
        """Take the model over, bit for bit.

        Its constructor divides every row by its sum, which moves last bits; a resumed
        run would no longer be the uninterrupted one.
        """
        if set(arrays) != {*_TABLES, _TRIALS}:
            raise RunError("checkpoint of another model, or of version 0.1.0")
        self.model = object.__new__(HiddenMarkovModel)
        for name in _TABLES:
            arrays[name].setflags(write=False)
            object.__setattr__(self.model, name, arrays[name])
        self.trial_perplexities = arrays[_TRIALS].tolist()

    def notes(self) -> Mapping[str, Any]:
        """The vocabulary, and what a token is."""
        vocab = self.corpus.vocab
        return {"vocab": vocab.idx_to_token, "token": self.config.token}

    def result(self, epochs: Sequence[Json]) -> Json:
        """Held-out perplexity, the cloze task, what the states emit, a sample."""
        config, model, rows = self.config, self.model, self.rows_held_out
        vocab = self.corpus.vocab
        log_likelihood, num_observed = score(model, rows)
        cloze = score_of(predict_missing(model, rows), rows)
        rng = np.random.default_rng([config.seed, config.num_restarts])
        return {
            "trial_perplexities": self.trial_perplexities,
            "heldout_perplexity": perplexity(-log_likelihood, num_observed),
            "heldout_tokens": num_observed,
            "unigram_perplexity": _unigram_perplexity(self.ids, rows, len(vocab)),
            "cloze_accuracy": cloze["accuracy"],
            "cloze_perplexity": cloze["perplexity"],
            "states": _states(model, vocab.idx_to_token),
            "texts": [_sampled(model, vocab, config.token, rng)],
        }

    def draw(self, directory: Path) -> None:
        """The curve, and the table P(x | h) of a small vocabulary."""
        from ..results.plots import heatmap_figure, save

        super().draw(directory)
        tokens, emission = self.corpus.vocab.idx_to_token, self.model.emission
        if len(tokens) > 100:
            return
        order = np.lexsort(np.argsort(-emission, axis=1).T[::-1])
        figure = heatmap_figure(
            emission[order],
            [str(state) for state in range(self.model.num_states)],
            ["space" if token == " " else token for token in tokens],
            title="P(x | h)",
            xlabel="x",
            ylabel="h, ordered by what it emits",
        )
        save(figure, directory / "emission.png")

    def extendable(self, old_epochs: int, new_epochs: int) -> str:
        """Where the trials were as long as they will be."""
        if old_epochs >= min(self.config.trial_epochs, new_epochs):
            return ""
        return "its trials would have been longer (--trial-epochs)"


def _unigram_perplexity(ids: Integers, rows: Integers, vocab_size: int) -> float:
    """Held-out perplexity of the training text's frequencies, one added to each."""
    counts = np.bincount(ids, minlength=vocab_size) + 1
    log_frequencies = np.log(counts / counts.sum())
    return perplexity(-float(log_frequencies[rows].sum()), rows.size)


def _states(model: HiddenMarkovModel, tokens: List[str]) -> List[str]:
    """The likeliest tokens of every state, most frequent state first."""
    vector = np.full(model.num_states, 1 / model.num_states)
    for _ in range(1000):
        vector = vector @ model.transition
    order = np.argsort(-vector)
    return [
        " ".join(
            f"{tokens[symbol]!r} {model.emission[state, symbol]:.2f}"
            for symbol in np.argsort(-model.emission[state])[:4]
        )
        for state in order
    ]


def _sampled(
    model: HiddenMarkovModel, vocab: Vocab, token: str, rng: np.random.Generator
) -> str:
    ids = sample(model, _SAMPLE_LENGTH, rng)[1]
    separator = " " if token == "word" else ""
    return separator.join(vocab.to_tokens([int(i) for i in ids]))
