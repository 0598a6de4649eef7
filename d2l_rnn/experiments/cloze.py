"""Filling the blank: five models, from both sides or from one (Section 9.4)."""

from __future__ import annotations

import time
from typing import Any, Dict, Iterator, List, Sequence, Tuple

import numpy as np

from ..data.blanks import read_blanks
from ..data.sequences import SequenceLoader
from ..inference.hmm import predict_missing
from ..inference.ngrams import ContextModel, cloze_model, ngram_model
from ..models.both_sides import ClozeModel
from .both_sides import (
    BIDIRECTIONAL,
    LEFT_TO_RIGHT,
    build_both,
    probabilities,
    train_both,
)
from .configs_bidirectional import ClozeConfig
from .filling import fill
from .heldout import read_split, rows_of, score_of
from .hmm import learn
from .running import Run

Json = Dict[str, Any]

#: Blanks to show beside the numbers; those of words are the book's (Section 9.4).
SENTENCES = {
    "word": (
        "I am ___",
        "I am ___ hungry",
        "I am ___ hungry, and I can eat half a pig",
    ),
    "char": ("the time travell_r smiled", "the t_me", "the th_ng"),
}

_MODELS = {
    "unigram": "unigrams",
    LEFT_TO_RIGHT: "LSTM from left to right",
    "hmm": "hidden Markov model",
    "ngrams": "n-grams on both sides",
    BIDIRECTIONAL: "bidirectional LSTM",
}


class _Cloze:
    """Minibatches in which every token is its own answer."""

    def __init__(self, train_iter: SequenceLoader) -> None:
        self.train_iter = train_iter

    def __iter__(self) -> Iterator[Tuple[Any, Any]]:
        for X, _ in self.train_iter:
            yield X, X


def run(config: ClozeConfig, run: Run) -> None:
    """Train the nets, learn the other models, question all of them, record."""
    text, training, heldout, vocab = read_split(config, config.min_freq)
    rows = rows_of(heldout, config.batch_size)
    train_iter = SequenceLoader(
        training, config.batch_size, config.num_steps, ctx=run.device
    )
    nets = build_both(ClozeModel, config, len(vocab), len(vocab), run.device)
    notes = {
        "vocab": vocab.idx_to_token,
        "token": config.token,
        "corpus": {"name": text.name, "sha1": text.sha1},
    }
    corpus = {"name": text.name, "sha1": text.sha1, "tokens": len(training)}
    train_both(nets, _Cloze(train_iter), config, run, corpus, notes)
    began = time.perf_counter()
    scores = {
        name: score_of(probabilities(net, rows, run.device), rows, vocab.unk)
        for name, net in nets.items()
    }
    for name, given in _counted(config, training, rows, len(vocab)):
        scores[name] = score_of(given, rows, vocab.unk)
    filled = []
    for sentence in SENTENCES[config.token]:
        tokens, blanks = read_blanks(sentence, config.token, config.clean)
        best = {
            name: fill(net, vocab[tokens], blanks, vocab, run.device)[0].best
            for name, net in nets.items()
        }
        filled.append({"text": sentence, **best})
    run.finish(
        {
            "heldout_perplexity": scores[BIDIRECTIONAL]["perplexity"],
            "heldout_tokens": scores[BIDIRECTIONAL]["tokens"],
            "scores": {name: scores[name] for name in _MODELS},
            "parameters": {name: net.num_parameters() for name, net in nets.items()},
            "sentences": filled,
            "other_models_seconds": time.perf_counter() - began,
        }
    )
    if run.options.plot:
        run.draw_curve()


def _counted(
    config: ClozeConfig, ids: Sequence[int], rows: np.ndarray, vocab_size: int
) -> Iterator[Tuple[str, np.ndarray]]:
    """The models without weights: what each makes of the held-out rows."""
    model = learn(
        np.array(ids),
        config.num_states,
        vocab_size,
        config.num_restarts,
        config.trial_iterations,
        config.num_iterations,
        config.pseudo_counts,
        config.seed,
    )
    yield "hmm", predict_missing(model, rows)
    unigrams = ngram_model(1, vocab_size, smoothing=config.smoothing).fit(ids)
    yield (
        "unigram",
        np.broadcast_to(unigrams.probabilities(), (*rows.shape, vocab_size)),
    )
    ngrams = cloze_model(config.ngram_width, vocab_size, smoothing=config.smoothing)
    yield "ngrams", neighbour_probabilities(ngrams.fit(ids), rows)


def neighbour_probabilities(model: ContextModel, rows: np.ndarray) -> np.ndarray:
    """Distributions of every token of rows of text given its neighbours in the row.

    Returns
    -------
    np.ndarray of float32, shape (batch_size, num_steps, vocab_size)
    """
    num_steps = rows.shape[1]
    given = np.empty((*rows.shape, model.vocab_size), np.float32)
    for row, out in zip(rows.tolist(), given):
        for position in range(num_steps):
            context = []
            for offset in model.offsets:
                if not 0 <= position + offset < num_steps:
                    break
                context.append(row[position + offset])
            out[position] = model.probabilities(context)
    return given


def summary(result: Json) -> str:
    """A table of the models, worst first, and the sentences filled in."""
    scores = result["scores"]
    order = sorted(scores, key=lambda name: -scores[name]["perplexity"])
    lines = [f"{'':24}  accuracy  perplexity"]
    for name in order:
        score = scores[name]
        lines.append(
            f"{_MODELS[name]:24}  {100 * score['accuracy']:6.1f} %  "
            f"{score['perplexity']:10.2f}"
        )
    lines.append(f"{result['heldout_tokens']} held-out blanks")
    for sentence in result["sentences"]:
        lines += ["", sentence["text"]]
        for name in (BIDIRECTIONAL, LEFT_TO_RIGHT):
            lines.append(f"  {_MODELS[name]:24} {_shown(sentence[name])}")
    return "\n".join(lines)


def _shown(best: Sequence[Tuple[str, float]]) -> str:
    parts: List[str] = [
        f"{token if token.strip() else 'space'} {probability:.2f}"
        for token, probability in best
    ]
    return "  ".join(parts)
