"""What is told of an experiment beside its runs, and where the book has it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import List, Tuple

#: Of a section without a word on its edition: the one of the builds.
OURS, EDITION_ONE, FIRST_CHINESE, NOWHERE = "", "1.0", "zh v1", "none"


@dataclass(frozen=True)
class Told:
    """Where an experiment is in the book, and what it is.

    Attributes
    ----------
    section : str
        "9.2.3", "8.2, 8.3" or, of another edition, "9.5 (1.0)"; empty where the book
        does not have it.
    summary : str
    """

    section: str
    summary: str


def edition(section: str) -> str:
    """Which edition a section is of: ``OURS``, another, or ``NOWHERE``."""
    found = re.search(r"\((.+)\)", section)
    if not section:
        return NOWHERE
    return found.group(1) if found else OURS


def chapter(section: str) -> str:
    """The chapter of a section of our edition, as "9"; else its edition."""
    return edition(section) or section.split(".")[0]


def place(section: str) -> Tuple[int, List[int]]:
    """Where a section stands: the builds' edition, then the others, then what is none.

    Sections sort by it as the book has them: 9.10 behind 9.2.
    """
    editions = [OURS, EDITION_ONE, FIRST_CHINESE, NOWHERE]
    own = edition(section)
    first = section.split(",")[0].split("(")[0]
    numbers = [int(part) for part in re.findall(r"\d+", first)]
    return editions.index(own) if own in editions else len(editions) - 1, numbers
