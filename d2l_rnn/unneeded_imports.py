"""What mxnet 1.9.1 imports for a part of it that hardly anybody uses, left out.

Where scikit-learn is installed, ``mxnet.model`` imports it, and by it pandas and much
of SciPy: seconds of a processor before the first array, in every process. It is there
to be the base class of ``mx.model.FeedForward``, which MXNet deprecated in 2017; that
class is then what it is where scikit-learn is missing. Whoever has imported it before
mxnet has it as it was, and whoever imports it afterwards has all of it.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import Dict, Iterator, cast

_LEFT_OUT = "sklearn"


@contextmanager
def left_out() -> Iterator[None]:
    """Within, mxnet is imported as where scikit-learn is not installed."""
    if _LEFT_OUT in sys.modules:
        yield
        return
    # None is what Python keeps of a module that is not to be imported.
    modules = cast(Dict[str, object], sys.modules)
    modules[_LEFT_OUT] = None
    try:
        yield
    finally:
        del modules[_LEFT_OUT]
