"""Is a Chinese page older than its English one?

scripts/check_translations.py                    name the pages that are; exit 1 if any
scripts/check_translations.py --renew PAGE ...   these have been looked at: note it

A page of docs/zh/, and README.zh.md, begins with
<!-- english: ../getting-started.md 0123456789abcdef -->
the English page as seen from it, and the beginning of the SHA-256 of what is written
there by hand: a table that is generated may change without it.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
from pathlib import Path
from typing import List, Optional

from d2l_rnn.errors import RunError
from d2l_rnn.files import write_bytes
from d2l_rnn.results.readme_summary import without_sections

ROOT = Path(__file__).resolve().parents[1]
NOTE = re.compile(r"\A<!-- english: (\S+) ([0-9a-f]{16}) -->\n")

# Of these the Chinese page has more than the English one, and a test of its own.
APART = {"troubleshooting.md"}


def translations() -> List[Path]:
    """The Chinese pages that have an English one."""
    pages = [ROOT / "README.zh.md"]
    for page in sorted((ROOT / "docs" / "zh").glob("*.md")):
        noted = NOTE.match(page.read_text("utf-8"))
        if noted or (page.name not in APART and (ROOT / "docs" / page.name).exists()):
            pages.append(page)
    return pages


def digest(english: Path) -> str:
    """The beginning of the SHA-256 of what is written by hand on a page."""
    written = without_sections(english.read_text("utf-8"))
    return hashlib.sha256(written.encode("utf-8")).hexdigest()[:16]


def wrong(page: Path) -> Optional[str]:
    """What is wrong with a page: it is older, or does not say of what it is."""
    noted = NOTE.match(page.read_text("utf-8"))
    if noted is None:
        return "its first line is no <!-- english: PAGE DIGEST -->"
    english = page.parent / noted[1]
    if not english.is_file():
        return f"there is no {noted[1]}"
    if digest(english) != noted[2]:
        return f"older than {noted[1]}, which is at {digest(english)}"
    return None


def renew(page: Path) -> None:
    """Note the present English page.

    Raises
    ------
    RunError
        If the page does not say of which page it is.
    """
    text = page.read_text("utf-8")
    noted = NOTE.match(text)
    if noted is None or not (page.parent / noted[1]).is_file():
        raise RunError(f"{page}: {wrong(page)}")
    line = f"<!-- english: {noted[1]} {digest(page.parent / noted[1])} -->\n"
    write_bytes(page, (line + text[noted.end() :]).encode("utf-8"))


def main(arguments: Optional[List[str]] = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--renew", nargs="+", type=Path, metavar="PAGE")
    options = parser.parse_args(arguments)
    try:
        for page in options.renew or ():
            renew(page)
    except (RunError, OSError) as error:
        print(f"check_translations: {error}", file=sys.stderr)
        return 4
    status = 0
    for page in translations():
        problem = wrong(page)
        if problem:
            print(f"{page}: {problem}", file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
