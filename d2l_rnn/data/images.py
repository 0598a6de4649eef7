"""Small grey images with their classes: scikit-learn's digits, or the reader's own."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, List, Sequence, Tuple, Union, cast

import numpy as np

from ..arrays import Floats, Integers
from ..errors import DataError
from ..files import read_regular
from ..installation import missing
from .png import read_png
from .reading import read_content, shown

DIGITS = "digits"
ACCEPTED = (
    f"{DIGITS}, a file .npz with arrays images and labels, or a folder of PNG files"
)
MOST_PIXELS = 10_000  # of one image: each is a step of a net
MOST_FILES = 100_000
MOST_CLASSES = 1_000
LONGEST_LABEL = 100  # letters
LARGEST_PNG = 2**20  # bytes
LARGEST_UNPACKED = 512 * 2**20  # bytes: MNIST has 55 million
#: Every how many images one is held out; the last of the file.
HELD_OUT = 5
# What an .npz calls its images and their classes; the second pair is Keras's MNIST.
_NAMES = (("images", "labels"), ("x_train", "y_train"), ("x_test", "y_test"))

#: Values of pixels, whole or not.
Grey = Union[Floats, Integers]


@dataclass(frozen=True, eq=False)
class Images:
    """Images of one size.

    Attributes
    ----------
    name : str
    sha1 : str
        Of all their values, in order.
    values : numpy.ndarray, shape (num_images, height, width)
        Grey values as the file has them, at least 0; light is great.
    labels : numpy.ndarray of int, shape (num_images,)
        Index of each image's class; zeros where there are no classes.
    classes : list of str
        Empty where the images have none.
    """

    name: str
    sha1: str
    values: Grey
    labels: Integers
    classes: List[str]

    def levels(self, num_levels: int) -> Integers:
        """The images as sequences of grey levels, row by row.

        ``level = floor(L v / (top + 1))`` of whole values, ``floor(L v / top)`` of
        others, at most ``L - 1``; top is the greatest value of all images.

        Parameters
        ----------
        num_levels : int
            L.

        Returns
        -------
        numpy.ndarray of int64, shape (num_images, height * width)
            0 ... L - 1.
        """
        whole = np.issubdtype(self.values.dtype, np.integer)
        top = float(self.values.max()) + whole
        scaled = np.floor(self.values.astype(float) * num_levels / (top or 1.0))
        levels = np.minimum(scaled, num_levels - 1).astype(np.int64)
        return np.asarray(levels.reshape(len(levels), -1))


def split(num_images: int) -> int:
    """How many images are trained on: all but the last fifth."""
    return num_images - num_images // HELD_OUT


def load_images(source: str, most: int = 0) -> Images:
    """Read images.

    Parameters
    ----------
    source : str
        "digits": 1797 of 8 x 8 pixels and 17 grey levels, those of scikit-learn. A file
        ``.npz``: ``images`` (num_images, height, width) and, where they have classes,
        ``labels`` (num_images,); or the names of Keras's MNIST. A folder: its PNG
        files, or those of its subfolders, whose names are the classes, in the order of
        the file names.
    most : int
        Only so many, the first; 0: all.

    Raises
    ------
    DataError
        If they cannot be had, are too large, too few, or not of one size.
    """
    if source == DIGITS:
        return _checked(DIGITS, *_digits(), most)
    path = Path(source)
    name = path.name or shown(source)
    try:
        is_folder = os.path.isdir(path)
    except ValueError as error:  # what no path can hold
        raise DataError(f"images {shown(source)}: no path ({error})") from None
    if is_folder:
        return _checked(name, *_folder(path, most), most)
    return _checked(name, *_npz(path), most)


def _digits() -> Tuple[Grey, Sequence[object]]:
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise DataError(
            f"images {DIGITS}: {missing('scikit-learn')} (scripts/reproduce.sh pixels "
            "does too); or name your own with --images"
        ) from None
    found = load_digits()
    return found.images.astype(np.uint8), found.target.tolist()


def _checked(
    name: str, values: Grey, labels: Sequence[object], most: int = 0
) -> Images:
    """Images, found to be some; classes are in the order of numbers or letters."""
    if values.ndim != 3 or values.dtype.kind not in "uifb":
        raise DataError(
            f"{name}: images of {values.dtype} numbers and shape {values.shape}; "
            "accepted are numbers of shape (images, height, width)"
        )
    if labels and len(labels) != len(values):
        raise DataError(f"{name}: {len(labels)} labels of {len(values)} images")
    values = values[:most] if most else values
    labels = labels[: len(values)]
    values = values.astype(np.uint8) if values.dtype.kind == "b" else values
    if len(values) < 2 * HELD_OUT:
        raise DataError(f"{name}: {len(values)} images; at least {2 * HELD_OUT}")
    if not 2 <= values[0].size <= MOST_PIXELS:
        raise DataError(
            f"{name}: images of {values[0].size:,} pixels; accepted are 2 to "
            f"{MOST_PIXELS:,}"
        )
    if not np.isfinite(values).all() or values.min() < 0:
        raise DataError(f"{name}: a grey value is negative or no number")
    classes = sorted({str(label) for label in labels}, key=_in_order)
    if any(len(label) > LONGEST_LABEL or not _is_unicode(label) for label in classes):
        raise DataError(
            f"{name}: a label is longer than {LONGEST_LABEL} letters, or no UTF-8"
        )
    if len(classes) > MOST_CLASSES:
        raise DataError(f"{name}: {len(classes):,} classes; at most {MOST_CLASSES:,}")
    index = {label: number for number, label in enumerate(classes)}
    numbers = [index[str(label)] for label in labels] or [0] * len(values)
    content = [str((values.shape, values.dtype.str)).encode(), values.tobytes()]
    content.append("\0".join(map(str, labels)).encode())
    sha1 = hashlib.sha1(b"\0".join(content)).hexdigest()
    return Images(name, sha1, values, np.array(numbers, np.int64), classes)


def _is_unicode(label: str) -> bool:
    try:
        label.encode()
    except UnicodeEncodeError:
        return False
    return True


def _in_order(label: str) -> Tuple[int, str]:
    return (int(label) if label.isdecimal() else -1, label)


def _npz(path: Path) -> Tuple[Grey, Sequence[object]]:
    what = f"images {shown(path)}"
    content = read_content(path, "images", ACCEPTED)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = {info.filename: info for info in archive.infolist()}
            if sum(info.file_size for info in members.values()) > LARGEST_UNPACKED:
                raise DataError(f"{what}: unpacked larger than {LARGEST_UNPACKED:,}")
            found = [
                tuple(
                    _array(archive.read(members[f"{name}.npy"]))
                    for name in names
                    if f"{name}.npy" in members
                )
                for names in _NAMES
                if f"{names[0]}.npy" in members
            ]
    except (zipfile.BadZipFile, ValueError, RuntimeError, NotImplementedError) as error:
        raise DataError(f"{what}: no .npz file that can be read ({error})") from None
    except Exception as error:  # a damaged member: zlib's and others' own errors
        if isinstance(error, DataError):
            raise
        raise DataError(f"{what}: damaged ({error})") from None
    if not found:
        raise DataError(f"{what}: without an array images; accepted are {ACCEPTED}")
    images = [arrays[0] for arrays in found]
    if len({array.shape[1:] for array in images}) > 1:
        raise DataError(f"{what}: x_train and x_test are not of one size")
    labels = [arrays[1] for arrays in found if len(arrays) > 1]
    if any(array.ndim != 1 or array.dtype.kind not in "uiUb" for array in labels):
        raise DataError(f"{what}: labels are one whole number or text an image")
    whole = cast(Grey, np.concatenate(images))
    if len(labels) < len(images):
        return whole, []
    try:
        return whole, np.concatenate(labels).tolist()
    except (SystemError, ValueError) as error:  # a letter that is none
        raise DataError(f"{what}: a label is no text ({error})") from None


def _array(content: bytes) -> Grey:
    """An array of an .npz file, whose header is believed no further than it is long.

    Raises
    ------
    ValueError
        If it is none of numbers or texts, or not as long as its header says.
    """
    file = io.BytesIO(content)
    format: Any = np.lib.format  # has no types
    version = format.read_magic(file)
    if version == (1, 0):
        shape, by_columns, dtype = format.read_array_header_1_0(file)
    else:
        shape, by_columns, dtype = format.read_array_header_2_0(file)
    if dtype.hasobject or dtype.kind not in "uifbU":
        raise ValueError(f"an array of {dtype}")
    rest = content[file.tell() :]
    count = 1
    for side in shape:
        count *= side  # of Python: does not overflow
    if not shape or min(shape) < 0 or count * dtype.itemsize != len(rest):
        raise ValueError("an array that is not as long as it says")
    array = np.frombuffer(rest, dtype).reshape(shape, order="F" if by_columns else "C")
    return array


def _folder(path: Path, most: int) -> Tuple[Grey, Sequence[object]]:
    """PNG files by name, then by folder: the held-out ones are of every class."""
    what = f"images {shown(path)}"
    try:
        inside = sorted(path.iterdir())
        classes = [place for place in inside if place.is_dir()]
        files = [f for f in inside if f.suffix.lower() == ".png"]
        if classes and not files:
            below = [sorted(place.iterdir()) for place in classes]
            files = [f for part in below for f in part if f.suffix.lower() == ".png"]
            files.sort(key=lambda file: (file.name, file.parent.name))
        else:
            classes = []
        if not 0 < len(files) <= MOST_FILES:
            raise DataError(
                f"{what}: {len(files):,} PNG files; accepted are 1 to {MOST_FILES:,}, "
                "in it or in its subfolders, which are the classes"
            )
        files = files[:most] if most else files
        images = [
            read_png(read_regular(f, LARGEST_PNG), MOST_PIXELS, f"images {shown(f)}")
            for f in files
        ]
    except OSError as error:
        raise DataError(f"{what}: {error.strerror or error}") from None
    for file, image in zip(files, images):
        if image.shape != images[0].shape:
            raise DataError(
                f"images {shown(file)}: {image.shape[1]} x {image.shape[0]} pixels; "
                f"{files[0].name} has {images[0].shape[1]} x {images[0].shape[0]}"
            )
    return np.array(images), [f.parent.name for f in files] if classes else []
