"""What a person sees while a net trains: a curve, a bar, or a line now and then."""

from __future__ import annotations

import math
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Callable, List, Optional, Protocol

from .notebook import kernel_shell
from .results.metrics import perplexity, tokens_per_sec
from .streams import on_a_terminal, tell

if TYPE_CHECKING:
    from .results.book import BookNumber

# The book draws every tenth epoch; a training of fewer than this many, which it has
# not, would show next to nothing so.
_SHORT = 20
_LINES = 10  # of a whole training that is piped
_MEASURED_AFTER = 3  # epochs; the first, which warms up, is not measured
_WORTH_TELLING = 60.0  # seconds


ValueOf = Callable[[Any], float]  # of a row, which may be of any kind


class Row(Protocol):
    """What is shown of an epoch."""

    @property
    def epoch(self) -> int: ...
    @property
    def loss(self) -> float: ...
    @property
    def tokens(self) -> int: ...
    @property
    def seconds(self) -> float: ...


class Plotter(Protocol):
    """The book's ``Animator``, or a reader's."""

    def add(self, x: float, y: List[float]) -> object: ...


def _perplexity_of(row: Row) -> float:
    return perplexity(row.loss, row.tokens)


class Progress:
    """Shows a number of the epochs as they come: perplexity, unless told otherwise.

    In a notebook the book's animated curve, drawn every tenth epoch (every epoch where
    there are fewer than 20); on a terminal a bar; elsewhere nothing, or ten lines over
    the whole training. After the third epoch a line says how many minutes are left.

    Parameters
    ----------
    num_epochs : int
    first_epoch : int
        Where the count begins, for a run that is resumed.
    quiet : bool
        Show nothing.
    name : str
        What is shown.
    value_of : callable
        The number of an ``EpochRow``.
    animator : object with ``add(x, y)``, optional
        A reader's own, which is then told every tenth epoch, notebook or not.
    number : BookNumber, optional
        What the book printed of the experiment: in a notebook the curve is of its
        metric, over the range of the builds.
    published : callable, optional
        The number of an ``EpochRow`` in that metric; to be given with ``number``.
    notify : callable, optional
        Told these lines; without it there are none.
    """

    def __init__(
        self,
        num_epochs: int,
        first_epoch: int = 1,
        quiet: bool = False,
        name: str = "perplexity",
        value_of: ValueOf = _perplexity_of,
        animator: Optional[Plotter] = None,
        notify: Optional[Callable[[str], None]] = None,
        number: Optional[BookNumber] = None,
        published: Optional[ValueOf] = None,
    ) -> None:
        self._name, self._value_of = name, value_of
        self._num_epochs, self._first = num_epochs, first_epoch
        self._notify = None if quiet else notify
        self._line_every, self._begun = 0, 0.0
        self._bar: Any = None
        self._animator, self._every = animator, 10
        self._drawn = value_of
        if quiet or animator is not None:
            return
        if kernel_shell() is not None:
            self._every = 10 if num_epochs >= _SHORT else 1
            last = max(num_epochs, self._every + 1)
            self._animator = self._curve(last, name, number)
            if number is not None and published is not None:
                self._drawn = published
        elif on_a_terminal():
            from tqdm import tqdm

            with suppress(OSError):
                self._bar = tqdm(
                    total=num_epochs, initial=first_epoch - 1, unit="epoch", leave=False
                )
        elif notify is not None:
            self._line_every = math.ceil(num_epochs / _LINES)

    def _curve(self, last: int, name: str, number: Optional[BookNumber]) -> Plotter:
        """The notebook's, drawn from the first epoch that is shown to the last."""
        from .results import plots_live

        if number is not None:
            return plots_live.CurveOverBuilds(number, self._every, last)
        return plots_live.Animator(
            xlabel="epoch", ylabel=name, legend=["train"], xlim=[self._every, last]
        )

    def show(self, row: Row) -> None:
        """Show one ``EpochRow``."""
        value = self._value_of(row)
        if self._animator is not None and row.epoch % self._every == 0:
            self._animator.add(row.epoch, [self._drawn(row)])
        speed = tokens_per_sec(row.tokens, row.seconds)
        text = f"{self._name} {value:.4g}, {speed:,.0f} tokens/sec"
        if self._bar is not None:
            with suppress(OSError):  # a bar that cannot be shown ends no training
                self._bar.update()
                self._bar.set_postfix_str(text, refresh=False)
        if self._notify is not None:
            self._tell_what_is_left(row.epoch, self._notify)
            if self._line_every and row.epoch % self._line_every == 0:
                self._notify(f"epoch {row.epoch} of {self._num_epochs}: {text}")

    def _tell_what_is_left(self, epoch: int, notify: Callable[[str], None]) -> None:
        if epoch == self._first:
            self._begun = time.perf_counter()
        elif epoch == self._first + _MEASURED_AFTER - 1:
            an_epoch = (time.perf_counter() - self._begun) / (_MEASURED_AFTER - 1)
            left = (self._num_epochs - epoch) * an_epoch
            if left >= _WORTH_TELLING:
                line = f"about {left / 60:.0f} min to the end, at this pace"
                if self._bar is None:
                    notify(line)
                else:
                    self.tell(line)

    def tell(self, line: str) -> None:
        """Write a line to stderr, above the bar where there is one."""
        if self._bar is None:
            tell(line)
            return
        with suppress(OSError):
            self._bar.write(f"d2l_rnn: {line}", file=sys.stderr)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            with suppress(OSError):
                self._bar.close()
