"""A benchmark's figures as tables."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Sequence

from .measuring import TASKS, Answers, Results, Scaling, Speed, Task
from .peers.products import operations
from .spreads import (
    Spread,
    columns,
    each,
    rates,
    ratios,
    shown,
    shown_rate,
    slope,
    spread,
)
from .using import tokens_at_once
from .workloads import WORKLOADS, Workload

NAMES = {
    "ours": "ours",
    "before": "before",
    "d2l": "d2l 0.17.6",
    "torch": "PyTorch",
    "scratch": "ours from scratch",
    "torch_scratch": "PyTorch from scratch",
    "floor": "floor",
}
CLAIM = "the book: bidirectional RNNs are 'exceedingly slow' (Section 9.4)"


def tables(results: Results) -> str:
    """All parts that were measured, each as a table in plain text."""
    parts: Dict[str, Callable[[Any], List[str]]] = {
        "speed": _speed,
        "use": _use,
        "scaling": _scaling,
        "directions": _directions,
        "hidden_markov": _hidden_markov,
        "change": _change,
    }
    return "\n\n".join(
        "\n".join(show(results[part]))
        for part, show in parts.items()
        if results.get(part)
    )


def _speed(speed: Dict[str, Speed]) -> List[str]:
    lines = []
    for task in TASKS:
        sides = [
            side for side in NAMES if any(side in part[task] for part in speed.values())
        ]
        lines += _rates(speed, task, sides) + [""]
        lines += _times_as_fast(speed, task, sides) + [""]
    lines += _floor(speed)
    return lines + [""] + _starts(speed)


def _rates(speed: Dict[str, Speed], task: Task, sides: Sequence[str]) -> List[str]:
    rows = [[f"{TASKS[task]}, tokens/sec", *(NAMES[side] for side in sides)]]
    for name, part in speed.items():
        amount = _tokens(WORKLOADS[name], task)
        rows.append(
            [
                name,
                *(
                    (
                        shown_rate(rates(amount, each(part[task], side, "seconds")))
                        if side in part[task]
                        else "-"
                    )
                    for side in sides
                ),
            ]
        )
    return columns(rows)


def _times_as_fast(
    speed: Dict[str, Speed], task: Task, sides: Sequence[str]
) -> List[str]:
    """Ratios to the other sides: by the clock, and by processor time."""
    others = [side for side in sides if side not in ("ours", "floor")]
    rows = [["times as fast as"]]
    for side in others:
        rows[0] += [NAMES[side], "in processor time"]
    for name, part in speed.items():
        row = [name]
        for side in others:
            for key in ("seconds", "cpu_seconds"):
                if side in part[task]:
                    theirs, ours = (each(part[task], s, key) for s in (side, "ours"))
                    row.append(shown(ratios(theirs, ours)))
                else:
                    row.append("-")
        rows.append(row)
    return columns(rows) if others else []


def _floor(speed: Dict[str, Speed]) -> List[str]:
    """What share of a step's time its matrix products alone would take."""
    rows = [["share of the floor", "GFLOP a step", "GFLOP/s of the floor", "reached"]]
    for name, part in speed.items():
        if "floor" not in part["train"]:
            continue
        floor, ours = (each(part["train"], s, "seconds") for s in ("floor", "ours"))
        billions = operations(WORKLOADS[name].as_json()) / 1e9
        shares = ratios(floor, ours)
        rows.append(
            [
                name,
                f"{billions:.2f}",
                shown(rates(billions, floor), 0),
                "{:.0%} ({:.0%}-{:.0%})".format(*shares),
            ]
        )
    return columns(rows) if len(rows) > 1 else []


def _starts(speed: Dict[str, Speed]) -> List[str]:
    rows = [["start and memory", "side", "import, s", "to first step, s", "peak, MB"]]
    for name, part in speed.items():
        for side, start in part["start"].items():
            if side != "floor":
                peak = part["peak_bytes"][side] / 1e6
                seconds = [f"{start[key]:.1f}" for key in ("import", "first_step")]
                rows.append([name, NAMES[side], *seconds, f"{peak:.0f}"])
    return columns(rows)


def _tokens(workload: Workload, task: Task) -> int:
    """Tokens of one step of a task."""
    return workload.tokens if task == "train" else 1


def _use(found: Dict[str, Answers]) -> List[str]:
    """Tokens a second of each side, and how many times as fast ours is."""
    sides = [side for side in NAMES if any(side in a for a in found.values())]
    rows = [["in use, tokens/sec", *(NAMES[side] for side in sides)]]
    beside = [["times as fast as"]]
    for side in sides[1:]:
        beside[0] += [NAMES[side], "in processor time"]
    for label, answers in found.items():
        amount = tokens_at_once(label)
        row, ratio = [label], [label]
        for side in sides:
            there = side in answers
            seconds = each(answers, side, "seconds") if there else []
            row.append(shown_rate(rates(amount, seconds)) if there else "-")
            for key in ("seconds", "cpu_seconds") if side != "ours" else ():
                if not there:
                    ratio.append("-")
                    continue
                theirs, ours = (each(answers, s, key) for s in (side, "ours"))
                ratio.append(shown(ratios(theirs, ours)))
        rows.append(row)
        beside.append(ratio)
    return [*columns(rows), "", *columns(beside)] if found else []


def _scaling(scaling: Dict[str, Scaling]) -> List[str]:
    lines = ["ms of a training step of the book's LSTM against one size at a time"]
    for axis, part in scaling.items():
        medians = [1e3 * spread(seconds).median for seconds in part["seconds"]]
        cost = ", ".join(f"{v}: {ms:.1f}" for v, ms in zip(part["values"], medians))
        power = slope(part["values"], medians)
        lines.append(f"  {axis.ljust(12)} {cost}; grows with power {power:.2f}")
    return lines


def _directions(parts: Dict[str, Answers]) -> List[str]:
    rows = [["two directions for one", "forward", "backward", "both"]]
    for num_layers, answers in parts.items():
        row = [f"LSTM {num_layers} x 256"]
        for keys in (["forward"], ["backward"], ["forward", "backward"]):
            both, one = (
                list(map(sum, zip(*(each(answers, name, key) for key in keys))))
                for name in ("bidirectional", "unidirectional")
            )
            row.append(shown(ratios(both, one)))
        rows.append(row)
    return columns(rows) + [CLAIM]


def _hidden_markov(parts: Dict[str, Answers]) -> List[str]:
    rows = [["HMM posteriors, ms", "ours", "hmmlearn", "times as fast"]]
    for name, answers in parts.items():
        ours = each(answers, "ours", "seconds")
        row = [name, shown(spread([1e3 * s for s in ours]))]
        if "hmmlearn" in answers:
            theirs = each(answers, "hmmlearn", "seconds")
            row.append(shown(spread([1e3 * s for s in theirs])))
            row.append(shown(ratios(theirs, ours)))
        else:
            row += ["-", "-"]
        rows.append(row)
    return columns(rows)


def _change(found: Results) -> List[str]:
    """How many times as fast as in an earlier run each side is."""
    sides = [side for side in NAMES if any(side in r for r in found["rows"].values())]
    rows = [["times as fast as then", *(NAMES[side] for side in sides)]]
    for name, of in found["rows"].items():
        cells = (shown(Spread(*of[s])) if s in of else "-" for s in sides)
        rows.append([name, *cells])
    then = f"then: {found['started']}, commit {found['commit'] or 'unknown'}"
    return [*columns(rows), then] if sides else ["no row is in both runs", then]
