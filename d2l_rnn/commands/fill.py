"""Fill the blanks of a text from both sides with the model that 'run cloze' trained."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any, Sequence

from ..errors import RunError, system_errors_as
from ..results.record import RUNS
from .parsing import Parser, add_device, check_device, newest, notify, say_newest


def main(arguments: Sequence[str]) -> int:
    """Run the command line ``arguments``; return the exit status."""
    parser = Parser(
        prog="d2l-rnn fill",
        description=__doc__,
        epilog="A blank is _ for one character and ___, standing alone, for a word:\n"
        '  d2l-rnn fill "the time travell_r smiled"\n'
        '  d2l-rnn fill "I am ___ hungry"\n'
        "exit status: 0 done; 2 bad usage; 4 no usable trained model",
    )
    parser.add_argument("text", metavar="TEXT", help="a text with blanks in it")
    parser.add_argument(
        "--run",
        default="",
        metavar="DIR",
        help="run directory of cloze or cloze-word (default: the newest finished one "
        f"in {RUNS}/ for such blanks)",
    )
    add_device(parser)
    parser.add_argument("--json", action="store_true", help="as JSON")
    options = parser.parse_args(arguments)
    if options.run:
        with system_errors_as(RunError, f"--run {options.run}"):
            os.stat(options.run)
    check_device(options.device)
    from ..data.blanks import read_blanks
    from ..experiments.trained import load_filler
    from ..generation.filling import fill

    of_words = re.search(r"(?<!\S)__+(?!\S)", options.text) is not None
    run = options.run or _newest("word" if of_words else "char")
    filler = load_filler(run)
    vocab = filler.vocab
    tokens, blanks = read_blanks(options.text, filler.token, filler.clean)
    if not options.run:
        say_newest(run)
    shown = [token for place, token in enumerate(tokens) if place not in blanks]
    unknown = [token for token in shown if vocab[token] == vocab.unk]
    if unknown:
        names = ", ".join(map(repr, sorted(set(unknown))))
        notify(f"warning: the model does not know {names}")
    filled = fill(filler.probabilities, vocab[tokens], blanks, vocab)
    for blank in filled:
        tokens[blank.position] = blank.best[0][0]
    text = ("" if filler.token == "char" else " ").join(tokens)
    if options.json:
        answers = [{"position": b.position, "best": b.best} for b in filled]
        print(json.dumps({"text": text, "blanks": answers, "run": str(filler.path)}))
        return 0
    print(text)
    for number, blank in enumerate(filled, start=1):
        best = "  ".join(
            f"{token if token.strip() else 'space'} {probability:.3f}"
            for token, probability in blank.best
        )
        print(f"blank {number}: {best}")
    return 0


def _newest(token: str) -> Path:
    """The newest finished run that fills such blanks."""
    from ..experiments.configs_bidirectional import ClozeConfig

    def wanted(experiment: Any, config: Any) -> bool:
        return isinstance(config, ClozeConfig) and config.token == token

    name = "cloze" if token == "char" else "cloze-word"
    return newest(
        wanted,
        f"no finished run of {name} in {RUNS}/: train one with 'd2l-rnn run {name}', "
        "or name its directory with --run",
    )
