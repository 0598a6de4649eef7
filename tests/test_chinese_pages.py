"""The Chinese pages: every message is explained, and the terms are the book's."""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Pattern, Tuple

import pytest

import d2l_rnn

PACKAGE = Path(d2l_rnn.__file__).parent
ROOT = PACKAGE.parent
PAGES = ROOT / "docs" / "zh"
MESSAGES, TERMS = PAGES / "troubleshooting.md", PAGES / "terms.md"

# Who speaks to a user: errors of ours, and what is told beside a result.
ERRORS = {"UsageError", "DataError", "RunError", "DivergenceError", "D2lRnnError"}
TOLD = {"notify", "_notify", "tell", "warn"}
# Who speaks to us alone: scripts/update_readme.py.
NOT_FOR_USERS = "results/readme_"
# Names of what a message passes on: its words are another message's.
PASSED_ON = "error reason problem failure message said hint note line stop".split()
HOLE = "…"
_FEWEST_LETTERS = 6


def holes(node: ast.expr, known: Dict[str, ast.expr]) -> str:
    """The text of an expression, what it inserts as ``…``.

    A name stands for what the same function, or the module, assigns to it.
    """
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(holes(part, known) for part in node.values)
    if isinstance(node, ast.FormattedValue) and isinstance(node.value, ast.Name):
        return holes(node.value, known)
    if isinstance(node, ast.BinOp):
        return holes(node.left, known) + holes(node.right, known)
    if isinstance(node, ast.Name) and node.id in known:
        others = {name: value for name, value in known.items() if name != node.id}
        return holes(known[node.id], others)
    return HOLE


def passes_on(node: ast.expr) -> bool:
    """Whether what an f-string ends with is the text of another error."""
    if not isinstance(node, ast.JoinedStr) or isinstance(node.values[-1], ast.Constant):
        return False
    names = {n.id for n in ast.walk(node.values[-1]) if isinstance(n, ast.Name)}
    literal = "".join(str(v.value) for v in node.values if isinstance(v, ast.Constant))
    one_word = len(re.findall("[A-Za-z_-]+", literal)) <= 2
    return bool(names & set(PASSED_ON)) and one_word


def assigned(tree: ast.AST) -> Dict[str, ast.expr]:
    """What names are first given in a function or a module."""
    found: Dict[str, ast.expr] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found.setdefault(node.targets[0].id, node.value)
    return found


def spoken(node: ast.AST) -> Optional[ast.expr]:
    """The message of a ``raise``, or of a call that tells something."""
    call = node.exc if isinstance(node, ast.Raise) else node
    if not isinstance(call, ast.Call) or not call.args:
        return None
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    wanted = ERRORS if isinstance(node, ast.Raise) else TOLD
    return call.args[0] if name in wanted else None


@lru_cache(maxsize=None)
def messages(package: Path = PACKAGE) -> List[Tuple[str, str]]:
    """Where each message stands, and its text with holes."""
    return list(_messages(package))


def _messages(package: Path) -> Iterator[Tuple[str, str]]:
    for path in sorted(package.rglob("*.py")):
        place = path.relative_to(package).as_posix()
        if place.startswith(NOT_FOR_USERS):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        module = {
            node.targets[0].id: node.value
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        }
        for known, message in within(tree, module):
            text = holes(message, known)
            if letters(text) >= _FEWEST_LETTERS and not passes_on(message):
                yield f"{place}:{message.lineno}", text


def within(
    scope: ast.AST, known: Dict[str, ast.expr]
) -> Iterator[Tuple[Dict[str, ast.expr], ast.expr]]:
    """The messages of a module or a function, with what names stand for there."""
    waiting = list(ast.iter_child_nodes(scope))
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.FunctionDef):
            yield from within(node, {**known, **assigned(node)})
            continue
        message = spoken(node)
        if message is not None:
            yield known, message
            continue
        waiting[:0] = ast.iter_child_nodes(node)


def letters(text: str) -> int:
    return len(re.findall("[A-Za-z]", text))


