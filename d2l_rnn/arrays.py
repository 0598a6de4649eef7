"""What annotations call NumPy's arrays: by the kind of their numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    # Any: of 32 or 64 bits, for which NumPy has no other word.
    Floats = NDArray[numpy.floating[Any]]
    Integers = NDArray[numpy.integer[Any]]
    Booleans = NDArray[numpy.bool_]
else:  # Python 3.8 cannot evaluate the above, and nothing needs to
    Floats = Integers = Booleans = numpy.ndarray
