"""Workers of one training, here threads that sum over a barrier in the server's place.

The oracle is the loop on one device. What a real server sums, between processes, is
held against it in tests/jobs/test_launched_runs.py.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Dict, Iterator, List, Sequence, Tuple

import numpy as onp
import pytest
from mxnet import cpu, np, npx

from d2l_rnn.acceleration.epochs import next_token, parameters_of
from d2l_rnn.arrays import Floats
from d2l_rnn.errors import D2lRnnError
from d2l_rnn.models.gluon_layers import named_arrays
from d2l_rnn.training.distributed import Sharded, SummedGradients
from d2l_rnn.training.loop import train
from d2l_rnn.training.optimisers import Sgd
from d2l_rnn.training.parameters import Parameters
from d2l_rnn.training.workers import Workers

from .test_distributed import LOADER, NETS, Holder, adam, nets_on, sgd, squares

# Threads share Python's generator, which an epoch's beginning is drawn from.
BATCHES = list(LOADER)


class Meeting:
    """Where workers bring what is to be summed, all of them under the same name."""

    def __init__(self, count: int) -> None:
        self.barrier = threading.Barrier(count, timeout=60)
        self.brought: Dict[int, Tuple[str, Floats]] = {}

    def sum(self, rank: int, name: str, values: Floats) -> Floats:
        self.brought[rank] = (name, values)
        self.barrier.wait()
        names = {name for name, _ in self.brought.values()}
        assert names == {name}
        total: Any = sum(values for _, values in self.brought.values())
        self.barrier.wait()
        return total


class Met(Workers):
    """A worker in a thread."""

    def __init__(self, rank: int, count: int, meeting: Meeting) -> None:
        super().__init__(rank, count)
        self.meeting = meeting

    @property
    def sums(self) -> Any:
        return self

    def into(self, name: str, arrays: Sequence[Any], priority: int = 0) -> None:
        own: Any = sum(array.asnumpy() for array in arrays)
        total = self.meeting.sum(self.rank, name, own)
        for array in arrays:
            array[:] = total


def curve_of(
    kind: str, optimiser: Any, workers: Any, num_devices: int, epochs: int
) -> Tuple[List[float], Dict[str, Floats]]:
    """A worker's curve, and what its net has learnt."""
    first = 0 if workers is None else workers.rank * num_devices
    devices = [cpu(first + k) for k in range(num_devices)]
    nets = nets_on(NETS[kind], devices)
    make: Any = parameters_of if optimiser is sgd else lambda net, _: Parameters.of(net)
    each = [make(net, LOADER) for net in nets]
    objectives = [next_token(*of_one) for of_one in zip(nets, each, devices)]
    objective: Any = objectives[0]
    together: Any = optimiser(each[0])
    if workers is not None:
        objective = Sharded(objectives, devices, workers=workers)
        together = SummedGradients([optimiser(p) for p in each], objective)
    losses = [row.loss for row in train(objective, BATCHES, together, epochs)]
    return losses, {k: a.asnumpy() for k, a in named_arrays(nets[0]).items()}


def met(count: int, work: Any) -> List[Any]:
    """What ``work(worker)`` gives in each of so many threads."""
    meeting = Meeting(count)
    # What kind of arrays MXNet makes is a thread's own.
    with ThreadPoolExecutor(count, initializer=npx.set_np) as pool:
        workers = [Met(rank, count, meeting) for rank in range(count)]
        return list(pool.map(work, workers))


@pytest.mark.parametrize(
    "kind, optimiser, count, num_devices",
    [("gluon", sgd, 2, 1), ("scratch", adam, 3, 1), ("gluon", adam, 2, 2)],
)
def test_the_curve_is_that_of_one_process(
    kind: str, optimiser: Any, count: int, num_devices: int
) -> None:
    """7 rows: each worker has another number of them; the gradient is clipped."""
    expected, weights = curve_of(kind, optimiser, None, 1, 2)
    assert expected[-1] < expected[0]
    found = met(count, lambda w: curve_of(kind, optimiser, w, num_devices, 2))
    for losses, own in found:
        onp.testing.assert_allclose(losses, expected, rtol=1e-5)
        for name, array in own.items():
            onp.testing.assert_array_equal(array, found[0][1][name])
            onp.testing.assert_allclose(array, weights[name], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("mean", [True, False])
def test_a_worker_without_rows_adds_nothing(mean: bool) -> None:
    """The last minibatch has one row, for three workers; also of sums."""

    class Shrinking:
        def __iter__(self) -> Iterator[Tuple[Any, Any]]:
            for rows in (4, 1):
                X = np.array(onp.arange(1.0, rows + 1))
                yield X, 3 * X

    def fitted(worker: Any) -> Tuple[float, List[float]]:
        w = np.array([0.5])
        w.attach_grad()
        parameters = Parameters.of(Holder([w]))
        objective: Any = squares(w)
        if not mean:
            objective.batch_size = 1  # the sum itself
        together: Any = Sgd(parameters, 0.01, 5.0)
        if worker is not None:
            objective = Sharded([objective], [cpu()], mean, worker)
            together = SummedGradients([together], objective)

        class NoBatchSize:  # Sgd has none: the gradient is of the sum
            parameters = together.parameters

            def step(self, *batch_size: float) -> Any:
                return together.step()

        rows = list(train(objective, Shrinking(), NoBatchSize(), 3))
        return float(w), [row.loss for row in rows]

    weight, losses = fitted(None)
    assert weight > 0.55
    for own, theirs in met(3, fitted):
        assert own == pytest.approx(weight, rel=1e-6)
        assert theirs == pytest.approx(losses, rel=1e-6)


def test_the_first_ones_numbers_reach_all_as_they_are() -> None:
    for values in (onp.array([[1.5, -2.25]], "float32"), onp.array([2**24 - 1])):

        def of_the_first(worker: Workers, mine: Any = values) -> Floats:
            return worker.of_the_first("x", mine * (1 - worker.rank))

        for array in met(2, of_the_first):
            assert array.dtype == values.dtype
            onp.testing.assert_array_equal(array, values)


def test_nobody_sums_before_joining() -> None:
    with pytest.raises(D2lRnnError, match="before they have joined"):
        Workers(0, 2).sum("x", onp.zeros(1))
