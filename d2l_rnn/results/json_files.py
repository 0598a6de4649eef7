"""JSON objects in files: written whole, read within limits, their fields checked."""

from __future__ import annotations

import json
import math
from functools import lru_cache
from pathlib import Path
from typing import Dict, List, Mapping, Type, TypeVar, Union, cast, get_type_hints

from ..errors import RunError
from ..files import PathLike, write_bytes

_LARGEST_FILE = 64 << 20  # bytes; a record is far smaller, what is not is no record
_WORDS = {
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
    for name, hint in _fields(kind).items():
        if name in content and not _is(content[name], hint):
            shown = json.dumps(encode(content[name]))
            shown = shown if len(shown) <= 40 else shown[:40] + "..."
            raise ValueError(f"{name} {shown}: accepted is {_in_words(hint)}")
    return cast(Kind, content)


def _decoded(value: object) -> object:
    """Undo :func:`encode` for a number at the top of an object."""
    if isinstance(value, str) and value in ("inf", "-inf", "nan"):
        return float(value)
    return value


@lru_cache(maxsize=None)
def _fields(kind: object) -> Dict[str, object]:
    return get_type_hints(kind)


def _is(value: object, hint: object) -> bool:
    if hint is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if hint in (str, bool, type(None)):
        return isinstance(value, cast(type, hint))
    arguments: List[object] = list(getattr(hint, "__args__", ()))
    if getattr(hint, "__origin__", None) is Union:
        return any(_is(value, argument) for argument in arguments)
    if getattr(hint, "__origin__", None) is list:
        return isinstance(value, list) and all(_is(v, arguments[0]) for v in value)
    if getattr(hint, "__origin__", None) is dict:
        return isinstance(value, dict) and all(
            _is(v, arguments[1]) for v in value.values()
        )
    fields = _fields(hint)
    return isinstance(value, dict) and all(
        _is(item, fields[name]) for name, item in value.items() if name in fields
    )


def _in_words(hint: object) -> str:
    arguments = [a for a in getattr(hint, "__args__", ()) if a is not type(None)]
    if getattr(hint, "__origin__", None) is Union:
        return " or ".join(map(_in_words, arguments))
    if getattr(hint, "__origin__", None) is list:
        return f"a list, each of it {_in_words(arguments[0])}"
    return _WORDS.get(cast(type, hint), "an object")
