"""JSON that others may have written, read within limits and checked field by field.

Python's own reader takes more than JSON (``NaN``, the same key twice), takes numbers
that no float and no C integer holds, and what is nested deeply enough ends it, or
whatever walks through its result. What passes here can be walked, printed and computed
with; what does not is refused with a ValueError that names the limit.
"""

from __future__ import annotations

import json
import math
from functools import lru_cache
from typing import (
    Dict,
    List,
    Mapping,
    NoReturn,
    Tuple,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

DEEPEST = 32
MOST_VALUES = 1_000_000
LONGEST_TEXT = 1 << 20  # letters
LARGEST_NUMBER = 2**63 - 1  # whole ones, and without their sign
_WORDS: Dict[object, str] = {
    int: "a whole number",
    float: "a number",
    str: "a text",
    bool: "true or false",
}


def loads(text: str, longest_text: int = LONGEST_TEXT) -> object:
    """Read one JSON value.

    Parameters
    ----------
    text : str
    longest_text : int
        Letters that a text in it may have.

    Returns
    -------
    object
        None, truth values, numbers, texts, lists and dicts.

    Raises
    ------
    ValueError
        If it is no JSON, or beyond a limit of this module.
    """
    if text.count(",") > MOST_VALUES:
        raise ValueError(f"more than {MOST_VALUES:,} values")
    try:
        value: object = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_whole,
            parse_float=_float,
            parse_constant=_constant,
        )
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    _check_limits(value, longest_text)
    return value


_TOO_DEEP = f"nested deeper than {DEEPEST}"


def _object(pairs: List[Tuple[str, object]]) -> Dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {_short(twice)} is there twice")
    return found


def _whole(digits: str) -> int:
    # Longer ones are not converted at all: that takes the square of their length.
    value = int(digits) if len(digits) <= 20 else LARGEST_NUMBER + 1
    if abs(value) > LARGEST_NUMBER:
        raise ValueError(f"the number {_short(digits)} is beyond {LARGEST_NUMBER}")
    return value


def _float(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise ValueError(f"the number {_short(digits)} is beyond all floats")
    return value


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _check_limits(value: object, longest_text: int) -> None:
    """Level by level: what is nested too deeply is left before it can do harm."""
    level = [value]
    for depth in range(DEEPEST + 1):
        below: List[object] = []
        for item in level:
            if depth == DEEPEST and isinstance(item, (dict, list)):
                raise ValueError(_TOO_DEEP)
            if isinstance(item, str):
                _check_text(item, longest_text)
            elif isinstance(item, dict):
                for key in item:
                    _check_text(key, longest_text)
                below += item.values()
            elif isinstance(item, list):
                below += item
        level = below


def _check_text(text: str, longest: int) -> None:
    if len(text) > longest:
        raise ValueError(f"a text of more than {longest:,} letters")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ValueError(f"{_short(text)} is no Unicode text") from None


def _short(text: str) -> str:
    text = ascii(text).strip("'")
    return text if len(text) <= 40 else f"{text[:40]}..."


def check(content: Mapping[str, object], kind: type, where: str = "") -> None:
    """ValueError where a field that ``kind``, a TypedDict, names is of another type."""
    for name, hint in fields_of(kind).items():
        if name in content and not _is(content[name], hint):
            shown = _short(json.dumps(content[name], default=str))
            raise ValueError(f"{where}{name} {shown}: accepted is {_in_words(hint)}")


@lru_cache(maxsize=None)
def fields_of(kind: object) -> Dict[str, object]:
    """The fields of a TypedDict with their types."""
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
    fields = fields_of(hint)
    return all(_is(value[name], fields[name]) for name in fields if name in value)


def _in_words(hint: object) -> str:
    inner = [argument for argument in get_args(hint) if argument is not type(None)]
    if get_origin(hint) is Union:
        return " or ".join(map(_in_words, inner))
    if get_origin(hint) is list:
        return f"a list, each of it {_in_words(inner[0])}"
    return _WORDS.get(hint, "an object")