def explained(page: str) -> List[str]:
    """The beginnings of messages that the page explains."""
    entries = re.findall(r"(?m)^- ((?:`[^`]+`[、\s]*)+)：", page)
    return [start for entry in entries for start in re.findall("`([^`]+)`", entry)]


@lru_cache(maxsize=None)
def pattern(start: str) -> Pattern[str]:
    parts = [re.escape(part) for part in start.split(HOLE)]
    return re.compile(".+?".join(parts), re.S)


def begins(start: str, message: str) -> bool:
    return pattern(start).match(message) is not None


def test_every_message_is_explained_in_chinese() -> None:
    starts = explained(MESSAGES.read_text(encoding="utf-8"))
    found = list(messages())
    assert len(found) > 200
    missing = [m for m in found if not any(begins(s, m[1]) for s in starts)]
    assert missing == []


def test_what_is_explained_is_said_and_is_no_catch_all() -> None:
    starts = explained(MESSAGES.read_text(encoding="utf-8"))
    said = [text for _, text in messages()]
    assert [s for s in starts if letters(s) < _FEWEST_LETTERS] == []
    assert [s for s in starts if sum(begins(s, m) for m in said) > 30] == []
    # argparse's own lines, and those that are put together from parts
    by_parts = {
        "… (see '… --help')",
        "--plots …: no such folder",
        "no finished run of",
    }
    unsaid = [s for s in starts if not any(begins(s, m) for m in said)]
    assert set(unsaid) <= by_parts
    assert len(starts) == len(set(starts))


def test_a_new_message_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "new.py").write_text(
        "def f(path, error):\n"
        "    text = f'{path}: quite unheard of'\n"
        "    if path:\n        raise UsageError(text)\n"
        "    raise RunError(f'run {path}: {error}')\n"
        "notify('warning: unheard of: ' + str(1))\n"
    )
    assert [text for _, text in messages(tmp_path)] == [
        "…: quite unheard of",
        "warning: unheard of: …",
    ]
    starts = explained(MESSAGES.read_text(encoding="utf-8"))
    for _, text in messages(tmp_path):
        assert not any(begins(start, text) for start in starts)


def terms() -> List[Tuple[str, str, List[str]]]:
    """English, Chinese, and what must not be written."""
    rows = re.findall(r"(?m)^\| (.+) \|$", TERMS.read_text(encoding="utf-8"))[2:]
    cells = [[cell.strip() for cell in row.split("|")] for row in rows]
    return [(c[0], c[1], [w for w in c[3].split("、") if w]) for c in cells]


def chinese_pages() -> List[Path]:
    pages = [*PAGES.glob("*.md"), ROOT / "README.zh.md"]
    return sorted(page for page in pages if page.exists() and page != TERMS)


def faults(text: str) -> List[str]:
    """Words of a page that the published edition has otherwise."""
    prose = re.sub(r"(?s)```.*?```|`[^`]*`", "", text)
    found = []
    for english, chinese, others in terms():
        found += [f"{word}: {chinese}" for word in others if word in prose]
        for written in re.findall(
            rf"([\u4e00-\u9fffA-Za-z-]+)（{re.escape(english)}）", prose
        ):
            if not written.endswith(chinese):
                found.append(f"{written}（{english}）: {chinese}")
    return found


def test_the_terms_are_a_table_without_contradictions() -> None:
    table = terms()
    assert len(table) > 50
    names = [english for english, _, _ in table]
    assert names == sorted(set(names), key=str.lower)
    for _, chinese, _ in table:
        for english, _, others in table:
            assert not any(word in chinese for word in others), english


@pytest.mark.parametrize("page", chinese_pages(), ids=lambda page: page.name)
def test_chinese_pages_keep_to_the_terms(page: Path) -> None:
    assert faults(page.read_text(encoding="utf-8")) == []


def test_another_term_is_noticed() -> None:
    assert faults("困惑度（perplexity）和 `轮次` 和词元。") == []
    assert faults("训练了五个轮次。") == ["轮次: 迭代周期"]
    assert faults("随机截断（gradient clipping）") == [
        "随机截断（gradient clipping）: 梯度裁剪"
    ]
