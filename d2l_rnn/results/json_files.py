"""JSON objects in files: written whole, read within limits, their fields checked."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Mapping, Type, TypeVar, cast

from ..errors import RunError
from ..files import PathLike, read_regular, write_bytes
from ..strict_json import check, fields_of, loads

LARGEST_FILE = 64 << 20  # bytes; a record is far smaller, what is not is no record

Kind = TypeVar("Kind", bound=Mapping[str, object])


def write_json(path: PathLike, content: Mapping[str, object]) -> None:
    """Write a JSON object atomically, indented, keys in their order."""
    write_bytes(path, (json.dumps(encode(content), indent=2) + "\n").encode())


def line_of(content: Mapping[str, object]) -> bytes:
    """A JSON object as one line."""
    return (json.dumps(encode(content)) + "\n").encode()


def encode(value: object) -> object:
    """JSON has no infinity: write it, and what is not a number, as a string."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: encode(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    return value


def read_text(path: Path) -> str:
    """Read a file that may be no record at all."""
    try:
        return read_regular(path, LARGEST_FILE).decode("utf-8")
    except OSError as error:
        raise RunError(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise RunError(f"{path}: not UTF-8 text") from None


def read_json(path: Path, kind: Type[Kind]) -> Kind:
    """Read one JSON object; :class:`RunError` where it is none, or not of this kind."""
    try:
        return parse(read_text(path), kind)
    except ValueError as error:
        raise RunError(f"{path}: {error}") from None


def parse(text: str, kind: Type[Kind]) -> Kind:
    """Parse one JSON object; ValueError says what else it is.

    Parameters
    ----------
    text : str
    kind : type
        A TypedDict: fields that it names have its types where they are there, others
        are taken as they are.
    """
    value = loads(text)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    texts = [name for name, hint in fields_of(kind).items() if hint is str]
    content = {k: v if k in texts else _decoded(v) for k, v in value.items()}
    check(content, kind)
    return cast(Kind, content)


def _decoded(value: object) -> object:
    """Undo :func:`encode` for the fields of objects, however deep.

    Of a text that is one of these words the same is shown and written either way. In a
    list they are left: those of generated texts are joined, those of numbers only kept.
    """
    if isinstance(value, str) and value in ("inf", "-inf", "nan"):
        return float(value)
    if isinstance(value, dict):
        return {key: _decoded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_decoded(i) if isinstance(i, (dict, list)) else i for i in value]
    return value
