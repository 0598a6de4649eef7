"""Run directories whose curve a test chooses."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from d2l_rnn.arrays import Floats
from d2l_rnn.results.book import BookNumber, load_book
from d2l_rnn.results.record import RunRecord, RunWriter, read_run

BOOK = load_book()


def builds_of(number: BookNumber) -> Floats:
    """The builds' curves, shape (number of builds, number of published epochs)."""
    return np.array([build.values for build in number.builds])


def every_epoch(number: BookNumber, values: Sequence[float]) -> List[float]:
    """A published curve at every epoch: straight lines between its logarithms."""
    epochs = np.arange(1, number.num_epochs + 1)
    return list(np.exp(np.interp(epochs, number.epochs, np.log(values))))


def write_run(
    directory: Path,
    experiment: str,
    seed: int,
    curve: Sequence[float],
    config: Optional[Dict[str, Any]] = None,
    corpus: Optional[Dict[str, Any]] = None,
    result: Optional[Dict[str, Any]] = None,
    finish: bool = True,
    pictures: Optional[Dict[str, bytes]] = None,
) -> RunRecord:
    """Write and read a run whose number in the book's metric follows ``curve``.

    Parameters
    ----------
    curve : sequence of float
        One value an epoch.
    config, corpus, result : dict, optional
        What is to be other than the book's.
    finish : bool
        Whether there is a result.
    pictures : dict of str to bytes, optional
        Files that are drawn before it is.
    """
    number = BOOK.get(experiment)
    requires = dict(number.requires) if number is not None else {"num_steps": 1}
    name, sha1 = requires.pop("corpus", "none"), requires.pop("corpus_sha1", "")
    fields = {"experiment": experiment, "seed": seed, "corpus": "auto", **requires}
    fields.update(config or {})
    held = {"name": name, "sha1": sha1, "tokens": 10000, **(corpus or {})}
    environment = {
        "d2l_rnn": "0.1.0",
        "python": "3.11.9",
        "mxnet": "1.9.1",
        "device": "cpu(0)",
        "processor": "a processor",
        "corpus": held,
        "command": f"d2l-rnn run {experiment} --seed {seed}",
        "started": "2026-11-21T08:00:00+00:00",
    }
    writer = RunWriter(directory, fields, environment)
    for epoch, value in enumerate(curve, start=1):
        writer.append(_row(number, epoch, float(value)))
    for picture, content in (pictures or {}).items():
        (directory / picture).write_bytes(content)
    if not finish:
        writer.close()
        return read_run(directory)
    last = writer.epochs[-1] if writer.epochs else {"perplexity": math.nan}
    writer.finish(
        {
            "experiment": experiment,
            "seed": seed,
            "status": "finished",
            "epochs": len(writer.epochs),
            "perplexity": last["perplexity"],
            "tokens_per_sec": 9123.4,
            "device": "cpu(0)",
            "corpus": held["name"],
            "corpus_sha1": held["sha1"],
            "texts": ["time travellererererer", "travellererererer"],
            **(result or {}),
        }
    )
    return read_run(directory)


def _row(number: Optional[BookNumber], epoch: int, value: float) -> Dict[str, Any]:
    metric = "perplexity" if number is None else number.metric
    tokens = 8960
    if metric == "loss":
        mean = value
    elif metric == "loss_over_num_steps" and number is not None:
        mean = value * float(number.requires["num_steps"])
    else:
        mean = math.log(value)
    row = {
        "epoch": epoch,
        "loss": mean * tokens,
        "tokens": tokens,
        "seconds": 1.0,
        "tokens_per_sec": 8960.0,
    }
    row["perplexity"] = math.exp(row["loss"] / tokens)
    if metric == "heldout_perplexity":
        row["heldout_perplexity"] = value
    return row
