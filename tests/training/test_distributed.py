"""Several devices train as one does: the same curve, the same weights on all of them.

The oracle is the loop on one device, which knows nothing of shards. CPUs stand for the
devices: MXNet takes ``cpu(0)``, ``cpu(1)``, ... for as many.
"""

from __future__ import annotations

from typing import Any, Callable, Iterator, List, Sequence, Tuple

import mxnet
import numpy as onp
import pytest
from mxnet import autograd, cpu, gluon, np
from mxnet.gluon import rnn

from d2l_rnn.acceleration.epochs import next_token, parameters_of
from d2l_rnn.acceleration.recognise import SWITCH
from d2l_rnn.arrays import Floats
from d2l_rnn.data.sequences import SequenceLoader
from d2l_rnn.models import scratch
from d2l_rnn.models.gluon_layers import named_arrays
from d2l_rnn.models.language_model import RNNModel
from d2l_rnn.models.scratch_model import RNNModelScratch
from d2l_rnn.models.scratch_stacks import deep, language_model
from d2l_rnn.training import checkpoint
from d2l_rnn.training.distributed import Sharded, SummedGradients, shards
from d2l_rnn.training.initialisation import initialize
from d2l_rnn.training.loop import train
from d2l_rnn.training.objectives import Examples
from d2l_rnn.training.optimisers import Adam, Sgd
from d2l_rnn.training.parameters import Parameters

