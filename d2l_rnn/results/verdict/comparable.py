"""Whether a run can be held against a published number; its curve in that metric."""

from __future__ import annotations

import math
from typing import List, Mapping, Optional, Tuple

from ..book import BookNumber
from ..record import RunRecord

# What the book names that is no hyperparameter: each is compared in a way of its own.
_NO_HYPERPARAMETERS = ("corpus", "corpus_sha1", "num_epochs")


def incomparable(
    run: RunRecord,
    number: Optional[BookNumber],
    settings: Optional[Mapping[str, object]] = None,
) -> Optional[str]:
    """Why a verified run cannot be held against the published number; None if it can.

    ``settings`` are those of its experiment that change a number, as the book has them.
    """
    if run.damage:
        return run.damage
    if run.result is None:
        due = "" if number is None else f" of {number.num_epochs}"
        return f"not finished: {len(run.epochs)}{due} epochs"
    if number is None:
        return "the book prints no number for it"
    try:
        reason = _other_corpus(run, number) or _other_setting(run, number, settings)
        return reason or _missing_epochs(run, number)
    except (KeyError, ArithmeticError):
        return f"run {run.directory}: its record is malformed"


def _other_corpus(run: RunRecord, number: BookNumber) -> Optional[str]:
    expected = number.requires.get("corpus_sha1")
    if expected is None:
        return None
    corpus = run.environment.get("corpus") or {}
    result = run.result or {}
    found = [corpus.get("sha1"), result.get("corpus_sha1", corpus.get("sha1"))]
    if all(sha1 == expected for sha1 in found):
        return None
    name = corpus.get("name") or result.get("corpus")
    book_name = number.requires["corpus"]
    if name == book_name:
        return f"another file than the book's {name} (its SHA-1 is not the same)"
    return f"corpus {name}, the book's is {book_name}"


def _other_setting(
    run: RunRecord, number: BookNumber, settings: Optional[Mapping[str, object]]
) -> Optional[str]:
    num_epochs = run.config.get("num_epochs")
    if num_epochs != number.num_epochs:
        return f"{num_epochs} epochs, the book's number is after {number.num_epochs}"
    # A setting that the record lacks came later, with the default of its meaning.
    expected = {
        name: value for name, value in (settings or {}).items() if name in run.config
    }
    for name, value in number.requires.items():
        if name not in _NO_HYPERPARAMETERS:
            expected[name] = value
    others = [
        f"{name} {run.config.get(name)}, the book's is {value}"
        for name, value in expected.items()
        if not _same(run.config.get(name), value)
    ]
    return "; ".join(others) or None


def _missing_epochs(run: RunRecord, number: BookNumber) -> Optional[str]:
    rows = [row["epoch"] for row in run.epochs]
    if rows != list(range(1, number.num_epochs + 1)):
        return f"{len(rows)} epochs recorded, not each of 1 to {number.num_epochs}"
    if any(math.isnan(value) for value in published_curve(run, number)[-1:]):
        return f"{number.metric} is not in its record"
    return None


def _same(ours: object, theirs: object) -> bool:
    if isinstance(ours, bool) or isinstance(theirs, bool):
        return ours is theirs
    if isinstance(ours, (int, float)) and isinstance(theirs, (int, float)):
        return math.isclose(ours, theirs, rel_tol=1e-12)
    return bool(ours == theirs)


def published_curve(run: RunRecord, number: BookNumber) -> List[float]:
    """The run's values at the published epochs, in the book's metric."""
    return [number.value_of(run.epochs[epoch - 1]) for epoch in number.epochs]


def curve_of(
    run: RunRecord, book_number: Optional[BookNumber] = None
) -> Tuple[List[int], List[float]]:
    """Epochs and values of a run, in the book's metric where there is one.

    Rows that do not have the number are left out.
    """
    epochs, values = [], []
    for row in run.epochs:
        try:
            if book_number is not None:
                value = book_number.value_of(row)
            else:
                value = float(row["perplexity"] if "perplexity" in row else row["loss"])
            epoch = row["epoch"]
        except (KeyError, ArithmeticError):
            continue
        if math.isfinite(value):
            epochs.append(epoch)
            values.append(value)
    return epochs, values
