"""What a training returns, or a record tells of it: its epochs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterable, List, Optional, TypeVar

from .errors import D2lRnnError, UsageError
from .installation import missing
from .notebook import kernel_shell
from .results.metrics import perplexity, tokens_per_sec
from .results.record_fields import Row

if TYPE_CHECKING:  # a record is read without MXNet, pandas and matplotlib
    import pandas
    from matplotlib.figure import Figure

    from .training.loop import EpochRow

T = TypeVar("T")


class Epochs(List[T]):
    """The epochs of a training run, an item each."""

    def rows(self) -> List[Row]:
        """The epochs as a record has them: ``epoch``, ``loss``, ``tokens``, ..."""
        raise NotImplementedError

    @property
    def perplexities(self) -> List[float]:
        """``exp(loss / tokens)`` of each epoch, in their order (book Section 8.4.4).

        Raises
        ------
        ZeroDivisionError
            If an epoch has no tokens.
        """
        return [perplexity(row["loss"], row["tokens"]) for row in self.rows()]

    def to_pandas(self) -> pandas.DataFrame:
        """A table with a row an epoch and a column a field.

        Raises
        ------
        D2lRnnError
            If pandas is not installed.
        """
        try:
            import pandas
        except ImportError:
            raise D2lRnnError(f"to_pandas(): {missing('pandas')}") from None
        return pandas.DataFrame([{**row} for row in self.rows()])

    def plot(self, against: str = "") -> Figure:
        """The training curve, perplexity against epoch.

        Parameters
        ----------
        against : str
            The name of an experiment: the range of the book's builds of it is drawn
            behind, and its published metric is drawn.

        Returns
        -------
        matplotlib.figure.Figure
            Not known to pyplot; ``figure.savefig("curve.png")`` writes it.

        Raises
        ------
        UsageError
            If the book prints no number of that experiment.
        """
        from .results.book import load_book
        from .results.plots import curve_figure
        from .results.record import RunRecord

        book = load_book()
        if against and against not in book:
            raise UsageError(
                f"against {against!r}: accepted are {', '.join(sorted(book))}"
            )
        run = RunRecord(Path(), {"experiment": against}, {}, self.rows(), None)
        return curve_figure([run], book.get(against))


class RecordedHistory(Epochs[Row]):
    """The epochs of a recorded run, each a dict as in ``epochs.jsonl``.

    Parameters
    ----------
    rows : iterable of dict
    experiment : str
        Of the run; where the book prints its number, the builds' range is drawn.
    """

    def __init__(self, rows: Iterable[Row] = (), experiment: str = "") -> None:
        super().__init__(rows)
        self._experiment = experiment

    def rows(self) -> List[Row]:
        """Its items."""
        return list(self)

    def plot(self, against: Optional[str] = None) -> Figure:
        """The training curve; see :meth:`Epochs.plot`.

        Parameters
        ----------
        against : str, optional
            By default the run's own experiment, if the book has it.
        """
        from .results.book import load_book

        if against is None:
            against = self._experiment if self._experiment in load_book() else ""
        return super().plot(against)


class History(Epochs["EpochRow"]):
    """The epochs of a training run, with a short ``repr``.

    In a notebook the cell that ends in ``train_ch8(...)`` shows the curve and the
    book's lines, and no ``Out[]`` below them. A history that has a name is shown
    wherever it is asked for, one without a name in every later cell.

    Parameters
    ----------
    rows : iterable of EpochRow, optional

    Attributes
    ----------
    path : str
        Which way the numbers took in the last epoch: "packed", "graph" or "table", or
        "plain" with the reason; see :func:`d2l_rnn.acceleration.why_not`.
    """

    path: str = ""

    def __init__(self, rows: Iterable[EpochRow] = ()) -> None:
        super().__init__(rows)
        self._made_in = _cell_of(kernel_shell())

    def rows(self) -> List[Row]:
        """As they would be recorded."""
        return [recorded(row) for row in self]

    def __repr__(self) -> str:
        if not self:
            return "History(no epochs)"
        last = self[-1]
        value = perplexity(last.loss, last.tokens)
        return f"History({len(self)} epochs, perplexity {value:.1f})"

    def _ipython_display_(self) -> None:
        """Show nothing where nobody asked; elsewhere leave it to IPython."""
        shell = kernel_shell()
        if shell is not None and _cell_of(shell) == self._made_in:
            if not any(value is self for value in list(shell.user_ns.values())):
                return
        raise NotImplementedError  # IPython's sign to show the object its own way


def recorded(row: EpochRow) -> Row:
    """An epoch as it stands in ``epochs.jsonl``."""
    return {
        "epoch": row.epoch,
        "loss": row.loss,
        "tokens": row.tokens,
        "seconds": max(0.0, row.seconds),  # a clock may go back
        "perplexity": perplexity(row.loss, row.tokens),
        "tokens_per_sec": tokens_per_sec(row.tokens, row.seconds),
    }


def _cell_of(shell: Any) -> Optional[int]:
    """The number of the running cell; cells that leave no history share one."""
    number: Optional[int] = None if shell is None else shell.execution_count
    return number
