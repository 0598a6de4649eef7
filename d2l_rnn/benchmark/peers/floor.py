"""A training step's matrix products alone: the time that no loop can go below.

All are done by the fastest of NumPy's BLAS, PyTorch's MKL and MXNet's oneDNN, where
there are these, with the same threads as our side. By one of them: two libraries' teams
of threads would wait for one another.
"""

from __future__ import annotations

import time

_STARTED = time.perf_counter()

from functools import partial  # noqa: E402
from typing import Callable, List, Tuple  # noqa: E402

import numpy  # noqa: E402
from products import products  # noqa: E402
from serving import SentWorkload, Tasks, serve  # noqa: E402

_TRIALS = 5

Product = Callable[[], object]


def by_numpy(m: int, k: int, n: int) -> Product:
    """The product of (m, k) and (k, n)."""
    A, B = numpy.ones((m, k), "float32"), numpy.ones((k, n), "float32")
    out = numpy.empty((m, n), "float32")
    return lambda: numpy.dot(A, B, out=out)


def by_torch(m: int, k: int, n: int) -> Product:
    """The same; ImportError where there is no PyTorch."""
    import torch

    A, B, out = torch.ones(m, k), torch.ones(k, n), torch.empty(m, n)
    return lambda: torch.mm(A, B, out=out)


def by_onednn(m: int, k: int, n: int) -> Product:
    """The same; ImportError where there is no MXNet."""
    from d2l_rnn.compatibility import prepare_mxnet

    prepare_mxnet()
    from mxnet import np, npx

    X, W = np.ones((m, k)), np.ones((n, k))

    def product() -> None:
        Y = npx.fully_connected(X, W, num_hidden=n, no_bias=True, flatten=False)
        Y.wait_to_read()

    return product


def steps(workload: SentWorkload) -> List[Callable[[], None]]:
    """A training step's products by each library that this interpreter has."""
    found: List[Callable[[], None]] = []
    for library in (by_numpy, by_torch, by_onednn):
        try:
            # Each with how many times it is done.
            made = [(library(m, k, n), t) for m, k, n, t in products(workload)]
        except Exception:  # the library is not there, or broken: the others do
            continue
        found.append(partial(_step, made))
    return found


def _step(made: List[Tuple[Product, int]]) -> None:
    for product, times in made:
        for _ in range(times):
            product()


def _seconds(step: Callable[[], None]) -> float:
    times = []
    for _ in range(_TRIALS):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return min(times)


def build(workload: SentWorkload) -> Tasks:
    """One task: ``train``, the products of so many training steps."""
    if workload["family"] != "language model":
        raise SystemExit("only language models")
    step = min(steps(workload), key=_seconds)

    def train(count: int) -> None:
        for _ in range(count):
            step()

    return {"train": train}


if __name__ == "__main__":
    serve(build, time.perf_counter() - _STARTED)
