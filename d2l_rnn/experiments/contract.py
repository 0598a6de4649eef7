"""What an experiment is: the contract between its mathematics and the runner.

A kind of experiment is a class. Made from a configuration, an object of it is one run:
it has read its data and drawn its first weights. It yields rows, it hands out its state
and takes it back, and it makes a result of what was learnt. It touches no file, hears
no signal and shows no progress: that is :mod:`.runner`'s, once for all experiments.

**The law.** When row ``e`` has been yielded and row ``e + 1`` not yet asked for,
``arrays()`` is the whole state after epoch ``e``: put into a fresh object by
``restore``, its ``rows(e + 1)`` are bit for bit the rows that would have come.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    ClassVar,
    Dict,
    Generic,
    Iterator,
    Mapping,
    Optional,
    Sequence,
    Tuple,
    Type,
    TypeVar,
)

from ..errors import RunError
from .configs import Config

if TYPE_CHECKING:  # what imports MXNet: none of it is needed to read this file
    from ..arrays import Floats
    from ..protocols import Arrays, Device
    from ..training.loop import EpochRow
    from ..training.workers import Workers
    from .trained import Saved

Json = Dict[str, Any]
Notify = Callable[[str], None]
C = TypeVar("C", bound=Config)


def tell_nobody(line: str) -> None:
    """A ``notify`` that nobody hears."""


@dataclass(frozen=True)
class Source:
    """The data of a run.

    Attributes
    ----------
    name : str
        Such as "time-machine".
    sha1 : str
        Of the file's bytes: a run is resumed on the same data only.
    tokens : int
        How many tokens (points, lines) it trains on.
    """

    name: str
    sha1: str
    tokens: int


class ExperimentRun(ABC, Generic[C]):
    """One run of an experiment, as its mathematics sees it.

    Parameters
    ----------
    config : Config
        All settings; random numbers follow from its seed.
    device : mxnet.Context
        The first where ``config.device`` names several.
    notify : callable
        ``notify(line)`` tells the user something beside the result.

    Attributes
    ----------
    source : Source
        The data, read by the constructor.
    inner : mapping of str to pathlib.Path
        Directories of the finished runs that this one ``needs``, once they are done:
        before ``rows``.
    workers : Workers or None
        The processes that share the training, where ``d2l-rnn launch`` has started
        several: joined before ``rows``.
    usable_as : type
        Class attribute: what :meth:`load` gives.
    perplexities : bool
        Class attribute: whether the loss is of probabilities, so that exp(loss /
        tokens) is a perplexity, which is recorded then.
    unit : str
        Class attribute: what is trained on, as in "10,000 tokens".
    """

    source: Source
    workers: Optional[Workers] = None
    usable_as: ClassVar[type] = object
    perplexities: ClassVar[bool] = True
    unit: ClassVar[str] = "tokens"

    def __init__(self, config: C, device: Device, notify: Notify) -> None:
        self.config, self.device, self.notify = config, device, notify
        self.inner: Mapping[str, Path] = {}

    def rows(self, first_epoch: int) -> Iterator[EpochRow]:
        """Train: a row after each epoch, from ``first_epoch`` to the last; the law.

        By default there is nothing to train.
        """
        return iter(())

    def metrics(self, row: Any) -> Mapping[str, float]:
        """What is recorded of a row beside loss, tokens, seconds and perplexity.

        A function of the row alone: a row that knows more is a subclass of
        ``EpochRow`` with fields for it.
        """
        return {}

    def arrays(self) -> Dict[str, Floats]:
        """The whole state, by name; the law."""
        return {}

    def restore(self, arrays: Arrays) -> None:
        """Become what gave these ``arrays``.

        Raises
        ------
        RunError
            If they are another model's.
        """

    def sample(self) -> Json:
        """What is learnt so far, to be seen: ``texts``, or ``png`` in base 64.

        Asked for between epochs, with ``--sample-every``. The rows are to come as if
        nothing had been asked: random numbers are drawn from an own generator.
        """
        return {}

    def num_parameters(self) -> int:
        """How many numbers are learnt; 0 where that is not told."""
        return 0

    def notes(self) -> Mapping[str, Any]:
        """What is needed to use the arrays elsewhere, in JSON: vocabularies, say.

        Equal in every run of the same configuration on the same data, from the start
        on: that a checkpoint has the same ones is asked before it is restored.
        """
        return {}

    def needs(self) -> Mapping[str, Tuple[str, Config]]:
        """Runs that are to be done first, by the folder they go to: name and config."""
        return {}

    @abstractmethod
    def result(self, epochs: Sequence[Json]) -> Json:
        """The finished run's own numbers and texts.

        Asked for once all rows are there, and again if that was interrupted: by
        :meth:`concluded`, which seeds the generators.

        Parameters
        ----------
        epochs : sequence of dict
            The rows as recorded, those before an interruption too.
        """

    def concluded(self, epochs: Sequence[Json]) -> Json:
        """``result``, whose random numbers follow from the seed, not from the past."""
        from ..seeding import epoch_seed, set_seed

        set_seed(epoch_seed(self.config.seed, len(epochs) + 1))
        return self.result(epochs)

    def draw(self, directory: Path) -> None:
        """Draw pictures into a run directory, after ``result``.

        By default the training curve, over the band of the book's builds.
        """
        draw_curve(directory)

    @staticmethod
    @abstractmethod
    def text(result: Mapping[str, Any]) -> str:
        """A result as it is printed."""

    def path(self) -> str:
        """Which path the numbers of an epoch take: "plain", or a room's fast one.

        For the record: all give the same numbers, see :mod:`d2l_rnn.acceleration`.
        """
        return "plain"

    @classmethod
    def why_one_device(cls, config: C) -> str:
        """Why this cannot be trained on several devices; empty where it can.

        Where it can, ``device`` is the first of those that ``config.device`` names.
        """
        return "this experiment trains on one device"

    def extendable(self, old_epochs: int, new_epochs: int) -> str:
        """Why a run of ``old_epochs`` is not the beginning of one of ``new_epochs``.

        Empty where it is. By default it is not: what an epoch does may depend on how
        many there are.
        """
        return "what its epochs do depends on how many there are"

    @classmethod
    def load(cls, saved: Saved[Any]) -> Any:
        """A finished run's net, ready to be used: a ``usable_as``.

        Raises
        ------
        RunError
            If the checkpoint does not fit its record.
        """
        raise RunError(f"checkpoint {saved.path}: of {saved.experiment}; not for use")


#: Imports a kind of experiment, and MXNet with it, when it is needed.
Family = Callable[[], Type[ExperimentRun[Any]]]


def draw_curve(directory: Path) -> None:
    """Draw a run's training curve, over the band of the book's builds."""
    from ..results import record
    from ..results.book import load_book
    from ..results.plots import curve_figure, save

    run = record.read_run(directory)
    figure = curve_figure([run], load_book().get(run.experiment))
    save(figure, directory / record.CURVE)
