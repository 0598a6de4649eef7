"""A trained network in use: texts one by one and in batches, translations, beams."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import replace
from typing import Dict, Mapping, Sequence, Tuple

from .measuring import Answers, Plan, in_turns, prepared
from .peers.serving import ROWS
from .workers import PEERS, SideFailed, Worker
from .workloads import Workload

_LANGUAGE = "language model"
# Row -> task, and the sides that can; beams are this project's own.
_TASKS: Dict[bool, Dict[str, Tuple[str, Sequence[str]]]] = {
    True: {
        "1 text": ("generate", ("ours", "before", "d2l", "torch")),
        f"{ROWS} texts": ("generate_batch", ("ours", "d2l", "torch")),
    },
    False: {
        "greedy": ("generate", ("ours", "before", "d2l", "torch")),
        "beam 4": ("beam", ("ours", "before")),
    },
}


def tokens_at_once(label: str) -> int:
    """Tokens of a step of a row of :func:`use`: one of each text."""
    return ROWS if label.endswith(f"{ROWS} texts") else 1


def use(workloads: Mapping[str, Workload], plan: Plan) -> Dict[str, Answers]:
    """Generation and translation of each workload, side by side in turns.

    Returns
    -------
    dict
        "lstm, 1 text", "lstm, 32 texts", "seq2seq, greedy", "seq2seq, beam 4" -> side
        -> answers; ``count`` of an answer is tokens, of 32 texts tokens of each.
    """
    found: Dict[str, Answers] = {}
    beams = [sys.executable, str(PEERS / "beam_search.py")]
    asking_beams = replace(
        plan,
        commands={side: beams for side in ("ours", "before") if side in plan.commands},
    )
    for name, workload in workloads.items():
        for row, (task, sides) in _TASKS[workload.family == _LANGUAGE].items():
            of_task = asking_beams if task == "beam" else plan
            label = f"{name}, {row}"
            answers = _measured(label, workload, task, sides, of_task)
            if answers:
                found[label] = answers
    return found


def _measured(
    label: str, workload: Workload, task: str, sides: Sequence[str], plan: Plan
) -> Answers:
    """One task on the sides that can, each in a process of its own."""
    with ExitStack() as stack:
        tasks = {}
        for side in sides:
            if side not in plan.commands:
                continue
            try:
                worker = Worker(plan.commands[side], plan.environments[side])
                stack.callback(worker.close)
                tasks[side] = prepared(worker, workload, task, plan)
            except SideFailed as failure:
                plan.note(f"{label}: {side} is left out ({failure})")
        return in_turns(plan.rounds, tasks) if "ours" in tasks else {}
