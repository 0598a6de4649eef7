"""What others hold on to, as data: names, modules, commands, experiments, run files.

    python -m tests.public.surface        # writes tests/public/surface.json anew

``surface.json`` is what has been promised. It is written anew only to take in what has
been added; what has gone or changed goes into ``MOVED`` of ``test_surface.py`` first.
"""

from __future__ import annotations

import argparse
import contextlib
import inspect
import json
import pkgutil
import sys
from pathlib import Path
from typing import Any, Dict, Iterator, List
from unittest import mock

from safetensors import safe_open

import d2l_rnn
from d2l_rnn.cli import COMMANDS, main
from d2l_rnn.experiments.table import EXPERIMENTS

SURFACE = Path(__file__).with_name("surface.json")
RUNS = Path(__file__).with_name("runs")

#: section -> what there is -> what it is like
Surface = Dict[str, Dict[str, Any]]


def signature(of: Any) -> str:
    """Parameters and their defaults, without annotations, which may get better."""
    parameters = [
        parameter.replace(annotation=inspect.Parameter.empty)
        for parameter in inspect.signature(of).parameters.values()
    ]
    return str(inspect.Signature(parameters))


def names() -> Dict[str, str]:
    """The names of ``d2l_rnn.__all__``, and the methods that we gave the classes."""
    found = {}
    for name in d2l_rnn.__all__:
        value = getattr(d2l_rnn, name)
        found[name] = signature(value) if callable(value) else ""
        if inspect.isclass(value):
            for method, function in inspect.getmembers(value, inspect.isfunction):
                ours = function.__module__.startswith("d2l_rnn.")
                if ours and not method.startswith("_"):
                    found[f"{name}.{method}"] = signature(function)
    return found


def modules() -> Dict[str, str]:
    """The modules of the package."""
    walk = pkgutil.walk_packages(d2l_rnn.__path__, "d2l_rnn.")
    return {module.name: "" for module in walk}


class _Parser(Exception):
    """A command's parser, caught when it is about to parse."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        super().__init__(parser.prog)
        self.parser = parser


@contextlib.contextmanager
def _parsers_caught() -> Iterator[None]:
    parse = argparse.ArgumentParser.parse_known_args  # what parse_args calls

    def catch(parser: argparse.ArgumentParser, *given: Any) -> Any:
        if parser.prog == "d2l-rnn":  # the door, behind which the commands are
            return parse(parser, *given)
        raise _Parser(parser)

    with mock.patch.object(argparse.ArgumentParser, "parse_known_args", catch):
        yield


def flags(*command: str) -> Dict[str, Any]:
    """The flags and arguments of a command, with default and accepted values."""
    with _parsers_caught():
        try:
            main([*command])
        except _Parser as caught:
            actions = caught.parser._actions
        else:
            raise AssertionError(f"{command} parsed nothing")
    found: Dict[str, Any] = {}
    for action in actions:
        if action.dest == "help":
            continue
        name = ", ".join(action.option_strings) or action.metavar or action.dest
        default = action.default
        if default == sys.executable:  # another on every machine
            default = "this interpreter"
        rule = {"default": default, "values": action.nargs}
        if action.choices is not None:
            rule["choices"] = list(action.choices)
        found[str(name)] = {key: v for key, v in rule.items() if v is not None}
    return found


def run_form(run: Path) -> List[str]:
    """The files of a run directory, and the keys that are in them.

    Keys are listed one level deep.
    """
    form: List[str] = []
    for path in sorted(run.rglob("*")):
        name = path.relative_to(run).as_posix()
        if path.is_dir():
            continue
        form.append(name)
        keys: List[str] = []
        if path.suffix == ".json":
            keys = list(json.loads(path.read_text()))
        elif path.suffix == ".jsonl":
            rows = path.read_text().splitlines()
            keys = list({key: "" for row in rows for key in json.loads(row)})
        elif path.suffix == ".safetensors":
            with safe_open(str(path), framework="numpy") as file:
                metadata = file.metadata()
                keys = [f"array {array}" for array in file.keys()]
            keys += [f"metadata {key}" for key in metadata]
            keys += [f"note {key}" for key in json.loads(metadata["notes"])]
        form += [f"{name}: {key}" for key in sorted(keys)]
    return form


def current() -> Surface:
    """What the package offers as it is."""
    commands = {name: flags(name) for name in COMMANDS}
    experiments = {name: flags("run", name) for name in EXPERIMENTS}
    # What all experiments have alike is listed once, with the command.
    common = {
        flag: rule
        for flag, rule in next(iter(experiments.values())).items()
        if all(found.get(flag) == rule for found in experiments.values())
    }
    commands["run"] = common
    return {
        "names": names(),
        "modules": modules(),
        "commands": _flat(commands),
        "experiments": _flat(
            {
                name: {f: rule for f, rule in found.items() if f not in common}
                for name, found in experiments.items()
            }
        ),
    }


def run_forms() -> Dict[str, str]:
    """The form of the kept runs."""
    return {
        f"{run.name}/{entry}": ""
        for run in sorted(RUNS.iterdir())
        for entry in run_form(run)
    }


def _flat(table: Dict[str, Dict[str, Any]]) -> Dict[str, Any]:
    flat: Dict[str, Any] = {}
    for name, entries in table.items():
        flat[name] = ""
        for entry, rule in entries.items():
            flat[f"{name} {entry}"] = rule
    return flat


def write() -> None:
    """Write ``surface.json``, an entry a line."""
    sections = []
    for section, entries in {**current(), "runs": run_forms()}.items():
        lines = [f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in entries.items()]
        sections.append(f"{json.dumps(section)}: {{\n" + ",\n".join(lines) + "\n}")
    SURFACE.write_text("{\n" + ",\n".join(sections) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    write()
