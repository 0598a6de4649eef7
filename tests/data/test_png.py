"""PNG files are read as Pillow reads them, and no further than they may be."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from d2l_rnn.data.png import read_png, write_png
from d2l_rnn.errors import DataError

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def saved(picture: Any, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", **options)
    return buffer.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + body))
    return struct.pack(">I", len(body)) + kind + body + checksum


def header(width: int, height: int, depth: int, colour: int, laced: int = 0) -> bytes:
    body = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, laced)
    return chunk(b"IHDR", body)


def made(header: bytes, rows: bytes, *before: bytes) -> bytes:
    parts = [header, *before, chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    return SIGNATURE + b"".join(parts)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
def test_pillow_reads_the_same(mode: str) -> None:
    """A smooth picture: its writer chooses among all five filters."""
    y, x = np.mgrid[:13, :11]
    smooth = 128 + 60 * np.sin(x / 3)[..., None] + 60 * np.cos(y / 4)[..., None]
    colours = np.clip(smooth * [1.0, 0.8, 0.6], 0, 255).astype(np.uint8)
    picture = Image.fromarray(colours).convert(mode)
    content = saved(picture)
    expected = np.asarray(picture.convert("RGB").convert("L"), int)
    found = read_png(content, 1000, "it").astype(int)
    assert found.shape == (13, 11)
    assert abs(found - expected).max() <= 1  # it rounds in another way


@pytest.mark.parametrize("kind", range(5))
def test_each_filter_is_undone(kind: int) -> None:
    """Pillow is the oracle; the rows are arbitrary bytes."""
    rows = np.random.default_rng(kind).integers(0, 256, (6, 1 + 3 * 5), np.uint8)
    rows[:, 0] = kind
    content = made(header(5, 6, 8, 2), rows.tobytes())
    expected = np.asarray(Image.open(io.BytesIO(content)).convert("L"), int)
    assert abs(read_png(content, 100, "it").astype(int) - expected).max() <= 1


def test_depths_palettes_and_alpha() -> None:
    deep = np.array([[0, 255, 4096, 65535]], np.uint16)
    rows = b"\0" + deep.astype(">u2").tobytes()
    assert read_png(made(header(4, 1, 16, 0), rows), 9, "it").tolist() == [
        [0, 0, 16, 255]
    ]
    # two bits a pixel, four levels; then the same as places in a palette
    rows = b"\0" + bytes([0b00011011])
    assert read_png(made(header(4, 1, 2, 0), rows), 9, "it").tolist() == [
        [0, 85, 170, 255]
    ]
    palette = chunk(b"PLTE", bytes([9, 9, 9, 255, 0, 0, 0, 255, 0, 0, 0, 255]))
    found = read_png(made(header(4, 1, 2, 3), rows, palette), 9, "it")
    assert found.tolist() == [[9, 76, 150, 29]]
    rows = b"\0" + bytes([200, 255, 200, 0, 200, 51])
    assert read_png(made(header(3, 1, 8, 4), rows), 9, "it").tolist() == [[200, 0, 40]]


def test_what_is_written_is_read() -> None:
    grey = np.random.default_rng(1).integers(0, 256, (7, 9)).astype(np.uint8)
    content = write_png(grey)
    assert (read_png(content, 63, "it") == grey).all()
    assert (np.asarray(Image.open(io.BytesIO(content))) == grey).all()


GOOD = write_png(np.zeros((3, 3), np.uint8))


@pytest.mark.parametrize(
    "content, why",
    [
        (b"", "does not begin"),
        (b"GIF89a", "does not begin"),
        (GOOD[:-5], ""),
        (GOOD[:50], ""),
        (GOOD.replace(b"IDAT", b"IDAT"[::-1]), "checksum"),
        (made(header(100_000, 100_000, 8, 0), b""), "100000 x 100000 pixels"),
        (made(header(0, 3, 8, 0), b""), "0 x 3 pixels"),
        (made(header(3, 3, 8, 0, 1), bytes(12)), "interlaced"),
        (made(header(3, 3, 8, 5), bytes(12)), "unknown kind"),
        (made(header(3, 3, 8, 0), bytes(11)), "not complete"),
        (made(header(3, 3, 8, 0), b"\7" + bytes(11)), "filter 7"),
        (made(header(3, 3, 8, 3), bytes(12)), "PLTE"),
        (made(header(3, 1, 8, 3), b"\0\1\2\3", chunk(b"PLTE", b"abc")), ""),
    ],
)
def test_what_is_no_picture_is_refused(content: bytes, why: str) -> None:
    with pytest.raises(DataError, match=f"it: no PNG picture.*{why}"):
        read_png(content, 9, "it")


def test_no_more_is_unpacked_than_the_rows_take() -> None:
    """Megabytes of zeros in kilobytes would be unpacked by who believes the file."""
    squeezed = zlib.compressobj()
    packed = b"".join(squeezed.compress(bytes(2**20)) for _ in range(8))
    packed += squeezed.flush()
    whole = header(3, 3, 8, 0) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    assert read_png(SIGNATURE + whole, 9, "it").tolist() == [[0] * 3] * 3
