"""One run: its directory, its device, its progress, and a way to stop and go on."""

from __future__ import annotations

import signal
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence

from ..errors import RunError
from ..progress import Progress
from ..results import record, tensorboard
from ..results.metrics import median, perplexity
from .configs import Config
from .directories import make_room, run_directory, sole_use
from .environment import environment
from .settings import settings_with
from .table import Experiment

Json = Dict[str, Any]

_CHECKPOINT_EVERY_SECONDS = 20.0


class Interrupted(Exception):
    """The run was asked to stop; what it had reached is saved."""

    def __init__(self, directory: Path) -> None:
        super().__init__(
            f"interrupted; what was reached is saved in {directory}: the same command "
            "with --resume goes on"
        )


@dataclass(frozen=True)
class Options:
    """What a run is told beside its configuration: where to write, what to show."""

    out: str = ""
    resume: bool = False
    quiet: bool = False
    plot: bool = True
    tensorboard: bool = False


class Run:
    """A run that is under way; given to an experiment family's ``run``.

    Attributes
    ----------
    directory : pathlib.Path
    device : mxnet.Context
    options : Options
    notify : callable
        Tells the user something in a line.
    epochs : list of dict
        Rows that a resumed run begins with.
    """

    def __init__(
        self,
        experiment: Experiment,
        config: Config,
        options: Options,
        notify: Callable[[str], None],
    ) -> None:
        from ..devices import device_from

        self.experiment, self.config, self.options = experiment, config, options
        self.notify = notify
        self.directory = run_directory(experiment.name, config.seed, options.out)
        self.device = device_from(config.device)
        self.epochs: List[Json] = []
        self._writer: Optional[record.RunWriter] = None
        self._scalars: Optional[tensorboard.Scalars] = None
        self._started = time.perf_counter()
        if options.tensorboard:
            tensorboard.import_summary_writer()  # complain before anything is written

    @property
    def checkpoint(self) -> Path:
        """Where the trained parameters go."""
        return self.directory / record.CHECKPOINT

    def begin(self, corpus: Json, epochs: Sequence[Mapping[str, Any]] = ()) -> None:
        """Open the run directory; an earlier run in it is moved aside, not lost.

        Parameters
        ----------
        corpus : dict
            ``name``, ``sha1`` and ``tokens`` of the data, for the record.
        epochs : sequence of dict
            Rows that a resumed run keeps.
        """
        if not (self.options.resume and (self.directory / record.CONFIG).exists()):
            moved = make_room(self.directory)
            if moved:
                self.notify(f"{self.directory} held an earlier run, now in {moved}")
        self.epochs = [dict(row) for row in epochs]
        self._writer = record.RunWriter(
            self.directory,
            config_json(self.experiment, self.config),
            environment(self.device, corpus),
            self.epochs,
        )
        if self.options.tensorboard:
            self._scalars = tensorboard.Scalars(self.directory, self.epochs)

    def follow(
        self,
        rows: Iterator[Any],
        save: Callable[[int], None],
        extra: Optional[Callable[[Any], Json]] = None,
    ) -> None:
        """Record the epochs of a training as they come.

        Parameters
        ----------
        rows : iterator of EpochRow
        save : callable
            ``save(epoch)`` writes the checkpoint after that epoch.
        extra : callable, optional
            ``extra(row)`` gives further metrics for the record.

        Raises
        ------
        Interrupted
            On SIGINT or SIGTERM, after the epoch under way is over and saved.
        """
        assert self._writer is not None
        num_epochs = getattr(self.config, "num_epochs")
        progress = Progress(num_epochs, len(self.epochs) + 1, self.options.quiet)
        saved = time.perf_counter()
        try:
            with _stop_requests() as stop_requested:
                for row in rows:
                    fields = epoch_json(row)
                    fields.update(extra(row) if extra else {})
                    self._writer.append(fields)
                    if self._scalars is not None:
                        self._scalars.write(fields)
                    progress.show(row)
                    last = row.epoch == num_epochs
                    late = time.perf_counter() - saved > _CHECKPOINT_EVERY_SECONDS
                    if last or late or stop_requested():
                        save(row.epoch)
                        saved = time.perf_counter()
                    if stop_requested() and not last:
                        raise Interrupted(self.directory)
        finally:
            progress.close()
            self.epochs = self._writer.epochs

    def finish(self, result: Json) -> Json:
        """Write ``result.json``; return it."""
        assert self._writer is not None
        corpus = self._writer.environment["corpus"]
        complete: Json = {
            "experiment": self.experiment.name,
            "seed": self.config.seed,
            "status": "finished",
            "device": str(self.device),
            "corpus": corpus["name"],
            "corpus_sha1": corpus["sha1"],
        }
        if self.epochs:
            speeds = [row["tokens_per_sec"] for row in self.epochs]
            complete["epochs"] = len(self.epochs)
            complete["perplexity"] = self.epochs[-1]["perplexity"]
            complete["tokens_per_sec"] = median(speeds)
            complete["seconds"] = sum(row["seconds"] for row in self.epochs)
        else:
            complete["seconds"] = time.perf_counter() - self._started
        complete.update(result)
        if self._scalars is not None:
            self._scalars.finish(complete)
        return self._writer.finish(complete)

    def draw_curve(self) -> None:
        """Draw the run's training curve, over the band of the book's builds."""
        from ..results.book import load_book
        from ..results.plots import curve_figure, save

        name = self.experiment.name
        run = record.read_run(self.directory)
        figure = curve_figure([run], load_book().get(name))
        save(figure, self.directory / record.CURVE)

    def close(self) -> None:
        """Close the files of a run that ends early."""
        if self._writer is not None:
            self._writer.close()
        if self._scalars is not None:
            self._scalars.close()


