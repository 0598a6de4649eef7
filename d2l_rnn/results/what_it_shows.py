"""What runs show where the book prints no number: a sentence, in English or Chinese."""

from __future__ import annotations

from typing import Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from .readme_summary import number_of

Entries = Sequence[Mapping[str, object]]
Mean = Callable[..., float]
Numbers = Dict[str, float]

LANGUAGES = ("en", "zh")


def known(entries: Entries, *keys: str) -> List[float]:
    """A number of the results that have it; the keys lead into nested objects."""
    found = [_number(_inside(entry["result"], keys)) for entry in entries]
    return [value for value in found if value is not None]


def _inside(value: object, keys: Sequence[str]) -> object:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _number(value: object) -> Optional[float]:
    try:
        return number_of(value)
    except (ValueError, OverflowError):  # a record's text may be any, its number huge
        return None


def what_it_shows(name: str, entries: Entries, language: str = "en") -> str:
    """A sentence with the means over the runs of an experiment.

    Parameters
    ----------
    name : str
        Of the experiment.
    entries : sequence of dict
        Each with its ``result``.
    language : {'en', 'zh'}
    """

    def mean(*keys: str) -> float:
        values = known(entries, *keys)
        if not values:
            raise LookupError(keys)
        return sum(values) / len(values)

    for kind in (_KINDS.get(name, "language model"), "language model", "trained"):
        numbers, *sentences = _SENTENCES[kind]
        try:
            return sentences[LANGUAGES.index(language)].format(**numbers(mean))
        except LookupError:
            pass
    return _NOTHING[LANGUAGES.index(language)]


def _language_model(mean: Mean) -> Numbers:
    return {**_trained(mean), "held": mean("heldout_perplexity")}


def _trained(mean: Mean) -> Numbers:
    return {"perplexity": mean("perplexity")}


def _audit(mean: Mean) -> Numbers:
    return {"seeing": mean("perplexity"), "honest": mean("honest_perplexity")}


def _blanks(mean: Mean) -> Numbers:
    return {
        name: 100 * mean("scores", name, "accuracy")
        for name in ("bidirectional", "left_to_right", "ngrams")
    }


def _hmm(mean: Mean) -> Numbers:
    return {
        "held": mean("heldout_perplexity"),
        "unigrams": mean("unigram_perplexity"),
        "right": 100 * mean("cloze_accuracy"),
    }


def _classifier(mean: Mean) -> Numbers:
    return {
        "right": 100 * mean("heldout_accuracy"),
        "trigrams": 100 * mean("trigram_accuracy"),
    }


def _generator(mean: Mean) -> Numbers:
    return {
        "held": mean("heldout_perplexity"),
        "other": mean("other_label_perplexity"),
        "recognised": 100 * mean("recognised"),
    }


def _pixels(mean: Mean) -> Numbers:
    simple = {name: mean("baselines", name) for name in ("unigram", "markov", "ngrams")}
    return {"bits": mean("heldout_bits"), **simple}


def _tagging(mean: Mean) -> Numbers:
    return {
        name: mean("scores", name, "macro_f1")
        for name in ("bidirectional", "left_to_right", "lookup")
    }


def _counts(mean: Mean) -> Numbers:
    return {"lines": mean("lines"), "held": mean("heldout_perplexity")}


_NOTHING = ("no number of it is kept", "没有留下它的数值")

#: Of each kind its numbers, and the sentence that they stand in.
_SENTENCES: Dict[str, Tuple[Callable[[Mean], Numbers], str, str]] = {
    "trained": (
        _trained,
        "perplexity {perplexity:.3f} in training",
        "训练困惑度 {perplexity:.3f}",
    ),
    "language model": (
        _language_model,
        "perplexity {perplexity:.3f} in training, {held:.1f} held out",
        "训练困惑度 {perplexity:.3f}，留出文本的困惑度 {held:.1f}",
    ),
    "audit": (
        _audit,
        "the bidirectional model sees the future: perplexity {seeing:.2f} with it, "
        "{honest:.1f} without",
        "双向模型看得到未来：看得到时困惑度为 {seeing:.2f}，看不到时为 {honest:.1f}",
    ),
    "bptt": (
        _trained,
        "full backpropagation through time: perplexity {perplexity:.2f}",
        "完整的通过时间反向传播：困惑度 {perplexity:.2f}",
    ),
    "blanks": (
        _blanks,
        "of 100 blanks both sides fill {bidirectional:.1f} right, the left side alone "
        "{left_to_right:.1f}, n-grams {ngrams:.1f}",
        "每 100 个空，看两侧的模型填对 {bidirectional:.1f} 个，只看左侧的填对 "
        "{left_to_right:.1f} 个，n元语法填对 {ngrams:.1f} 个",
    ),
    "hmm": (
        _hmm,
        "perplexity {held:.2f} held out, unigrams {unigrams:.2f}; {right:.1f} of 100 "
        "blanks filled right",
        "留出文本的困惑度 {held:.2f}，一元语法为 {unigrams:.2f}；"
        "每 100 个空填对 {right:.1f} 个",
    ),
    "classifier": (
        _classifier,
        "the language of {right:.1f} of 100 held-out lines told, by trigrams of "
        "{trigrams:.1f}",
        "每 100 行留出文本，认对语言的有 {right:.1f} 行，"
        "三元语法认对 {trigrams:.1f} 行",
    ),
    "generator": (
        _generator,
        "held-out perplexity {held:.2f}, with the other language's label {other:.1f}; "
        "trigrams take {recognised:.0f} of 100 lines for the language asked for",
        "留出文本的困惑度 {held:.2f}，换成另一种语言的标签则为 {other:.1f}；"
        "生成的每 100 行中，三元语法认为有 {recognised:.0f} 行确是所要的语言",
    ),
    "pixels": (
        _pixels,
        "held-out bits per pixel {bits:.3f}; unigrams of each position {unigram:.3f}, "
        "left and upper pixel {markov:.3f}, n-grams {ngrams:.3f}",
        "留出图像每像素 {bits:.3f} 比特；每个位置的一元语法为 {unigram:.3f}，"
        "左边和上边的像素为 {markov:.3f}，n元语法为 {ngrams:.3f}",
    ),
    "tagging": (
        _tagging,
        "mean F1 of ten classes: {bidirectional:.3f} from both sides, "
        "{left_to_right:.3f} from the left, {lookup:.3f} by each word alone",
        "十个类别的平均 F1：看两侧 {bidirectional:.3f}，只看左侧 {left_to_right:.3f}，"
        "只看词本身 {lookup:.3f}",
    ),
    "counts": (
        _counts,
        "{lines:.0f} lines; the best n-gram model has perplexity {held:.1f} held out",
        "{lines:.0f} 行；最好的 n元语法模型留出文本的困惑度为 {held:.1f}",
    ),
}

_KINDS = {
    "bilstm-audit": "audit",
    "bptt": "bptt",
    "cloze": "blanks",
    "cloze-word": "blanks",
    "hmm": "hmm",
    "many-to-one": "classifier",
    "one-to-many": "generator",
    "pixels": "pixels",
    "tagging": "tagging",
    "text-stats": "counts",
}
