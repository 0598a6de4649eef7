"""Continue a text with the network of a finished run, or draw with that of pixels."""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Sequence

from ..errors import UsageError
from ..results.record import RUNS
from .parsing import Parser, lines_of_stdin, newest, number, say_newest

if TYPE_CHECKING:
    from ..experiments.loaded import LoadedRun
    from ..generation.choosing import Choice, Chosen

_BEST = 5  # tokens shown for each place


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="d2l-rnn generate",
        description=__doc__,
        epilog="examples:\n"
        "  d2l-rnn generate --prefix 'time traveller' --num-preds 200\n"
        "  d2l-rnn generate runs/lstm/seed-1 --temperature 0.7 --num-samples 3\n"
        "  d2l-rnn generate runs/one-to-many/seed-1 --class French --temperature 1\n"
        "  d2l-rnn generate runs/pixels/seed-1 --class 3 --out sheet.png\n"
        "exit status: 0 done; 2 bad usage, or a prefix with unknown characters; 4 no "
        "usable run",
    )
    parser.add_argument(
        "run",
        nargs="?",
        default="",
        metavar="RUN",
        help=f"a run directory (default: the newest finished one in {RUNS}/)",
    )
    whole, real = number(int), number(float)
    parser.add_argument(
        "--prefix",
        action="append",
        metavar="TEXT",
        help="what to continue; may be given several times; - reads one a line from "
        "stdin (default: the run's own)",
    )
    parser.add_argument(
        "--num-preds",
        type=whole,
        default=200,
        metavar="N",
        help="tokens to append (default: 200)",
    )
    choice = parser.add_argument_group(
        "how the next token is chosen (default: the likeliest)"
    )
    choice.add_argument(
        "--temperature", type=real, metavar="T", help="draw, below 1 more carefully"
    )
    choice.add_argument("--top-k", type=whole, metavar="K", help="of the K likeliest")
    choice.add_argument(
        "--top-p", type=real, metavar="P", help="of the fewest that hold P"
    )
    choice.add_argument(
        "--beam", type=whole, metavar="WIDTH", help="the best that a beam finds"
    )
    choice.add_argument("--seed", type=whole, help="of the draws (default: 1)")
    parser.add_argument(
        "--num-samples",
        type=whole,
        metavar="N",
        help="texts a prefix, where tokens are drawn (default: 1); pictures (default: "
        "10)",
    )
    parser.add_argument(
        "--class",
        dest="label",
        default="",
        metavar="NAME",
        help="what it is to be, for a run of one-to-many or pixels",
    )
    shown = parser.add_argument_group("output")
    shown.add_argument(
        "--stream",
        action="store_true",
        default=None,
        help="tokens as they come (default: on a terminal)",
    )
    shown.add_argument(
        "--show-probabilities",
        action="store_true",
        help=f"shade each token by its probability, and list the {_BEST} likeliest "
        "that follow",
    )
    shown.add_argument(
        "--out", default="", metavar="FILE", help="a sheet of pictures, as PNG"
    )
    shown.add_argument("--json", action="store_true", help="as JSON, a line a text")
    return parser


def main(arguments: Sequence[str]) -> int:
    """Run the command line ``arguments``; return the exit status."""
    options = _parser().parse_args(arguments)
    from ..experiments import loaded
    from ..experiments.configs_pixels import PixelsConfig

    finished = loaded.finished_run(options.run) if options.run else None
    if finished is not None and isinstance(finished[-1], PixelsConfig):
        from ..experiments import loaded_pictures
        from .generate_pictures import draw

        read = finished
        draw(
            options.run,
            lambda: loaded_pictures.of_finished(options.run, *read),
            options,
        )
        return 0
    if options.out:
        raise UsageError(f"--out {options.out}: is for pictures, of a run of pixels")
    options.num_samples = 1 if options.num_samples is None else options.num_samples
    _check(options)
    from ..generation.choosing import Choice

    choice = Choice(
        options.temperature,
        options.top_k,
        options.top_p,
        options.beam,
        1 if options.seed is None else options.seed,
    )
    if options.num_samples > 1 and not choice.draws:
        raise UsageError(
            f"--num-samples {options.num_samples} without --temperature, --top-k or "
            "--top-p: they would be the same text"
        )
    if options.seed is not None and not choice.draws:
        raise UsageError("--seed without --temperature, --top-k or --top-p: no draws")
    if finished is None:
        run = loaded.load_run(_newest())
    else:
        run = loaded.of_finished(options.run, *finished)
    prefixes = _prefixes(options.prefix, run)
    for prefix in prefixes:  # all are known before anything is generated
        run.ids(prefix)
    if not options.run:
        say_newest(run.directory)
    for prefix in prefixes:
        for sample in range(options.num_samples):
            _generate(run, prefix, choice, sample, options)
    return 0


