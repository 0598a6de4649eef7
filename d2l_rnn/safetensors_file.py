"""The safetensors format, read strictly: what anybody may have put into a file.

Eight bytes tell the length of a JSON header, which tells of every array its kind of
numbers, its shape and its place in what follows. The library of that name hands on
kinds and shapes that NumPy has not; here each field is checked before it is used, and
the arrays have to fill the file without a gap or an overlap.
"""

from __future__ import annotations

import math
from typing import Dict, List, Tuple, TypedDict, cast

import numpy

from .arrays import Floats
from .strict_json import check, loads

LARGEST_HEADER = 100_000_000  # bytes, as the library accepts
MOST_DIMENSIONS = 8
_METADATA = "__metadata__"
_DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "<i1",
    "U64": "<u8",
    "U32": "<u4",
    "U16": "<u2",
    "U8": "<u1",
    "BOOL": "?",
}


class _Entry(TypedDict):
    dtype: str
    shape: List[int]
    data_offsets: List[int]


class _Header(TypedDict, total=False):
    __metadata__: Dict[str, str]


def parse(content: bytes) -> Tuple[Dict[str, Floats], Dict[str, str]]:
    """Read a file's content.

    Returns
    -------
    arrays : dict of str to numpy.ndarray
        Copies, which may be written to.
    metadata : dict of str to str

    Raises
    ------
    ValueError
        If it is no such file, or has kinds of numbers or shapes that are not accepted.
    """
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or length > min(len(content) - 8, LARGEST_HEADER):
        raise ValueError("no safetensors file: its header does not lie in it")
    try:
        text = content[8 : 8 + length].decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("its header is not UTF-8 text") from None
    header = loads(text, LARGEST_HEADER)
    if not isinstance(header, dict):
        raise ValueError("its header is no JSON object")
    check(header, _Header)
    metadata: Dict[str, str] = header.pop(_METADATA, {})
    data = memoryview(content)[8 + length :]
    entries = {name: _entry(name, fields) for name, fields in header.items()}
    end = 0
    for name in sorted(entries, key=lambda name: entries[name]["data_offsets"]):
        first, last = entries[name]["data_offsets"]
        if first != end:
            raise ValueError(f"its arrays leave a gap or overlap before {name!a}")
        end = last
    if end != len(data):
        raise ValueError(f"its arrays are of {end} bytes, and {len(data)} are there")
    return {name: _array(data, entry) for name, entry in entries.items()}, metadata


def _entry(name: str, fields: object) -> _Entry:
    """What the header says of an array, checked."""
    where = f"array {name[:60]!a}"
    if not isinstance(fields, dict) or set(fields) != set(_Entry.__annotations__):
        raise ValueError(f"{where} has not the fields of one")
    check(fields, _Entry, f"{where}: ")
    entry = cast(_Entry, fields)
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if dtype not in _DTYPES:
        known = ", ".join(_DTYPES)
        raise ValueError(f"{where}: dtype {dtype[:20]!a}, accepted are {known}")
    if len(shape) > MOST_DIMENSIONS:
        raise ValueError(
            f"{where}: {len(shape)} dimensions, accepted are {MOST_DIMENSIONS}"
        )
    if len(offsets) != 2 or min([0, *shape, *offsets]) < 0:
        raise ValueError(f"{where}: shape {shape} at {offsets[:3]} is none")
    itemsize = numpy.dtype(_DTYPES[dtype]).itemsize
    if offsets[1] - offsets[0] != math.prod(shape) * itemsize:
        raise ValueError(f"{where}: shape {shape} does not fill its {offsets}")
    return entry


def _array(data: memoryview, entry: _Entry) -> Floats:
    first, last = entry["data_offsets"]
    flat = numpy.frombuffer(data[first:last], _DTYPES[entry["dtype"]])
    found: Floats = flat.reshape(entry["shape"]).copy()
    return found
