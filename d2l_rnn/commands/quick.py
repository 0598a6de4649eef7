"""``reproduce --quick``: every experiment in a class hour, and nothing to compare."""

from __future__ import annotations

import dataclasses
from typing import Any, List

from ..experiments.configs import Config
from ..experiments.settings import flag_of

QUICK_RUNS = (
    "runs-quick"  # beside runs/: a run of full length is not to be resumed here
)
#: What is passed through again and again: a 25th of it, at least twice.
_SHORTENED = ("num_epochs", "num_iterations")
_SHARE, _LEAST = 25, 2


def quick_settings(config: Config) -> List[str]:
    """The flags that make an experiment short.

    The embedded sample in the place of the book's corpus, so that nothing is fetched; a
    25th of the epochs; one start where several are tried.

    Parameters
    ----------
    config : Config
        With the defaults of the experiment.
    """
    found: List[str] = []
    for field in dataclasses.fields(config):
        value: Any = getattr(config, field.name)
        if field.name == "corpus" and value == "auto":
            found += [flag_of(field), "sample"]
        elif field.name in _SHORTENED:
            fewer = max(-(-value // _SHARE), min(_LEAST, value))
            found += [flag_of(field), str(fewer)]
        elif field.name == "num_restarts":
            found += [flag_of(field), "1"]
    return found
