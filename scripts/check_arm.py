"""What scripts/check_arm.sh runs: the four nets, on any machine, and their curves."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import List

EXPERIMENTS = ("rnn", "gru", "lstm", "bilstm")
RTOL = 2e-5


def train(folder: str, flags: List[str]) -> int:
    """Run each experiment into the folder. One process: mxnet's import is emulated."""
    from d2l_rnn.cli import main as d2l_rnn

    for name in EXPERIMENTS:
        out = ["--out", f"{folder}/{name}"]
        status = d2l_rnn(["run", name, "--quiet", "--no-plot", *flags, *out])
        if status:
            return status
    return 0


def curve(folder: str, name: str) -> List[float]:
    """The perplexity of each epoch, and that of the held-out text after them."""
    lines = Path(folder, name, "epochs.jsonl").read_text(encoding="utf-8").splitlines()
    result = json.loads(Path(folder, name, "result.json").read_text(encoding="utf-8"))
    return [json.loads(line)["perplexity"] for line in lines] + [
        result["heldout_perplexity"]
    ]


def compare(arm: str, here: str) -> int:
    """Print the curves as a table; 1 where two are further apart than RTOL."""
    status = 0
    print("| net | machine | perplexity of epochs 1, 2, 3 and held out | apart by |")
    print("| --- | --- | --- | --- |")
    for name in EXPERIMENTS:
        curves = [curve(folder, name) for folder in (arm, here)]
        apart = max(abs(a / b - 1) for a, b in zip(*curves))
        same = len(curves[0]) == len(curves[1]) and apart < RTOL
        status = status if same else 1
        for machine, row in zip(("aarch64", "x86-64"), curves):
            values = ", ".join(f"{value:.6f}" for value in row)
            print(f"| {name} | {machine} | {values} | {apart:.1e} |")
    return status


if __name__ == "__main__":
    if sys.argv[1] == "train":
        sys.exit(train(sys.argv[2], sys.argv[3:]))
    sys.exit(compare(*sys.argv[2:]))
