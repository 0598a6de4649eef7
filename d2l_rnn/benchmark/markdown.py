"""A recorded benchmark as the tables of docs/speed.md."""

from __future__ import annotations

from typing import Callable, Dict, List, Mapping, Sequence

from .measuring import Answers, Results
from .reporting import NAMES
from .spreads import each, rates, ratios, shown, shown_rate
from .using import tokens_at_once
from .workloads import WORKLOADS

_BESIDE = ("d2l", "torch", "scratch", "torch_scratch")


def machine(results: Results) -> str:
    """When, on what and how it was measured, a sentence."""
    here, amounts = results["machine"], results["amounts"]
    load = ", ".join(f"{value:.1f}" for value in here["load"])
    threads = amounts["threads"] or "each side's own choice of"
    return (
        f"Measured {here['started']}, commit {here['commit'] or 'unknown'}: "
        f"{here['processor']}, {here['cores']} cores, {here['idle_cores']} idle "
        f"(load {load}), {threads} threads; {amounts['rounds']} rounds of turns of "
        f"{amounts['turn_seconds']} s."
    )


def training(results: Results) -> str:
    """Tokens a second, how many times as fast as the others, and the floor's share."""
    speed = results.get("speed", {})
    rows = {name: part["train"] for name, part in speed.items()}
    amounts = {name: WORKLOADS[name].tokens for name in rows}
    return _table("training", rows, amounts, ("floor",))


def use(results: Results) -> str:
    """Texts and translations: tokens a second, and how many times as fast."""
    rows = results.get("use", {})
    amounts = {label: tokens_at_once(label) for label in rows}
    return _table("in use", rows, amounts, ())


def memory(results: Results) -> str:
    """The most memory that the processes of each side had, of large vocabularies."""
    rows = {
        name: part["peak_bytes"]
        for name, part in results.get("speed", {}).items()
        if WORKLOADS[name].embedding
    }
    if not rows:
        return "Of large vocabularies this run has measured nothing."
    sides = [side for side in NAMES if any(side in row for row in rows.values())]
    lines = [
        [name, *(f"{row[s] / 1e9:.2f}" if s in row else "" for s in sides)]
        for name, row in rows.items()
    ]
    return _lines(["GB at most", *(NAMES[side] for side in sides)], lines)


#: The tables by their names on a page.
TABLES: Dict[str, Callable[[Results], str]] = {
    "benchmark machine": machine,
    "benchmark training": training,
    "benchmark use": use,
    "benchmark memory": memory,
}


def _table(
    title: str,
    rows: Mapping[str, Answers],
    amounts: Mapping[str, int],
    others: Sequence[str],
) -> str:
    if not rows:
        return f"Of {title} this run has measured nothing."
    beside = [side for side in _BESIDE if any(side in a for a in rows.values())]
    head = [title, "tokens/s", *(f"times {NAMES[side]}" for side in beside), *others]
    lines = []
    for name, answers in rows.items():

        def seconds(side: str, answers: Answers = answers) -> List[float]:
            return each(answers, side, "seconds")

        row = [name, shown_rate(rates(amounts[name], seconds("ours")))]
        for side in beside:
            there = side in answers
            row.append(shown(ratios(seconds(side), seconds("ours"))) if there else "")
        for side in others:
            share = ratios(seconds(side), seconds("ours")) if side in answers else None
            row.append("{:.0%} ({:.0%}-{:.0%})".format(*share) if share else "")
        lines.append(row)
    return _lines(head, lines)


def _lines(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table, its first column to the left and the others to the right."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, rule, *rows))
