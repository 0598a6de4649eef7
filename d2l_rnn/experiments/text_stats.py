"""What a text is made of: tokens, n-grams, Zipf's law, and n-gram models."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence

from ..arrays import Floats
from ..data.text import TOKENS, Vocab, clean, tokenize
from ..inference.ngram_steps import named_tables
from ..inference.ngrams import (
    count_ngrams,
    ngram_model,
    rank_frequencies,
    zipf_exponent,
)
from ..protocols import Device
from ..results import printed
from .configs_sequences import TextStatsConfig
from .contract import ExperimentRun, Json, Notify
from .corpus import bounded, ids_of, read_text, source_of

#: Of the counts that a run keeps.
MOST_BYTES = 64 << 20
_GRAMS = ("unigram", "bigram", "trigram")


class TextStatsRun(ExperimentRun[TextStatsConfig]):
    """Count, and fit n-gram models; there is nothing to train."""

    text = staticmethod(printed.text_statistics)

    def __init__(self, config: TextStatsConfig, device: Device, notify: Notify) -> None:
        super().__init__(config, device, notify)
        text = read_text(config, notify)
        self.lines = clean(text.lines, config.clean)
        #: All tokens, by what a token is.
        self.kinds = {
            kind: [token for line in tokenize(self.lines, kind) for token in line]
            for kind in TOKENS
        }
        tokens = self.kinds[config.token]
        self.vocab = Vocab([tokens])
        ids = ids_of(tokens, self.vocab)
        self.training, following = ids[: config.max_tokens], ids[config.max_tokens :]
        self.heldout = bounded(following, config, len(following), notify)
        self.source = source_of(text, len(self.training))

    def arrays(self) -> Dict[str, Floats]:
        """The counts, for ``generate``; of long n-grams not beyond ``MOST_BYTES``."""
        order, size = self.config.max_order, len(self.vocab)
        model = ngram_model(order, size, self.config.smoothing).fit(self.training)
        tables = named_tables(model, MOST_BYTES)
        if len(tables) < order:
            self.notify(
                f"counts are kept of up to {len(tables)} tokens, not {order}: those of "
                f"more would take over {MOST_BYTES >> 20} MiB"
            )
        return tables

    def notes(self) -> Mapping[str, Any]:
        """The vocabulary, and what a token is."""
        return {"vocab": self.vocab.idx_to_token, "token": self.config.token}

    def result(self, epochs: Sequence[Json]) -> Json:
        """Counts of words and characters, perplexities of n-gram models."""
        config, heldout = self.config, self.heldout
        models = ngram_perplexities(
            self.training,
            heldout,
            len(self.vocab),
            config.max_order,
            config.smoothing,
        )
        known = [model["heldout_perplexity"] for model in models if heldout]
        return {
            "lines": len(self.lines),
            "token": config.token,
            "counts": {
                kind: token_counts(found, config.num_top)
                for kind, found in self.kinds.items()
            },
            "training_tokens": len(self.training),
            "heldout_tokens": len(heldout),
            "ngram_models": models,
            "heldout_perplexity": min(known) if known else None,
        }

    def draw(self, directory: Path) -> None:
        """Frequency against rank, of words and of characters."""
        from ..results.plots import save, zipf_figure

        for kind, tokens in self.kinds.items():
            frequencies = {
                name: rank_frequencies(count_ngrams(tokens, n)).tolist()
                for n, name in enumerate(_GRAMS, start=1)
            }
            save(zipf_figure(frequencies), directory / f"zipf-{kind}.png")


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
