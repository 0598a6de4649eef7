"""Who hears of a training that a reader's own code starts: nobody, or a recorder.

``train_ch8`` tells what happens to :func:`current`. Outside of ``with d2l.record(...)``
that is a :class:`Recorder` that keeps nothing and leaves all as it is.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Iterator, Optional, Sequence, Union

if TYPE_CHECKING:
    from .protocols import Device
    from .training.loop import EpochRow

Setting = Union[int, float, bool, str]


class Recorder:
    """Hears of a training, and keeps nothing.

    Attributes
    ----------
    seed : int or None
        From which (and the epoch) an epoch's random numbers are to follow; None leaves
        the generators to themselves.
    """

    seed: Optional[int] = None

    def begin(
        self, net: object, batches: object, device: Device, **settings: Setting
    ) -> None:
        """A training is about to begin; the net has its first weights.

        Parameters
        ----------
        net, batches, device
            What is trained, on what, and where.
        **settings : int, float, bool or str
            What it was asked for: ``lr``, ``num_epochs``, ...
        """

    def epoch(self, row: EpochRow) -> None:
        """An ``EpochRow`` has come."""

    def end(self, texts: Sequence[str]) -> None:
        """It has ended, and the net has continued the prefixes."""


_current: ContextVar[Optional[Recorder]] = ContextVar("recorder", default=None)
_NOBODY = Recorder()


def current() -> Recorder:
    """Who is to hear of a training that begins now."""
    return _current.get() or _NOBODY


@contextmanager
def appointed(recorder: Recorder) -> Iterator[None]:
    """Within, ``recorder`` is to hear of trainings."""
    token = _current.set(recorder)
    try:
        yield
    finally:
        _current.reset(token)
