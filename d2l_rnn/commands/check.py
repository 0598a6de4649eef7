"""Does an experiment keep the contract: stopped anywhere, resumed, bit for bit?"""

from __future__ import annotations

import dataclasses
from typing import Sequence

from ..errors import UsageError
from ..experiments.initial_weights import settled
from ..experiments.table import find
from .parsing import Parser, add_settings, notify

_FEW_EPOCHS = 3


def main(arguments: Sequence[str]) -> int:
    """Run the command line ``arguments``; return the exit status."""
    usage = "d2l-rnn check NAME|FILE.py:EXPERIMENT [settings]"
    if not arguments or arguments[0].startswith("-"):
        Parser(
            prog="d2l-rnn check",
            usage=usage,
            description=f"{__doc__}\n\nTrains it for {_FEW_EPOCHS} epochs, stops it "
            "after each of them, goes on in a fresh run, and compares\nrows, state and "
            "result.",
            epilog="exit status: 0 it keeps it; 1 it breaks it; 2 bad usage; 3 data "
            "unavailable",
        ).parse_args(arguments)
        raise UsageError(f"check: an experiment's name is missing ({usage})")
    experiment = find(arguments[0])
    defaults = experiment.config
    if hasattr(defaults, "num_epochs"):
        defaults = dataclasses.replace(defaults, num_epochs=_FEW_EPOCHS)
    parser = Parser(prog=f"d2l-rnn check {arguments[0]}", description=__doc__)
    add_settings(parser, defaults)
    parsed = vars(parser.parse_args(arguments[1:]))
    config = settled(experiment, dataclasses.replace(defaults, **parsed), notify)
    from ..experiments.check import check
    from ..experiments.placing import devices_of

    status = 0
    device = devices_of(experiment.family(), config)[0]
    for finding in check(experiment, config, device):
        verdict = f"no: {finding.problem}" if finding.problem else "yes"
        print(f"{finding.rule}: {verdict}", flush=True)
        status = 1 if finding.problem else status
    return status
