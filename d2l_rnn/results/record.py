"""The run directory: written by experiments, read by everything that judges or draws.

======================= =============================================================
file                    content
======================= =============================================================
config.json             the experiment's name and every field of its configuration
environment.json        versions, device, engine, threads, commit, corpus, command
epochs.jsonl            one flat JSON object an epoch, appended and flushed
result.json             the finished run's numbers and texts, with a digest of all
curve.png               the training curve
checkpoint.safetensors  the trained parameters
======================= =============================================================
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional

from ..errors import RunError
from ..files import PathLike, write_bytes
from .metrics import perplexity

Json = Dict[str, Any]

RUNS = "runs"  # where run directories are looked for
CONFIG, ENVIRONMENT = "config.json", "environment.json"
EPOCHS, RESULT = "epochs.jsonl", "result.json"
CHECKPOINT, CURVE = "checkpoint.safetensors", "curve.png"

_LARGEST_FILE = 64 << 20  # bytes; a record is far smaller, what is not is no record


def write_json(path: PathLike, content: Json) -> None:
    """Write a JSON object atomically, indented, keys in their order."""
    write_bytes(path, (json.dumps(_encode(content), indent=2) + "\n").encode())


def _encode(value: Any) -> Any:
    """JSON has no infinity: write it, and what is not a number, as a string."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: _encode(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_encode(item) for item in value]
    return value


def _decode(row: Json) -> Json:
    """Undo :func:`_encode` for the numbers at the top of an object."""
    strings = ("inf", "-inf", "nan")
    return {
        key: float(value) if isinstance(value, str) and value in strings else value
        for key, value in row.items()
    }


