"""The runner: directory, resuming, record, progress, signals and pictures of any run.

An experiment states its mathematics (:mod:`.contract`); all that surrounds it is here,
once. A finished run that is asked for more epochs goes on in a hidden folder inside its
directory and takes the finished one's place when it has ended itself.
"""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Dict, List, Optional

from .. import signals
from ..errors import D2lRnnError, RunError
from ..patience import told
from ..progress import Progress
from ..results import record, tensorboard
from ..results.samples import Sample, read_samples
from .configs import Config
from .contract import ExperimentRun, Json, Notify, tell_nobody
from .directories import LONGER, make_room, run_directory, sole_use, usable
from .initial_weights import settled
from .resume import check_settings, config_json, identity, reached
from .run_log import RunLog, against_the_book
from .table import Experiment, find
from .together import first_of, joined

_CHECKPOINT_EVERY_SECONDS = 20.0


@dataclass(frozen=True)
class Options:
    """What a run is told beside its configuration: where to write, what to show."""

    out: str = ""
    resume: bool = False
    quiet: bool = False
    plot: bool = True
    tensorboard: bool = False
    num_workers: int = 0  # of which this process is the first; 0: it is alone


def run_experiment(
    experiment: Experiment,
    config: Config,
    options: Options = Options(),
    notify: Notify = lambda message: None,
) -> record.RunRecord:
    """Run one experiment and return its record.

    Parameters
    ----------
    experiment : Experiment
    config : Config
        The experiment's own, or changed with ``dataclasses.replace``.
    options : Options
        With ``resume``, an interrupted run goes on, a finished one is returned as it
        is, or goes on to the greater number of epochs that ``config`` asks for.
    notify : callable
        Told, in a line, what the user should know.

    Raises
    ------
    RunError
        If the run directory is unusable, or does not agree with itself or with what
        is asked for.
    signals.Interrupted
        If the run was asked to stop.
    """
    config = settled(experiment, config, notify)
    whose = getattr(config, "initial_weights", "seed")
    directory = run_directory(experiment.name, config.seed, options.out, whose)
    with sole_use(directory):
        with usable(directory):
            earlier = _earlier(directory, experiment, config, options, notify)
        if earlier is not None and earlier.result is not None:
            if not _longer(config, earlier):
                return earlier
        _Running(experiment, config, options, notify, directory, earlier).to_the_end()
        return record.read_run(directory)


def _earlier(
    directory: Path,
    experiment: Experiment,
    config: Config,
    options: Options,
    notify: Notify,
) -> Optional[record.RunRecord]:
    """The run that is to be resumed, checked; None where there is none."""
    if not options.resume:
        return None
    if not (directory / record.CONFIG).exists():
        if not options.quiet:
            notify(f"nothing to resume in {directory}: the run begins")
        return None
    _take_the_place(directory)
    earlier = record.read_run(directory)
    check_settings(earlier, experiment, config)
    if earlier.result is None:
        return earlier
    earlier.verify()
    longer = directory / LONGER
    if _longer(config, earlier) and (longer / record.CHECKPOINT).exists():
        earlier = record.read_run(longer)
        check_settings(earlier, experiment, config)
    return earlier


def _longer(config: Config, earlier: record.RunRecord) -> bool:
    """Whether more epochs are asked for than a run was to have."""
    asked, had = getattr(config, "num_epochs", 0), earlier.config.get("num_epochs")
    return isinstance(had, int) and asked > had


def _take_the_place(directory: Path) -> None:
    """Where a longer run has finished, its files become the run's, the result last.

    A kill in between loses nothing: what is left is moved when the run is next asked
    for.
    """
    longer = directory / LONGER
    with usable(directory):
        if (longer / record.RESULT).exists():
            for path in sorted(longer.iterdir(), key=lambda p: p.name == record.RESULT):
                os.replace(path, directory / path.name)
            longer.rmdir()


