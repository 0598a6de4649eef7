"""What mxnet 1.9.1 asks of NumPy and newer NumPys no longer give, lent and mended.

mxnet's Python dates from the time of NumPy 1.17 to 1.23. Three kinds of things have
changed since, each with its own door here:

- **names**: it asks for names that NumPy 1.20 to 2.4 removed. They are lent to NumPy
  while mxnet is imported (:func:`lent_names`) and taken back afterwards, so that no
  other package takes NumPy for an older one. What mxnet asks for again whenever it
  runs stays: see :data:`_STAYING`. A name that NumPy has is never touched.
- **spelling**: it hands operators their parameters as text, and NumPy 2 writes
  ``(np.int64(4), 1)`` where its C++ side reads ``(4, 1)``.
- **values**: NumPy 1.25 answers with named tuples (``qr``, ``eigh``) which it cannot
  rebuild; a Python float plus a ``numpy.float32`` is single precision since NumPy 2
  (NEP 50), which rounds the sums of its metrics; 2.3 removed ``ndarray.tostring``.
"""

from __future__ import annotations

import builtins
import importlib
import struct
import warnings
from contextlib import contextmanager
from numbers import Number
from types import ModuleType, SimpleNamespace
from typing import Any, Callable, Dict, Iterator, List, NoReturn, Optional, Sequence

import numpy

# Where mxnet hands parameters on to its C++ side: each says ``str(value)``.
_SPELLING = ("_ctypes.ndarray", "_ctypes.symbol", "symbol.symbol", "io.io", "kvstore.base")

_lent: List[str] = []
_mended: List[ModuleType] = []


def _financial(name: str) -> Callable[..., NoReturn]:
    """A function that only says, as NumPy 1.20 to 1.26 did, where it has gone."""

    def removed(*args: object, **kwargs: object) -> NoReturn:
        raise RuntimeError(
            f"numpy.{name} was removed in NumPy 1.20 (NEP 32) and mxnet.np.{name} with "
            "it; the package numpy_financial has it"
        )

    removed.__name__ = removed.__qualname__ = name
    return removed


# These are functions of their own, not other names of numpy.prod and so on: mxnet
# enters what it finds under each name into the table by which NumPy calls it back.
def alltrue(a: object, *args: Any, **kwargs: Any) -> Any:
    """As ``numpy.all``; removed in NumPy 2.0."""
    return numpy.all(a, *args, **kwargs)


def sometrue(a: object, *args: Any, **kwargs: Any) -> Any:
    """As ``numpy.any``; removed in NumPy 2.0."""
    return numpy.any(a, *args, **kwargs)


def product(a: object, *args: Any, **kwargs: Any) -> Any:
    """As ``numpy.prod``; removed in NumPy 2.0."""
    return numpy.prod(a, *args, **kwargs)


def round_(a: object, decimals: int = 0, out: Optional[Any] = None) -> Any:
    """As ``numpy.round``; removed in NumPy 2.0."""
    return numpy.round(a, decimals, out)


def msort(a: object) -> Any:
    """A sorted copy along the first axis; removed in NumPy 2.0."""
    return numpy.sort(a, axis=0)


def in1d(ar1: object, ar2: object, *args: Any, **kwargs: Any) -> Any:
    """As ``numpy.isin`` over the flattened ``ar1``; removed in NumPy 2.4."""
    return numpy.isin(numpy.ravel(ar1), ar2, *args, **kwargs)


def trapz(y: object, x: Optional[Any] = None, dx: float = 1.0, axis: int = -1) -> Any:
    """As ``numpy.trapezoid``; removed in NumPy 2.4."""
    return numpy.trapezoid(y, x, dx, axis)


# What mxnet asks for while it runs: ``bool`` when an array is indexed (missing in NumPy
# 1.24 to 1.26; NumPy 2 has its own), the others in ``np.pad`` and Gluon's estimator.
_STAYING: Dict[str, object] = {
    "bool": builtins.bool,
    "Inf": numpy.inf,
    "compat": SimpleNamespace(basestring=str),
}
_WHILE_IMPORTED: Dict[str, object] = {
    **{name: numpy.nan for name in ("NAN", "NaN")},
    **{"PINF": numpy.inf, "NINF": -numpy.inf, "PZERO": 0.0, "NZERO": -0.0},
    **{
        function.__name__: function
        for function in (alltrue, sometrue, product, round_, msort, in1d, trapz)
    },
    **{name: _financial(name) for name in "mirr npv pmt ppmt pv rate".split()},
}


