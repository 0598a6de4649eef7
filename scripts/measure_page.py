"""Measure the page in Chromium: ``scripts/measure_page.py RUN [RUN ...]``.

For each run, on a page of its own: the size with either type of weights, milliseconds
to open the network in the worker, seconds until the first character stands on the page,
the largest difference of the scores from NumPy's over 500 characters, whether the
greedy text is NumPy's, the share of greedy characters that float16 leaves as they are,
and characters a second in the worker (the best of five times 500: other programs may
run) and, of processor time, in Node.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy

sys.path.insert(0, str(Path(__file__).parents[1]))

from d2l_rnn.experiments.loaded import load_run
from d2l_rnn.experiments.on_page import runs_on_page
from d2l_rnn.inference.network import Network
from tests.page.chromium import answers, opened, written
from tests.page.node import HERE, node

LENGTH, TIMES = 500, 5
GREEDY = {"temperature": None, "topK": None}


def measure(run: Path, folder: Path) -> str:
    """A row of the table."""
    loaded = load_run(run)
    net, prefix = loaded.steps, loaded.ids(loaded.prefixes()[0])
    if not isinstance(net, Network):
        raise SystemExit(f"{run}: no recurrent network")
    expected = net.continue_greedily(prefix, LENGTH)
    begin = [["begin", {}], ["read", {"tokens": prefix}]]
    typed = ["type", {"count": LENGTH, "choice": GREEDY}]
    sizes, same, rate, worst, ready, first = [], [], 0.0, 0.0, 0.0, 0.0
    for dtype in ("float32", "float16"):
        path = written(folder, [run], dtype)
        sizes.append(f"{path.stat().st_size / 1e6:.2f}")
        start = time.perf_counter()
        with opened(path) as watched:
            watched.wait_for_text(len(prefix) + 1)
            if dtype == "float32":
                first = time.perf_counter() - start
            calls = [*begin, typed, ["scores", {}], *(TIMES * [*begin, typed])]
            ready, *found = answers(watched, calls)
        tokens = [place["token"] for place in found[2]["result"]["places"]]
        same.append(numpy.mean([a == b for a, b in zip(tokens, expected)]))
        if dtype == "float32":
            rate = max(LENGTH / answer["seconds"] for answer in found[6::3])
            state, read = net.begin_state(1), prefix + tokens
            scores = [net.logits([token], state)[0] for token in read]
            worst = abs(numpy.array(found[3]["result"]) - scores).max()
            milliseconds = ready
    (shown,) = runs_on_page([run])
    given = {"facts": shown.facts(), "weights": shown.weights.text}
    pace = node(HERE / "pace.mjs", {**given, "tokens": prefix, "count": LENGTH})
    until = numpy.argmin([*(a == b for a, b in zip(tokens, expected)), False])
    return (
        f"| {loaded.experiment} | {' / '.join(sizes)} | {milliseconds:.0f} "
        f"| {first:.1f} | {worst:.1e} | {same[0]:.0%} | {same[1]:.1%} ({until}) "
        f"| {rate:.0f} / {pace:.0f} |"
    )


if __name__ == "__main__":
    print(
        "| run | MB, float32 / float16 | ms to open | s to first | scores differ by "
        "| greedy alike | with float16 (alike until) | characters/s |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as place:
            print(measure(Path(name), Path(place)), flush=True)
