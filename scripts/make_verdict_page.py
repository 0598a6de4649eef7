"""Write docs/verdict.md: how runs are judged, how often wrongly, and what is told.

    python scripts/make_verdict_page.py

simulates the rules where nothing differs (docs/results/calibration.png), works out
their power, and judges the wrong set-ups of tests/results/wrong_setups.json. Some
minutes; every random number has a fixed seed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Dict, List

import matplotlib
import numpy as np

from d2l_rnn.arrays import Floats
from d2l_rnn.results.book import load_book
from d2l_rnn.results.verdict import power
from d2l_rnn.results.verdict.judge import LEVEL, judge, logarithms
from d2l_rnn.results.verdict.mixed import CUT, INITIALISATION, mixed_p, waves
from d2l_rnn.results.verdict.permutation import permutation_p
from d2l_rnn.results.verdict.rendering import markdown_table

matplotlib.use("Agg")

ROOT = Path(__file__).resolve().parents[1]
REPEATS = 800
RUNS = (3, 5)
MODELS = ("rnn", "gru", "lstm", "deep-lstm", "bilstm", "seq2seq")


def of_builds(runs: int) -> Floats:
    """p of builds chosen at random and judged by the others: permutation test."""
    book, random, found = load_book(), np.random.RandomState(runs), []
    for index in range(REPEATS):
        number = book[MODELS[index % len(MODELS)]]
        curves = np.array([build.values for build in number.builds])
        order = random.permutation(len(curves))
        found.append(permutation_p(curves[order[:runs]], curves[order[runs:]]))
    return np.array(found)


def of_other_weights(runs: int, kind: str) -> Floats:
    """p of builds that get weights of their own: mixed model."""
    book, random, found = load_book(), np.random.RandomState(runs), []
    for index in range(REPEATS):
        number = book[MODELS[index % len(MODELS)]]
        curves = logarithms(np.array([build.values for build in number.builds]))
        middle = np.median(curves, axis=0)
        spread = 1.4826 * np.median(np.abs(curves - middle), axis=0)
        deviation = ((curves - middle) / spread).clip(-CUT, CUT).std(axis=0, ddof=1)
        shapes: Floats = np.ones((1, len(spread)))
        if kind == "smooth":
            shapes = waves(len(spread))
        effects = random.standard_normal((runs + 1, len(shapes))) @ shapes
        order = random.permutation(len(curves))
        moved = INITIALISATION * (effects[1:] - effects[0]) * deviation * spread
        ours = curves[order[:runs]] + moved
        found.append(mixed_p(ours, curves[order[runs:]], INITIALISATION))
    return np.array(found)


def draw(panels: Dict[str, Dict[str, Floats]], path: Path) -> None:
    """The share of p-values up to each level, against the level, both logarithmic."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4.2), dpi=110, layout="constrained")
    for axes, (title, curves) in zip(figure.subplots(1, len(panels)), panels.items()):
        levels = np.logspace(-3, 0, 61)
        error = 2 * np.sqrt(levels * (1 - levels) / REPEATS)
        axes.fill_between(
            levels,
            np.maximum(levels - error, 1e-5),
            levels + error,
            color="0.9",
            label=f"as chance has it, {REPEATS} cases",
        )
        axes.plot(levels, levels, color="0.5", linewidth=1, label="p-values exact")
        for label, p in curves.items():
            shares = [(p <= level).mean() for level in levels]
            axes.step(levels, shares, where="post", linewidth=1.4, label=label)
        axes.axvline(LEVEL, color="0.3", linewidth=0.8, linestyle=":")
        axes.set(xscale="log", yscale="log", xlim=(1e-3, 1), ylim=(1e-3, 1))
        axes.set_title(title, fontsize=10)
        axes.set_xlabel("level")
        axes.set_ylabel("share of p-values at or below it")
        axes.legend(fontsize=8, loc="upper left")
    figure.savefig(path)


def alarms_table(panels: Dict[str, Dict[str, Floats]]) -> str:
    rows = [["rule", "runs", "told `differs`", "p at most 0.05", "median p"]]
    for title, curves in panels.items():
        for label, p in curves.items():
            rows.append(
                [
                    title,
                    label,
                    f"{100 * (p <= LEVEL).mean():.1f} %",
                    f"{100 * (p <= 0.05).mean():.1f} %",
                    f"{np.median(p):.2f}",
                ]
            )
    return markdown_table(rows)


def wrong_setups_table() -> str:
    path = ROOT / "tests" / "results" / "wrong_setups.json"
    number = load_book()["rnn"]
    builds = [build.values for build in number.builds]
    rows = [["rnn trained with", "three runs", "inside", "one run (of 3 told)"]]
    for name, curves in json.loads(path.read_text("utf-8")).items():
        together = judge(list(curves.values()), builds)
        alone = sum(judge([curve], builds).differs for curve in curves.values())
        verdict = "differs" if together.differs else "reproduced"
        rows.append(
            [
                "the book's settings" if name == "book" else name,
                f"**{verdict}**, p = {together.p:.2g}",
                f"{together.inside} of {len(number.epochs)}",
                f"{alone} of {len(curves)}",
            ]
        )
    return markdown_table(rows)


def power_table() -> str:
    found = [power.power_of(number) for number in load_book().values()]
    rows: List[List[str]] = power.rows_of([row for row in found if row is not None])
    return markdown_table([power.HEADINGS, *rows])


def main() -> None:
    panels: Dict[str, Dict[str, Floats]] = {
        "permutation test, builds judged by builds": {
            f"{runs} of them": of_builds(runs) for runs in RUNS
        },
        f"mixed model, r = {INITIALISATION:g}": {
            f"{runs} runs, {kind} effect": of_other_weights(runs, kind)
            for runs in RUNS
            for kind in ("constant", "smooth")
        },
    }
    (ROOT / "docs" / "results").mkdir(exist_ok=True)
    draw(panels, ROOT / "docs" / "results" / "calibration.png")
    template = (ROOT / "docs" / "verdict.template.md").read_text("utf-8")
    page = template.format(
        repeats=REPEATS,
        alarms=alarms_table(panels),
        wrong=wrong_setups_table(),
        power=power_table(),
        r=f"{INITIALISATION:g}",
    )
    (ROOT / "docs" / "verdict.md").write_text(page, "utf-8")


if __name__ == "__main__":
    main()
