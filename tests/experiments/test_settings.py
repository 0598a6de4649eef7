"""Settings: bounds and types, the same from the command line, a record and Python."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from pathlib import Path
from typing import Any, Dict

import pytest

from d2l_rnn.cli import main
from d2l_rnn.commands.run import configured
from d2l_rnn.errors import RunError, UsageError
from d2l_rnn.experiments.resume import check_settings, config_json
from d2l_rnn.experiments.settings import flag_of, from_record, types_of
from d2l_rnn.experiments.table import EXPERIMENTS, find
from d2l_rnn.results.json_files import write_json
from d2l_rnn.results.record import RunRecord, read_run

UNBOUNDED = {"theta"}  # inf: no clipping


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_number_has_bounds_that_hold(name: str) -> None:
    """What is just outside is refused, in words that name its flag."""
    config: Any = EXPERIMENTS[name].config
    types = types_of(type(config))
    for field in dataclasses.fields(config):
        kind, rules = types[field.name], field.metadata
        if kind not in (int, float) or field.name in UNBOUNDED:
            continue
        assert rules["maximum"] is not None, field.name
        assert rules["minimum"] is not None or rules["above"] is not None, field.name
        least = rules["minimum"] if rules["above"] is None else rules["above"]
        for beyond in (2 * rules["maximum"] + 1, least - 1):
            with pytest.raises(UsageError, match=f"{flag_of(field)} .*accepted is"):
                dataclasses.replace(config, **{field.name: beyond})


@pytest.mark.parametrize(
    "field, value, accepted",
    [
        ("num_layers", 1_000_000, "at most 100"),
        ("num_hiddens", 2_147_483_648, "at most 65536"),
        ("num_preds", 10**9, "at most 10000"),
        ("num_epochs", 10**6, "at most 100000"),
        ("num_epochs", 10**5000, "at most 100000"),
        ("num_hiddens", math.inf, "a whole number"),
        ("num_hiddens", math.nan, "a whole number"),
        ("num_hiddens", 2.5, "a whole number"),
        ("num_hiddens", True, "a whole number"),
        ("num_hiddens", "8", "a whole number"),
        ("lr", math.nan, "a number"),
        ("lr", math.inf, "at most 1e+38"),
        ("prefixes", 5, "a text"),
        ("prefixes", None, "a text"),
        ("prefixes", "\udcff", "a text in UTF-8 without NULs"),
        ("corpus", "a\0b", "a text in UTF-8 without NULs"),
        ("prefixes", "x" * 10_001, "a text of at most 10,000 letters"),
        ("bidirectional", 1, "true or false"),
        ("cell", ["lstm"], "a text"),
    ],
    ids=lambda value: "huge" if type(value) is int and value > 10**18 else None,
)
def test_a_value_is_refused_from_everywhere_alike(
    field: str, value: Any, accepted: str, tmp_path: Path
) -> None:
    experiment = find("lstm")
    message = re.escape(f"accepted is {accepted}")
    with pytest.raises(UsageError, match=message) as from_python:
        dataclasses.replace(experiment.config, **{field: value})
    assert len(str(from_python.value)) < 200
    with pytest.raises(UsageError) as from_a_record:
        from_record(experiment.config, {field: value})
    assert str(from_a_record.value) == str(from_python.value)
    found = {**config_json(experiment, experiment.config), field: value}
    record = RunRecord(tmp_path, found, {}, [], None)
    with pytest.raises(RunError, match=message):
        check_settings(record, experiment, experiment.config)
    if isinstance(value, int) and value < 10**18 and not isinstance(value, bool):
        flag = "--epochs" if field == "num_epochs" else f"--{field.replace('_', '-')}"
        if field != "prefixes" and field != "bidirectional":
            with pytest.raises(UsageError) as typed:
                configured("lstm", [flag, str(value)], "d2l-rnn run")
            assert str(typed.value) == str(from_python.value)


@pytest.mark.parametrize("text", ["inf", "nan", "-inf,nan"])
def test_a_text_that_is_a_number_s_name_stays_a_text(text: str, tmp_path: Path) -> None:
    """``--prefixes nan``: the run was refused when it was to be resumed."""
    experiment = find("lstm")
    config = dataclasses.replace(experiment.config, prefixes=text, theta=math.inf)
    write_json(tmp_path / "config.json", config_json(experiment, config))
    record = read_run(tmp_path)
    assert from_record(experiment.config, record.config) == config
    assert check_settings(record, experiment, config) == 500


def test_a_refused_setting_is_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for words in (["--num-layers", "1000000"], ["--num-hiddens", "65536"]):
        arguments = ["run", "lstm", "--corpus", "sample", "--quiet", *words]
        assert main(arguments) == UsageError.exit_status
        (line,) = capsys.readouterr().err.splitlines()
        assert " ".join(words) in line
    assert not list(tmp_path.rglob("*.json"))


SERIES = "--num-train 100 --max-steps 16 --epochs 1 --no-plot --quiet --json".split()


def test_the_shortest_series_that_is_accepted_has_all_its_numbers(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """One point less was accepted once, and its result was not a number."""
    shortest = 100 + 4 + 2 * 16 - 1
    arguments = ["run", "sequence", *SERIES, "--out", str(tmp_path / "run")]
    assert main([*arguments, "--num-points", str(shortest - 1)]) == 2
    assert f"at least {shortest} " in capsys.readouterr().err
    assert main([*arguments, "--num-points", str(shortest)]) == 0
    result: Dict[str, Any] = json.loads(capsys.readouterr().out)
    numbers = [result["rmse_continued"], *result["rmse_ahead"].values()]
    assert len(numbers) == 17 and all(math.isfinite(number) for number in numbers)
