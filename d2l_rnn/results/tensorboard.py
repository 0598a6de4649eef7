"""The rows of a run for TensorBoard: ``tensorboard --logdir runs``."""

from __future__ import annotations

import socket
import struct
import time
from pathlib import Path
from typing import Callable, Iterable, Mapping, NamedTuple, Protocol

from ..errors import UsageError
from ..files import GrowingFile
from ..installation import missing

Row = Mapping[str, float]

FOLDER = "tensorboard"
_OWN_FILES = "events.out.tfevents.*"
# Of an epoch's row: what counts it, and what is shown a token instead of as a sum.
_NOT_SHOWN = ("epoch", "loss", "tokens", "seconds")


class Library(NamedTuple):
    """What is used of ``tensorboardX``: its messages, and the check of a record.

    Its writer is not: that writes in a thread of its own, and where the disk is full
    the run waits for ever for a thread that has died.
    """

    event: Callable[..., Message]
    scalar: Callable[[str, float], object]
    check: Callable[[bytes], int]


class Message(Protocol):
    """What is used of a protocol buffer."""

    def SerializeToString(self) -> bytes: ...


def import_library() -> Library:
    """TensorBoard's formats; UsageError where the package is missing."""
    try:
        from tensorboardX import record_writer, summary
        from tensorboardX.proto import event_pb2
    except ImportError:
        raise UsageError(f"--tensorboard: {missing('tensorboardX')}") from None
    return Library(event_pb2.Event, summary.scalar, record_writer.masked_crc32c)


class Scalars:
    """Writes ``perplexity``, ``loss_per_token``, ``tokens_per_sec`` ... an epoch.

    Parameters
    ----------
    directory : pathlib.Path
        The run directory. What an interrupted run left in its ``tensorboard`` folder is
        written anew, as epochs after its checkpoint are run again.
    rows : iterable of dict
        Rows that a resumed run keeps.

    Raises
    ------
    OSError
        If the file cannot be written; by the methods too.
    """

    def __init__(
        self, directory: Path, rows: Iterable[Mapping[str, float]] = ()
    ) -> None:
        self._library = import_library()
        folder = directory / FOLDER
        folder.mkdir(exist_ok=True)
        for stale in folder.glob(_OWN_FILES):
            stale.unlink()
        name = _OWN_FILES.replace("*", f"{int(time.time())}.{socket.gethostname()}")
        first = self._library.event(wall_time=time.time(), file_version="brain.Event:2")
        self._file = GrowingFile(folder / name, self._record(first))
        self._last_epoch = 0
        for row in rows:
            self.write(row)

    def write(self, row: Row) -> None:
        """Write one line of ``epochs.jsonl``."""
        self._last_epoch = int(row["epoch"])
        for name, value in row.items():
            if name not in _NOT_SHOWN and isinstance(value, (int, float)):
                self._add(name, value)
        if "loss" in row and row.get("tokens"):
            self._add("loss_per_token", row["loss"] / row["tokens"])

    def finish(self, result: Mapping[str, object]) -> None:
        """Write what only the finished run knows: its held-out perplexity."""
        value = result.get("heldout_perplexity")
        if isinstance(value, (int, float)):
            self._add("heldout_perplexity", value)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _add(self, name: str, value: float) -> None:
        summary = self._library.scalar(name, value)
        event = self._library.event(
            wall_time=time.time(), step=self._last_epoch, summary=summary
        )
        self._file.append(self._record(event))

    def _record(self, event: Message) -> bytes:
        """Length (8 bytes), its check (4), the event, its check (4)."""
        content = event.SerializeToString()
        parts = struct.pack("<Q", len(content)), content
        return b"".join(
            part + struct.pack("<I", self._library.check(part)) for part in parts
        )
