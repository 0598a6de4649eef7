"""The run directory: written by experiments, read by everything that judges or draws.

======================= =============================================================
file                    content
======================= =============================================================
config.json             ``format``, the experiment's name and every field of its
                        configuration
environment.json        versions, device, engine, threads, commit, corpus, command;
                        ``starts``: the same of every start, with its first epoch
epochs.jsonl            one flat JSON object an epoch, appended and flushed
result.json             the finished run's numbers and texts, with a digest of all, and
                        ``files``, the SHA-256 of every other file but the checkpoint
                        (which has its own)
samples.jsonl           with ``--sample-every``: what the net made while it learned
curve.png               the training curve
checkpoint.safetensors  the trained parameters
======================= =============================================================
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import (
    Any,
    Dict,
    Iterable,
    List,
    Mapping,
    Optional,
    Sequence,
    cast,
)

from ..errors import RunError, system_errors_as
from ..files import GrowingFile, PathLike, digests, make_directory, read_regular
from .json_files import (
    LARGEST_FILE,
    encode,
    line_of,
    parse,
    read_json,
    read_text,
    write_json,
)
from .metrics import perplexity
from .record_fields import Environment, Result, Row, Settings

Json = Mapping[str, object]

RUNS = "runs"  # where run directories are looked for
CONFIG, ENVIRONMENT = "config.json", "environment.json"
EPOCHS, RESULT = "epochs.jsonl", "result.json"
CHECKPOINT, CURVE = "checkpoint.safetensors", "curve.png"
#: Of a run directory's files, in ``config.json``; before it was noted there, none was.
FORMAT = 1
#: Rows of a record that are read; no experiment of ours has as many epochs.
MOST_ROWS = 100_000
#: What is said of a finished run whose result has no ``files`` yet.
OLDER = "older record: only config, epochs and result verified"
# Of a result, what is not under its digest: the digest itself, and what came later.
_NOT_DIGESTED = ("digest", "files")


def digest(config: Json, epochs: Sequence[Json], result: Json) -> str:
    """SHA-256 over what a run was asked for, what it went through and what it gave."""
    digested = {k: v for k, v in result.items() if k not in _NOT_DIGESTED}
    text = json.dumps(encode([config, epochs, digested]), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


class RunWriter:
    """Writes one run directory.

    Parameters
    ----------
    directory : path
        Made if need be.
    config, environment : dict
        Written at once.
    epochs : sequence of dict
        Rows to begin with: those of a run that is resumed.

    Raises
    ------
    RunError
        If its files cannot be written; the methods raise OSError then.
    """

    def __init__(
        self,
        directory: PathLike,
        config: Json,
        environment: Mapping[str, Any],
        epochs: Sequence[Json] = (),
    ) -> None:
        self.directory = Path(directory)
        self.config, self.environment = config, environment
        self.epochs = [dict(row) for row in epochs]
        with system_errors_as(RunError, f"run directory {self.directory}"):
            make_directory(self.directory)
            for stale in (RESULT, CURVE):
                if (self.directory / stale).exists():
                    (self.directory / stale).unlink()
            write_json(self.directory / CONFIG, {"format": FORMAT, **config})
            write_json(self.directory / ENVIRONMENT, environment)
            rows = b"".join(map(line_of, self.epochs))
            self._file = GrowingFile(self.directory / EPOCHS, rows)

    def append(self, row: Json) -> None:
        """Append one epoch to the file."""
        self.epochs.append(dict(row))
        self._file.append(line_of(row))

    def sync(self) -> None:
        """Wait until the epochs are on the disk: a checkpoint may count them then."""
        self._file.sync()

    def finish(self, result: Json) -> Dict[str, object]:
        """Write ``result.json`` with its digests; return what was written.

        Pictures that are there are covered: they are drawn before.
        """
        self.close()
        sealed = {
            **result,
            "digest": digest(self.config, self.epochs, result),
            "files": digests(self.directory, (RESULT, CHECKPOINT)),
        }
        write_json(self.directory / RESULT, sealed)
        return sealed

    def close(self) -> None:
        """Close the files; the run directory then holds an unfinished run."""
        self._file.close()


@dataclass(frozen=True)
class RunRecord:
    """A run directory as read.

    Attributes
    ----------
    directory : pathlib.Path
    config : dict
        Without its ``format``, which says how it is written.
    environment : Environment
    epochs : list of Row
    result : Result or None
        None for a run that has not finished.
    damage : str
        Why its files could not be read; empty for what ``read_run`` returns.
    """

    directory: Path
    config: Json
    environment: Environment
    epochs: List[Row]
    result: Optional[Result]
    damage: str = ""

    @property
    def experiment(self) -> str:
        """The experiment's name."""
        return str(self.config.get("experiment"))

    @property
    def seed(self) -> Optional[int]:
        """The seed; None where the record has none."""
        seed = self.config.get("seed")
        return seed if isinstance(seed, int) else None

    @property
    def older(self) -> bool:
        """Whether it finished before results had ``files``."""
        return self.result is not None and "files" not in self.result

    def verify(self) -> None:
        """Check that the finished run is what was written.

        Pictures are checked where they are shown (:mod:`.pictures`).

        Raises
        ------
        RunError
            If the run has not finished, the digest does not agree, a file is not the
            one that was written, or the final perplexity does not follow from the last
            epoch's loss.
        """
        if self.damage:
            raise RunError(self.damage)
        if self.result is None:
            raise RunError(f"run {self.directory}: not finished")
        if self.result.get("digest") != digest(self.config, self.epochs, self.result):
            raise RunError(
                f"run {self.directory}: changed after it was written (its digest does "
                "not agree)"
            )
        for name in () if self.older else (CONFIG, ENVIRONMENT, EPOCHS):
            if self.result["files"].get(name) != sha256_of(self.directory / name):
                raise RunError(
                    f"run {self.directory}: {name} changed after it was written (its "
                    "SHA-256 does not agree)"
                )
        if self.epochs and "perplexity" in self.result:
            last, stated = self.epochs[-1], self.result["perplexity"]
            try:
                derived = perplexity(last["loss"], last["tokens"])
                agrees = math.isclose(derived, float(stated or 0), rel_tol=1e-9)
            except (KeyError, ZeroDivisionError) as error:
                raise RunError(
                    f"run {self.directory}: its last epoch has no usable loss and "
                    f"tokens ({error!r})"
                ) from None
            if not agrees:
                raise RunError(
                    f"run {self.directory}: perplexity {stated} does not follow from "
                    f"its last epoch ({derived})"
                )


