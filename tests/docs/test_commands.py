"""Every command in the pages exists; those that are not marked as long are run.

Run are ``bash quick`` here, and with ``-m slow`` all of ``bash`` and ``python``, a page
at a time, in an empty folder.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import Dict, List

import pytest

from d2l_rnn.cli import COMMANDS, main
from d2l_rnn.experiments.table import EXPERIMENTS

from .fences import MARKS, ROOT, Block, blocks, blocks_of, inline_commands, words_of
from .fences import pages as all_pages

# What stands for a reader's own: an experiment, a folder, a text.
PLACEHOLDER = re.compile(r"[A-Z][A-Z_]*|my-.*|.*\.py:.*|\.\.\.|…|镜像地址")
# Programs of others, that a block "elsewhere" may call.
OTHERS = {"apt-get", "docker", "eval", "iconv", "jupyter", "pip", "python", "python3"}
OTHERS |= {"dask", "source", "sudo", "wsl"}
# Files that the pages speak of as the reader's.
SONGS = "我们想要在河边走一走，想要听一听晚风。\n今天的雨停了，明天还会来。\n" * 200
NOVEL = "it was a quiet morning and the river was a long grey line . " * 200
PAIRS = "go .\tva !\ni lost .\tj'ai perdu .\nhe's calm .\til est calme .\n" * 8


@lru_cache(maxsize=None)
def help_of(*words: str) -> str:
    """What ``d2l-rnn WORDS --help`` prints."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        assert main([*words, "--help"]) == 0, words
    return said.getvalue()


def unknown_flags(flags: List[str], told: str) -> List[str]:
    names = (flag.split("=")[0] for flag in flags if flag.startswith("--"))
    return [name for name in names if not re.search(rf"{re.escape(name)}\b", told)]


def wrong_call(words: List[str]) -> List[str]:
    """What is wrong with the arguments of ``d2l-rnn``."""
    if not words or words[0] in ("--version", "--help"):
        return []
    command, *rest = words
    if PLACEHOLDER.fullmatch(command):
        return []
    if command not in COMMANDS:
        return [f"no command {command}"]
    settings: List[str] = []
    if command == "reproduce":
        place = rest.index("--") if "--" in rest else len(rest)
        rest, settings = rest[:place], rest[place + 1 :]
    names = []
    if command in ("run", "check", "reproduce"):
        while rest and not rest[0].startswith("-"):
            names.append(rest.pop(0))
    wrong = [
        f"no experiment {name}"
        for name in names
        if name not in EXPERIMENTS and name != "all" and not PLACEHOLDER.fullmatch(name)
    ]
    if wrong:
        return wrong
    if command in ("run", "check") and names:
        settings, rest = rest, []
    flags = unknown_flags(rest, help_of(command)) if rest else []
    if settings and not any(".py:" in name for name in names):
        known = [name for name in names if name in EXPERIMENTS] or ["seq2seq-attention"]
        told = "".join(help_of("run", name) for name in known)
        flags += unknown_flags(settings, told)
    return [f"no flag {flag}" for flag in flags]


def wrong_in(block: Block) -> List[str]:
    """What a block names that does not exist."""
    found = []
    for command in block.commands():
        for words in words_of(command):
            program = words[0].split("/bin/")[-1]
            if program in ("python", "python3") and words[1:2] == ["-m"]:
                program, words = "python", words[2:]
            if program == "python" and words[1:] and words[1].startswith("scripts/"):
                words = words[1:]
                program = words[0]
            if program == "d2l-rnn":
                found += [f"{command}: {w}" for w in wrong_call(words[1:])]
            elif program.startswith("scripts/"):
                found += [f"{command}: {w}" for w in wrong_script(words)]
            elif program == "pytest":
                found += [f"{command}: {w}" for w in missing_tests(words[1:])]
            elif program not in OTHERS or block.mark != "elsewhere":
                found.append(f"{command}: no program {program}")
    return found


def missing_tests(words: List[str]) -> List[str]:
    return [
        f"no {word}"
        for word in words
        if word.startswith("tests/") and not (ROOT / word.split("::")[0]).exists()
    ]


def wrong_script(words: List[str]) -> List[str]:
    path = ROOT / words[0]
    if "*" in words[0] or re.search("3.X", words[0]) or path.is_dir():
        return []
    if not path.exists():
        return ["no such script"]
    source = path.read_text("utf-8")
    if path.name == "reproduce.sh":
        return wrong_call(["run", *words[1:]]) if words[1:] else []
    if path.suffix == ".py" and "add_argument" not in source:
        return []  # the one line of an experiment
    flags = [f"no flag {flag}" for flag in unknown_flags(words[1:], source)]
    return flags + missing_tests(words[1:])


