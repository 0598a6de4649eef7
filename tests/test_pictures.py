"""A network draws in NumPy what MXNet's would; sheets and neighbours are right."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from mxnet import cpu, init, npx
from mxnet import np as mxnp

from d2l_rnn.generation.pictures import Painter, nearest, sheet
from d2l_rnn.inference.network import of_gluon
from d2l_rnn.models.gluon_layers import named_arrays
from d2l_rnn.models.pixels import PixelModel
from d2l_rnn.training.checkpoint import arrays_of

LEVELS, CLASSES, PIXELS = 5, 3, 12


def pair(cell: str, num_layers: int = 1) -> Any:
    """A net of large random weights, and the same as a painter."""
    net = PixelModel(cell, LEVELS, CLASSES, 4, 8, num_layers, 0.5)
    net.initialize(init.Uniform(1.0), ctx=cpu())
    network = of_gluon(cell, num_layers, 1, arrays_of(named_arrays(net)))
    return net, Painter(network, PIXELS)


@pytest.mark.parametrize("cell, num_layers", [("lstm", 1), ("gru", 1), ("lstm", 2)])
def test_steps_are_those_of_mxnet(cell: str, num_layers: int, seed: int) -> None:
    net, painter = pair(cell, num_layers)
    assert (painter.num_levels, painter.num_classes) == (LEVELS, CLASSES)
    rng = np.random.default_rng(seed)
    X = rng.integers(0, LEVELS, (6, PIXELS))
    X[:, 0] = LEVELS + np.arange(6) % CLASSES
    logits, _ = net(mxnp.array(X), net.begin_state(6))
    expected = npx.log_softmax(logits, axis=-1).asnumpy()
    state = painter.network.begin_state(6)
    for t in range(PIXELS):
        found, state = painter.network.step(X[:, t], state)
        np.testing.assert_allclose(found, expected[:, t], atol=2e-5)


def test_what_is_given_stays_and_the_rest_follows_it(seed: int) -> None:
    """At a temperature near 0 the rest is the likeliest, pixel by pixel, of MXNet."""
    net, painter = pair("gru")
    rng = np.random.default_rng(seed)
    given, labels = rng.integers(0, LEVELS, (4, 5)), np.array([0, 1, 2, 1])
    found = painter.complete(given, labels, 2, 1e-4, rng)
    assert found.shape == (4, 2, PIXELS)
    assert (found[:, :, :5] == given[:, None]).all()
    assert (found[:, 0] == found[:, 1]).all()
    for image, label in zip(found[:, 0], labels):
        read = np.insert(image[:-1], 0, LEVELS + label)
        logits, _ = net(mxnp.array(read).reshape(1, -1), net.begin_state(1))
        likeliest = logits.asnumpy()[0].argmax(axis=1)
        assert (likeliest[5:] == image[5:]).all()


def test_draws_follow_the_probabilities() -> None:
    """The first pixel of 4000 images of each class, within five deviations."""
    _, painter = pair("lstm")
    labels = np.repeat(np.arange(CLASSES), 4000)
    drawn = painter.draw(labels, 1.0, np.random.default_rng(7))
    for label in range(CLASSES):
        state = painter.network.begin_state(1)
        logs, _ = painter.network.step([LEVELS + label], state)
        p = np.exp(logs[0])
        counts = np.bincount(drawn[labels == label, 0], minlength=LEVELS)
        assert (abs(counts - 4000 * p) < 5 * np.sqrt(4000 * p * (1 - p)) + 1).all()


def test_the_nearest_image_is_found(seed: int) -> None:
    rng = np.random.default_rng(seed)
    images, among = rng.integers(0, 17, (300, 9)), rng.integers(0, 17, (40, 9))
    images[5] = among[11]
    places, distances = nearest(images, among)
    every = np.sqrt(((images[:, None] - among[None]) ** 2).mean(axis=2))
    np.testing.assert_allclose(distances, every.min(axis=1))
    np.testing.assert_allclose(every[np.arange(300), places], distances)
    assert distances[5] == 0 and (among[places[5]] == images[5]).all()


def test_a_sheet_has_each_image_at_its_place() -> None:
    images = np.arange(2 * 3 * 2 * 4).reshape(2, 3, 2, 4) % 17
    found = sheet(images, 17, 1)
    assert found.shape == (2 * 3 - 1, 3 * 5 - 1) and found.dtype == np.uint8
    for row in range(2):
        for column in range(3):
            part = found[3 * row :, 5 * column :][:2, :4].astype(int)
            assert (part == 255 - images[row, column] * 255 // 16).all()
    assert (found[2] == 255).all() and (found[:, 4] == 255).all()
    large = sheet(images, 17, 3)
    assert (large[1::3, 1::3] == found).all()