def sha256_of(path: Path) -> Optional[str]:
    """SHA-256 of a file of a run; None where there is none that can be read."""
    try:
        return hashlib.sha256(read_regular(path, LARGEST_FILE)).hexdigest()
    except OSError:
        return None


def read_run(directory: PathLike) -> RunRecord:
    """Read a run directory, finished or not.

    Raises
    ------
    RunError
        If it is no run directory, or a file in it cannot be read.
    """
    directory = Path(directory)
    with system_errors_as(RunError, f"run {directory}"):
        if not directory.is_dir():
            raise RunError(f"run {directory}: no such directory")
        if not (directory / CONFIG).is_file():
            raise RunError(
                f"run {directory}: not a run directory ({CONFIG} is missing)"
            )
    result = directory / RESULT
    epochs = []
    rows, environment = directory / EPOCHS, directory / ENVIRONMENT
    lines = read_text(rows).split("\n") if rows.exists() else []
    if lines and lines[-1] == "":
        lines.pop()
    if len(lines) > MOST_ROWS:
        raise RunError(f"{rows}: more than the {MOST_ROWS:,} epochs accepted")
    for number, line in enumerate(lines, start=1):
        try:
            epochs.append(parse(line, Row))
        except ValueError as error:
            # A machine that stopped in the middle of a line has lost only that line.
            if number == len(lines) and not result.exists():
                break
            raise RunError(f"{rows}, line {number}: {error}") from None
    return RunRecord(
        directory,
        _config_in(directory),
        read_json(environment, Environment) if environment.exists() else {},
        epochs,
        read_json(result, Result) if result.exists() else None,
    )


def _config_in(directory: Path) -> Json:
    """A run's settings, without the format that they are written in."""
    config = read_json(directory / CONFIG, Settings)
    found = config.pop("format", FORMAT)
    if not 1 <= found <= FORMAT:
        raise RunError(
            f"run {directory}: {CONFIG} is of format {found}, and formats up to "
            f"{FORMAT} are read here: a newer d2l_rnn wrote it"
        )
    return cast(Json, config)


def read_runs(paths: Iterable[PathLike]) -> List[RunRecord]:
    """Read run directories, and all those below the other directories given.

    Below a directory, a record that cannot be read becomes one with its ``damage``, so
    that it hides no others. Read only if named are runs that made room for another
    (``earlier-1-seed-1``), hidden folders (a run grows longer there), runs in a run.

    Raises
    ------
    RunError
        If a path is no directory, is a run that cannot be read, or has none below it.
    """
    records = []
    for path in map(Path, paths):
        if os.path.isfile(path / CONFIG) or not os.path.isdir(path):
            records.append(read_run(path))
            continue
        with system_errors_as(RunError, str(path)):
            os.listdir(path)
            below = _run_directories(path)
        if not below:
            raise RunError(f"{path}: no run directory, and none below it")
        records += map(_read_or_note, below)
    return records


def _run_directories(path: Path) -> List[Path]:
    """All directories below that hold a file of a run, complete or not."""
    found = {f.parent for name in (CONFIG, EPOCHS, RESULT) for f in path.rglob(name)}
    runs = {run for run in found if (run / CONFIG).is_file()}
    alone = sorted(run for run in found if runs.isdisjoint(run.parents))
    return [run for run in alone if not run.name.startswith(("earlier-", "."))]


def _read_or_note(directory: Path) -> RunRecord:
    try:
        return read_run(directory)
    except RunError as error:
        return _damaged(directory, directory.parent.name, error)


def verified(record: RunRecord) -> RunRecord:
    """A run for showing: as it is, but nothing of a finished one that was changed.

    Returns
    -------
    RunRecord
        The same; or one with the reason as its ``damage`` and nothing else.
    """
    try:
        if record.result is not None:
            record.verify()
        return record
    except RunError as error:
        return _damaged(record.directory, record.experiment, error)


def _damaged(directory: Path, experiment: str, error: RunError) -> RunRecord:
    return RunRecord(directory, {"experiment": experiment}, {}, [], None, str(error))
