"""Whether a run can be held against a published number; its curve in that metric."""

from __future__ import annotations

import math
from typing import List, Mapping, Optional, Sequence, Tuple

from ...errors import RunError
from ..book import BookNumber
from ..record import RunRecord

Settings = Mapping[str, object]

NOT_PRINTED = "the book prints no number for it"

# What the book names that is no hyperparameter: each is compared in a way of its own.
_NO_HYPERPARAMETERS = ("corpus", "corpus_sha1", "num_epochs")


def incomparable(
    run: RunRecord, number: Optional[BookNumber], settings: Optional[Settings] = None
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
        return NOT_PRINTED
    return unusable(run, number) or (
        "; ".join(departures(run, number, settings)) or _missing_epochs(run, number)
    )


def unusable(run: RunRecord, number: BookNumber) -> Optional[str]:
    """Why a verified record of a run says nothing, whatever its settings."""
    if run.damage:
        return run.damage
    if run.result is None:
        return f"not finished: {len(run.epochs)} of {number.num_epochs} epochs"
    try:
        published_curve(run, number, [e for e in number.epochs if e <= len(run.epochs)])
    except RunError as error:
        return str(error)
    except (KeyError, ArithmeticError):
        return f"run {run.directory}: its record is malformed"
    return None


def departures(
    run: RunRecord, number: BookNumber, settings: Optional[Settings] = None
) -> List[str]:
    """In what a run is another experiment than the book's: corpus, epochs, settings.

    Only the first kind that there is: on another corpus no setting has to agree.
    """
    corpus = other_corpus(run, number)
    if corpus is not None:
        return [corpus]
    num_epochs = run.config.get("num_epochs")
    if num_epochs != number.num_epochs:
        return [f"{num_epochs} epochs, the book's number is after {number.num_epochs}"]
    return other_settings(run, number, settings)


def other_corpus(run: RunRecord, number: BookNumber) -> Optional[str]:
    """Which corpus it was, where it was not the book's, told apart by its SHA-1."""
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


def other_settings(
    run: RunRecord, number: BookNumber, settings: Optional[Settings] = None
) -> List[str]:
    """Each setting that is not the book's, with both values."""
    # A setting that the record lacks came later, with the default of its meaning.
    expected = {
        name: value for name, value in (settings or {}).items() if name in run.config
    }
    expected.update(number.requires)
    return [
        f"{name} {run.config.get(name)}, the book's is {value}"
        for name, value in expected.items()
        if name not in _NO_HYPERPARAMETERS and not same(run.config.get(name), value)
    ]


def _missing_epochs(run: RunRecord, number: BookNumber) -> Optional[str]:
    rows = [row["epoch"] for row in run.epochs]
    if rows != list(range(1, number.num_epochs + 1)):
        return f"{len(rows)} epochs recorded, not each of 1 to {number.num_epochs}"
    if any(math.isnan(value) for value in published_curve(run, number)[-1:]):
        return f"{number.metric} is not in its record"
    return None


def same(ours: object, theirs: object) -> bool:
    """Whether two values of a setting are one."""
    if isinstance(ours, bool) or isinstance(theirs, bool):
        return ours is theirs
    if isinstance(ours, (int, float)) and isinstance(theirs, (int, float)):
        return math.isclose(ours, theirs, rel_tol=1e-12)
    return bool(ours == theirs)


def published_curve(
    run: RunRecord, number: BookNumber, epochs: Optional[Sequence[int]] = None
) -> List[float]:
    """The run's values at the published epochs, or some of them, in the book's metric.

    Raises
    ------
    KeyError, ArithmeticError
        If a row does not have what the metric is made of.
    """
    chosen = number.epochs if epochs is None else epochs
    return [number.value_of(run.epochs[epoch - 1]) for epoch in chosen]


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
