"""What is done to good bytes and good JSON to make hostile ones of them."""

from __future__ import annotations

import json
import random
from typing import Dict, List, Sequence, Union

Json = Union[None, bool, int, float, str, List["Json"], Dict[str, "Json"]]

#: Values that a reader of numbers, texts and lists stumbles over.
VALUES: Sequence[Json] = (
    None,
    True,
    False,
    0,
    -1,
    1.5,
    -0.0,
    2**31,
    2**63,
    10**400,
    1e308,
    5e-324,
    float("inf"),
    float("-inf"),
    float("nan"),
    "",
    "inf",
    "nan",
    "\x00",
    "\ud800",
    "\x1b[31m",
    "a\nb",
    "é" * 3000,
    "9" * 5000,
    [],
    [[]],
    [None, 1, "a"],
    {},
    {"": {}},
    "DEEP",
)
#: What stands for a value that Python itself would not write.
_DEEP = b'"DEEP"'
#: Bytes that a reader of text stumbles over.
PIECES: Sequence[bytes] = (
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b"\r",
    b"\x0c",
    b"\xc2\x85",
    b"\xe2\x80\xa8",
    b'"',
    b"{",
    b"]",
    b",",
    b"NaN",
    b"-Infinity",
    b"1e999",
    b"[" * 2000,
    b'{"a":' * 700,
    b"9" * 5000,
    b"\\ud800",
    b"\n\n",
)


def flipped(content: bytes, generator: random.Random) -> bytes:
    """With one bit changed."""
    changed = bytearray(content)
    place = generator.randrange(len(changed))
    changed[place] ^= 1 << generator.randrange(8)
    return bytes(changed)


def cut(content: bytes, generator: random.Random) -> bytes:
    """Without its end."""
    return content[: generator.randrange(len(content))]


def mutated(content: bytes, generator: random.Random) -> bytes:
    """With one to four changes of bytes: flips, cuts, pieces put in, doubled, lost."""
    for _ in range(generator.randint(1, 4)):
        if not content:
            return content
        first, last = sorted(generator.randrange(len(content) + 1) for _ in range(2))
        content = generator.choice(
            [
                flipped(content, generator),
                cut(content, generator),
                content[:first] + generator.choice(PIECES) + content[first:],
                content[:last] + content[first:],
                content[:first] + content[min(last, first + 8) :],
                content[:first] + _noise(generator) + content[first + 4 :],
            ]
        )
    return content


def _noise(generator: random.Random) -> bytes:
    return bytes(generator.randrange(256) for _ in range(4))


def changed(value: Json, generator: random.Random) -> Json:
    """A JSON value with one part of it, however deep, replaced, lost or doubled."""
    inside = isinstance(value, (dict, list)) and value and generator.random() < 0.9
    if inside and isinstance(value, dict):
        key = generator.choice(list(value))
        others = {name: item for name, item in value.items() if name != key}
        if generator.random() < 0.1:
            return others
        return {**others, key: changed(value[key], generator)}
    if inside and isinstance(value, list):
        place = generator.randrange(len(value))
        before, item, after = value[:place], value[place], value[place + 1 :]
        again = generator.choice([[], [item, item], [changed(item, generator)]])
        return [*before, *again, *after]
    return [value] if generator.random() < 0.05 else generator.choice(VALUES)


def as_json(value: Json) -> bytes:
    """JSON as Python writes it: with NaN, escaped surrogates and all digits."""
    return json.dumps(value).encode().replace(_DEEP, b"[" * 700 + b"]" * 700)
