"""The objective of an encoder-decoder's training, as one graph where it may be."""

from __future__ import annotations

from typing import Any

from ..protocols import Device
from ..training.translation import Translation


class _Traced(Translation):
    path = "plain"


def translation_of(
    net: Any, bos: int, device: Device, batches: Any, **options: Any
) -> _Traced:
    """The objective of a net: :class:`~d2l_rnn.training.translation.Translation`."""
    return _Traced(net, bos, device, **options)
