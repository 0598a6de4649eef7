"""What is installed here, what is wrong, and the cure."""

from __future__ import annotations

from typing import Sequence

from ..doctor import examine, mend, report
from .parsing import Parser


def main(arguments: Sequence[str]) -> int:
    """Run the command line ``arguments``; return the exit status."""
    parser = Parser(prog="d2l-rnn doctor", description=__doc__)
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument(
        "--mend",
        action="store_true",
        help="carry out the commands that cure what is wrong, then look again",
    )
    options = parser.parse_args(arguments)
    text, status = report(mend() if options.mend else examine(), options.json)
    print(text)
    return status
