"""One side of a benchmark: it does what it is asked on stdin and says how long.

A request is a line of JSON, ``{"workload": {...}, "task": "train", "count": 10}``; the
answer is one too. Only the standard library is needed.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from functools import lru_cache
from typing import (
    Callable,
    Dict,
    List,
    Mapping,
    Optional,
    Sequence,
    TypedDict,
    Union,
    overload,
)

#: Texts that ``generate_batch`` generates side by side.
ROWS = 32
#: Does a task so many times over; may tell more of it than its time.
Task = Callable[[int], Optional[Mapping[str, float]]]
Tasks = Dict[str, Task]


class SentWorkload(TypedDict):
    """A workload as it is sent; see ``workloads.py``."""

    cell: str
    num_hiddens: int
    num_layers: int
    bidirectional: bool
    implementation: str
    batch_size: int
    num_steps: int
    vocab_size: int
    lr: float
    family: str
    embedding: bool


def serve(build: Callable[[SentWorkload], Tasks], import_seconds: float) -> None:
    """Answer requests until stdin ends.

    Parameters
    ----------
    build : callable
        ``workload -> {task: function(count)}``; called once for each workload. What a
        task returns, a dict or None, becomes part of the answer.
    import_seconds : float
        How long the side's imports took; part of the first line that is sent.
    """
    # What libraries print must not stand between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(**values: float) -> None:
        answers.write(json.dumps(values) + "\n")
        answers.flush()

    answer(import_seconds=import_seconds)
    built: Dict[str, Tasks] = {}
    for line in sys.stdin:
        request = json.loads(line)
        key = json.dumps(request["workload"], sort_keys=True)
        if key not in built:
            built[key] = build(request["workload"])
        task = built[key][request["task"]]
        wall, cpu = time.perf_counter(), time.process_time()
        details = task(request["count"]) or {}
        seconds = time.perf_counter() - wall
        answer(
            seconds=seconds,
            cpu_seconds=time.process_time() - cpu,
            peak_bytes=peak_bytes(),
            **details,
        )


def peak_bytes() -> int:
    """The most memory that this process has had resident."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def tokens(workload: SentWorkload, num_batches: int) -> List[int]:
    """Token ids, the same on every side, for ``num_batches`` minibatches."""
    batch_size, num_steps = workload["batch_size"], workload["num_steps"]
    # Enough for the largest offset that the text iterators draw.
    length = (num_batches * num_steps + 1) * batch_size + num_steps
    return _ids(length, workload["vocab_size"])


def pairs(workload: SentWorkload, num_batches: int) -> List[Sequence[object]]:
    """Sentence pairs, the same on every side, none padded: X, lengths, Y, lengths."""
    num_steps, number = workload["num_steps"], num_batches * workload["batch_size"]
    ids = _ids(2 * number * num_steps, workload["vocab_size"])
    rows = [ids[i : i + num_steps] for i in range(0, len(ids), num_steps)]
    lengths = [num_steps] * number
    return [rows[:number], lengths, rows[number:], lengths]


class Endless:
    """A vocabulary; without an ``<eos>`` that a translation could end by, as a target.

    Parameters
    ----------
    eos : int
        Of a source it is a token: a net is asked about none that it does not know.
    """

    def __init__(self, eos: int = -1) -> None:
        self._others = {"<eos>": eos, "<bos>": 2}

    @overload
    def __getitem__(self, tokens: str) -> int: ...
    @overload
    def __getitem__(self, tokens: List[str]) -> List[int]: ...
    def __getitem__(self, tokens: Union[str, List[str]]) -> Union[int, List[int]]:
        if isinstance(tokens, list):
            return [self[token] for token in tokens]
        return self._others.get(tokens, 1)

    def to_tokens(self, ids: List[int]) -> List[str]:
        return [str(k) for k in ids]


@lru_cache(maxsize=None)
def _ids(length: int, vocab_size: int) -> List[int]:
    prime = 1009 if vocab_size < 1009 else 20011
    return [k * k * k % prime % vocab_size for k in range(length)]
