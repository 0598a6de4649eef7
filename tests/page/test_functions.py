"""Small functions of the page beside those of Python's libraries and ours."""

from __future__ import annotations

import base64
import hashlib
from typing import Any, List

import numpy

from d2l_rnn.inference.decoding import restrict

from .node import HERE, needs_node, node

pytestmark = needs_node


def called(*calls: List[Any]) -> List[Any]:
    return list(node(HERE / "calling.mjs", calls))


def test_sha256_is_that_of_hashlib() -> None:
    """Of all lengths about a block, and of many blocks."""
    texts = [numpy.random.bytes(n) for n in (0, 1, *range(54, 67), 119, 120, 128, 9999)]
    found = called(*(["sha256.mjs", "sha256", [{"bytes": list(t)}]] for t in texts))
    assert found == [hashlib.sha256(text).hexdigest() for text in texts]


def test_halves_are_those_of_numpy() -> None:
    """Every one there is that is finite."""
    halves = numpy.arange(2**16, dtype="<u2").view("<f2")
    halves = halves[numpy.isfinite(halves)]
    text = base64.b64encode(halves.tobytes()).decode()
    (content,) = called(["arrays.mjs", "bytesOfBase64", [text]])
    assert bytes(content) == halves.tobytes()
    (found,) = called(["arrays.mjs", "floatsOf", [{"bytes": content}, "float16"]])
    assert (numpy.array(found, "float32") == halves.astype("float32")).all()


def test_draws_are_restricted_as_ours_are() -> None:
    logits = numpy.random.normal(size=(6, 30)).astype("float32")
    log_probs = restrict(logits).astype("float32")
    limits = [(1.0, None), (0.5, 5), (2.0, 1), (0.1, None), (1.3, 29), (0.7, 100)]
    found = called(
        *(
            ["decode.mjs", "restricted", [{"floats": row.tolist()}, t, k]]
            for row, (t, k) in zip(log_probs, limits)
        )
    )
    for row, probs, (t, k) in zip(log_probs, found, limits):
        expected = numpy.exp(restrict(row[None], t, k)[0])
        numpy.testing.assert_allclose(probs, expected, atol=1e-7)


def test_unknown_letters_are_marked_and_not_dropped() -> None:
    numbers = {"map": ["<unk>", " ", "a", "b"]}
    reading = {"vocab": [], "numbers": numbers, "ofWords": False, "lower": True}
    (read,) = called(["reading.mjs", "tokensOf", ["aB\n?é", reading]])
    assert [r["token"] for r in read] == [2, 3, 1, 0, 0]
    assert [r["unknown"] for r in read] == [False, False, False, True, True]
    assert "".join(r["letters"] for r in read) == "aB\n?é"
