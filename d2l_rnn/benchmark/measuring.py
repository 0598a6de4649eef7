"""The parts of a benchmark: which sides are asked what, in turns.

Each part returns plain data, as it goes into the JSON file.
"""

from __future__ import annotations

import importlib.util
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Callable, Dict, List, Literal, Mapping, Sequence, TypedDict

from .spreads import each, turns
from .workers import Answer, SideFailed, Worker
from .workloads import AXES, WORKLOADS, Workload, along, as_asked

Answers = Dict[str, List[Answer]]

Task = Literal["train", "generate"]
TASKS: Dict[Task, str] = {"train": "training", "generate": "generation"}


class Speed(TypedDict):
    """What :func:`speed` measures."""

    train: Answers
    generate: Answers
    start: Dict[str, Dict[str, float]]
    peak_bytes: Dict[str, float]


class Scaling(TypedDict):
    """What :func:`scaling` measures of one size."""

    values: List[int]
    seconds: List[List[float]]


#: As in the JSON file: a measured part by its name.
Results = Dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """How much is measured, and how the sides are started.

    Attributes
    ----------
    rounds : int
        Turns of each side.
    turn_seconds : float
        About how long a turn lasts: it does what a side can in that time, so that a
        fast side is not judged by its first moments after the others' turns.
    commands, environments : dict of side to command, and to settings
    note : callable
        Told in one line what cannot be measured.
    """

    rounds: int
    turn_seconds: float
    commands: Mapping[str, Sequence[str]]
    environments: Mapping[str, Mapping[str, str]]
    note: Callable[[str], None]


def in_turns(
    rounds: int, tasks: Mapping[str, Callable[[], Answer]]
) -> Dict[str, List[Answer]]:
    """Run every task once a round; collect the answers by name."""
    answers: Answers = {name: [] for name in tasks}
    for _, name in turns(list(tasks), rounds):
        answers[name].append(tasks[name]())
    return answers


def fitting(run: Callable[[int], Answer], seconds: float) -> int:
    """How many times over a task fits into a turn; the task is then warm.

    Parameters
    ----------
    run : callable
        Does the task so many times over.
    seconds : float
        Of the turn.
    """
    run(1)  # makes graphs and wakes threads: no measure of what follows
    count = 1
    for _ in range(4):
        fit = round(count * seconds / run(count)["seconds"])
        count = max(1, min(fit, 10 * count))
    run(count)
    return count


def prepared(
    worker: Worker, workload: Workload, task: str, plan: Plan
) -> Callable[[], Answer]:
    """A side's turn at a task."""
    run = partial(worker.run, workload, task)
    return partial(run, fitting(run, plan.turn_seconds))


def speed(name: str, workload: Workload, plan: Plan) -> Speed:
    """Training and generation of one workload on all sides that can.

    Returns
    -------
    dict
        ``train`` and ``generate``: side to answers; ``start``: side to ``import`` and
        ``first_step`` (seconds from the start of the process to the end of its first
        training step); ``peak_bytes``: side to bytes.
    """
    start: Dict[str, Dict[str, float]] = {}
    with ExitStack() as stack:
        workers = {}
        asked: Dict[str, Workload] = {}
        for side, command in plan.commands.items():
            own = as_asked(workload, side)
            if own is None:
                continue
            try:
                worker = Worker(command, plan.environments[side])
                stack.callback(worker.close)
                worker.run(own, "train", 1)
            except SideFailed as failure:
                plan.note(f"{name}: {side} is left out ({failure})")
                continue
            seconds = time.perf_counter() - worker.started
            start[side] = {"import": worker.import_seconds, "first_step": seconds}
            workers[side], asked[side] = worker, own

        def measured(task: str, sides: Sequence[str]) -> Answers:
            tasks = {
                side: prepared(workers[side], asked[side], task, plan) for side in sides
            }
            return in_turns(plan.rounds, tasks)

        train = measured("train", list(workers))
        generate = measured("generate", [side for side in workers if side != "floor"])
    last = {side: answers[-1]["peak_bytes"] for side, answers in generate.items()}
    return {"train": train, "generate": generate, "start": start, "peak_bytes": last}


def scaling(plan: Plan) -> Dict[str, Scaling]:
    """Seconds of a training step of the book's LSTM against one size at a time.

    Returns
    -------
    dict
        Size to ``values`` and ``seconds``, for each value a list of rounds.
    """
    result: Dict[str, Scaling] = {}
    with ExitStack() as stack:
        worker = Worker(plan.commands["ours"], plan.environments["ours"])
        stack.callback(worker.close)
        for axis, values in AXES.items():
            tasks = {
                str(value): prepared(worker, workload, "train", plan)
                for value, workload in zip(values, along(axis))
            }
            answers = in_turns(plan.rounds, tasks)
            seconds = [each(answers, str(value), "seconds") for value in values]
            result[axis] = {"values": list(values), "seconds": seconds}
    return result


def directions(plan: Plan) -> Dict[str, Answers]:
    """Forward and backward pass of an LSTM of one and of two directions.

    Returns
    -------
    dict
        Number of layers to ``unidirectional`` and ``bidirectional``, lists of answers
        with ``forward`` and ``backward`` in seconds.
    """
    result = {}
    with ExitStack() as stack:
        worker = Worker(plan.commands["ours"], plan.environments["ours"])
        stack.callback(worker.close)
        for num_layers in (1, 2):
            one = replace(WORKLOADS["lstm"], num_layers=num_layers)
            both = replace(one, bidirectional=True)
            tasks = {
                "unidirectional": prepared(worker, one, "passes", plan),
                "bidirectional": prepared(worker, both, "passes", plan),
            }
            result[str(num_layers)] = in_turns(plan.rounds, tasks)
    return result


def hidden_markov(plan: Plan) -> Dict[str, Answers]:
    """Posteriors of an HMM: ours and, where it is installed, hmmlearn's.

    Returns
    -------
    dict
        ``tokens`` of a turn, and ``answers``: side to answers.
    """
    sides = ["ours"]
    if importlib.util.find_spec("hmmlearn"):
        sides.append("hmmlearn")
    else:
        plan.note("hmmlearn is not installed: our HMM stands alone")
    # One long sequence, and a batch of the book's minibatch.
    shapes = {"1 x 1120": (1, 1120), "32 x 35": (32, 35)}
    module = [sys.executable, "-m", f"{__package__}.hidden_markov"]
    result = {}
    with ExitStack() as stack:
        workers = {}
        for side in sides:
            workers[side] = Worker([*module, side], plan.environments["ours"])
            stack.callback(workers[side].close)
        for name, (batch_size, num_steps) in shapes.items():
            workload = Workload(
                "hmm", batch_size=batch_size, num_steps=num_steps, family="hmm"
            )
            tasks = {
                side: prepared(worker, workload, "posteriors", plan)
                for side, worker in workers.items()
            }
            result[name] = in_turns(plan.rounds, tasks)
    return result