def digest(config: Json, epochs: List[Json], result: Json) -> str:
    """SHA-256 over what a run was asked for, what it went through and what it gave."""
    content = [config, epochs, {k: v for k, v in result.items() if k != "digest"}]
    text = json.dumps(_encode(content), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


class RunWriter:
    """Writes one run directory.

    Parameters
    ----------
    directory : path
        Made if need be.
    config, environment : dict
        Written at once.
    epochs : list of dict
        Rows to begin with: those of a run that is resumed.
    """

    def __init__(
        self,
        directory: PathLike,
        config: Json,
        environment: Json,
        epochs: Optional[List[Json]] = None,
    ) -> None:
        self.directory = Path(directory)
        self.config, self.environment = config, environment
        self.epochs = list(epochs or [])
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            for stale in (RESULT, CURVE):
                if (self.directory / stale).exists():
                    (self.directory / stale).unlink()
            write_json(self.directory / CONFIG, config)
            write_json(self.directory / ENVIRONMENT, environment)
            write_bytes(self.directory / EPOCHS, b"".join(map(_line, self.epochs)))
            self._file = open(self.directory / EPOCHS, "ab")
        except OSError as error:
            raise RunError(
                f"run directory {self.directory}: {error.strerror or error}"
            ) from None

    def append(self, row: Json) -> None:
        """Append one epoch and flush it to the file."""
        self.epochs.append(row)
        self._file.write(_line(row))
        self._file.flush()

    def finish(self, result: Json) -> Json:
        """Write ``result.json`` with its digest; return what was written."""
        self.close()
        result = dict(result)
        result["digest"] = digest(self.config, self.epochs, result)
        write_json(self.directory / RESULT, result)
        return result

    def close(self) -> None:
        """Close the files; the run directory then holds an unfinished run."""
        self._file.close()


def _line(row: Json) -> bytes:
    return (json.dumps(_encode(row)) + "\n").encode()


@dataclass(frozen=True)
class RunRecord:
    """A run directory as read.

    Attributes
    ----------
    directory : pathlib.Path
    config, environment : dict
    epochs : list of dict
        Keys ``epoch``, ``loss`` (summed, nats), ``tokens``, ``seconds``,
        ``perplexity``, ``tokens_per_sec`` and an experiment's own.
    result : dict or None
        None for a run that has not finished.
    damage : str
        Why its files could not be read; empty for what ``read_run`` returns.
    """

    directory: Path
    config: Json
    environment: Json
    epochs: List[Json]
    result: Optional[Json]
    damage: str = ""

    @property
    def experiment(self) -> str:
        """The experiment's name."""
        return str(self.config.get("experiment"))

    def verify(self) -> None:
        """Check that the finished run is what was written.

        Raises
        ------
        RunError
            If the run has not finished, the digest does not agree, or the final
            perplexity does not follow from the last epoch's loss.
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
        if self.epochs and "perplexity" in self.result:
            last, stated = self.epochs[-1], self.result["perplexity"]
            try:
                derived = perplexity(last["loss"], last["tokens"])
                agrees = math.isclose(derived, stated, rel_tol=1e-9)
            except (KeyError, TypeError, ZeroDivisionError) as error:
                raise RunError(
                    f"run {self.directory}: its last epoch has no usable loss and "
                    f"tokens ({error!r})"
                ) from None
            if not agrees:
                raise RunError(
                    f"run {self.directory}: perplexity {stated} does not follow from "
                    f"its last epoch ({derived})"
                )


def read_run(directory: PathLike) -> RunRecord:
    """Read a run directory, finished or not.

    Raises
    ------
    RunError
        If it is no run directory, or a file in it cannot be read.
    """
    directory = Path(directory)
    if not directory.is_dir():
        raise RunError(f"run {directory}: no such directory")
    if not (directory / CONFIG).is_file():
        raise RunError(f"run {directory}: not a run directory ({CONFIG} is missing)")
    result = directory / RESULT
    epochs = []
    lines = _read(directory / EPOCHS).splitlines() if _exists(directory, EPOCHS) else []
    for number, line in enumerate(lines, start=1):
        try:
            epochs.append(_object(line))
        except ValueError as error:
            # A machine that stopped in the middle of a line has lost only that line.
            if number == len(lines) and not result.exists():
                break
            raise RunError(f"{directory / EPOCHS}, line {number}: {error}") from None
    return RunRecord(
        directory,
        _read_json(directory / CONFIG),
        _read_json(directory / ENVIRONMENT) if _exists(directory, ENVIRONMENT) else {},
        epochs,
        _read_json(result) if result.exists() else None,
    )


def read_runs(paths: Iterable[PathLike]) -> List[RunRecord]:
    """Read run directories, and all those below the other directories given.

    What is below a directory is taken as it is: a record that cannot be read becomes
    one with its ``damage``, so that it does not hide the others. Runs that made room
    for another (``earlier-1-seed-1``) are read only if they are named themselves.

    Raises
    ------
    RunError
        If a path is not a directory, is a run that cannot be read, or has no run below
        it.
    """
    records = []
    for path in map(Path, paths):
        if (path / CONFIG).is_file() or not path.is_dir():
            records.append(read_run(path))
            continue
        below = _run_directories(path)
        if not below:
            raise RunError(f"{path}: no run directory, and none below it")
        records += map(_read_or_note, below)
    return records


def _run_directories(path: Path) -> List[Path]:
    """All directories below that hold a file of a run, complete or not."""
    files = (path.rglob(name) for name in (CONFIG, EPOCHS, RESULT))
    found = {file.parent for group in files for file in group}
    return sorted(run for run in found if not run.name.startswith("earlier-"))


def _read_or_note(directory: Path) -> RunRecord:
    try:
        return read_run(directory)
    except RunError as error:
        name = {"experiment": directory.parent.name}
        return RunRecord(directory, name, {}, [], None, str(error))


def _exists(directory: Path, name: str) -> bool:
    return (directory / name).exists()


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise RunError(f"{path}: larger than {_LARGEST_FILE} bytes, not a record")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise RunError(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise RunError(f"{path}: not UTF-8 text") from None


def _read_json(path: Path) -> Json:
    try:
        return _object(_read(path))
    except ValueError as error:
        raise RunError(f"{path}: {error}") from None


def _object(text: str) -> Json:
    """Parse one JSON object; ValueError says what else it is."""
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return _decode(value)
