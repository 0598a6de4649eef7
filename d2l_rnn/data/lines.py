"""Single sentences with their language, out of sentence pairs."""

from __future__ import annotations

import random
from typing import List, NamedTuple, Tuple

from ..errors import DataError
from .pairs import LANGUAGES
from .translation import preprocess_nmt


class Line(NamedTuple):
    """A sentence: its ``text`` in lower case, and the index of its language."""

    text: str
    language: int


def labelled_lines(
    text: str, num_examples: int, num_steps: int, heldout_fraction: float
) -> Tuple[List[Line], List[Line]]:
    """Choose lines of each language, and hold out some of them.

    The choice is spread over the whole file and always the same. No line occurs twice,
    so none that is held out was trained on; a pair's other half may have been.

    Parameters
    ----------
    text : str
        A pair a line: English, tab, French.
    num_examples : int
        Lines of each language, if there are so many.
    num_steps : int
        Longer lines are left out.
    heldout_fraction : float

    Returns
    -------
    training, heldout : list of Line

    Raises
    ------
    DataError
        If one of the languages gives no line for one of the sides.
    """
    pairs = [line.split("\t") for line in preprocess_nmt(text).split("\n")]
    chooser = random.Random(0)
    training: List[Line] = []
    heldout: List[Line] = []
    for language, name in enumerate(LANGUAGES):
        found = {pair[language] for pair in pairs if len(pair) == 2}
        lines = sorted(line for line in found if 0 < len(line) <= num_steps)
        chooser.shuffle(lines)
        lines = lines[:num_examples]
        num_heldout = int(len(lines) * heldout_fraction)
        if not 0 < num_heldout < len(lines):
            raise DataError(
                f"{len(lines)} {name} lines of at most {num_steps} characters: too few "
                f"to hold out a fraction of {heldout_fraction}"
            )
        heldout += [Line(line, language) for line in lines[:num_heldout]]
        training += [Line(line, language) for line in lines[num_heldout:]]
    return training, heldout
