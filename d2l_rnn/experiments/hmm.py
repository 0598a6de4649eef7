"""A hidden Markov model of the text, and what it makes of a missing token."""

from __future__ import annotations

import time
from typing import Any, Dict, Iterator, List, Optional, Tuple

import numpy as np

from ..inference.hmm import HiddenMarkovModel, predict_missing, score
from ..inference.hmm_learning import baum_welch_iterations, random_model
from ..inference.hmm_paths import sample
from ..results import record
from ..results.metrics import perplexity
from ..training import checkpoint
from ..training.loop import EpochRow
from .configs_bidirectional import HMMConfig
from .heldout import read_split, rows_of, score_of
from .running import Run

_TABLES = ("initial", "transition", "emission")
_SAMPLE_LENGTH = 60


def iterations(
    start: HiddenMarkovModel,
    ids: np.ndarray,
    first_epoch: int,
    num_epochs: int,
    pseudo_counts: float,
) -> Iterator[Tuple[EpochRow, HiddenMarkovModel, float]]:
    """Baum-Welch iterations ``first_epoch`` to ``num_epochs`` from ``start``.

    Yields
    ------
    row : EpochRow
        Its loss is ``-log P(ids)`` of the model after that iteration.
    model : HiddenMarkovModel
    objective : float
        What never falls.
    """
    began = time.perf_counter()
    steps = baum_welch_iterations(start, ids, pseudo_counts)
    next(steps)
    for epoch in range(first_epoch, num_epochs + 1):
        step = next(steps)
        now = time.perf_counter()
        row = EpochRow(epoch, -step.log_likelihood, ids.size, now - began)
        yield row, step.model, step.objective
        began = time.perf_counter()


def best_trial(
    ids: np.ndarray,
    num_states: int,
    num_symbols: int,
    num_restarts: int,
    num_epochs: int,
    pseudo_counts: float,
    seed: int,
) -> Tuple[List[EpochRow], HiddenMarkovModel, List[float]]:
    """Begin from several random models; keep the one with the greatest objective.

    Short trials find a good start at a fraction of the price of learning all to the
    end (Biernacki, Celeux and Govaert, 2003).

    Returns
    -------
    rows : list of EpochRow
        Of the best trial.
    model : HiddenMarkovModel
    perplexities : list of float
        What each trial reached.
    """
    trials = []
    for restart in range(num_restarts):
        rng = np.random.default_rng([seed, restart])
        start = random_model(num_states, num_symbols, rng)
        trials.append(list(iterations(start, ids, 1, num_epochs, pseudo_counts)))
    best = max(trials, key=lambda trial: trial[-1][2])
    reached = [trial[-1][0] for trial in trials]
    return (
        [row for row, _, _ in best],
        best[-1][1],
        [perplexity(row.loss, row.tokens) for row in reached],
    )


