"""JSON objects in files: written whole, read within limits, their fields checked."""

from __future__ import annotations

import json
import math
from functools import lru_cache
from pathlib import Path
from typing import (
    Dict,
    Mapping,
    Type,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from ..errors import RunError
from ..files import PathLike, write_bytes

_LARGEST_FILE = 64 << 20  # bytes; a record is far smaller, what is not is no record
_WORDS: Dict[object, str] = {
    int: "a whole number",
    float: "a number",
    str: "a text",
    bool: "true or false",
}

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
        if path.stat().st_size > _LARGEST_FILE:
            raise RunError(f"{path}: larger than {_LARGEST_FILE} bytes, not a record")
        return path.read_text(encoding="utf-8")
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
    try:
        value: object = json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    content = {key: _decoded(item) for key, item in value.items()}
    check(content, kind)
    return cast(Kind, content)


def check(content: Mapping[str, object], kind: type, where: str = "") -> None:
    """ValueError where a field that ``kind``, a TypedDict, names is of another type."""
    for name, hint in _fields(kind).items():
        if name in content and not _is(content[name], hint):
            shown = json.dumps(encode(content[name]))
            shown = shown if len(shown) <= 40 else shown[:40] + "..."
            raise ValueError(f"{where}{name} {shown}: accepted is {_in_words(hint)}")


def _decoded(value: object) -> object:
    """Undo :func:`encode` for a number at the top of an object."""
    if isinstance(value, str) and value in ("inf", "-inf", "nan"):
        return float(value)
    return value


@lru_cache(maxsize=None)
def _fields(kind: object) -> Dict[str, object]:
    return get_type_hints(kind)


def _is(value: object, hint: object) -> bool:
    if hint is int or hint is float:
        accepted = (int,) if hint is int else (int, float)
        return isinstance(value, accepted) and not isinstance(value, bool)
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Union:
        return any(_is(value, argument) for argument in inner)
    if origin is list:
        return isinstance(value, list) and all(_is(item, inner[0]) for item in value)
    if hint in (str, bool, object, type(None)):
        return isinstance(value, cast(type, hint))
    if not isinstance(value, dict):
        return False
    if origin is dict:
        return all(_is(item, inner[1]) for item in value.values())
    fields = _fields(hint)
    return all(_is(value[name], fields[name]) for name in fields if name in value)


def _in_words(hint: object) -> str:
    inner = [argument for argument in get_args(hint) if argument is not type(None)]
    if get_origin(hint) is Union:
        return " or ".join(map(_in_words, inner))
    if get_origin(hint) is list:
        return f"a list, each of it {_in_words(inner[0])}"
    return _WORDS.get(hint, "an object")