class _Running:
    """One run under way, from its data to its pictures."""

    def __init__(
        self,
        experiment: Experiment,
        config: Config,
        options: Options,
        notify: Notify,
        directory: Path,
        earlier: Optional[record.RunRecord],
    ) -> None:
        from .placing import devices_of, named

        self.experiment, self.config, self.options = experiment, config, options
        self.notify, self.directory, self.earlier = notify, directory, earlier
        finished = earlier is not None and (directory / record.RESULT).exists()
        #: Where the run's files go.
        self.place = directory / LONGER if finished else directory
        self.num_epochs: int = getattr(config, "num_epochs", 0)
        self.sample_every: int = getattr(config, "sample_every", 0)
        if options.tensorboard:
            tensorboard.import_library()  # complain before anything is written
        family, tell = experiment.family(), self._patiently()
        devices = devices_of(family, config, launched=bool(options.num_workers))
        workers = first_of(options.num_workers)
        self.devices = named(devices, workers)
        # What is said of a run that is refused after all would hide why it is.
        held: List[str] = []
        self.tell: Notify = notify if earlier is None else held.append
        self.held = held
        with told(tell, "reading the data"):
            self.run: ExperimentRun[Any] = family(
                config, devices[0], lambda message: self.tell(message)
            )
        self.run.workers = workers

    def to_the_end(self) -> None:
        """Go on from what is there; leave a run that is finished or can be resumed."""
        kept = self._resumed()
        if self.earlier is not None:  # an inner run that refuses leaves all as it was
            self._do_what_is_needed()
        with ExitStack() as stack:
            self._begin(kept, stack)
            try:
                if self.earlier is None:
                    self._do_what_is_needed()
                self._train(stack)
                self._conclude()
            except signals.Interrupted as stop:
                raise signals.Interrupted(stop.number, self._told(stop)) from None
        _take_the_place(self.directory)

    def _resumed(self) -> List[Json]:
        """Put the run where an earlier one was stopped; return the rows up to there."""
        if self.earlier is None:
            return []
        old_epochs = check_settings(self.earlier, self.experiment, self.config)
        if old_epochs < self.num_epochs:
            why_not = self.run.extendable(old_epochs, self.num_epochs)
            if why_not:
                raise RunError(
                    f"run directory {self.directory}: began with --epochs {old_epochs} "
                    f"and cannot be extended to {self.num_epochs}: {why_not}; name "
                    "another with --out"
                )
        kept, arrays = reached(self.earlier, self.experiment, self.run)
        self.tell = self.notify
        for message in self.held:
            self.notify(message)
        if kept:
            self.run.restore(arrays)
        return kept

    def _begin(self, kept: List[Json], stack: ExitStack) -> None:
        """Open the run directory; an earlier run in it is moved aside, not lost."""
        if self.earlier is None:
            make_room(self.directory, self.notify)
        self.log = RunLog(
            self.place,
            config_json(self.experiment, self.config),
            self.run.source,
            self.devices,
            kept,
            None if self.earlier is None else self.earlier.environment,
            self.run.path(),
            self.run.perplexities,
            self._samples(len(kept)),
        )
        stack.callback(self.log.close)
        self.scalars: Optional[tensorboard.Scalars] = None
        if self.options.tensorboard:
            with usable(self.directory):
                self.scalars = tensorboard.Scalars(self.directory, kept)
            stack.callback(self.scalars.close)
        # Where there are others, one that dies ends this one at any time.
        waits = time.perf_counter() if not self.options.num_workers else float("-inf")
        self.saved_epoch, self.saved_at = len(kept), waits

    def _samples(self, up_to: int) -> Optional[List[Sample]]:
        """What the run had shown of itself; None where it is not to be seen."""
        if not self.sample_every:
            return None
        if self.earlier is None:
            return []
        return read_samples(self.earlier.directory, up_to, self.sample_every)

    def _train(self, stack: ExitStack) -> None:
        """Record the epochs as they come, and save the state now and then.

        Until the first of them has come a signal ends the run at once: nothing would
        be lost. From then on it is noted, and the epoch under way is brought to its
        end and saved; a second SIGINT does not wait for that.
        """
        first_epoch = len(self.log.epochs) + 1
        shown: Dict[str, Any] = {}
        if not self.run.perplexities:
            shown = {"name": "loss", "value_of": lambda row: row.loss / row.tokens}
        shown.update(against_the_book(self.experiment.name, self.run))
        progress = Progress(
            self.num_epochs,
            first_epoch,
            self.options.quiet,
            notify=self.notify,
            **shown,
        )
        if not self.options.quiet and first_epoch <= self.num_epochs:
            self.notify(self._headline())
        stack.callback(progress.close)
        with ExitStack() as listening:
            shared = joined(self.run, self.experiment, first_epoch, self._patiently())
            listening.enter_context(shared)
            noted: Optional[List[int]] = None
            for epoch, row in enumerate(self.run.rows(first_epoch), first_epoch):
                if row.epoch != epoch:
                    raise D2lRnnError(
                        f"experiment {self.experiment.name}: its rows have epoch "
                        f"{row.epoch} where {epoch} is due"
                    )
                if noted is None:
                    noted = listening.enter_context(signals.noted(signals.not_twice))
                fields = self.log.append(row, self.run.metrics(row))
                if self.scalars is not None:
                    with usable(self.directory):
                        self.scalars.write(fields)
                if self.sample_every and epoch % self.sample_every == 0:
                    self.log.sample(epoch, self.run.sample())
                progress.show(row)
                last = epoch == self.num_epochs
                late = time.perf_counter() - self.saved_at > _CHECKPOINT_EVERY_SECONDS
                if last or late or noted:
                    self._save(epoch)
                if noted and not last:
                    raise signals.Interrupted(noted[0])
            if self.saved_epoch < len(self.log.epochs):  # it ended before its time
                self._save(len(self.log.epochs))
            elif not self.log.epochs:
                self._save_if_any()
        progress.close()

    def _headline(self) -> str:
        """What is trained, and on how much."""
        run, source = self.run, self.run.source
        what = f"{self.experiment.name}: {source.tokens:,} {run.unit} of {source.name}"
        parameters = run.num_parameters()
        return f"{what}, {parameters:,} parameters" if parameters else what

    def _save(self, epoch: int) -> None:
        self.log.save(self.run.arrays(), identity(self.experiment, self.run))
        self.saved_epoch, self.saved_at = epoch, time.perf_counter()

    def _save_if_any(self) -> None:
        """What is learnt without epochs, by counting say."""
        arrays = self.run.arrays()
        if arrays:
            self.log.save(arrays, identity(self.experiment, self.run))

    def _do_what_is_needed(self) -> None:
        """The runs inside this one, each in a folder of its directory."""
        inner = {}
        for folder, (name, config) in self.run.needs().items():
            out = str(self.directory / folder)
            options = replace(self.options, out=out, num_workers=0)
            inner[folder] = run_experiment(find(name), config, options).directory
        self.run.inner = inner

    def _conclude(self) -> None:
        """Make the result, draw the pictures, end the record."""
        with told(self._patiently(), "evaluating what was learnt"):
            result = self.log.result(self.run.concluded(self.log.epochs))
        with usable(self.directory):
            if self.scalars is not None:
                self.scalars.finish(result)
            try:
                if self.options.plot:
                    self.run.draw(self.place)
            except OSError:  # the disk's: resumed, the run ends as it would have
                raise
            except BaseException:  # a picture cannot be drawn: the result stays
                self.log.finish(result)
                raise
        self.log.finish(result)

    def _patiently(self) -> Notify:
        return tell_nobody if self.options.quiet else self.notify

    def _told(self, stop: signals.Interrupted) -> str:
        if str(stop) != str(signals.Interrupted(stop.number)):
            return str(stop)  # an inner run has told
        what = "nothing is saved yet"
        if self.saved_epoch:
            what = f"the state after epoch {self.saved_epoch} is saved"
        return (
            f"interrupted; {what} in {self.directory}: the same command with --resume "
            "goes on"
        )