def epoch_json(row: Any) -> Json:
    """An ``EpochRow`` as it stands in ``epochs.jsonl``."""
    return {
        "epoch": row.epoch,
        "loss": row.loss,
        "tokens": row.tokens,
        "seconds": row.seconds,
        "perplexity": perplexity(row.loss, row.tokens),
        "tokens_per_sec": row.tokens / row.seconds,
    }


def config_json(experiment: Experiment, config: Config) -> Json:
    """A configuration as it stands in ``config.json``."""
    return {"experiment": experiment.name, **asdict(config)}


@contextmanager
def _stop_requests() -> Iterator[Callable[[], bool]]:
    """Note SIGINT and SIGTERM instead of dying; a second SIGINT interrupts at once."""
    asked: List[int] = []

    def note(number: int, frame: Any) -> None:
        if asked and number == signal.SIGINT:
            raise KeyboardInterrupt
        asked.append(number)

    try:
        previous = {s: signal.signal(s, note) for s in (signal.SIGINT, signal.SIGTERM)}
    except ValueError:  # not in the main thread: signals are someone else's
        yield lambda: False
        return
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def run_experiment(
    experiment: Experiment,
    config: Config,
    options: Options = Options(),
    notify: Callable[[str], None] = lambda message: None,
) -> record.RunRecord:
    """Run one experiment and return its record.

    Parameters
    ----------
    experiment : Experiment
    config : Config
        The experiment's own, or changed with ``dataclasses.replace``.
    options : Options
    notify : callable
        Told, in a line, what the user should know.

    Raises
    ------
    RunError
        If the run directory is unusable or belongs to a run with other settings.
    Interrupted
        If the run was asked to stop.
    """
    directory = run_directory(experiment.name, config.seed, options.out)
    with sole_use(directory):
        if options.resume and (directory / record.CONFIG).exists():
            earlier = record.read_run(directory)
            _check_same(earlier, experiment, config)
            if earlier.result is not None:
                earlier.verify()
                return earlier
        run = Run(experiment, config, options, notify)
        try:
            family = import_module(f"{__package__}.{experiment.family}")
            family.run(config, run)
        finally:
            run.close()
        return record.read_run(directory)


def _check_same(
    earlier: record.RunRecord, experiment: Experiment, config: Config
) -> None:
    """Refuse to go on with other settings than a run began with."""
    # A field that the record lacks came later, with the default that keeps its meaning.
    found = {**config_json(experiment, experiment.config), **earlier.config}
    wanted = config_json(experiment, config)
    where = settings_with(config, "device", "folder")  # not what it computes
    for key in sorted((set(wanted) | set(found)) - set(where)):
        if wanted.get(key) != found.get(key):
            raise RunError(
                f"run directory {earlier.directory}: began with {key} "
                f"{found.get(key)!r}, not {wanted.get(key)!r}; resume it as it was, or "
                "name another with --out"
            )
