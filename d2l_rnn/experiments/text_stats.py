"""What a text is made of: tokens, n-grams, Zipf's law, and n-gram models."""

from __future__ import annotations

from typing import Any, Dict, List, Sequence

from ..data.corpora import load_text
from ..data.text import TOKENS, Vocab, clean, tokenize
from ..inference.ngrams import (
    count_ngrams,
    ngram_model,
    rank_frequencies,
    zipf_exponent,
)
from .configs_sequences import TextStatsConfig
from .running import Run

Json = Dict[str, Any]

_GRAMS = ("unigram", "bigram", "trigram")


def run(config: TextStatsConfig, run: Run) -> None:
    """Count, fit the n-gram models, record; draw frequency against rank."""
    text = load_text(config.corpus, config.data_dir or None)
    lines = clean(text.lines, config.clean)
    kinds = {}
    for kind in TOKENS:
        kinds[kind] = [token for line in tokenize(lines, kind) for token in line]
    tokens = kinds[config.token]
    vocab = Vocab(tokens)
    ids = vocab[tokens]
    training, heldout = ids[: config.max_tokens], ids[config.max_tokens :]
    run.begin({"name": text.name, "sha1": text.sha1, "tokens": len(training)})
    models = ngram_perplexities(
        training, heldout, len(vocab), config.max_order, config.smoothing
    )
    known = [model["heldout_perplexity"] for model in models if heldout]
    run.finish(
        {
            "lines": len(lines),
            "token": config.token,
            "counts": {
                kind: token_counts(found, config.num_top)
                for kind, found in kinds.items()
            },
            "training_tokens": len(training),
            "heldout_tokens": len(heldout),
            "ngram_models": models,
            "heldout_perplexity": min(known) if known else None,
        }
    )
    if run.options.plot:
        _draw(kinds, run)


def token_counts(tokens: Sequence[str], num_top: int) -> Json:
    """Tokens, vocabulary, and n-grams from the most frequent on (Sections 8.2, 8.3).

    Returns
    -------
    dict
        ``tokens``; ``vocab``, the vocabulary's size with ``<unk>``; for each of
        unigram, bigram and trigram the number of ``distinct`` ones, the ``top`` ones
        with their counts, and the ``zipf_exponent`` (None of fewer than two).
    """
    counted: Json = {"tokens": len(tokens), "vocab": len(set(tokens)) + 1}
    for n, name in enumerate(_GRAMS, start=1):
        counts = count_ngrams(tokens, n)
        counted[name] = {
            "distinct": len(counts),
            "top": [[list(gram), many] for gram, many in counts.most_common(num_top)],
            "zipf_exponent": (
                zipf_exponent(rank_frequencies(counts)) if len(counts) > 1 else None
            ),
        }
    return counted


def ngram_perplexities(
    training: List[int],
    heldout: List[int],
    vocab_size: int,
    max_order: int,
    smoothing: float,
) -> List[Json]:
    """Perplexity of n-gram models, n = 1, ..., on their own text and on the rest.

    Returns
    -------
    list of dict
        ``n``, ``perplexity`` and ``heldout_perplexity`` (None where nothing is held
        out).
    """
    models = []
    for n in range(1, max_order + 1):
        model = ngram_model(n, vocab_size, smoothing=smoothing).fit(training)
        models.append(
            {
                "n": n,
                "perplexity": model.perplexity(training),
                "heldout_perplexity": model.perplexity(heldout) if heldout else None,
            }
        )
    return models


def _draw(kinds: Dict[str, List[str]], run: Run) -> None:
    from ..results.plots import save, zipf_figure

    for kind, tokens in kinds.items():
        frequencies = {
            name: rank_frequencies(count_ngrams(tokens, n)).tolist()
            for n, name in enumerate(_GRAMS, start=1)
        }
        save(zipf_figure(frequencies), run.directory / f"zipf-{kind}.png")


def summary(result: Json) -> str:
    """Counts and top n-grams of words and characters; the models' perplexities."""
    lines = [f"{result['lines']} lines"]
    for kind, counted in result["counts"].items():
        lines.append(
            f"{kind}: {counted['tokens']} tokens, vocabulary of {counted['vocab']}"
        )
        for name in _GRAMS:
            grams = counted[name]
            top = ", ".join(
                f"{_shown(gram, kind)} {many}" for gram, many in grams["top"]
            )
            alpha = grams["zipf_exponent"]
            slope = "" if alpha is None else f", Zipf exponent {alpha:.2f}"
            lines += [f"  {grams['distinct']} {name}s{slope}", f"    {top}"]
    lines.append(
        f"n-gram models of the first {result['training_tokens']} {result['token']} "
        f"tokens, {result['heldout_tokens']} held out"
    )
    for model in result["ngram_models"]:
        held = model["heldout_perplexity"]
        lines.append(
            f"  n = {model['n']}: perplexity {model['perplexity']:.2f} in training, "
            + ("nothing held out" if held is None else f"{held:.2f} held out")
        )
    return "\n".join(lines)


def _shown(gram: List[str], kind: str) -> str:
    return " ".join(gram) if kind == "word" else repr("".join(gram))
