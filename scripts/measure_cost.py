"""Measure how cost grows, and write docs/cost.md with its pictures.

    python scripts/measure_cost.py           # measure, record, draw, write the page
    python scripts/measure_cost.py --page    # only the page and pictures, of the record
    python scripts/measure_cost.py --quick   # few sizes, once each: does it work here?

The training step of an LSTM of 256 on batches of 32 x 35 along one size at a time, a
text from its bytes to its ids, and the comparison of runs with the book. In seconds of
one processor, which other processes lengthen less than the clock's; the least of the
rounds counts. Some five minutes; the record is docs/results/cost.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from typing import Any, Callable, Dict, List, Sequence, Tuple

ROOT = Path(__file__).resolve().parents[1]
RECORD = ROOT / "docs" / "results" / "cost.json"
TEMPLATE = ROOT / "docs" / "cost.template.md"
PAGE = ROOT / "docs" / "cost.md"
ROUNDS = 3
SIZES: Dict[str, Sequence[int]] = {
    "vocab_size": (28, 100, 300, 599, 600, 1000, 2000, 5000, 10000, 20000),
    "num_hiddens": (32, 64, 128, 256, 512, 1024),
    "num_steps": (9, 18, 35, 70, 140, 280),
    "num_layers": (1, 2, 3, 4, 6, 8),
    "batch_size": (4, 8, 16, 32, 64, 128, 256),
}
MEGABYTES: Sequence[int] = (1, 5, 25, 100)
NUM_RUNS: Sequence[int] = (1, 3, 10, 30, 100)
WORDS = {
    "vocab_size": "tokens in the vocabulary",
    "num_hiddens": "hidden units",
    "num_steps": "steps",
    "num_layers": "layers",
    "batch_size": "subsequences a minibatch",
    "characters": "MB of text, by characters",
    "words": "MB of text, by words",
    "num_runs": "runs held against the book",
}
#: What a cost is of, and its unit: of a step milliseconds, of the others seconds.
OF_STEPS = tuple(SIZES)

Row = Dict[str, float]


def spent(task: Callable[[], object]) -> float:
    """Seconds of this process' processors."""
    start = time.process_time()
    task()
    return time.process_time() - start


def of_steps(axis: str, value: int, rounds: int) -> Row:
    """A training step: the least of the rounds, and whether a table was read."""
    import numpy
    from mxnet import cpu
    from mxnet.gluon import rnn

    from d2l_rnn.acceleration.epochs import next_token, parameters_of
    from d2l_rnn.data.sequences import SequenceLoader
    from d2l_rnn.models.language_model import RNNModel
    from d2l_rnn.seeding import set_seed
    from d2l_rnn.training.initialisation import initialize
    from d2l_rnn.training.loop import train_epoch
    from d2l_rnn.training.optimisers import Sgd

    sizes = {
        "vocab_size": 28,
        "num_hiddens": 256,
        "num_steps": 35,
        "num_layers": 1,
        "batch_size": 32,
        axis: value,
    }
    batch, steps, vocab_size = (
        sizes[name] for name in ("batch_size", "num_steps", "vocab_size")
    )
    set_seed(1)
    rows = 1 / numpy.arange(1, vocab_size + 1)  # as frequent as Zipf has it
    rng, count = numpy.random.default_rng(1), 4
    ids = rng.choice(
        vocab_size, (count * steps + 1) * batch + steps, p=rows / rows.sum()
    )
    loader = SequenceLoader(ids, batch, steps)
    net = RNNModel(rnn.LSTM(sizes["num_hiddens"], sizes["num_layers"]), vocab_size)
    initialize(net, cpu())
    parameters = parameters_of(net, loader)
    objective, sgd = next_token(net, parameters, cpu()), Sgd(parameters, 1.0, 1.0)
    train_epoch(objective, loader, sgd)
    found = []
    for _ in range(rounds):
        start = time.process_time()
        row = train_epoch(objective, loader, sgd)
        found.append((time.process_time() - start) * batch * steps / row.tokens)
    return {"seconds": min(found), "table": float(parameters.path == "table")}


def write_text(path: Path, megabytes: int) -> None:
    """A text of made-up words, as frequent as Zipf has it; the same every time."""
    rng = random.Random(megabytes)
    letters = "etaoinshrdlucmfwypvbgkjqxz"
    words = ["".join(rng.choices(letters, k=rng.randint(1, 10))) for _ in range(50_000)]
    weights, total = [], 0.0
    for rank in range(len(words)):
        total += 1 / (rank + 3)
        weights.append(total)
    size = 0
    with open(path, "w", encoding="ascii") as file:
        while size < megabytes * 10**6:
            chosen = rng.choices(words, cum_weights=weights, k=5000)
            lines = [" ".join(chosen[i : i + 10]) + "." for i in range(0, 5000, 10)]
            size += file.write("\n".join(lines) + "\n")


_READ = """
import json, resource, sys, time
from d2l_rnn.experiments.configs import LanguageModelConfig
from d2l_rnn.experiments.corpus import read_corpus
config = LanguageModelConfig(corpus=sys.argv[1], token=sys.argv[2])
before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
read_corpus(config)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
seconds = time.process_time() - start
found = {"seconds": seconds, "peak_mb": peak / 1e3, "import_mb": before / 1e3}
print(json.dumps(found))
"""


def of_a_text(path: Path, token: str) -> Row:
    """From a file to ids, in a process of its own, whose memory is asked."""
    command = [sys.executable, "-c", _READ, str(path), token]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=ROOT)
    row: Row = json.loads(done.stdout)
    return row


