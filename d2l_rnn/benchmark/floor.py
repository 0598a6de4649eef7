"""A training step's matrix products alone: the time that no loop can go below.

Each product is done by the faster of MXNet's oneDNN (``npx.fully_connected``) and
NumPy's BLAS, whichever this machine does sooner, with the same threads as our side.
"""

from __future__ import annotations

import time

_STARTED = time.perf_counter()

from typing import Any, Callable, Dict, List, Tuple  # noqa: E402

import numpy  # noqa: E402
from mxnet import np, npx  # noqa: E402

from ..compatibility import prepare_mxnet  # noqa: E402
from .peers.serving import Tasks, serve  # noqa: E402
from .products import products  # noqa: E402

_TRIALS = 5


def _contenders(m: int, k: int, n: int) -> Dict[str, Callable[[], Any]]:
    A, B = numpy.ones((m, k), "float32"), numpy.ones((k, n), "float32")
    out = numpy.empty((m, n), "float32")
    X, W = np.ones((m, k)), np.ones((n, k))

    def onednn() -> Any:
        product = npx.fully_connected(X, W, num_hidden=n, no_bias=True, flatten=False)
        product.wait_to_read()

    return {"numpy": lambda: numpy.dot(A, B, out=out), "onednn": onednn}


def _seconds(function: Callable[[], Any]) -> float:
    function()
    times = []
    for _ in range(_TRIALS):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def build(workload: Dict[str, Any]) -> Tasks:
    """One task: ``train``, the products of so many training steps."""
    if workload["family"] != "language model":
        raise SystemExit("only language models")
    step: List[Tuple[Callable[[], Any], int]] = []
    for m, k, n, times in products(workload):
        step.append((min(_contenders(m, k, n).values(), key=_seconds), times))

    def train(count: int) -> None:
        for _ in range(count):
            for product, times in step:
                for _ in range(times):
                    product()

    return {"train": train}


if __name__ == "__main__":
    prepare_mxnet()
    serve(build, time.perf_counter() - _STARTED)
