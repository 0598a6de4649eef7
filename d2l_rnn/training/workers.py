"""Several processes share one training: what they send one another are sums.

MXNet's parameter server (``kvstore.create('dist_sync')``, book Section 13.7) adds what
every worker pushes under a key and hands all of them the sum. It is given no optimiser
and no updater: a server would unpickle what comes to its port as one. Which process is
a worker, and which number it has, is told by who started it: the store's own ranks
follow from addresses and ports.
"""

from __future__ import annotations

import threading
from typing import Any, Callable, List, Optional, Sequence, Set

import numpy
from mxnet import kvstore, nd

from ..arrays import Floats
from ..errors import D2lRnnError
from ..protocols import LegacyArray

_LONGEST_WAIT = 900.0  # seconds that the processes of a training have to find together
_LOOK_EVERY = 0.05
# A store that is freed waits for all others: where one of them is gone, for ever.
_never_freed: List[Any] = []


class Sums:
    """Sums over the devices of a process, or of several, by MXNet's key-value store.

    Parameters
    ----------
    store : mxnet.kvstore.KVStore
    """

    def __init__(self, store: Any) -> None:
        self._store = store
        self._keys: Set[str] = set()

    def into(self, name: str, arrays: Sequence[LegacyArray], priority: int = 0) -> None:
        """Put the sum of arrays of one shape, and of all workers', into each of them.

        Parameters
        ----------
        name : str
            Equal in all workers, which sum the same names in the same order.
        arrays : sequence of mxnet.nd.NDArray
            One a device.
        priority : int
            What is greater goes first.
        """
        # An epoch may find the parameters packed and the next one not.
        key = f"{name}:{arrays[0].shape}"
        if key not in self._keys:
            self._store.init(key, arrays[0])
            self._keys.add(key)
        self._store.pushpull(key, list(arrays), out=list(arrays), priority=priority)


class Workers:
    """The workers of a training, as one of them sees them.

    Parameters
    ----------
    rank : int
        Ours; 0 is the one that writes the record.
    count : int
        Of how many.
    """

    def __init__(self, rank: int, count: int) -> None:
        self.rank, self.count = rank, count
        self._sums: Optional[Sums] = None
        self._leave: Callable[[], None] = lambda: None

    def join(self) -> None:
        """Wait for the other processes; signals are heard meanwhile.

        Raises
        ------
        D2lRnnError
            If they do not come.
        """
        store: List[Any] = []

        def create() -> None:
            store.append(kvstore.create("dist_sync"))

        # Waiting in MXNet we would hear no signal.
        creation = threading.Thread(target=create, daemon=True)
        creation.start()
        waited = 0.0
        while creation.is_alive() and waited < _LONGEST_WAIT:
            creation.join(_LOOK_EVERY)
            waited += _LOOK_EVERY
        if not store:
            raise D2lRnnError(
                f"worker {self.rank}: the other processes of the training have not "
                f"come within {_LONGEST_WAIT:.0f} s; their hosts have to reach one "
                "another on all ports"
            )
        _never_freed.extend(store)
        self._sums = Sums(store[0])

    def leave(self) -> None:
        """Part from the others, once all of them do: the servers end then."""
        self._sums = None
        while _never_freed:
            _never_freed.pop()

    @property
    def sums(self) -> Sums:
        """Over all workers.

        Raises
        ------
        D2lRnnError
            If they have not been joined.
        """
        if self._sums is None:
            raise D2lRnnError("the workers of a training sum before they have joined")
        return self._sums

    def sum(self, name: str, values: Floats) -> Floats:
        """The sum of all workers' numbers, in float32.

        Parameters
        ----------
        name : str
            As of :meth:`Sums.into`.
        values : numpy.ndarray
            Of one shape in all workers.
        """
        array = nd.array(values, dtype="float32")
        self.sums.into(name, [array])
        summed: Floats = array.asnumpy()
        return summed

    def of_the_first(self, name: str, values: Floats) -> Floats:
        """Worker 0's numbers, float32 or whole ones below 2^24, of the same type."""
        mine = values if self.rank == 0 else numpy.zeros_like(values)
        return self.sum(name, mine).astype(values.dtype).reshape(values.shape)