def of_runs(number: int, folder: Path) -> Row:
    """So many recorded runs read, verified and held against the book."""
    from d2l_rnn.commands.compare import main

    kept = ROOT / "tests" / "public" / "runs" / "gluon"
    for index in range(number):
        shutil.copytree(kept, folder / f"seed-{index}")

    def compared() -> None:
        with redirect_stderr(StringIO()):
            main([str(folder), "--json"])

    stdout, sys.stdout = sys.stdout, StringIO()
    try:
        return {"seconds": min(spent(compared) for _ in range(ROUNDS))}
    finally:
        sys.stdout = stdout


def measure(quick: bool) -> Dict[str, Any]:
    """Everything, or every other size; told of on stderr as it goes."""
    axes: Dict[str, List[Row]] = {}
    chosen, rounds = (slice(None, None, 2), 1) if quick else (slice(None), ROUNDS)

    def note(axis: str, value: int, row: Row) -> None:
        axes.setdefault(axis, []).append({"value": value, **row})
        print(f"{axis} {value}: {1e3 * row['seconds']:.1f} ms", file=sys.stderr)

    # Texts first: a process counts as its own the memory of that which it came from.
    with tempfile.TemporaryDirectory() as place:
        for megabytes in MEGABYTES[chosen]:
            path = Path(place, f"{megabytes}.txt")
            write_text(path, megabytes)
            for name, token in (("characters", "char"), ("words", "word")):
                note(name, megabytes, of_a_text(path, token))
            path.unlink()
        for number in NUM_RUNS[chosen]:
            note("num_runs", number, of_runs(number, Path(place, f"runs-{number}")))
    for axis, values in SIZES.items():
        for value in values[chosen]:
            note(axis, value, of_steps(axis, value, rounds))
    return {
        "date": time.strftime("%Y-%m-%d"),
        "machine": _processor(),
        "python": platform.python_version(),
        "axes": axes,
    }


def _processor() -> str:
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        names = [line.split(":")[1].strip() for line in file if "model name" in line]
    return names[0] if names else platform.machine()


def exponents(rows: Sequence[Row]) -> Tuple[float, float]:
    """Of the whole range, and of its upper half: where what is fixed counts less."""
    from d2l_rnn.benchmark.spreads import slope

    x, y = [row["value"] for row in rows], [row["seconds"] for row in rows]
    half = min(len(rows) // 2, len(rows) - 2)
    return slope(x, y), slope(x[half:], y[half:])


def table(axes: Dict[str, List[Row]]) -> List[str]:
    """A row a size: the least and the greatest, what they cost, and the exponents."""
    lines = [
        "| against | cost | exponent | of the upper half |",
        "| --- | --- | ---: | ---: |",
    ]
    for axis, rows in axes.items():
        scale, unit = (1e3, "ms") if axis in OF_STEPS else (1, "s")
        cost = ", ".join(
            f"{row['value']:,.0f}: {scale * row['seconds']:.3g}" for row in rows
        )
        whole, upper = exponents(rows)
        lines.append(f"| {WORDS[axis]} | {cost} {unit} | {whole:.2f} | {upper:.2f} |")
    texts = axes["characters"]
    peaks = ", ".join(f"{r['value']:,.0f} MB: {r['peak_mb']:,.0f} MB" for r in texts)
    peak = max(row["peak_mb"] for row in axes["words"])
    lines += ["", f"Memory of the whole process at its peak: {peaks}; by words "]
    lines[-1] += f"{peak:,.0f} MB at most ({axes['words'][0]['import_mb']:,.0f} MB are "
    lines[-1] += "there before the text is read)."
    return lines


def draw(axes: Dict[str, List[Row]]) -> None:
    """Two pictures: a training step along its sizes, and texts and runs."""
    import matplotlib

    matplotlib.use("Agg")
    from d2l_rnn.results.plots import lines_figure, save

    book = {"vocab_size": 28, "num_hiddens": 256, "num_steps": 35, "batch_size": 32}
    steps = {
        WORDS[axis]: (
            [row["value"] / book.get(axis, 1) for row in axes[axis]],
            [1e3 * row["seconds"] for row in axes[axis]],
        )
        for axis in OF_STEPS
    }
    others = {
        WORDS[axis]: (
            [row["value"] for row in rows],
            [row["seconds"] for row in rows],
        )
        for axis, rows in axes.items()
        if axis not in OF_STEPS
    }
    for name, series, xlabel, ylabel in (
        ("cost-steps", steps, "size / the book's", "ms of a processor, a step"),
        ("cost-texts", others, "MB, or runs", "seconds of a processor"),
    ):
        figure = lines_figure(series, xlabel, ylabel, "log", "log")
        save(figure, RECORD.with_name(f"{name}.png"))


def write_page(found: Dict[str, Any]) -> None:
    """docs/cost.md out of its template and the record."""
    where = f"{found['date']}, {found['machine']}, Python {found['python']}"
    text = TEMPLATE.read_text(encoding="utf-8")
    text = text.replace("{table}", "\n".join(table(found["axes"])))
    PAGE.write_text(text.replace("{where}", where), encoding="utf-8")


def main() -> None:
    """Measure unless only the page is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--page", action="store_true", help="do not measure anew")
    parser.add_argument("--quick", action="store_true", help="few sizes, once each")
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    if not options.page:
        os.environ["OMP_NUM_THREADS"] = "1"
        found = measure(options.quick)
        RECORD.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    found = json.loads(RECORD.read_text(encoding="utf-8"))
    draw(found["axes"])
    write_page(found)


if __name__ == "__main__":
    main()
