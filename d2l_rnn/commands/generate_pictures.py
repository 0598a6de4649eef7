"""Pictures of a finished run of ``pixels``: the part of ``generate`` that draws."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, Callable, List

from ..errors import UsageError, system_errors_as
from ..experiments.loaded_pictures import LoadedPictures
from ..files import target_of, write_bytes
from .parsing import conclude

_COLUMNS = 10
_MOST = 10_000  # images
_RAMP = " .:-=+*#%@"  # from the lightest to the darkest
# Flags that are about texts, with what they are where they were not given.
_OF_TEXTS = {
    "prefix": None,
    "top_k": None,
    "top_p": None,
    "beam": None,
    "stream": None,
    "show_probabilities": False,
}


def draw(
    run: str, load: Callable[[], LoadedPictures], options: argparse.Namespace
) -> None:
    """Draw what the options ask for: into a file, or onto standard output.

    Parameters
    ----------
    run : str
        A run directory.
    load : callable
        Loads it, once nothing else is wrong.
    options : argparse.Namespace
        Of ``generate``.
    """
    for name, absent in _OF_TEXTS.items():
        if getattr(options, name) != absent:
            flag = "--" + name.replace("_", "-")
            raise UsageError(f"{flag}: is about texts, and {run} draws pictures")
    from ..generation.pictures import sheet

    many = _COLUMNS if options.num_samples is None else options.num_samples
    if not 1 <= many <= _MOST:
        raise UsageError(f"--num-samples {many}: at least 1, at most {_MOST:,}")
    refused = f"--out {options.out}"
    if options.out:
        with system_errors_as(UsageError, refused, "a file in a folder that exists"):
            target_of(options.out)
    loaded = load()
    temperature = 1.0 if options.temperature is None else options.temperature
    seed = 1 if options.seed is None else options.seed
    images = loaded.draw(many, options.label or None, temperature, seed)
    if options.json:
        answer = {"run": str(run), "class": options.label, "images": images.tolist()}
        print(json.dumps(answer))
    if not options.out:
        if not options.json:
            print(
                "\n\n".join(_as_text(image, loaded.config.levels) for image in images)
            )
        return
    from ..data.png import write_png

    columns = min(_COLUMNS, many)
    blank = (-many) % columns
    padded = _with_blanks(images, blank)
    rows = padded.reshape(-1, columns, *loaded.shape)
    with system_errors_as(UsageError, refused):
        write_bytes(Path(options.out), write_png(sheet(rows, loaded.config.levels)))
    if not options.json:
        conclude(options.out, f"{many} image{'' if many == 1 else 's'} on the sheet")


def _with_blanks(images: Any, blank: int) -> Any:
    import numpy

    return numpy.concatenate([images, numpy.zeros_like(images[:1]).repeat(blank, 0)])


def _as_text(image: Any, num_levels: int) -> str:
    """Two letters a pixel, the darker the greater the level."""
    lines: List[str] = []
    for row in image:
        marks = (_RAMP[int(v) * len(_RAMP) // num_levels] * 2 for v in row)
        lines.append("".join(marks).rstrip())
    return "\n".join(lines)