@pytest.mark.parametrize("page", all_pages(), ids=lambda page: str(page.name))
def test_what_a_page_names_exists(page: Path) -> None:
    found = blocks_of(page)
    for block in found:
        if block.language in MARKS:
            assert block.mark in MARKS[block.language], block
    wrong = [w for b in found if b.language == "bash" for w in wrong_in(b)]
    assert wrong == []
    for block in found:
        if block.language == "python":
            compile(block.text, block.page, "exec")


def test_what_a_sentence_names_exists() -> None:
    found = list(inline_commands())
    assert len(found) > 100
    wrong: Dict[str, List[str]] = {}
    for block in found:
        if wrong_in(block):
            wrong.setdefault(block.page, []).extend(wrong_in(block))
    assert wrong == {}


@pytest.mark.parametrize(
    "text, said",
    [
        ("d2l-rnn walk", "no command walk"),
        ("d2l-rnn run lstn", "no experiment lstn"),
        ("d2l-rnn run lstm --epoch 3", "no flag --epoch"),
        ("d2l-rnn reproduce lstm gru --seed 3", "no flag --seed"),
        ("d2l-rnn reproduce lstm -- --seeds 3", "no flag --seeds"),
        ("d2l-rnn list && d2l-rnn lost", "no command lost"),
        ("D2L_RNN_DATA=x .venv/bin/d2l-rnn lost", "no command lost"),
        ("scripts/walk.sh", "no such script"),
        ("scripts/docs.sh --walk", "no flag --walk"),
        ("scripts/reproduce.sh lstn", "no experiment lstn"),
        ("pytest tests/test_walk.py", "no tests/test_walk.py"),
        ("walk", "no program walk"),
    ],
)
def test_what_does_not_exist_is_noticed(text: str, said: str) -> None:
    (wrong,) = wrong_in(Block("page", "bash", "long", text + "  # a comment\n"))
    assert wrong.endswith(said)


def session(folder: Path, script: str) -> None:
    """Run a script in a folder as a reader's shell would, its trainings short."""
    for name, text in (("songs", SONGS), ("novel", NOVEL)):
        (folder / f"{name}.txt").write_text(text, "utf-8")
    (folder / "pairs.tsv").write_text(PAIRS, "utf-8")
    for name in ("scripts", "tests", "docs"):
        (folder / name).symlink_to(ROOT / name)
    programs = folder / "bin"
    programs.mkdir()
    python = shlex.quote(sys.executable)
    short = (
        f'#!/bin/sh\n[ "$1" = run ] || exec {python} -m d2l_rnn "$@"\n'
        f'case "$*" in *--epochs*|*text-stats*) ;; *) set -- "$@" --epochs 1 ;; esac\n'
        f'exec {python} -m d2l_rnn "$@"\n'
    )
    starters = {"d2l-rnn": short, "python": f'#!/bin/sh\nexec {python} "$@"\n'}
    for name, text in starters.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "PYTHONIOENCODING": "utf-8",
        "MPLBACKEND": "agg",
    }
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, done.stdout.decode("utf-8", "replace")[-3000:]


def test_the_quick_ones_run(tmp_path: Path) -> None:
    """Each once, however many pages have it."""
    lines = [c.split("  #")[0] for b in blocks("bash", "quick") for c in b.commands()]
    commands = list(dict.fromkeys(line.strip() for line in lines))
    assert 3 <= len(commands) <= 12
    session(tmp_path, "\n".join(commands))


PAGES = sorted({b.page for b in [*blocks("bash", ""), *blocks("python", "")]})


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_a_page_runs_from_its_top_to_its_end(page: str, tmp_path: Path) -> None:
    parts = []
    for place, block in enumerate(blocks_of(ROOT / page)):
        if (block.language, block.mark) in (("bash", ""), ("bash", "quick")):
            # Status 1 is an answer: of short trainings, and of this machine.
            text = re.sub(
                r"^(d2l-rnn (?:compare|doctor).*?)( +#.*)?$",
                r"\1 || [ $? = 1 ]",
                block.text,
                flags=re.MULTILINE,
            )
            parts.append(text)
        elif (block.language, block.mark) == ("python", ""):
            code = re.sub("num_epochs, lr = [0-9]+", "num_epochs, lr = 1", block.text)
            (tmp_path / f"code{place}.py").write_text(code, "utf-8")
            parts.append(f"python code{place}.py")
    session(tmp_path, "\n".join(parts))
