"""The commands and the code of the pages: what stands in fences, and how it is marked.

The words after ``bash`` say how a block is proven: docs/development.md has the table.
"""

from __future__ import annotations

import re
import shlex
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, List

ROOT = Path(__file__).parents[2]
MARKS = {"bash": ("", "quick", "long", "elsewhere"), "python": ("", "fragment")}
# The first words of an indented line that is a command, of a page without fences.
PROGRAMS = ("d2l-rnn", "scripts/", "pytest", "python scripts/", ".venv/bin/")
_FENCE = re.compile(r"^( *)```(\S+) ?(.*)\n((?:.*\n)*?)\1```$", re.MULTILINE)
_INLINE = re.compile(r"`((?:\.venv/bin/)?d2l-rnn [^`]+|scripts/[^`]+)`")


@dataclass(frozen=True)
class Block:
    """A block of a page.

    Attributes
    ----------
    page : str
        Its path below the repository.
    language, mark : str
        The words of the fence.
    text : str
    """

    page: str
    language: str
    mark: str
    text: str

    def commands(self) -> List[str]:
        """The lines that are commands, comments and all that follows a pipe apart."""
        text = self.text.replace("\\\n", " ")
        lines = (line.strip() for line in text.splitlines())
        return [line for line in lines if line and not line.startswith("#")]


def pages() -> List[Path]:
    """All pages that a reader may meet."""
    found = [*ROOT.glob("README*.md"), *(ROOT / "docs").rglob("*.md")]
    return sorted(page for page in found if page.name != "verdict.template.md")


def blocks_of(page: Path) -> List[Block]:
    """The fenced blocks of a page, and indented ones that begin with a command."""
    text = page.read_text("utf-8")
    name = page.relative_to(ROOT).as_posix()
    found = []
    for match in _FENCE.finditer(text):
        language, mark = match[2], match[3].strip()
        if language == "sh":
            language, mark = "bash", mark or "long"
        # A comment before it: a test of the page's own runs it, docs/export.md's say.
        if language == "python" and text[: match.start()].endswith("-->\n"):
            mark = "fragment"
        found.append(Block(name, language, mark, textwrap.dedent(match[4])))
    plain = _FENCE.sub("", text)
    for match in re.finditer(r"(?<=\n\n)(?:    .*\n)+", plain):
        code = textwrap.dedent(match[0])
        if code.startswith(PROGRAMS):
            found.append(Block(name, "bash", "long", code))
    return found


def blocks(language: str, *marks: str) -> List[Block]:
    """All blocks of the pages in a language, with one of the marks."""
    return [
        block
        for page in pages()
        for block in blocks_of(page)
        if block.language == language and block.mark in marks
    ]


def inline_commands() -> Iterator[Block]:
    """Commands within a sentence or a table."""
    for page in pages():
        text = _FENCE.sub("", page.read_text("utf-8"))
        name = page.relative_to(ROOT).as_posix()
        for match in _INLINE.finditer(text):
            yield Block(name, "bash", "inline", match[1].replace("\n", " "))


def words_of(command: str) -> List[List[str]]:
    """A line as the programs that it calls, each with its arguments."""
    choices = re.sub(r"(?<=\w)\|(?=\w)", ",", command)  # --to onnx|pytorch: no pipe
    lexer = shlex.shlex(choices, posix=True, punctuation_chars="&|;<>")
    lexer.whitespace_split = True
    lexer.commenters = ""
    found: List[List[str]] = [[]]
    for word in lexer:
        if word.startswith("#"):
            break
        if word and set(word) <= set("&|;"):
            found.append([])
        elif word and set(word) <= set("<>"):
            break  # what follows is a file
        elif found[-1] or not re.match(r"[A-Z_0-9]+=", word):  # a variable before it
            found[-1].append(word)
    return [words for words in found if words]
