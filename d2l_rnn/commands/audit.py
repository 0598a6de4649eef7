"""What a trained language model sees when it predicts: does it look ahead?"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Sequence

from ..errors import RunError, UsageError, system_errors_as
from .parsing import Parser, notify, number


def main(arguments: Sequence[str]) -> int:
    """Run the command line ``arguments``; return the exit status."""
    parser = Parser(
        prog="d2l-rnn audit",
        description=__doc__,
        epilog="exit status: 0 done; 2 bad usage; 3 corpus unavailable; 4 checkpoint "
        "unusable",
    )
    parser.add_argument(
        "checkpoint", metavar="CHECKPOINT", help="a run directory, or its checkpoint"
    )
    parser.add_argument(
        "--tokens",
        type=number(int),
        default=10000,
        help="tokens of each text to evaluate at most (default: %(default)s)",
    )
    parser.add_argument("--data-dir", default="", help="folder of the corpus file")
    parser.add_argument(
        "--device", default="auto", help="auto, cpu, gpu or gpu:N (default: auto)"
    )
    parser.add_argument(
        "--plots", default="", metavar="DIR", help="draw two pictures into this folder"
    )
    parser.add_argument("--json", action="store_true", help="as JSON")
    options = parser.parse_args(arguments)
    if options.tokens < 1:
        raise UsageError(f"--tokens {options.tokens}: accepted is at least 1")
    plots = Path(options.plots) if options.plots else None
    if plots is not None and not os.path.isdir(plots):
        raise UsageError(f"--plots {plots}: no such folder")
    with system_errors_as(RunError, f"checkpoint {options.checkpoint}"):
        os.stat(options.checkpoint)
    from ..devices import device_from
    from ..experiments.audit import audit, draw
    from ..experiments.trained import load_language_model
    from ..results import printed
    from ..results.json_files import encode

    device = device_from(options.device)
    trained = load_language_model(options.checkpoint, device)
    result = audit(trained, options.tokens, device, options.data_dir)
    print(json.dumps(encode(result)) if options.json else printed.audit(result))
    if plots is not None:
        with system_errors_as(UsageError, f"--plots {plots}"):
            drawn = draw(result, plots)
        for path in drawn:
            notify(f"drawn: {path}")
    return 0