def restore_numpy_aliases() -> List[str]:
    """Give NumPy every name that mxnet 1.9.1 needs, only where missing.

    Returns
    -------
    list of str
        The names that were missing; empty under NumPy older than 1.24.
    """
    restored = []
    for name, value in {**_STAYING, **_WHILE_IMPORTED}.items():
        with warnings.catch_warnings():
            # Asking is itself deprecated: NumPy 1.20 to 1.26 answer with a
            # DeprecationWarning or a FutureWarning.
            warnings.simplefilter("ignore")
            missing = not hasattr(numpy, name)
        if missing:
            setattr(numpy, name, value)
            restored.append(name)
    return restored


@contextmanager
def lent_names() -> Iterator[None]:
    """Lend NumPy the names that are missing; leave only those that mxnet asks for later."""
    restored = restore_numpy_aliases()
    _lent[:] = [*_lent, *(name for name in restored if name not in _lent)]
    try:
        yield
    finally:
        for name in restored:
            if name not in _STAYING:
                delattr(numpy, name)


def given_back() -> List[str]:
    """The names that NumPy had to be lent for mxnet, in this process; for doctor."""
    return list(_lent)


def mend(mxnet: ModuleType) -> None:
    """Mend what in mxnet's Python is right only under the NumPy of its time.

    Parameters
    ----------
    mxnet : module
        mxnet 1.9.1, imported; another version, or a stand-in, stays as it is.
    """
    if getattr(mxnet, "__version__", None) != "1.9.1" or mxnet in _mended:
        return
    _mended.append(mxnet)
    _mend_named_tuples(mxnet)
    if int(numpy.__version__.split(".")[0]) >= 2:
        for name in _SPELLING:
            setattr(importlib.import_module(f"mxnet.{name}"), "str", _Text)
        for name in ("sum_metric", "global_sum_metric"):
            setattr(mxnet.metric.EvalMetric, name, _double_precision(name))
        mxnet.recordio.pack = _pack


class _Spelling(type):
    """Lets ``_Text`` stand for ``str`` in a module: ``str(x)``, ``isinstance(x, str)``."""

    def __call__(cls, value: object = "") -> str:
        text = builtins.str(value)
        if "np." in text:  # rarely, and this runs for each parameter of each operator
            with numpy.printoptions(legacy="1.25"):
                return builtins.str(value)
        return text

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, builtins.str)


class _Text(metaclass=_Spelling):
    """``str``, but for the scalars of NumPy, which it writes as NumPy 1 did."""


def _mend_named_tuples(mxnet: ModuleType) -> None:
    """Let NumPy's answers of several arrays come back as the named tuples they are."""
    multiarray = mxnet.numpy.multiarray
    convert = multiarray._as_mx_np_array

    def as_mx_np_array(answer: object, ctx: Optional[object] = None) -> object:
        if isinstance(answer, tuple) and hasattr(answer, "_make"):
            return type(answer)(*(as_mx_np_array(part, ctx) for part in answer))
        return convert(answer, ctx)

    multiarray._as_mx_np_array = as_mx_np_array


def _double_precision(name: str) -> property:
    """An attribute that keeps a sum in double precision, whatever is added to it."""

    def get(metric: object) -> object:
        return vars(metric)[name]

    def put(metric: object, value: object) -> None:
        if isinstance(value, (float, int, numpy.floating)):
            value = numpy.float64(value)
        vars(metric)[name] = value

    return property(get, put)


def _pack(header: Sequence[Any], s: bytes) -> bytes:
    """``mxnet.recordio.pack`` without ``ndarray.tostring``, which left in NumPy 2.3."""
    from mxnet import recordio

    header = recordio.IRHeader(*header)
    if isinstance(header.label, Number):
        header = header._replace(flag=0)
    else:
        label = numpy.asarray(header.label, dtype=numpy.float32)
        header = header._replace(flag=label.size, label=0)
        s = label.tobytes() + s
    return struct.pack(recordio._IR_FORMAT, *header) + s
