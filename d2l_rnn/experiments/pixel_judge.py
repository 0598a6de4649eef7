"""Which class an image is of, as a classifier sees it that was trained on real ones."""

from __future__ import annotations

from typing import Any, Callable, Optional, Sequence

from ..arrays import Integers
from ..installation import missing
from .contract import Notify

_MOST_IMAGES = 10_000  # its training takes the square of them

#: Levels (num_images, num_pixels) to classes (num_images,).
Judge = Callable[[Integers], Any]


def judge_of(
    images: Integers, labels: Integers, classes: Sequence[str], notify: Notify
) -> Optional[Judge]:
    """scikit-learn's support vector machine, as it comes, on real images.

    Parameters
    ----------
    images : numpy.ndarray of int, shape (num_images, num_pixels)
    labels : numpy.ndarray of int, shape (at least num_images,)
        The true classes, whether the net is told them or not.
    classes : sequence of str
    notify : callable

    Returns
    -------
    callable or None
        None where there are no two classes, or scikit-learn is missing (said then).
    """
    labels = labels[: len(images)][:_MOST_IMAGES]
    if len(classes) < 2 or len(set(labels.tolist())) < 2:
        return None
    try:
        from sklearn.svm import SVC
    except ImportError:
        notify(f"no classifier judges what is drawn: {missing('scikit-learn')}")
        return None
    machine: Any = SVC().fit(images[:_MOST_IMAGES], labels)
    judge: Judge = machine.predict
    return judge
