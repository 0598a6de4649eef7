"""Stopped after its first epoch and resumed, a run ends as if it had never stopped."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Dict, List

import pytest

from d2l_rnn.experiments import running
from d2l_rnn.experiments.running import Options, run_experiment
from d2l_rnn.experiments.table import find

TINY: Dict[str, Any] = {
    "corpus": "sample",
    "max_tokens": 400,
    "num_hiddens": 4,
    "batch_size": 8,
    "num_preds": 3,
    "num_examples": 40,
    "num_draws": 2,
    "flow_steps": 2,
    "num_epochs": 3,
    "num_points": 300,
    "num_train": 60,
    "num_val": 16,
    "num_samples": 1,
}


class Stopped(Exception):
    """What a machine that stops is played by."""


@pytest.mark.parametrize(
    "name",
    ["sequence", "rnn-handwritten", "bptt", "many-to-one", "one-to-many", "gru-v1"],
)
def test_resumed_exactly(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = find(name)
    if experiment.family == "edition_v1":
        pytest.importorskip("d2l", reason="d2l installs on Python 3.8 to 3.11 only")
    fields = {field.name for field in dataclasses.fields(experiment.config)}
    changes = {key: value for key, value in TINY.items() if key in fields}
    if name != "one-to-many" and name != "many-to-one":
        changes.update({"num_steps": 8} if "num_steps" in fields else {})
    config = dataclasses.replace(experiment.config, **changes)

    def run(folder: str, resume: bool = False) -> Any:
        options = Options(str(tmp_path / folder), resume, quiet=True, plot=False)
        return run_experiment(experiment, config, options)

    whole = run("whole")
    monkeypatch.setattr(running, "_CHECKPOINT_EVERY_SECONDS", -1.0)
    shown: List[int] = []

    def show(self: Any, row: Any) -> None:
        shown.append(row.epoch)
        if len(shown) == 2:
            raise Stopped

    monkeypatch.setattr(running.Progress, "show", show)
    with pytest.raises(Stopped):
        run("parts")
    parts = run("parts", resume=True)
    # The second epoch was in the record, but not in the checkpoint: it comes again.
    assert shown == [1, 2, 2, 3]

    def told(record: Any) -> Any:
        timed = ("seconds", "tokens_per_sec", "digest", "gradients")
        rows = [
            {k: v for k, v in row.items() if not k.endswith(timed[:2])}
            for row in record.epochs
        ]
        return rows, {k: v for k, v in record.result.items() if k not in timed}

    assert told(parts) == told(whole)