def _check(options: argparse.Namespace) -> None:
    if options.num_preds < 0:
        raise UsageError(f"--num-preds {options.num_preds}: at least 0")
    if options.num_samples < 1:
        raise UsageError(f"--num-samples {options.num_samples}: at least 1")
    if options.beam is not None and options.show_probabilities:
        raise UsageError(
            "--beam contradicts --show-probabilities: a beam does not choose token by "
            "token"
        )


def _newest() -> Path:
    """The newest finished run that continues texts."""
    from ..experiments.loaded import continues_texts

    return newest(
        continues_texts,
        f"no finished run of a language model in {RUNS}/: train one, for example with "
        "'d2l-rnn run lstm', or name its directory",
    )


def _prefixes(asked: Sequence[str], run: LoadedRun) -> List[str]:
    if not asked:
        return run.prefixes()
    found: List[str] = []
    for prefix in asked:
        lines = lines_of_stdin() if prefix == "-" else [prefix]
        found += lines
    if not found:
        raise UsageError("--prefix -: stdin has no line")
    return found


def _generate(
    run: LoadedRun,
    prefix: str,
    choice: Choice,
    sample: int,
    options: argparse.Namespace,
) -> None:
    """Generate one text, and print it."""
    if choice.beam is not None:
        text = run.generate(
            prefix, options.num_preds, beam=choice.beam, label=options.label
        )
        if options.json:
            _print_json(run, prefix, text, {})
        else:
            print(text)
        return
    following = run.chosen(prefix, options.num_preds, choice, sample, options.label)
    if options.json:
        chosen = list(following)
        log_prob = sum(float(c.log_probs[c.token]) for c in chosen)
        extra: Dict[str, Any] = {"log_prob": log_prob}
        if options.show_probabilities:
            extra["best"] = [_best(run, c) for c in chosen]
        _print_json(run, prefix, _text(run, prefix, chosen), extra)
        return
    stream = sys.stdout.isatty() if options.stream is None else options.stream
    if stream or options.show_probabilities:
        _print_as_it_comes(run, prefix, following, options.show_probabilities)
    else:
        print(_text(run, prefix, list(following)))


def _text(run: LoadedRun, prefix: str, chosen: Sequence[Chosen]) -> str:
    separator = " " if run.of_words and chosen else ""
    return prefix + separator + run.joined([c.token for c in chosen])


def _print_as_it_comes(
    run: LoadedRun, prefix: str, following: Any, shaded: bool
) -> None:
    colour = shaded and sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    print(prefix, end="", flush=True)
    chosen: List[Chosen] = []
    for one in following:
        chosen.append(one)
        token = run.joined([one.token])
        token = f" {token}" if run.of_words else token
        print(_shade(token, one) if colour else token, end="", flush=True)
    print()
    if shaded:
        for one in chosen:
            probability = math.exp(one.log_probs[one.token])
            others = "  ".join(f"{name} {p:.3f}" for name, p in _best(run, one))
            print(f"{_visible(run.joined([one.token]))} {probability:.3f} of {others}")


def _shade(token: str, chosen: Chosen) -> str:
    """Black on green, the paler the less likely: the 256 colours' ramp."""
    ramp = (231, 194, 157, 120, 83, 46)
    probability = math.exp(chosen.log_probs[chosen.token])
    shade = ramp[min(int(probability * len(ramp)), len(ramp) - 1)]
    return f"\x1b[38;5;16m\x1b[48;5;{shade}m{token}\x1b[0m"


def _best(run: LoadedRun, chosen: Chosen) -> List[List[Any]]:
    """The likeliest tokens at a place, with their probabilities."""
    order = (-chosen.log_probs).argsort(kind="stable")[:_BEST]
    return [
        [_visible(run.joined([int(i)])), round(math.exp(chosen.log_probs[i]), 6)]
        for i in order
    ]


def _visible(token: str) -> str:
    return token if token.strip() else repr(token)


def _print_json(run: LoadedRun, prefix: str, text: str, extra: Dict[str, Any]) -> None:
    answer = {"run": str(run.directory), "prefix": prefix, "text": text, **extra}
    print(json.dumps(answer))
