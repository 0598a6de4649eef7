"""Settings for several experiments at once: each takes those that it has."""

from __future__ import annotations

from typing import Callable, Dict, List, Sequence

from ..errors import UsageError
from ..experiments.table import find
from .run import parser_of


def shared_out(
    names: Sequence[str], settings: Sequence[str], notify: Callable[[str], None]
) -> Dict[str, List[str]]:
    """The settings that each experiment takes.

    Parameters
    ----------
    names : sequence of str
        Of the experiments.
    settings : sequence of str
        As they were typed.
    notify : callable
        Told, in a line a setting, which experiments lack it.

    Raises
    ------
    UsageError
        If a setting is one of none of them, or its value is refused by one that has it.
    """
    given: Dict[str, List[str]] = {name: [] for name in names}
    parsers = {name: parser_of(find(name), f"d2l-rnn run {name}") for name in names}
    notes: List[str] = []
    for setting in _split(settings):
        lacking = []
        for name, parser in parsers.items():
            _, unknown = parser.parse_known_args(setting)
            if unknown[:1] == setting[:1]:
                lacking.append(name)
            else:
                given[name] += setting
        flag = setting[0].split("=")[0]
        if len(lacking) == len(parsers):
            which = "this experiment" if len(parsers) == 1 else "any of the experiments"
            raise UsageError(
                f"{flag} after --: no setting of {which} (see 'd2l-rnn run "
                f"{lacking[0]} --help')"
            )
        if lacking:
            who = ", ".join(lacking)
            notes.append(f"note: {flag} is no setting of {who}: not used there")
    for note in notes:
        notify(note)
    return given


def _split(settings: Sequence[str]) -> List[List[str]]:
    """A flag and its value each."""
    found: List[List[str]] = []
    for word in settings:
        if word.startswith("--"):
            found.append([word])
        elif found:
            found[-1].append(word)
        else:
            raise UsageError(f"{word} after --: accepted are settings (--epochs 8)")
    return found
