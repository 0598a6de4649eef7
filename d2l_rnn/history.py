"""What a training returns: its epochs, shown where they were asked for."""

from __future__ import annotations

from typing import Any, Iterable, List, Optional

from .notebook import kernel_shell
from .results.metrics import perplexity
from .training.loop import EpochRow


class History(List[EpochRow]):
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


def _cell_of(shell: Any) -> Optional[int]:
    """The number of the running cell; cells that leave no history share one."""
    number: Optional[int] = None if shell is None else shell.execution_count
    return number
