"""A finished run of ``pixels``, ready to draw, without MXNet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, List, Optional, Tuple

import numpy

from ..arrays import Integers
from ..errors import RunError, UsageError
from ..files import PathLike
from ..generation.pictures import Painter
from ..inference.network import of_gluon
from ..results import record
from ..results.record_fields import Row
from .configs_pixels import PixelsConfig
from .loaded import finished_run
from .resume import checkpoint_of
from .table import Experiment

# As experiments.pixels calls the net of the two that draws; that module needs MXNet.
_DRAWS = "recurrent."


@dataclass(frozen=True, eq=False)
class LoadedPictures:
    """A finished run whose network draws.

    Attributes
    ----------
    directory : pathlib.Path
    config : PixelsConfig
        The settings that it was trained with.
    history : list of dict
        Its rows, an epoch each.
    painter : Painter
    classes : list of str
        What can be asked for; none where the net was not told.
    shape : (int, int)
        Height and width of an image.
    """

    directory: Path
    config: PixelsConfig
    history: List[Row]
    painter: Painter
    classes: List[str]
    shape: Tuple[int, int]

    def draw(
        self,
        num_images: int = 10,
        label: Optional[str] = None,
        temperature: float = 1.0,
        seed: int = 1,
    ) -> Integers:
        """Draw images.

        Parameters
        ----------
        num_images : int
        label : str, optional
            Their class; None: all classes in turn.
        temperature : float
            Greater than 0: below 1 surer, above bolder.
        seed : int
            Of the draws.

        Returns
        -------
        numpy.ndarray of int64, shape (num_images, height, width)
            Levels, 0 ... ``config.levels - 1``.

        Raises
        ------
        UsageError
            If an argument is out of its range, or there is no such class.
        """
        if num_images < 1:
            raise UsageError(f"num_images {num_images}: at least 1")
        if seed < 0:
            raise UsageError(f"seed {seed}: at least 0")
        if label is None:
            labels = numpy.arange(num_images) % max(1, len(self.classes))
        else:
            labels = numpy.full(num_images, self._number_of(label))
        generator = numpy.random.default_rng(seed)
        drawn = self.painter.draw(labels, temperature, generator)
        return drawn.reshape(num_images, *self.shape)

    def _number_of(self, label: str) -> int:
        if not self.classes:
            raise UsageError(
                f"class {label!r}: the run {self.directory} was trained with "
                "--no-conditional and knows no classes"
            )
        if label not in self.classes:
            known = ", ".join(self.classes)
            raise UsageError(f"class {label!r} is unknown; accepted are {known:.200}")
        return self.classes.index(label)


def load_pictures(path: PathLike) -> LoadedPictures:
    """Load a finished run of ``pixels``.

    Parameters
    ----------
    path : path
        A run directory.

    Raises
    ------
    RunError
        If it is no run directory, is not finished, was changed after it was written,
        has no checkpoint, or is of another experiment.
    """
    return of_finished(path, *finished_run(path))


def of_finished(
    path: PathLike, trained: record.RunRecord, experiment: Experiment, config: Any
) -> LoadedPictures:
    """As :func:`load_pictures`, of what :func:`finished_run` has read."""
    if not isinstance(config, PixelsConfig):
        raise RunError(f"run {path}: {experiment.name} draws no pictures; pixels does")
    arrays, notes = checkpoint_of(trained, Path(path) / record.CHECKPOINT)
    own = {k[len(_DRAWS) :]: a for k, a in arrays.items() if k.startswith(_DRAWS)}
    try:
        classes = [str(label) for label in notes["classes"]]
        shape = (int(notes["height"]), int(notes["width"]))
        network = of_gluon(config.cell, config.num_layers, 1, own)
        painter = Painter(network, shape[0] * shape[1])
        if min(shape) < 1 or painter.num_classes != max(1, len(classes)):
            raise ValueError("of other classes than it notes")
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise RunError(
            f"checkpoint of run {path} does not fit its settings ({error})"
        ) from None
    return LoadedPictures(Path(path), config, trained.epochs, painter, classes, shape)
