"""The rows of a run for TensorBoard: ``tensorboard --logdir runs``."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Iterable, Mapping, Protocol

from ..errors import UsageError

Row = Mapping[str, float]

FOLDER = "tensorboard"
_OWN_FILES = "events.out.tfevents.*"
# Of an epoch's row: what counts it, and what is shown a token instead of as a sum.
_NOT_SHOWN = ("epoch", "loss", "tokens", "seconds")


class Writer(Protocol):
    """What is used of ``tensorboardX.SummaryWriter``."""

    def add_scalar(self, tag: str, scalar_value: float, global_step: int) -> None: ...

    def close(self) -> None: ...


def import_summary_writer() -> Callable[[str], Writer]:
    """The class that writes TensorBoard's files; UsageError where it is missing."""
    try:
        from tensorboardX import SummaryWriter
    except ImportError:
        raise UsageError(
            "--tensorboard: the package tensorboardX is missing; pip install "
            "'d2l_rnn[tensorboard]' brings it"
        ) from None
    writer: Callable[[str], Writer] = SummaryWriter
    return writer


class Scalars:
    """Writes ``perplexity``, ``loss_per_token``, ``tokens_per_sec`` ... an epoch.

    Parameters
    ----------
    directory : pathlib.Path
        The run directory. What an interrupted run left in its ``tensorboard`` folder is
        written anew, as epochs after its checkpoint are run again.
    rows : iterable of dict
        Rows that a resumed run keeps.
    """

    def __init__(
        self, directory: Path, rows: Iterable[Mapping[str, float]] = ()
    ) -> None:
        folder = directory / FOLDER
        for stale in folder.glob(_OWN_FILES):
            stale.unlink()
        self._writer = import_summary_writer()(str(folder))
        self._last_epoch = 0
        for row in rows:
            self.write(row)

    def write(self, row: Row) -> None:
        """Write one line of ``epochs.jsonl``."""
        self._last_epoch = epoch = int(row["epoch"])
        for name, value in row.items():
            if name not in _NOT_SHOWN and isinstance(value, (int, float)):
                self._writer.add_scalar(name, value, epoch)
        if "loss" in row and row.get("tokens"):
            self._writer.add_scalar(
                "loss_per_token", row["loss"] / row["tokens"], epoch
            )

    def finish(self, result: Mapping[str, object]) -> None:
        """Write what only the finished run knows: its held-out perplexity."""
        value = result.get("heldout_perplexity")
        if isinstance(value, (int, float)):
            self._writer.add_scalar("heldout_perplexity", value, self._last_epoch)

    def close(self) -> None:
        """Write what is buffered."""
        self._writer.close()
