"""What annotations call an array: NumPy's by the kind of its numbers, and MXNet's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, Tuple

import numpy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    # Any: of 32 or 64 bits, for which NumPy has no other word.
    Floats = NDArray[numpy.floating[Any]]
    Integers = NDArray[numpy.integer[Any]]
    Booleans = NDArray[numpy.bool_]
else:  # Python 3.8 cannot evaluate the above, and nothing needs to
    Floats = Integers = Booleans = numpy.ndarray


class Device(Protocol):
    """What is used of ``mxnet.Context``."""

    @property
    def device_type(self) -> str:
        """``cpu`` or ``gpu``."""

    @property
    def device_id(self) -> int:
        """Its number among those of its type."""


class Array(Protocol):
    """What is used of ``mxnet.np.ndarray`` where minibatches are made and read."""

    @property
    def shape(self) -> Tuple[int, ...]:
        """Lengths of its axes."""

    @property
    def ctx(self) -> Device:
        """Where it lies."""

    def __len__(self) -> int: ...

    def __getitem__(self, key: object) -> Array: ...

    def __int__(self) -> int: ...

    def sum(self) -> Array:
        """Sum of all numbers."""

    def as_in_ctx(self, ctx: Device) -> Array:
        """The same on another device."""

    def asnumpy(self) -> Floats:
        """A copy for NumPy."""
