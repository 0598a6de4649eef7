"""What a run leaves on the disk as it goes: rows, states, and at last its result."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Mapping, Optional, Sequence

from ..history import recorded
from ..results import record
from ..results.book import BookNumber, load_book
from ..results.metrics import median
from ..results.record_fields import Row
from ..results.samples import Sample, SamplesWriter
from .contract import ExperimentRun, Json, Source
from .directories import usable
from .environment import environment, with_starts
from .resume import EPOCH, ROWS, RowsHash

if TYPE_CHECKING:
    from ..protocols import Arrays
    from ..training.loop import EpochRow


class RunLog:
    """The files of one run under way.

    Parameters
    ----------
    directory : pathlib.Path
    config : dict
        As it stands in ``config.json``.
    source : Source
    devices : str
        The device, or all that share the training.
    kept : sequence of dict
        Rows of a run that is resumed.
    before : mapping, optional
        The environment of that run.
    path : str
        Which path its numbers take: :meth:`ExperimentRun.path`.
    perplexities : bool
        Whether exp(loss / tokens) is one: :attr:`ExperimentRun.perplexities`.
    samples : sequence of Sample, optional
        Those of a run that is resumed; None where none are recorded.

    Raises
    ------
    RunError
        By every method that writes, where the file cannot be written.
    """

    def __init__(
        self,
        directory: Path,
        config: Json,
        source: Source,
        devices: str,
        kept: Sequence[Json] = (),
        before: Optional[Mapping[str, Any]] = None,
        path: str = "plain",
        perplexities: bool = True,
        samples: Optional[Sequence[Sample]] = None,
    ) -> None:
        self._perplexities = perplexities
        self.directory, self.source, self.devices = directory, source, devices
        corpus = {"name": source.name, "sha1": source.sha1, "tokens": source.tokens}
        now = with_starts(environment(devices, corpus, path), len(kept) + 1, before)
        self._writer = record.RunWriter(directory, config, now, kept)
        self._samples: Optional[SamplesWriter] = None
        if samples is not None:
            with usable(directory):
                self._samples = SamplesWriter(directory, samples)
        self._hash = RowsHash(kept)
        # Of earlier starts what their epochs took; what else they took is not known.
        before_this = sum(row["seconds"] for row in kept)
        self._started = time.perf_counter() - before_this

    @property
    def epochs(self) -> Sequence[Json]:
        """The rows so far, as recorded."""
        return self._writer.epochs

    def append(self, row: Any, metrics: Mapping[str, float]) -> Json:
        """Record an ``EpochRow``; return it as recorded."""
        fields = {**recorded(row), **metrics}
        if not self._perplexities:
            del fields["perplexity"]
        with usable(self.directory):
            self._writer.append(fields)
        self._hash.update(fields)
        return fields

    def sample(self, epoch: int, made: Json) -> None:
        """Record what the net makes after an epoch; nothing where it makes nothing."""
        if self._samples is not None and made:
            with usable(self.directory):
                self._samples.append({"epoch": epoch, **made})  # type: ignore[typeddict-item]

    def save(self, arrays: Arrays, identity: Json) -> None:
        """Save the state after the rows so far, with what it is the state of."""
        from .. import checkpoint_file

        notes = {**identity, EPOCH: len(self.epochs), ROWS: self._hash.hexdigest()}
        with usable(self.directory):
            self._writer.sync()  # before a checkpoint that counts them
            if self._samples is not None:
                self._samples.sync()
            path = self.directory / record.CHECKPOINT
            checkpoint_file.save(path, dict(arrays), notes)

    def result(self, own: Json) -> Json:
        """What every finished run tells, and its own."""
        complete: Json = {
            "experiment": self._writer.config["experiment"],
            "seed": self._writer.config["seed"],
            "status": "finished",
            "device": self.devices,
            "corpus": self.source.name,
            "corpus_sha1": self.source.sha1,
        }
        epochs = self.epochs
        if epochs:
            complete["epochs"] = len(epochs)
            if self._perplexities:
                complete["perplexity"] = epochs[-1]["perplexity"]
            speeds = [row["tokens_per_sec"] for row in epochs]
            complete["tokens_per_sec"] = median(speeds)
            complete["seconds"] = sum(row["seconds"] for row in epochs)
        else:
            complete["seconds"] = time.perf_counter() - self._started
        complete["wall_seconds"] = time.perf_counter() - self._started
        return {**complete, **own}

    def finish(self, result: Json) -> None:
        """Write the result, which ends the run."""
        with usable(self.directory):
            self._writer.finish(result)

    def close(self) -> None:
        """Close the files; without a result the run can be resumed."""
        if self._samples is not None:
            self._samples.close()
        self._writer.close()


def against_the_book(name: str, run: ExperimentRun[Any]) -> Dict[str, Any]:
    """What progress draws a run against: the published number, and ours in its metric.

    Ours is that of the record to come. Empty where the book prints none.
    """
    number = load_book().get(name)
    if number is None:
        return {}
    return {"number": number, "published": partial(_published, number, run)}


def _published(number: BookNumber, run: ExperimentRun[Any], row: EpochRow) -> float:
    fields: Row = {"loss": float(row.loss), "tokens": int(row.tokens)}
    heldout = run.metrics(row).get("heldout_perplexity")
    if heldout is not None:
        fields["heldout_perplexity"] = heldout
    return number.value_of(fields)
