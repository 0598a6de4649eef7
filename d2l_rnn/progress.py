"""What a person sees while a net trains: a curve in a notebook, a bar in a terminal."""

from __future__ import annotations

import sys
from typing import Any, Callable, Optional

from .results.metrics import perplexity


def in_notebook() -> bool:
    """Whether this process draws its output in a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return type(shell).__name__ == "ZMQInteractiveShell"


def _perplexity_of(row: Any) -> float:
    return perplexity(row.loss, row.tokens)


class Progress:
    """Shows a number of the epochs as they come: perplexity, unless told otherwise.

    In a notebook the book's animated curve, drawn every tenth epoch; on a terminal a
    bar; nothing where neither is there to see it.

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
    """

    def __init__(
        self,
        num_epochs: int,
        first_epoch: int = 1,
        quiet: bool = False,
        name: str = "perplexity",
        value_of: Callable[[Any], float] = _perplexity_of,
    ) -> None:
        self._name, self._value_of = name, value_of
        self._bar: Any = None
        self._animator: Any = None
        if quiet:
            return
        if in_notebook():
            self._animator = self._make_animator(num_epochs, name)
        if self._animator is None and (in_notebook() or sys.stderr.isatty()):
            from tqdm.auto import tqdm

            self._bar = tqdm(
                total=num_epochs, initial=first_epoch - 1, unit="epoch", leave=False
            )

    @staticmethod
    def _make_animator(num_epochs: int, name: str) -> Optional[Any]:
        try:
            from d2l import mxnet as d2l
        except ImportError:  # Python 3.12: a bar has to do
            return None
        return d2l.Animator(
            xlabel="epoch",
            ylabel=name,
            legend=["train"],
            xlim=[10, max(num_epochs, 11)],
        )

    def show(self, row: Any) -> None:
        """Show one ``EpochRow``."""
        value = self._value_of(row)
        if self._animator is not None and row.epoch % 10 == 0:
            self._animator.add(row.epoch, [value])
        if self._bar is not None:
            self._bar.update()
            self._bar.set_postfix_str(
                f"{self._name} {value:.4g}, {row.tokens / row.seconds:,.0f} tokens/sec",
                refresh=False,
            )

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()
