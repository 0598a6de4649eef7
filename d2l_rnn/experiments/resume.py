"""Going on where a run was stopped, and only where that is certain.

A checkpoint says of what it is the state: the experiment, the seed, the SHA-1 of the
data, and a SHA-256 over the rows up to its epoch. What is in the run directory has to
agree with that, row for row, and so does what is asked for now. Rows behind the
checkpoint are dropped: those epochs are trained again, to the same numbers.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Any,
    Iterable,
    List,
    Mapping,
    NoReturn,
    Sequence,
    Tuple,
    TypedDict,
)

from ..errors import RunError, UsageError
from ..results import record
from ..results.json_files import line_of
from ..results.record_fields import Corpus, Row
from ..strict_json import check
from .configs import Config
from .contract import ExperimentRun, Json
from .settings import from_record, settings_with
from .table import Experiment

if TYPE_CHECKING:
    from ..protocols import Arrays

#: Notes of ours in a checkpoint; all others are the experiment's.
EPOCH, ROWS = "epoch", "rows_sha256"


def refuse(directory: Path, why: str) -> NoReturn:
    """Raise RunError: what does not fit, and how to go on, from any command."""
    raise RunError(
        f"run directory {directory}: {why}; move it away and the same command begins "
        "anew"
    )


def config_json(experiment: Experiment, config: Config) -> Json:
    """A configuration as it stands in ``config.json``."""
    named = {"experiment": experiment.name}
    if experiment.file_sha256:  # a reader's own: another file is another experiment
        named["file_sha256"] = experiment.file_sha256
    return {**named, **asdict(config)}


def check_settings(
    earlier: record.RunRecord, experiment: Experiment, config: Config
) -> int:
    """Refuse to go on with other settings than a run began with, or fewer epochs.

    Returns
    -------
    int
        The number of epochs that the run was to have; more may be asked for now.
    """
    try:
        begun = config_json(experiment, from_record(experiment.config, earlier.config))
    except UsageError as error:
        raise RunError(f"{earlier.directory / record.CONFIG}: {error}") from None
    own = {field.name for field in fields(config)}
    others = {key: v for key, v in earlier.config.items() if key not in own}
    found = {**begun, **others}
    wanted = config_json(experiment, config)
    where = settings_with(config, "device", "folder")  # not what it computes
    for key in sorted((set(wanted) | set(found)) - set(where)):
        had, asked = found.get(key), wanted.get(key)
        longer = False
        if key == "num_epochs" and isinstance(had, int) and isinstance(asked, int):
            longer = had <= asked
        if had != asked and not longer:
            plain = key.isidentifier() and len(key) <= 60
            name = key if plain else f"{key!a:.60}"
            raise RunError(
                f"run directory {earlier.directory}: began with {name} {had!r:.60}, "
                f"not {asked!r:.60}; resume it as it was, or name another with --out"
            )
    return int(found.get("num_epochs", 0))


class RowsHash:
    """A SHA-256 over rows, one after the other, as they are written."""

    def __init__(self, rows: Iterable[record.Json] = ()) -> None:
        self._sha256 = hashlib.sha256()
        for row in rows:
            self.update(row)

    def update(self, row: record.Json) -> None:
        """Take in one more row."""
        self._sha256.update(line_of(row))

    def hexdigest(self) -> str:
        """Of the rows so far."""
        return self._sha256.hexdigest()


def identity(experiment: Experiment, run: ExperimentRun[Any]) -> Json:
    """What a checkpoint is the state of, whatever its epoch: its notes."""
    corpus = {"name": run.source.name, "sha1": run.source.sha1}
    return {
        **run.notes(),
        "experiment": experiment.name,
        "seed": run.config.seed,
        "corpus": corpus,
    }


def reached(
    earlier: record.RunRecord, experiment: Experiment, run: ExperimentRun[Any]
) -> Tuple[List[Json], Arrays]:
    """The rows that a run keeps, and the state after them; none where none was saved.

    Raises
    ------
    RunError
        If data, rows and checkpoint do not agree with one another, or with what is
        asked for now.
    """
    directory = earlier.directory
    corpus = earlier.environment.get("corpus") or {}
    if corpus.get("sha1", run.source.sha1) != run.source.sha1:
        refuse(
            directory,
            f"began with another text ({corpus.get('name')}, SHA-1 {corpus['sha1']}) "
            f"than is read now ({run.source.name}, SHA-1 {run.source.sha1})",
        )
    path = directory / record.CHECKPOINT
    if not path.exists():
        return [], {}  # stopped before anything was saved: the rows come again
    arrays, notes = load_checkpoint(path)
    _check_identity(directory, notes, identity(experiment, run))
    problem = other_rows(notes, earlier.epochs)
    if problem:
        refuse(directory, problem)
    return [{**row} for row in earlier.epochs[: notes[EPOCH]]], arrays


class _Notes(TypedDict, total=False):
    """What the runner notes in a checkpoint; those of version 0.1.0 have less."""

    experiment: str
    seed: int
    epoch: int
    rows_sha256: str
    corpus: Corpus


def load_checkpoint(path: Path) -> Tuple[Arrays, Mapping[str, Any]]:
    """A run's checkpoint, of which also the notes are what they should be.

    Raises
    ------
    RunError
        If it is none of a run.
    """
    from .. import checkpoint_file

    arrays, notes = checkpoint_file.load(path)
    try:
        check(notes, _Notes, "note ")
        if notes.get(EPOCH, 0) < 0:
            raise ValueError(f"note {EPOCH} {notes[EPOCH]}: accepted is at least 0")
    except ValueError as error:
        raise RunError(f"checkpoint {path}: {error}") from None
    return arrays, notes


def checkpoint_of(
    trained: record.RunRecord, path: Path
) -> Tuple[Arrays, Mapping[str, Any]]:
    """A checkpoint for use elsewhere, beside the record of the run that it is of.

    Raises
    ------
    RunError
        If it is none, or of another run; or a finished run was changed.
    """
    if trained.result is not None:
        trained.verify()
    arrays, notes = load_checkpoint(path)
    problem = _of_another_run(notes, trained)
    if problem:
        raise RunError(f"checkpoint {path}: {problem}")
    return arrays, notes


def _of_another_run(notes: Mapping[str, Any], trained: record.RunRecord) -> str:
    """What keeps a checkpoint from being of the run whose record lies beside it."""
    corpus = trained.environment.get("corpus", {})
    beside = {
        "experiment": trained.experiment,
        "seed": trained.seed,
        "corpus": corpus.get("sha1"),
    }
    found = {**notes, "corpus": notes.get("corpus", {}).get("sha1")}
    for name, value in beside.items():
        if value is not None and found.get(name) not in (value, None):
            return f"of another {name} than the record beside it, {found[name]!r:.60}"
    return other_rows(notes, trained.epochs) if EPOCH in notes else ""


def other_rows(notes: Mapping[str, Any], rows: Sequence[Row]) -> str:
    """What keeps rows from being those that a checkpoint is the state after."""
    epoch = notes.get(EPOCH)
    if epoch is None:
        return "its checkpoint does not say after which epoch it was made"
    kept = rows[:epoch]
    if [row.get("epoch") for row in kept] != list(range(1, len(kept) + 1)) or (
        len(kept) < epoch
    ):
        return (
            f"its checkpoint is the state after epoch {epoch}, and {record.EPOCHS} has "
            f"not each of the epochs 1 to {epoch} once"
        )
    if ROWS in notes and notes[ROWS] != RowsHash(kept).hexdigest():
        return (
            f"{record.EPOCHS} is not what was written: its first {epoch} rows do not "
            "have the SHA-256 that the checkpoint states"
        )
    return ""


def _check_identity(
    directory: Path, found: Mapping[str, Any], wanted: Mapping[str, Any]
) -> None:
    """A checkpoint of version 0.1.0 says less of itself: what it says has to agree."""
    wanted = json.loads(json.dumps(wanted))
    for key, value in wanted.items():
        if found.get(key, value) != value:
            refuse(
                directory,
                f"its checkpoint is of another {key}"
                + (f", {found[key]!r:.60}" if isinstance(value, (str, int)) else ""),
            )
