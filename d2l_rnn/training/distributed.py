"""One training on several devices of one process: only gradients cross between them.

Each device has a net of its own with the same weights, an objective and an optimiser.
A minibatch of ``N`` terms is cut into shards of whole rows, one a device, with ``n_k``
terms each. The gradient of the mean over the minibatch is, term by term,

    g = sum_k (n_k / N) g_k          g_k: of the mean over shard k

so each device differentiates ``n_k / N`` times its own mean, and MXNet's key-value
store (``kvstore.create('device')``) puts the sum into every device's gradient. What
follows, clipping by the norm of ``g`` and the update, every device does for itself
with the same numbers, hence with the same bits: weights never cross. The store only
sums: it is given no optimiser (``set_optimizer`` is never called).

Where several processes train (:mod:`.workers`), each cuts the same minibatch into the
shards of all devices of all processes, takes its own, and learns the sums over all, of
gradients, losses and terms, from MXNet's parameter server.

This is synchronous data parallelism (book Section 13.5, "Training on Multiple GPUs").
It is the same training as on one device, up to the order of sums, where a row's loss
depends on no other row and on no random number: no dropout, no batch normalisation.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import List, Optional, Sequence, cast

import numpy
from mxnet import autograd, kvstore, np

from ..protocols import Array, Device
from .objectives import Minimised, Objective
from .optimisers import Optimiser
from .parameters import Parameters
from .workers import Sums, Workers


def shards(num_rows: int, num_devices: int) -> List[slice]:
    """Which rows of a minibatch each device gets: neighbours, the first ones more.

    Parameters
    ----------
    num_rows, num_devices : int

    Returns
    -------
    list of slice
        One a device; their sizes differ by one at most. The same rows go to the same
        device in each minibatch of a size, so that a state stays where it is.
    """
    least, more = divmod(num_rows, num_devices)
    stops = [k * least + min(k, more) for k in range(num_devices + 1)]
    return [slice(start, stop) for start, stop in zip(stops, stops[1:])]


class _Heads:
    """Losses on several devices, differentiated together."""

    def __init__(self, losses: List[Array]) -> None:
        self._losses = losses

    def backward(self) -> None:
        """Each device's gradient of its own loss; the devices do not wait."""
        if self._losses:
            autograd.backward(self._losses)


class Sharded:
    """An objective over devices: each minibatch is cut, the shards' losses are joined.

    Parameters
    ----------
    objectives : sequence of Objective
        One a device, each with the device's own net, and its own memory: a state is
        carried for each shard. What they minimise is an array.
    devices : sequence of mxnet.Context
    mean : bool
        Whether ``objectives`` give means over their ``num_terms`` terms (a language
        model's), which are weighted by these; else sums (a translator's).
    workers : Workers, optional
        The processes that share the training, each with as many devices.

    Attributes
    ----------
    num_busy : int
        How many devices had rows of the last minibatch: the first ones.
    """

    def __init__(
        self,
        objectives: Sequence[Objective],
        devices: Sequence[Device],
        mean: bool = True,
        workers: Optional[Workers] = None,
    ) -> None:
        self.objectives, self.devices, self.mean = objectives, devices, mean
        self.workers = workers
        self.num_busy = 0

    def begin_epoch(self, epoch: int) -> None:
        """Every objective begins it."""
        for objective in self.objectives:
            objective.begin_epoch(epoch)

    def __call__(self, *minibatch: Array) -> Minimised:
        """The minibatch as a whole, of arrays with ``num_rows`` rows each."""
        with autograd.pause():
            cuts = self._cuts(minibatch[0].shape[0])
            busy = [cut for cut in cuts if cut.start < cut.stop]
            parts = [[array[cut] for array in minibatch] for cut in busy]
        self.num_busy = len(busy)
        found = [objective(*p) for objective, p in zip(self.objectives, parts)]
        with autograd.pause():
            whole = self._whole(found)
        heads = [cast(Array, m.objective) for m in found]
        if self.mean:
            shares = [m.num_terms / whole.num_terms for m in found]
            heads = [head * share for head, share in zip(heads, shares)]
        return whole._replace(objective=_Heads(heads))

    def _cuts(self, num_rows: int) -> List[slice]:
        """Our devices' rows of a minibatch."""
        own = len(self.devices)
        if self.workers is None:
            return shards(num_rows, own)
        first = self.workers.rank * own
        return shards(num_rows, self.workers.count * own)[first : first + own]

    def _whole(self, found: Sequence[Minimised]) -> Minimised:
        """What is reported of the minibatch; the loss on the first device."""
        weight = sum(m.weight for m in found)
        num_terms = sum(m.num_terms for m in found)
        batch_size = sum(m.batch_size for m in found)
        loss = np.zeros((), ctx=self.devices[0])
        for m in found:
            loss = loss + m.loss.as_in_ctx(self.devices[0]) * m.weight
        if self.workers is not None:
            # Read here: what follows, each worker does with the same numbers.
            own = numpy.array([float(loss), weight, num_terms, batch_size])
            summed = self.workers.sum("minibatch", own).tolist()
            weight, num_terms, batch_size = summed[1], int(summed[2]), summed[3]
            loss = np.array(summed[0], ctx=self.devices[0])
        if self.mean:
            batch_size = 1
        return Minimised(_Heads([]), loss / weight, weight, num_terms, batch_size)


class AllParameters(Parameters):
    """The parameters of every device's net; as a context, all are entered.

    ``trained`` and what follows from it are the first net's: the others' are equal.
    """

    def __init__(self, each: Sequence[Parameters]) -> None:
        super().__init__(lambda: each[0].trained())
        self.each = each
        self._entered = ExitStack()

    def __enter__(self) -> AllParameters:
        with ExitStack() as stack:
            for parameters in self.each:
                stack.enter_context(parameters)
            self._entered = stack.pop_all()
        self.path = self.each[0].path
        return self

    def __exit__(self, *exception: object) -> None:
        super().__exit__(*exception)
        self._entered.close()


class SummedGradients:
    """An optimiser over devices: the gradients are summed, then each moves its net.

    Parameters
    ----------
    optimisers : sequence of Optimiser
        One a device, alike.
    objective : Sharded
        Knows which devices had nothing to do: their gradient is zero.
    """

    def __init__(self, optimisers: Sequence[Optimiser], objective: Sharded) -> None:
        self.optimisers, self.objective = optimisers, objective
        self._each = [optimiser.parameters for optimiser in optimisers]
        self.parameters: Parameters = AllParameters(self._each)
        self._own_sums: Optional[Sums] = None

    def step(self, *batch_size: float) -> Array:
        """Move all nets alike; return the norm of the whole gradient, (1,)."""
        self.sum_gradients()
        norms = [optimiser.step(*batch_size) for optimiser in self.optimisers]
        return norms[0]

    def sum_gradients(self) -> None:
        """Put the sum over all devices, of all workers, into each device's gradient."""
        sums = self._sums()
        each = [parameters.gradients() for parameters in self._each]
        for gradients in each[self.objective.num_busy :]:
            for gradient in gradients:
                gradient[:] = 0
        for number, of_one in enumerate(zip(*each)):
            # What is needed first is summed first.
            sums.into(f"gradient {number}", of_one, priority=-number)

    def _sums(self) -> Sums:
        if self.objective.workers is not None:
            return self.objective.workers.sums
        if self._own_sums is None:
            self._own_sums = Sums(kvstore.create("device"))
        return self._own_sums
