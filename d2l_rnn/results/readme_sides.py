"""What both sides of a place are good for, and what they give away: three tables."""

from __future__ import annotations

from typing import List, Mapping, Sequence

from ..errors import RunError
from .readme_groups import Recorded
from .readme_summary import Summary
from .verdict.rendering import markdown_table
from .what_it_shows import known

_MODELS = {
    "unigram": "unigram",
    "left_to_right": "LSTM from left to right",
    "hmm": "hidden Markov model, 32 states",
    "ngrams": "n-grams with neighbours on both sides",
    "bidirectional": "bidirectional LSTM, the blank unseen",
}
_TAGGERS = {
    "lookup": "each word's commonest label",
    "left_to_right": "LSTM from left to right",
    "bidirectional": "bidirectional LSTM",
}


def render(summary: Summary[Recorded]) -> Mapping[str, str]:
    """The tables ``audit``, ``blanks`` and ``capitals`` of the recorded runs.

    Raises
    ------
    RunError
        If a run that they are made of is not recorded.
    """
    runs = {
        name: [entry for entry in summary.runs if entry["experiment"] == name]
        for name in ("bilstm-audit", "cloze", "cloze-word", "tagging")
    }
    missing = [name for name, entries in runs.items() if not entries]
    if missing:
        raise RunError(f"no run of {', '.join(missing)} is recorded")
    return {
        "audit": _audit(runs["bilstm-audit"]),
        "blanks": _blanks(runs["cloze"], runs["cloze-word"]),
        "capitals": _capitals(runs["tagging"]),
    }


def _each(entries: Sequence[Recorded], key: str) -> str:
    return " / ".join(f"{value:.3g}" for value in known(entries, key))


def _audit(entries: Sequence[Recorded]) -> str:
    """Perplexity without and with the characters after the place, seed by seed."""
    rows = [
        ["visible after t", "training text", "unseen text"],
        [
            "none (honest)",
            _each(entries, "honest_perplexity"),
            _each(entries, "heldout_honest_perplexity"),
        ],
        [
            "all (as printed)",
            _each(entries, "perplexity"),
            _each(entries, "heldout_perplexity"),
        ],
    ]
    return f"{markdown_table(rows)}\n\n{_recorded('bilstm-audit', entries)}"


def _blanks(characters: Sequence[Recorded], words: Sequence[Recorded]) -> str:
    rows = [["filling a blank", "characters", "words"]]
    for key, name in _MODELS.items():
        cells = [
            f"{100 * _mean(entries, 'scores', key, 'accuracy'):.1f} %, "
            f"{_mean(entries, 'scores', key, 'perplexity'):.3g}"
            for entries in (characters, words)
        ]
        rows.append([name, *cells])
    blanks = " and ".join(
        f"{known(entries, 'heldout_tokens')[0]:,.0f}" for entries in (characters, words)
    )
    said = f"Accuracy, perplexity; {blanks} held-out blanks, means over the seeds."
    by = [_recorded("cloze", characters), _recorded("cloze-word", words)]
    return "\n\n".join([markdown_table(rows), said, *by])


def _capitals(entries: Sequence[Recorded]) -> str:
    rows = [["restoring capitals and punctuation", "mean F1 of ten classes"]]
    for key, name in _TAGGERS.items():
        rows.append([name, f"{_mean(entries, 'scores', key, 'macro_f1'):.3f}"])
    words = known(entries, "heldout_tokens")[0]
    said = f"On {words:,.0f} unseen words, means over the seeds."
    return "\n\n".join([markdown_table(rows), said, _recorded("tagging", entries)])


def _mean(entries: Sequence[Recorded], *keys: str) -> float:
    values = known(entries, *keys)
    return sum(values) / len(values)


def _recorded(name: str, entries: Sequence[Recorded]) -> str:
    seeds: List[str] = [str(entry["config"].get("seed")) for entry in entries]
    days = sorted({str(entry["environment"].get("started"))[:10] for entry in entries})
    return f"`d2l-rnn run {name} --seed N`, N = {', '.join(seeds)}; {', '.join(days)}."
