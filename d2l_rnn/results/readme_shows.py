"""What recorded runs show where the book prints no number: a sentence each."""

from __future__ import annotations

from typing import Callable, Dict, List, Mapping, Sequence

from .readme_summary import number_of

Entries = Sequence[Mapping[str, object]]


def known(entries: Entries, *keys: str) -> List[float]:
    """A number of the results that have it; the keys lead into nested objects."""
    found = [number_of(_inside(entry["result"], keys)) for entry in entries]
    return [value for value in found if value is not None]


def _inside(value: object, keys: Sequence[str]) -> object:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def what_it_shows(name: str, entries: Entries) -> str:
    """A sentence with the means over the runs of an experiment."""

    def mean(*keys: str) -> float:
        values = known(entries, *keys)
        if not values:
            raise LookupError(keys)
        return sum(values) / len(values)

    for sentence in (_SENTENCES.get(name, _language_model), _trained):
        try:
            return sentence(mean)
        except LookupError:
            pass
    return "no number of it is kept"


Mean = Callable[..., float]


def _language_model(mean: Mean) -> str:
    return f"{_trained(mean)}, {mean('heldout_perplexity'):.1f} held out"


def _trained(mean: Mean) -> str:
    return f"perplexity {mean('perplexity'):.3f} in training"


def _audit(mean: Mean) -> str:
    return (
        f"the bidirectional model sees the future: perplexity {mean('perplexity'):.2f} "
        f"with it, {mean('honest_perplexity'):.1f} without"
    )


def _bptt(mean: Mean) -> str:
    return f"full backpropagation through time: perplexity {mean('perplexity'):.2f}"


def _blanks(mean: Mean) -> str:
    right = {
        name: 100 * mean("scores", name, "accuracy")
        for name in ("bidirectional", "left_to_right", "ngrams")
    }
    return (
        f"of 100 blanks both sides fill {right['bidirectional']:.1f} right, the left "
        f"side alone {right['left_to_right']:.1f}, n-grams {right['ngrams']:.1f}"
    )


def _hmm(mean: Mean) -> str:
    return (
        f"perplexity {mean('heldout_perplexity'):.2f} held out, unigrams "
        f"{mean('unigram_perplexity'):.2f}; {100 * mean('cloze_accuracy'):.1f} of 100 "
        "blanks filled right"
    )


def _many_to_one(mean: Mean) -> str:
    return (
        f"the language of {100 * mean('heldout_accuracy'):.1f} of 100 held-out lines "
        f"told, by trigrams of {100 * mean('trigram_accuracy'):.1f}"
    )


def _one_to_many(mean: Mean) -> str:
    return (
        f"held-out perplexity {mean('heldout_perplexity'):.2f}, with the other "
        f"language's label {mean('other_label_perplexity'):.1f}; trigrams take "
        f"{100 * mean('recognised'):.0f} of 100 lines for the language asked for"
    )


def _tagging(mean: Mean) -> str:
    scores = {
        name: mean("scores", name, "macro_f1")
        for name in ("bidirectional", "left_to_right", "lookup")
    }
    return (
        f"mean F1 of ten classes: {scores['bidirectional']:.3f} from both sides, "
        f"{scores['left_to_right']:.3f} from the left, {scores['lookup']:.3f} by each "
        "word alone"
    )


def _text_stats(mean: Mean) -> str:
    return (
        f"{mean('lines'):.0f} lines; the best n-gram model has perplexity "
        f"{mean('heldout_perplexity'):.1f} held out"
    )


_SENTENCES: Dict[str, Callable[[Mean], str]] = {
    "bilstm-audit": _audit,
    "bptt": _bptt,
    "cloze": _blanks,
    "cloze-word": _blanks,
    "hmm": _hmm,
    "many-to-one": _many_to_one,
    "one-to-many": _one_to_many,
    "tagging": _tagging,
    "text-stats": _text_stats,
}
