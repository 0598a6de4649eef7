"""Grey PNG files, read within limits and written: no more of the format than that.

(ISO/IEC 15948.) What a file says of its size is believed only up to a limit, before
anything is unpacked.
"""

from __future__ import annotations

import struct
import zlib
from typing import Dict, Iterator, Tuple

import numpy as np

from ..arrays import Integers
from ..errors import DataError

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Colour type: numbers a pixel.
_CHANNELS: Dict[int, int] = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_PALETTE = 3
_WITH_ALPHA = (4, 6)
_LUMA = np.array([0.299, 0.587, 0.114])  # of red, green and blue (ITU-R BT.601)


def read_png(content: bytes, most_pixels: int, name: str) -> Integers:
    """The grey values of a picture; what is transparent is black.

    Parameters
    ----------
    content : bytes
    most_pixels : int
        Larger ones are refused.
    name : str
        The file's, for messages.

    Returns
    -------
    numpy.ndarray of uint8, shape (height, width)

    Raises
    ------
    DataError
        If it is no PNG file, damaged, interlaced or too large.
    """
    try:
        return _read(content, most_pixels)
    except (ValueError, struct.error, zlib.error, LookupError) as error:
        raise DataError(f"{name}: no PNG picture that can be read ({error})") from None


def write_png(grey: Integers) -> bytes:
    """A PNG file of grey values of uint8, (height, width)."""
    height, width = grey.shape
    rows = np.zeros((height, 1 + width), np.uint8)  # each begins with its filter: none
    rows[:, 1:] = grey
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return _SIGNATURE + b"".join(
        _chunk(kind, body)
        for kind, body in (
            (b"IHDR", header),
            (b"IDAT", zlib.compress(rows.tobytes(), 9)),
            (b"IEND", b""),
        )
    )


def _chunk(kind: bytes, body: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + body))
    return struct.pack(">I", len(body)) + kind + body + checksum


def _chunks(content: bytes) -> Iterator[Tuple[bytes, bytes]]:
    """The kinds and bodies of a file's chunks, up to the last."""
    if not content.startswith(_SIGNATURE):
        raise ValueError("it does not begin as one")
    place, kind = len(_SIGNATURE), b""
    while kind != b"IEND":
        (length,) = struct.unpack_from(">I", content, place)
        kind = content[place + 4 : place + 8]
        body = content[place + 8 : place + 8 + length]
        (checksum,) = struct.unpack_from(">I", content, place + 8 + length)
        if checksum != zlib.crc32(kind + body):
            raise ValueError("its checksum does not agree")
        yield kind, body
        place += 12 + length


def _read(content: bytes, most_pixels: int) -> Integers:
    chunks = list(_chunks(content))
    found = dict(chunks)
    width, height, depth, colour, _, _, interlaced = struct.unpack(
        ">IIBBBBB", found[b"IHDR"]
    )
    if not 0 < width * height <= most_pixels:
        raise ValueError(f"{width} x {height} pixels; accepted are {most_pixels:,}")
    if interlaced or depth not in (1, 2, 4, 8, 16) or colour not in _CHANNELS:
        raise ValueError("interlaced, or of an unknown kind")
    channels = _CHANNELS[colour]
    stride = (width * channels * depth + 7) // 8  # bytes a row
    packed = b"".join(body for kind, body in chunks if kind == b"IDAT")
    wanted = height * (1 + stride)
    raw = zlib.decompressobj().decompress(packed, wanted)
    if len(raw) != wanted:
        raise ValueError("its rows are not complete")
    rows = np.frombuffer(raw, np.uint8).reshape(height, 1 + stride)
    unfiltered = _unfiltered(rows, max(1, channels * depth // 8))
    # (height, width, channels)
    values = _numbers(unfiltered, depth)[:, : width * channels]
    values = values.reshape(height, width, channels)
    if colour == _PALETTE:
        values = np.frombuffer(found[b"PLTE"], np.uint8).reshape(-1, 3)[values[..., 0]]
    else:
        values = values * (255 // (2 ** min(depth, 8) - 1))
    grey = values[..., 0].astype(float)
    if values.shape[2] >= 3:
        grey = values[..., :3] @ _LUMA
    if colour in _WITH_ALPHA:
        grey = grey * values[..., -1] / 255
    return np.asarray(np.rint(grey), np.uint8)


def _unfiltered(rows: Integers, pixel: int) -> Integers:
    """Undo the filters: each byte was predicted from those to the left and above.

    Parameters
    ----------
    rows : numpy.ndarray of uint8, shape (height, 1 + stride)
        The first byte of a row is its filter.
    pixel : int
        Bytes from a byte to its neighbour on the left.
    """
    height, stride = rows.shape[0], rows.shape[1] - 1
    # With a row of zeros above, and a pixel of zeros on the left.
    found = np.zeros((height + 1, pixel + stride), np.int64)
    for y, row in enumerate(rows.astype(np.int64)):
        above, own = found[y], found[y + 1]
        kind, body = int(row[0]), row[1:]
        if kind > 4:
            raise ValueError(f"filter {kind} is unknown")
        for x in range(stride):
            left, up, corner = own[x], above[x + pixel], above[x]
            predicted = (0, left, up, (left + up) // 2, _paeth(left, up, corner))[kind]
            own[x + pixel] = (body[x] + predicted) % 256
    return found[1:, pixel:].astype(np.uint8)


def _paeth(left: int, up: int, corner: int) -> int:
    """The neighbour that is nearest to ``left + up - corner``."""
    guess = left + up - corner
    return min((left, up, corner), key=lambda value: abs(guess - value))


def _numbers(rows: Integers, depth: int) -> Integers:
    """Bytes as numbers of so many bits; of 16 bits the higher 8."""
    if depth == 16:
        return rows[:, ::2]
    bits = np.unpackbits(rows.astype(np.uint8), axis=1).reshape(len(rows), -1, depth)
    weights = 2 ** np.arange(depth)[::-1]
    return np.asarray(bits @ weights)
