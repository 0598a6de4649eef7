"""What is no JSON, or beyond a limit, is refused in a line that names it."""

from __future__ import annotations

import json
import sys
from typing import List, Optional, TypedDict

import pytest

from d2l_rnn.strict_json import DEEPEST, LONGEST_TEXT, MOST_VALUES, check, loads


@pytest.mark.parametrize(
    "text",
    [
        "null",
        "[]",
        '{"a": [1, -2.5e-3, true, null, "é\\u00e9\\ud83d\\ude00"], "b": {"a": {}}}',
        "9223372036854775807",
        "-9223372036854775807",
        "1.7976931348623157e308",
        "[" * DEEPEST + "]" * DEEPEST,
        '"' + "x" * LONGEST_TEXT + '"',
    ],
)
def test_json_is_read_as_python_reads_it(text: str) -> None:
    assert loads(text) == json.loads(text)


@pytest.mark.parametrize(
    "text, reason",
    [
        ("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), "nested deeper than 32"),
        ("[" * 700 + "]" * 700, "nested deeper than 32"),
        ('{"a":' * 700 + "1" + "}" * 700, "nested deeper than 32"),
        ("[" * 10**6 + "]" * 10**6, "nested deeper than 32"),
        ("1" + "0" * 400, "the number 1000.*is beyond 9223372036854775807"),
        ("-9223372036854775808", "is beyond 9223372036854775807"),
        ("9" * 10**6, "the number 9999.*is beyond"),
        ("1e999", "the number 1e999 is beyond all floats"),
        ("[NaN]", "NaN is no JSON"),
        ("-Infinity", "-Infinity is no JSON"),
        ('{"a": 1, "b": 2, "a": 3}', "the key a is there twice"),
        ('["\\ud800"]', "is no Unicode text"),
        ('{"\\udfff": 1}', "is no Unicode text"),
        ('"' + "x" * (LONGEST_TEXT + 1) + '"', "a text of more than 1,048,576 letters"),
        ("[" + "1," * MOST_VALUES + "1,1]", "more than 1,000,000 values"),
        ("\ufeff{}", "BOM"),
        ("{", "Expecting"),
        ("", "Expecting"),
    ],
    ids=lambda value: value[:20],
)
def test_what_is_none_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as error:
        loads(text)
    message = str(error.value)
    assert len(message) < 200 and "\n" not in message
    message.encode()


def test_the_depth_does_not_depend_on_the_stack() -> None:
    """A caller deep in its own calls is answered as another one."""
    limit = sys.getrecursionlimit()
    text = "[" * 700 + "]" * 700

    def below(depth: int) -> str:
        if depth:
            return below(depth - 1)
        with pytest.raises(ValueError) as error:
            loads(text)
        return str(error.value)

    assert below(limit - 300 - 100) == below(0)


class Kind(TypedDict, total=False):
    count: int
    rates: List[float]
    name: Optional[str]


@pytest.mark.parametrize(
    "content, reason",
    [
        ({"count": 1.0}, "count 1.0: accepted is a whole number"),
        ({"count": True}, "count true: accepted is a whole number"),
        ({"rates": [1, "2"]}, "rates .*: accepted is a list, each of it a number"),
        ({"name": 5}, "name 5: accepted is a text"),
        ({"name": ["x" * 10**5]}, "name .{40,50}: accepted is a text"),
    ],
)
def test_a_field_of_another_type_is_named(content: object, reason: str) -> None:
    assert isinstance(content, dict)
    with pytest.raises(ValueError, match=reason):
        check(content, Kind)
    check({"count": 1, "rates": [1, 2.5], "name": None, "more": object()}, Kind)
