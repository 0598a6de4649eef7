"""Pictures drawn pixel by pixel by a trained network, in NumPy."""

from __future__ import annotations

from typing import Tuple

import numpy as np

from ..arrays import Floats, Integers
from ..inference.decoding import sample
from ..inference.network import Network

_BETWEEN = 1  # pixels between the images of a sheet


class Painter:
    """A network over grey levels that is asked for images.

    Parameters
    ----------
    network : Network
        Scores ``num_levels`` levels; reads these and, after them, a token a class with
        which its images begin.
    num_pixels : int
        Of an image.
    """

    def __init__(self, network: Network, num_pixels: int) -> None:
        self.network, self.num_pixels = network, num_pixels
        self.num_levels = network.vocab_size
        self.num_classes = network.num_inputs - network.vocab_size

    def draw(
        self, labels: Integers, temperature: float, generator: np.random.Generator
    ) -> Integers:
        """Images of these classes.

        Parameters
        ----------
        labels : numpy.ndarray of int, shape (num_images,)
        temperature : float
            Greater than 0.
        generator : numpy.random.Generator

        Returns
        -------
        numpy.ndarray of int64, shape (num_images, num_pixels)
        """
        nothing = np.zeros((len(labels), 0), np.int64)
        return self.complete(nothing, labels, 1, temperature, generator)[:, 0]

    def complete(
        self,
        given: Integers,
        labels: Integers,
        num_completions: int,
        temperature: float,
        generator: np.random.Generator,
    ) -> Integers:
        """Images that begin with given pixels.

        Parameters
        ----------
        given : numpy.ndarray of int, shape (num_images, num_given)
            Levels, fewer than an image has.
        labels : numpy.ndarray of int, shape (num_images,)
        num_completions : int
            Of each.
        temperature, generator
            As for :meth:`draw`.

        Returns
        -------
        numpy.ndarray of int64, shape (num_images, num_completions, num_pixels)
        """
        # (num_images * num_completions, 1 + num_given): the class, then the pixels
        known = np.repeat(
            np.insert(given, 0, self.num_levels + labels, axis=1),
            num_completions,
            axis=0,
        )
        state = self.network.begin_state(len(known))
        for tokens in known.T[:-1]:
            _, state = self.network.step(tokens, state)
        drawn = sample(
            self.network.step,
            self.network.select,
            state,
            known[:, -1].tolist(),
            None,
            self.num_pixels - given.shape[1],
            generator,
            temperature,
        )
        rest = np.array([image.tokens for image in drawn], np.int64)
        whole = np.hstack([known[:, 1:], rest.reshape(len(known), -1)])
        return whole.reshape(len(given), num_completions, self.num_pixels)


def nearest(images: Integers, among: Integers) -> Tuple[Integers, Floats]:
    """The nearest of other images, by the root of the mean squared difference.

    Parameters
    ----------
    images : numpy.ndarray of int, shape (num_images, num_pixels)
    among : numpy.ndarray of int, shape (num_others, num_pixels)

    Returns
    -------
    places : numpy.ndarray of int, shape (num_images,)
        The first of the nearest.
    distances : numpy.ndarray of float64, shape (num_images,)
        In levels; 0 of a copy.
    """
    places = np.zeros(len(images), np.int64)
    distances = np.zeros(len(images))
    # Whole numbers in float64 products: exact, so that a copy's distance is 0.
    others = among.astype(float)
    squares = (others**2).sum(axis=1)
    for begin in range(0, len(images), 256):
        own = images[begin : begin + 256].astype(float)
        # (up to 256, num_others)
        found = (own**2).sum(axis=1)[:, None] + squares - 2 * own @ others.T
        best = found.argmin(axis=1)
        places[begin : begin + 256] = best
        distances[begin : begin + 256] = found[np.arange(len(own)), best]
    return places, np.sqrt(distances / images.shape[1])


def sheet(images: Integers, num_levels: int, scale: int = 4) -> Integers:
    """Images side by side and one row below the other, dark on white.

    Parameters
    ----------
    images : numpy.ndarray of int, shape (rows, columns, height, width)
        Levels; the greatest is drawn black.
    num_levels : int
    scale : int
        How many pixels wide and high a pixel becomes.

    Returns
    -------
    numpy.ndarray of uint8, shape (height, width)
        Of the sheet.
    """
    rows, columns, height, width = images.shape
    grey = 255 - images * 255 // (num_levels - 1)
    framed = np.full(
        (rows, height + _BETWEEN, columns, width + _BETWEEN), 255, np.uint8
    )
    framed[:, :height, :, :width] = grey.transpose(0, 2, 1, 3)
    whole = framed.reshape(rows * (height + _BETWEEN), columns * (width + _BETWEEN))
    whole = whole[:-_BETWEEN, :-_BETWEEN]
    return np.kron(whole, np.ones((scale, scale), np.uint8)).astype(np.uint8)