def learn(
    ids: np.ndarray,
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
    _, model, _ = best_trial(
        ids, num_states, num_symbols, num_restarts, trial_epochs, pseudo_counts, seed
    )
    steps = iterations(model, ids, trial_epochs + 1, num_epochs, pseudo_counts)
    for _, model, _ in steps:
        pass
    return model


def run(config: HMMConfig, run: Run) -> None:
    """Learn the model, ask it about the held-out text, record."""
    text, training, heldout, vocab = read_split(config)
    ids, rows = np.array(training), rows_of(heldout, config.batch_size)
    kept: List[record.Row] = []
    tried: List[EpochRow] = []
    perplexities: Optional[List[float]] = None
    if run.options.resume and run.checkpoint.exists():
        arrays, notes = checkpoint.load(run.checkpoint)
        kept = record.read_run(run.directory).epochs[: notes["epoch"]]
        if len(kept) == notes["epoch"]:
            model = _as_saved(arrays)
            perplexities = notes["trial_perplexities"]
        else:  # stopped while the trials' rows were written: they come again
            kept = []
    run.begin({"name": text.name, "sha1": text.sha1, "tokens": len(training)}, kept)
    if not kept:
        tried, model, perplexities = best_trial(
            ids,
            config.num_states,
            len(vocab),
            config.num_restarts,
            min(config.trial_epochs, config.num_epochs),
            config.pseudo_counts,
            config.seed,
        )
    latest = [model]

    def epochs() -> Iterator[EpochRow]:
        yield from tried
        first_epoch = len(kept) + len(tried) + 1
        for row, latest[0], _ in iterations(
            model, ids, first_epoch, config.num_epochs, config.pseudo_counts
        ):
            yield row

    notes = {"vocab": vocab.idx_to_token, "token": config.token}
    notes["trial_perplexities"] = perplexities

    def save(epoch: int) -> None:
        # The model that is at hand is the one after the trials, or a later one.
        arrays = {name: getattr(latest[0], name) for name in _TABLES}
        epoch = max(epoch, len(tried))
        checkpoint.save(run.checkpoint, arrays, {**notes, "epoch": epoch})

    run.follow(epochs(), save)
    model = latest[0]
    log_likelihood, num_observed = score(model, rows)
    cloze = score_of(predict_missing(model, rows), rows)
    rng = np.random.default_rng([config.seed, config.num_restarts])
    run.finish(
        {
            "trial_perplexities": perplexities,
            "heldout_perplexity": perplexity(-log_likelihood, num_observed),
            "heldout_tokens": num_observed,
            "unigram_perplexity": _unigram_perplexity(ids, rows, len(vocab)),
            "cloze_accuracy": cloze["accuracy"],
            "cloze_perplexity": cloze["perplexity"],
            "states": _states(model, vocab.idx_to_token),
            "texts": [_sampled(model, vocab, config.token, rng)],
        }
    )
    if run.options.plot:
        run.draw_curve()
        _draw_emission(model, vocab.idx_to_token, run)


def _as_saved(arrays: Dict[str, np.ndarray]) -> HiddenMarkovModel:
    """The model of a checkpoint, bit for bit.

    The constructor divides every row by its sum, which moves last bits; a resumed run
    would no longer be the uninterrupted one.
    """
    model = object.__new__(HiddenMarkovModel)
    for name in _TABLES:
        arrays[name].setflags(write=False)
        object.__setattr__(model, name, arrays[name])
    return model


def _unigram_perplexity(ids: np.ndarray, rows: np.ndarray, vocab_size: int) -> float:
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
    model: HiddenMarkovModel, vocab: Any, token: str, rng: np.random.Generator
) -> str:
    ids = sample(model, _SAMPLE_LENGTH, rng)[1]
    separator = " " if token == "word" else ""
    return separator.join(vocab.to_tokens([int(i) for i in ids]))


def _draw_emission(model: HiddenMarkovModel, tokens: List[str], run: Run) -> None:
    """The table P(x | h) of a small vocabulary as a picture."""
    from ..results.plots import heatmap_figure, save

    if len(tokens) > 100:
        return
    order = np.lexsort(np.argsort(-model.emission, axis=1).T[::-1])
    labels = ["space" if token == " " else token for token in tokens]
    figure = heatmap_figure(
        model.emission[order],
        [str(state) for state in range(model.num_states)],
        labels,
        title="P(x | h)",
        xlabel="x",
        ylabel="h, ordered by what it emits",
    )
    save(figure, run.directory / "emission.png")


def summary(result: Dict[str, Any]) -> str:
    """Perplexities, the cloze task, and a text drawn from the model."""
    return "\n".join(
        [
            f"perplexity {result['perplexity']:.2f} in training, "
            f"{result['heldout_perplexity']:.2f} held out "
            f"(unigrams: {result['unigram_perplexity']:.2f})",
            f"P(x_j | x_-j) held out: perplexity {result['cloze_perplexity']:.2f}, "
            f"likeliest token right in {100 * result['cloze_accuracy']:.1f} of 100",
            *result["texts"],
        ]
    )
