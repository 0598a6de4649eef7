"""Completion of the command line in bash, zsh and fish, from the parsers themselves.

    eval "$(d2l-rnn completion bash)"     # in ~/.bashrc

Commands, experiments (yours too), flags, their choices and the directories of runs.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import Iterable, List, Sequence

from ..errors import UsageError
from ..installation import missing
from .parsing import Parser

ASKED = "_ARGCOMPLETE"  # a shell's function sets it to where the words begin
_SHELLS = ("bash", "zsh", "fish")
_OF_EXPERIMENTS = ("run", "check")  # whose first word is an experiment's name


def main(arguments: Sequence[str]) -> int:
    """Run the command line ``arguments``; return the exit status."""
    first, _, rest = (__doc__ or "").partition("\n\n")
    parser = Parser(prog="d2l-rnn completion", description=first, epilog=rest)
    parser.add_argument("shell", choices=_SHELLS)
    options = parser.parse_args(arguments)
    try:
        argcomplete = import_module("argcomplete")
    except ImportError:
        raise UsageError(f"completion: {missing('argcomplete')}") from None
    print(argcomplete.shellcode(["d2l-rnn"], shell=options.shell))
    return 0


def answer(commands: Iterable[str]) -> None:
    """Print what the word under way may become, and end the process.

    In two stages: the words before it name the command, whose own parser is asked then
    (:meth:`.parsing.Parser.parse_args` answers in the place of parsing).
    """
    split_line = import_module("argcomplete.lexers").split_line
    line, point = os.environ["COMP_LINE"], int(os.environ["COMP_POINT"])
    words: List[str] = split_line(line, point)[3]
    words = words[int(os.environ[ASKED]) - 1 :]
    if len(words) < 2:
        _choose("command", commands)
    command = words[1]
    if command not in commands:
        os._exit(1)
    if command == "launch" and "run" in words[2:]:  # what follows is that command's
        place = words.index("run", 2)
        _skip(place - 1)
        command, words = "run", words[place - 1 :]
    begin = 2
    rest: List[str] = []
    if command in _OF_EXPERIMENTS:
        if len(words) < 3:
            from ..experiments.own import installed
            from ..experiments.table import EXPERIMENTS

            _skip(1)
            _choose("NAME", [*EXPERIMENTS, *installed()])
        begin, rest = 3, [words[2]]
    _skip(begin - 1)
    import_module(f"{__package__}.{command}").main(rest)


def _skip(words: int) -> None:
    os.environ[ASKED] = str(int(os.environ[ASKED]) + words)


def _choose(what: str, among: Iterable[str]) -> None:
    parser = Parser()
    parser.add_argument(what, choices=list(among))
    parser.parse_args([])
