"""Images come from scikit-learn or from the reader's files, and are not trusted."""

from __future__ import annotations

import io
import os
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from d2l_rnn.data import images as module
from d2l_rnn.data.images import load_images, split
from d2l_rnn.data.png import write_png
from d2l_rnn.errors import DataError

GREY = np.random.default_rng(0).integers(0, 256, (20, 4, 5)).astype(np.uint8)
LABELS = np.arange(20) % 11


def file_of(folder: Path, **arrays: Any) -> str:
    path = folder / "mine.npz"
    np.savez_compressed(path, **arrays)
    return str(path)


def test_the_digits_are_those_of_scikit_learn() -> None:
    pytest.importorskip("sklearn", reason="scikit-learn is not installed here")
    digits = load_images("digits")
    assert digits.values.shape == (1797, 8, 8) and digits.classes == list("0123456789")
    # 17 levels are the file's own numbers
    assert (digits.levels(17).reshape(digits.values.shape) == digits.values).all()
    assert split(1797) == 1438
    few = load_images("digits", 50)
    assert (few.values == digits.values[:50]).all() and few.sha1 != digits.sha1


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(DataError, match="scikit-learn is missing.*--images"):
        load_images("digits")


def test_levels_are_equal_parts_of_what_there_is(tmp_path: Path) -> None:
    values = np.arange(256, dtype=np.uint8).reshape(16, 4, 4)
    found = load_images(file_of(tmp_path, images=values)).levels(4).ravel()
    assert found.tolist() == np.repeat(np.arange(4), 64).tolist()
    real = load_images(file_of(tmp_path, images=values / 255.0)).levels(4).ravel()
    assert real.tolist() == [min(3, int(4 * v / 255)) for v in range(256)]
    dark = load_images(file_of(tmp_path, images=0 * values)).levels(4)
    assert dark.shape == (16, 16) and not dark.any()


def test_labels_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    found = load_images(file_of(tmp_path, images=GREY, labels=LABELS))
    assert found.classes == [str(number) for number in range(11)]
    assert (found.labels == LABELS).all() and found.name == "mine.npz"
    assert load_images(file_of(tmp_path, images=GREY)).classes == []
    named = np.where(LABELS > 5, "cat", "bat")
    found = load_images(file_of(tmp_path, images=GREY, labels=named))
    assert found.classes == ["bat", "cat"] and (found.labels == (LABELS > 5)).all()
    parts = {"x_train": GREY[:9], "y_train": LABELS[:9]}
    parts.update({"x_test": GREY[9:], "y_test": LABELS[9:]})
    both = load_images(file_of(tmp_path, **parts))
    assert (both.values == GREY).all() and (both.labels == LABELS).all()


def test_a_folder_of_png_files(tmp_path: Path) -> None:
    """Its subfolders are the classes; each has its part of the last fifth."""
    for number, grey in enumerate(GREY):
        place = tmp_path / ("odd" if number % 2 else "even")
        place.mkdir(exist_ok=True)
        (place / f"{number:03}.png").write_bytes(write_png(grey))
    (tmp_path / "even" / "notes.txt").write_text("not a picture")
    found = load_images(str(tmp_path))
    assert (found.values == GREY).all() and found.classes == ["even", "odd"]
    assert found.labels.tolist() == [0, 1] * 10
    flat = load_images(str(tmp_path / "odd"))
    assert (flat.values == GREY[1::2]).all() and flat.classes == []
    (tmp_path / "odd" / "999.png").write_bytes(write_png(GREY[0][:3]))
    with pytest.raises(DataError, match=r"999.png: 5 x 3 pixels; 001.png has 5 x 4"):
        load_images(str(tmp_path / "odd"))


class Touching:
    """Unpickled, it would leave a mark."""

    def __reduce__(self) -> Any:
        return os.mkdir, ("mark",)


def member(content: bytes, name: str = "images.npy") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def array_file(shape: Any, content: bytes, descr: str = "|u1") -> bytes:
    buffer = io.BytesIO()
    header = {"descr": descr, "fortran_order": False, "shape": shape}
    format: Any = np.lib.format  # has no types
    format.write_array_header_1_0(buffer, header)
    return buffer.getvalue() + content


@pytest.mark.parametrize(
    "content, why",
    [
        (b"no archive", r"no .npz file"),
        (member(b"no array"), r"no .npz file"),
        (member(array_file((20, 4, 4), b"x")), "not as long as it says"),
        (member(array_file((10**6, 10**6, 10**6), b"x")), "not as long as it says"),
        (member(array_file((), b"x")), "not as long as it says"),
        (member(array_file((20, 4, 4), bytes(320)), "other.npy"), "without an array"),
        (member(array_file((20, 16), bytes(320))), r"shape \(20, 16\)"),
        (member(array_file((5, 4, 4), bytes(80))), "5 images; at least 10"),
        (member(array_file((10, 200, 200), bytes(400_000))), "40,000 pixels"),
        (member(array_file((10, 1, 1), bytes(10))), "of 1 pixels"),
        (
            member(array_file((10, 1, 2), np.full(20, np.nan).tobytes(), "<f8")),
            "negative or no number",
        ),
    ],
)
def test_what_is_no_file_of_images_is_refused(
    content: bytes, why: str, tmp_path: Path
) -> None:
    path = tmp_path / "bad.npz"
    path.write_bytes(content)
    with pytest.raises(DataError, match=why):
        load_images(str(path))


def test_nothing_is_unpickled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    harmful = np.array([Touching()] * 10, dtype=object)
    np.savez("bad.npz", images=harmful)
    with pytest.raises(DataError, match="an array of object"):
        load_images("bad.npz")
    assert not Path("mark").exists()


def test_limits_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = file_of(tmp_path, images=GREY, labels=LABELS)
    monkeypatch.setattr(module, "MOST_CLASSES", 10)
    with pytest.raises(DataError, match="11 classes; at most 10"):
        load_images(source)
    monkeypatch.setattr(module, "LARGEST_UNPACKED", 400)
    with pytest.raises(DataError, match="unpacked larger than 400"):
        load_images(source)
    with pytest.raises(DataError, match="no such file; accepted are digits"):
        load_images(str(tmp_path / "nowhere"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="0 PNG files"):
        load_images(str(tmp_path / "empty"))
    with pytest.raises(DataError, match="no path"):
        load_images("a\0b")


def test_labels_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="19 labels of 20 images"):
        load_images(file_of(tmp_path, images=GREY, labels=LABELS[1:]))
    with pytest.raises(DataError, match="one whole number or text an image"):
        load_images(file_of(tmp_path, images=GREY, labels=LABELS / 2))
    for label, why in ((0x110000, "is no text"), (0xD800, "no UTF-8")):
        letters = np.full(20, label, np.uint32).view("<U1")
        with pytest.raises(DataError, match=why):
            load_images(file_of(tmp_path, images=GREY, labels=letters))
    with pytest.raises(DataError, match="longer than 100"):
        load_images(file_of(tmp_path, images=GREY, labels=np.full(20, "x" * 101)))
