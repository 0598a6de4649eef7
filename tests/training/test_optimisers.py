"""Training with Adam: goes on exactly, clips, and refuses what is not its own."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any, List

import mxnet
import numpy as onp
import pytest
from mxnet import cpu, init
from mxnet.gluon import rnn

from d2l_rnn.data.sequences import SequenceLoader
from d2l_rnn.errors import RunError
from d2l_rnn.models.language_model import RNNModel
from d2l_rnn.training import checkpoint
from d2l_rnn.training.adam_loop import AdamTraining, without_adam
from d2l_rnn.training.loop import initialize

VOCAB = 9
LOADER = SequenceLoader([(i * i + i // 5) % VOCAB for i in range(400)], 4, 8)


def make(lr: float = 0.01, theta: float = 1.0, num_hiddens: int = 8) -> AdamTraining:
    mxnet.random.seed(5)
    net = RNNModel(rnn.GRU(num_hiddens), VOCAB)
    initialize(net, cpu())
    net.initialize(init.Xavier(), force_reinit=True)
    return AdamTraining(net, lr, theta, cpu())


def losses(training: Any, num_epochs: int, first_epoch: int = 1) -> List[float]:
    return [row.loss for row in training.rows(LOADER, num_epochs, 3, first_epoch)]


def test_a_resumed_training_is_the_uninterrupted_one_bit_for_bit(
    tmp_path: Path,
) -> None:
    whole = make()
    expected = losses(whole, 5)
    first = make()
    begun = [row.loss for row in islice(first.rows(LOADER, 5, 3), 2)]
    checkpoint.save(tmp_path / "c", first.arrays(), {})
    second = make()
    second.restore(checkpoint.load(tmp_path / "c")[0])
    assert begun + losses(second, 5, first_epoch=3) == expected
    for name, array in whole.arrays().items():
        onp.testing.assert_array_equal(second.arrays()[name], array)


def test_it_learns_and_the_gradient_is_clipped() -> None:
    curve = losses(make(), 12)
    assert curve[-1] < 0.7 * curve[0]
    # Adam divides by the gradient's own size, so only a threshold between the norms
    # of the first and of later steps makes a difference.
    assert losses(make(theta=float("inf")), 3) != losses(make(theta=0.05), 3)


def test_checkpoints_that_do_not_fit_are_refused() -> None:
    training = make()
    arrays = training.arrays()
    with pytest.raises(RunError, match="Adam"):
        training.restore(without_adam(arrays))
    with pytest.raises(RunError, match="another model"):
        make(num_hiddens=5).restore(arrays)
