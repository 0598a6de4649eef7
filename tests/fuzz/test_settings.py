"""Settings from Python, from a record, and the record's own file on resume."""

from __future__ import annotations

import dataclasses
import json
import random
import typing
from pathlib import Path

import pytest

from d2l_rnn.experiments.resume import check_settings, config_json
from d2l_rnn.experiments.settings import check_fields, from_record
from d2l_rnn.experiments.table import EXPERIMENTS
from d2l_rnn.results.json_files import encode
from d2l_rnn.results.record import read_run

from .driver import fuzz, sizes
from .mutations import VALUES, as_json, changed, mutated

ALL = list(EXPERIMENTS.values())


@pytest.mark.parametrize("tried", sizes(400, 15_000))
def test_any_setting_is_answered(tried: int, tmp_path: Path) -> None:
    """What is taken has its type, is written as JSON and is read as it was."""

    def attempt(generator: random.Random, folder: Path) -> None:
        config = generator.choice(ALL).config
        names = [field.name for field in dataclasses.fields(config)]
        values = {
            generator.choice(names): generator.choice(VALUES)
            for _ in range(generator.randint(1, 2))
        }
        changes: typing.Any = values
        if generator.random() < 0.5:
            made = dataclasses.replace(config, **changes)
        else:
            made = from_record(config, values)
        types = typing.get_type_hints(type(made))
        for name in names:
            value = getattr(made, name)
            accepted = (int, float) if types[name] is float else (types[name],)
            assert type(value) in accepted, (name, value)
        check_fields(made)
        json.dumps(dataclasses.asdict(made))

    fuzz("settings", tried, attempt, tmp_path)


@pytest.mark.parametrize("tried", sizes(150, 15_000))
def test_any_config_json_is_answered_on_resume(tried: int, tmp_path: Path) -> None:
    path = tmp_path / "config.json"

    def attempt(generator: random.Random, folder: Path) -> None:
        experiment = generator.choice(ALL)
        content = encode(config_json(experiment, experiment.config))
        whole = json.dumps(content, indent=2).encode()
        if generator.random() < 0.3:
            path.write_bytes(mutated(whole, generator))
        else:
            path.write_bytes(as_json(changed(json.loads(whole), generator)))
        record = read_run(folder)
        from_record(experiment.config, record.config)
        check_settings(record, experiment, experiment.config)

    fuzz("settings files", tried, attempt, tmp_path)
