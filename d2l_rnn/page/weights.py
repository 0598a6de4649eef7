"""The arrays of a run as text: base 64, little-endian, with their SHA-256."""

from __future__ import annotations

import base64
import hashlib
from typing import List, NamedTuple, TypedDict

import numpy as np

from ..errors import RunError
from ..protocols import Arrays

#: Bytes of one run's weights: a browser has to hold them several times.
LARGEST = 256 << 20

DTYPES = ("float32", "float16")


class Place(TypedDict):
    """An array's name and shape; it follows the one before it in the bytes."""

    name: str
    shape: List[int]


class Carried(NamedTuple):
    """Arrays as a page carries them.

    Attributes
    ----------
    text : str
        Base 64 of all bytes.
    arrays : list of Place
    dtype : "float32" or "float16"
    sha256 : str
        Of the bytes, hexadecimal.
    """

    text: str
    arrays: List[Place]
    dtype: str
    sha256: str


def carried(arrays: Arrays, dtype: str = "float32") -> Carried:
    """The arrays one after the other.

    Parameters
    ----------
    arrays : mapping of str to numpy.ndarray
    dtype : "float32" or "float16"
        Of the numbers on the page; float16 is half as large, and rounds to 11 bits.

    Raises
    ------
    RunError
        If a number is none or is beyond the type, or there are too many.
    """
    size = sum(array.size for array in arrays.values()) * np.dtype(dtype).itemsize
    if size > LARGEST:
        raise RunError(
            f"weights of {size:,} bytes: a page carries at most {LARGEST:,} of a run"
        )
    parts = []
    for name, array in arrays.items():
        with np.errstate(over="ignore"):
            numbers = np.ascontiguousarray(
                array, dtype=np.dtype(dtype).newbyteorder("<")
            )
        if not np.isfinite(numbers).all():
            raise RunError(f"array {name} has numbers that {dtype} does not hold")
        parts.append(numbers.tobytes())
    content = b"".join(parts)
    return Carried(
        base64.b64encode(content).decode("ascii"),
        [Place(name=name, shape=list(array.shape)) for name, array in arrays.items()],
        dtype,
        hashlib.sha256(content).hexdigest(),
    )
