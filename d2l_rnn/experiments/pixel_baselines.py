"""What a net that draws is held against: counts, chosen in their own favour."""

from __future__ import annotations

import math
from typing import Dict, List, Tuple

import numpy as np

from ..arrays import Integers
from ..inference.nested_counts import NestedCounts, neighbours, preceding

SMOOTHINGS = (0.3, 1.0, 3.0, 10.0, 30.0, 60.0, 100.0, 200.0)
ORDERS = (2, 3, 4, 5, 6)  # of the n-gram model

Found = Tuple[Dict[str, float], Dict[str, Dict[str, float]]]


def baselines(
    training: Integers,
    heldout: Integers,
    width: int,
    num_levels: int,
    training_labels: Integers,
    heldout_labels: Integers,
) -> Found:
    """Held-out bits per pixel of three models of counts.

    ``unigram``: the frequencies at each position. ``markov``: given the position, the
    pixels to the left and above. ``ngrams``: given those before, wherever they are.
    Each is told the class if the net is. Smoothing and order are those that are best
    on the held-out images themselves: what beats them beats the best of them.

    Parameters
    ----------
    training, heldout : numpy.ndarray of int, shape (num_images, num_pixels)
    width, num_levels : int
    training_labels, heldout_labels : numpy.ndarray of int, shape (num_images,)
        All 0 where the class is not told.

    Returns
    -------
    bits : dict of str to float
    chosen : dict of str to dict
        ``smoothing``, and ``order`` of the n-grams.
    """

    def context(images: Integers, labels: Integers, kind: str, order: int) -> Integers:
        num_pixels = images.shape[1]
        position = np.tile(np.arange(num_pixels), len(images))[:, None]
        told = np.repeat(labels, num_pixels)[:, None]
        if kind == "unigram":
            return np.hstack([position, told])
        if kind == "markov":
            near = neighbours(images, width, [(0, 1), (1, 0)])
            return np.hstack([position, near, told])
        return np.hstack([preceding(images, order - 1), told])

    bits: Dict[str, float] = {}
    chosen: Dict[str, Dict[str, float]] = {}
    trials: List[Tuple[str, int]] = [("unigram", 1), ("markov", 3)]
    trials += [("ngrams", order) for order in ORDERS]
    for kind, order in trials:
        model = NestedCounts(
            context(training, training_labels, kind, order),
            training.ravel(),
            num_levels,
        )
        asked = context(heldout, heldout_labels, kind, order)
        for smoothing in SMOOTHINGS:
            logs = model.log_probabilities(asked, heldout.ravel(), smoothing)
            found = -float(logs.mean()) / math.log(2)
            if found < bits.get(kind, math.inf):
                bits[kind], chosen[kind] = found, {"smoothing": smoothing}
                if kind == "ngrams":
                    chosen[kind]["order"] = order
    return bits, chosen