VOCAB, ROWS, STEPS = 9, 7, 6  # 7 rows: neither 2 nor 3 devices share them equally
LOADER = SequenceLoader([(i * i + i // 5) % VOCAB for i in range(300)], ROWS, STEPS)


def gluon_net(device: Any) -> Any:
    net = RNNModel(rnn.LSTM(8, num_layers=2), VOCAB)
    initialize(net, device)
    return net


def scratch_net(device: Any) -> Any:
    return RNNModelScratch(VOCAB, 8, device, *language_model(deep(scratch.GRU, 2)))


NETS = {"gluon": gluon_net, "scratch": scratch_net}


def nets_on(make: Callable[[Any], Any], devices: Sequence[Any]) -> List[Any]:
    """Nets with the same weights; larger ones than the book's, and so the gradients."""
    nets = [make(device) for device in devices]
    random = onp.random.RandomState(3)
    weights = {
        name: random.normal(scale=0.3, size=array.shape).astype("float32")
        for name, array in named_arrays(nets[0]).items()
    }
    for net in nets:
        checkpoint.put_arrays(named_arrays(net), weights)
    return nets


def adam(parameters: Parameters) -> Any:
    return Adam(parameters, 0.01, 0.5)


def sgd(parameters: Parameters) -> Any:
    return Sgd(parameters, 1.0, 0.1)


def trained(
    kind: str, optimiser: Any, num_devices: int, num_epochs: int, fresh: bool = False
) -> Tuple[Floats, List[Any]]:
    """The curve, (num_epochs,), and the nets."""
    devices = [cpu(k) for k in range(num_devices)]
    nets = nets_on(NETS[kind], devices)
    # Adam does not know packed parameters.
    make = parameters_of if optimiser is sgd else lambda net, _: Parameters.of(net)
    each = [make(net, LOADER) for net in nets]
    objectives = [next_token(n, p, d, fresh) for n, p, d in zip(nets, each, devices)]
    objective: Any = objectives[0]
    together: Any = optimiser(each[0])
    if num_devices > 1:
        objective = Sharded(objectives, devices)
        together = SummedGradients([optimiser(p) for p in each], objective)
    rows = list(train(objective, LOADER, together, num_epochs, seed=7))
    assert {row.tokens for row in rows} <= {n * ROWS * STEPS for n in range(1, 99)}
    return onp.array([row.loss for row in rows]), nets


def check_law(
    kind: str, optimiser: Any, num_epochs: int, counts: Sequence[int]
) -> None:
    expected, (one,) = trained(kind, optimiser, 1, num_epochs)
    assert expected[-1] < expected[0]
    for count in counts:
        curve, nets = trained(kind, optimiser, count, num_epochs)
        onp.testing.assert_allclose(curve, expected, rtol=1e-5)
        for name, array in named_arrays(one).items():
            own = named_arrays(nets[0])[name].asnumpy()
            onp.testing.assert_allclose(own, array.asnumpy(), rtol=1e-3, atol=1e-4)
            for net in nets[1:]:  # no weight crosses, and none drifts
                onp.testing.assert_array_equal(named_arrays(net)[name].asnumpy(), own)


@pytest.mark.parametrize("optimiser", [sgd, adam])
@pytest.mark.parametrize("kind", NETS)
def test_the_curve_is_that_of_one_device(kind: str, optimiser: Any) -> None:
    check_law(kind, optimiser, 2, [2, 3])


@pytest.mark.slow
@pytest.mark.parametrize("optimiser", [sgd, adam])
@pytest.mark.parametrize("kind", NETS)
def test_the_curve_is_that_of_one_device_over_20_epochs(
    kind: str, optimiser: Any
) -> None:
    check_law(kind, optimiser, 20, [2, 3])


def test_on_the_plain_path_and_with_fresh_states(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(SWITCH, "off")
    for fresh in (False, True):
        expected, _ = trained("gluon", sgd, 1, 2, fresh)
        curve, _ = trained("gluon", sgd, 3, 2, fresh)
        onp.testing.assert_allclose(curve, expected, rtol=1e-5)
    carried, _ = trained("gluon", sgd, 3, 2)
    assert abs(curve[-1] / carried[-1] - 1) > 1e-4  # the state does matter


def test_the_norm_is_of_the_summed_gradient() -> None:
    """Against numbers: y = w x, squared error, 5 rows on 2 devices (3 and 2)."""
    X, y = onp.arange(1.0, 6.0), onp.array([0.5, -1.0, 2.0, 0.0, 3.0])
    weight, lr, theta = 0.7, 0.1, 2.0
    gradient = (2 * (weight * X - y) * X).mean()
    assert abs(gradient) > theta  # it is clipped
    expected = weight - lr * theta * onp.sign(gradient)
    weights = [np.array([weight], ctx=cpu(k)) for k in range(2)]
    for w in weights:
        w.attach_grad()
    each = [Parameters.of(Holder([w])) for w in weights]
    sharded = Sharded([squares(w) for w in weights], [cpu(0), cpu(1)])
    together = SummedGradients([Sgd(p, lr, theta) for p in each], sharded)
    with autograd.record():
        minimised = sharded(np.array(X), np.array(y))
    minimised.objective.backward()
    norm = float(together.step())
    assert norm == pytest.approx(abs(gradient), rel=1e-5)
    assert [float(w) for w in weights] == pytest.approx([expected] * 2, rel=1e-5)
    squared = ((weight * X - y) ** 2).sum()
    assert float(minimised.loss) * minimised.weight == pytest.approx(squared, rel=1e-5)
    assert (minimised.num_terms, minimised.batch_size) == (5, 1)


class Holder:
    """What has parameters."""

    def __init__(self, params: List[Any]) -> None:
        self.params = params


def squares(w: Any) -> Examples:
    return Examples(lambda X, y: (((w * X - y) ** 2).sum(), y.size), w.ctx)


def test_a_device_without_rows_adds_nothing() -> None:
    """A last minibatch may be smaller than the number of devices: 4 rows, then 1."""

    class Shrinking:
        def __iter__(self) -> Iterator[Tuple[Any, Any]]:
            for rows in (4, 1):
                X = np.array(onp.arange(1.0, rows + 1))
                yield X, 3 * X

    def fitted(count: int) -> List[float]:
        weights = [np.array([0.5], ctx=cpu(k)) for k in range(count)]
        for w in weights:
            w.attach_grad()
        each = [Parameters.of(Holder([w])) for w in weights]
        objective: Any = squares(weights[0])
        together: Any = Sgd(each[0], 0.01, 1e9)
        if count > 1:
            objective = Sharded([squares(w) for w in weights], [w.ctx for w in weights])
            together = SummedGradients([Sgd(p, 0.01, 1e9) for p in each], objective)
        list(train(objective, Shrinking(), together, 3))
        return [float(w) for w in weights]

    (expected,) = fitted(1)
    assert expected > 1
    for count in (2, 3, 4):
        assert fitted(count) == pytest.approx([expected] * count, rel=1e-6)


@pytest.mark.parametrize("num_devices", range(1, 6))
def test_shards_are_all_rows_once_and_nearly_equal(num_devices: int) -> None:
    for num_rows in range(12):
        cuts = shards(num_rows, num_devices)
        rows = [row for cut in cuts for row in range(num_rows)[cut]]
        sizes = [cut.stop - cut.start for cut in cuts]
        assert rows == list(range(num_rows))
        assert len(sizes) == num_devices and max(sizes) - min(sizes) <= 1


def test_the_store_only_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    """No optimiser is handed to it: a server would unpickle it."""
    store = type(mxnet.kvstore.create("device"))

    def forbidden(self: Any, *arguments: object) -> None:
        raise AssertionError("set_optimizer was called")

    for name in ("set_optimizer", "_set_updater", "_send_command_to_servers"):
        assert hasattr(store, name)
        monkeypatch.setattr(store, name, forbidden)
    trained("scratch", sgd, 2, 1)


def test_a_training_broken_off_leaves_every_net_with_its_own_arrays() -> None:
    """Packed parameters are put back on all devices, whatever ends an epoch."""
    devices = [cpu(0), cpu(1)]
    nets = nets_on(gluon_net, devices)
    each = [parameters_of(net, LOADER) for net in nets]
    objectives = [next_token(n, p, d) for n, p, d in zip(nets, each, devices)]
    sharded = Sharded(objectives, devices)
    together = SummedGradients([sgd(p) for p in each], sharded)
    before = {k: a.asnumpy() for k, a in named_arrays(nets[0]).items()}

    def breaking() -> Iterator[Any]:
        for number, minibatch in enumerate(LOADER):
            if number == 2:
                raise KeyboardInterrupt
            yield minibatch

    class Batches:
        __iter__ = staticmethod(breaking)

    with pytest.raises(KeyboardInterrupt):
        list(train(sharded, Batches(), together, 1, seed=7))
    first, second = (
        {k: a.asnumpy() for k, a in named_arrays(net).items()} for net in nets
    )
    for name, array in first.items():
        assert (array != before[name]).any()
        onp.testing.assert_array_equal(second[name], array)
    assert isinstance(nets[0], gluon.Block)
