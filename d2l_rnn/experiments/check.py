"""Does an experiment keep the contract? Tried out, epoch by epoch, bit for bit.

If the state after each epoch, put into a fresh run, gives the next row and the next
state, then a run may be stopped anywhere and resumed: the rest follows by induction.
"""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any, Dict, Iterator, List, NamedTuple

from ..arrays import Floats
from ..history import recorded
from ..protocols import Arrays
from .contract import ExperimentRun, Json
from .table import Experiment

_TIMED = ("seconds", "tokens_per_sec", "seconds_per_update")


class Finding(NamedTuple):
    """One rule, and what breaks it; empty where nothing does."""

    rule: str
    problem: str = ""


class _Epoch(NamedTuple):
    row: Json
    arrays: Dict[str, Floats]


def check(experiment: Experiment, config: Any, device: Any) -> Iterator[Finding]:
    """Run an experiment, stop it after every epoch, and compare.

    Parameters
    ----------
    experiment : Experiment
    config : Config
        Small: every epoch is trained twice.
    device : mxnet.Context

    Yields
    ------
    Finding
        One a rule, in the order in which they are tried.
    """

    def fresh(config: Any) -> ExperimentRun[Any]:
        return experiment.family()(config, device, lambda line: None)

    yield Finding("settings are recorded", _unrecorded(config))
    run = fresh(config)
    yield Finding("the data is named", _unnamed(run))
    notes = _as_json(run.notes())
    num_epochs = getattr(config, "num_epochs", 0)
    epochs = list(_epochs(run, 1))
    numbers = [epoch.row["epoch"] for epoch in epochs]
    due = list(range(1, num_epochs + 1)) if epochs else []
    problem = "" if numbers == due else f"they are {numbers}, not {due}"
    yield Finding("rows are the epochs in their order", problem)
    problem = "" if _as_json(run.notes()) == notes else "training changes them"
    if _as_json(fresh(config).notes()) != notes:
        problem = "they differ from run to run"
    yield Finding("notes follow from settings and data", problem)
    yield Finding("stopped anywhere and resumed", _not_resumed(fresh, config, epochs))
    if type(run).sample is not ExperimentRun.sample:
        yield Finding("a sample changes nothing", _disturbed(fresh, config, epochs))
    yield Finding("the result can be asked for again", _result(fresh, run, epochs))
    if epochs and not run.extendable(num_epochs, num_epochs + 1):
        longer = fresh(dataclasses.replace(config, num_epochs=num_epochs + 1))
        pairs = zip(epochs, _epochs(longer, 1))
        differing = [_difference(one, other) for one, other in pairs]
        problem = next(filter(None, differing), "")
        yield Finding("a longer run begins as this one", problem)


def _epochs(run: ExperimentRun[Any], first_epoch: int) -> Iterator[_Epoch]:
    for row in run.rows(first_epoch):
        fields = {**recorded(row), **run.metrics(row)}
        arrays = {name: array.copy() for name, array in run.arrays().items()}
        yield _Epoch(_untimed(_as_json(fields)), arrays)


def _as_json(value: Any) -> Any:
    return json.loads(json.dumps(value))


def _untimed(value: Any) -> Any:
    """Without what a clock has measured: no two runs agree in that."""
    if isinstance(value, dict):
        kept = {k: v for k, v in value.items() if not k.endswith(_TIMED)}
        return {key: _untimed(item) for key, item in kept.items()}
    return value


def _unrecorded(config: Any) -> str:
    if not dataclasses.is_dataclass(config) or isinstance(config, type):
        return "the configuration is no dataclass"
    if not config.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        return "the configuration can be changed: @dataclass(frozen=True)"
    for name, value in dataclasses.asdict(config).items():
        if type(value) not in (int, float, bool, str):
            return f"{name} is neither a number, a truth value nor a text"
    return ""


def _unnamed(run: ExperimentRun[Any]) -> str:
    source = getattr(run, "source", None)
    if source is None:
        return "source is not set"
    if not source.name or not re.fullmatch("[0-9a-f]{40}", source.sha1):
        return "source has no name, or no SHA-1 in hexadecimal"
    return "" if source.tokens > 0 else "source has no tokens"


def _not_resumed(fresh: Any, config: Any, epochs: List[_Epoch]) -> str:
    for before, expected in zip(epochs, epochs[1:]):
        other = fresh(config)
        other.restore(_copy(before.arrays))
        resumed = next(_epochs(other, before.row["epoch"] + 1))
        difference = _difference(expected, resumed)
        if difference:
            return f"after epoch {before.row['epoch']}: {difference}"
    return ""


def _disturbed(fresh: Any, config: Any, epochs: List[_Epoch]) -> str:
    """What differs where the run is asked after every epoch for what it can do."""
    run = fresh(config)
    for expected, epoch in zip(epochs, _epochs(run, 1)):
        difference = _difference(expected, epoch)
        if difference:
            return difference
        run.sample()
    return ""


def _result(fresh: Any, run: ExperimentRun[Any], epochs: List[_Epoch]) -> str:
    if run.needs():
        return ""  # its result is of other runs, which are checked as what they are
    rows: List[Json] = [_Timed(epoch.row) for epoch in epochs]
    first, again = [_untimed(_as_json(run.concluded(rows))) for _ in range(2)]
    problem = _differing_keys(first, again)
    if epochs and not problem:
        other = fresh(run.config)
        other.restore(_copy(epochs[-1].arrays))
        resumed = _untimed(_as_json(other.concluded(rows)))
        problem = _differing_keys(first, resumed)
    return problem


class _Timed(Dict[str, Any]):
    """A row with its times given back: a second, all of them."""

    def __missing__(self, key: str) -> float:
        if key.endswith(_TIMED):
            return 1.0
        raise KeyError(key)


def _copy(arrays: Arrays) -> Dict[str, Floats]:
    return {name: array.copy() for name, array in arrays.items()}


def _difference(one: _Epoch, other: _Epoch) -> str:
    found = _differing_keys(one.row, other.row)
    if found:
        return f"row {one.row['epoch']}: {found}"
    if set(one.arrays) != set(other.arrays):
        return "arrays() has other names"
    for name, array in one.arrays.items():
        if array.tobytes() != other.arrays[name].tobytes():
            return f"the state differs: {name}"
    return ""


def _differing_keys(one: Json, other: Json) -> str:
    keys = [key for key in {**one, **other} if one.get(key) != other.get(key)]
    return f"{', '.join(keys)} differ" if keys else ""
