"""What mxnet 1.9.1 imports for parts of it that hardly anybody uses: left out, put off.

Where scikit-learn is installed, ``mxnet.model`` imports it, and by it pandas and much
of SciPy: seconds of a processor before the first array, in every process. It is there
to be the base class of ``mx.model.FeedForward``, which MXNet deprecated in 2017; that
class is then what it is where scikit-learn is missing. Whoever has imported it before
mxnet has it as it was, and whoever imports it afterwards has all of it.

``scipy.stats`` takes another second. Quantization and ``mxnet.test_utils`` ask for it;
they have it when they first use one of its names.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from contextlib import contextmanager
from types import ModuleType
from typing import Dict, Iterator, cast

_LEFT_OUT = "sklearn"
_PUT_OFF = "scipy.stats"


class _Statistics(ModuleType):
    """Stands for ``scipy.stats``, which is imported when it is asked for a name."""

    def __getattr__(self, name: str) -> object:
        if sys.modules.get(_PUT_OFF) is self:
            del sys.modules[_PUT_OFF]
        return getattr(importlib.import_module("scipy.stats"), name)


@contextmanager
def fewer() -> Iterator[None]:
    """Within, mxnet is imported without scikit-learn and without SciPy's statistics."""
    # None is what Python keeps of a module that is not to be imported.
    instead: Dict[str, object] = {_LEFT_OUT: None}
    if importlib.util.find_spec("scipy") is not None:
        instead[_PUT_OFF] = _Statistics(_PUT_OFF)
    instead = {k: v for k, v in instead.items() if k not in sys.modules}
    modules = cast(Dict[str, object], sys.modules)
    modules.update(instead)
    try:
        yield
    finally:
        for name, module in instead.items():
            if name in modules and modules[name] is module:
                del modules[name]
