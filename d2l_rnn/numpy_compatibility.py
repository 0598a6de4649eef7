"""What mxnet 1.9.1 asks of NumPy and newer NumPys no longer give: lent, or mended.

mxnet's Python dates from the time of NumPy 1.17 to 1.23. Three kinds of things have
changed since:

- **names**: it asks for names that NumPy 1.20 to 2.4 removed. They are lent to NumPy
  while mxnet is imported (:func:`lent_names`) and taken back afterwards, so that no
  other package takes NumPy for an older one. What mxnet asks for again whenever it
  runs stays. A name that NumPy has is never touched.
- **spelling**: it hands operators their parameters as text, and NumPy 2 writes
  ``(np.int64(4), 1)`` where the C++ side reads ``(4, 1)``.
- **values**: NumPy 1.25 answers with named tuples (``qr``, ``eigh``), which it cannot
  rebuild; a Python float plus a ``numpy.float32`` is single precision since NumPy 2
  (NEP 50), which rounds the sums of its metrics; NumPy 2.3 removed
  ``ndarray.tostring``; SciPy, where it is there, announces the end of ``sparse.csr``.
"""

from __future__ import annotations

import builtins
import struct
import sys
import warnings
from contextlib import contextmanager
from numbers import Number
from types import ModuleType, SimpleNamespace
from typing import (
    Callable,
    ContextManager,
    Dict,
    Iterator,
    List,
    NoReturn,
    Optional,
    Sequence,
    cast,
)

import numpy

# Where mxnet hands parameters on to its C++ side: each says ``str(value)``.
_SPELLING = (
    "mxnet._ctypes.ndarray",
    "mxnet._ctypes.symbol",
    "mxnet.io.io",
    "mxnet.kvstore.base",
    "mxnet.symbol.symbol",
)

_lent: List[str] = []
_mended: List[ModuleType] = []


def _numpy(name: str) -> Callable[..., object]:
    """A function of NumPy that takes whatever mxnet hands it."""
    function: Callable[..., object] = getattr(numpy, name)
    return function


def _renamed(name: str, now: str) -> Callable[..., object]:
    """A function of its own that does what NumPy now does under another name.

    Not ``numpy.prod`` itself for ``numpy.product``: mxnet enters what it finds under
    each name into the table by which NumPy calls it back.
    """

    def renamed(*args: object, **kwargs: object) -> object:
        return _numpy(now)(*args, **kwargs)

    renamed.__name__ = renamed.__qualname__ = name
    renamed.__doc__ = f"``numpy.{now}`` under the name that mxnet 1.9.1 knows it by."
    return renamed


def _in1d(ar1: object, ar2: object, *args: object, **kwargs: object) -> object:
    """``numpy.in1d``, which NumPy 2.4 removed."""
    return _numpy("isin")(_numpy("ravel")(ar1), ar2, *args, **kwargs)


def _msort(a: object) -> object:
    """``numpy.msort``, which NumPy 2.0 removed."""
    return _numpy("sort")(a, axis=0)


def _financial(name: str) -> Callable[..., NoReturn]:
    """A function that only says, as NumPy 1.20 to 1.26 did, where it has gone."""

    def removed(*args: object, **kwargs: object) -> NoReturn:
        raise RuntimeError(
            f"{name} left NumPy in version 1.20, and mxnet.np had it from there; the "
            "package numpy_financial has it"
        )

    removed.__name__ = removed.__qualname__ = name
    return removed


# What mxnet asks for while it runs: ``bool`` when an array is indexed (missing in NumPy
# 1.24 to 1.26; NumPy 2 has its own), the others in Gluon's estimator and ``np.pad``.
_STAYING: Dict[str, object] = {
    "bool": builtins.bool,
    "Inf": numpy.inf,
    "compat": SimpleNamespace(basestring=str),
}
_RENAMED = {
    "alltrue": "all",
    "product": "prod",
    "round_": "round",
    "sometrue": "any",
    "trapz": "trapezoid",
}
_WHILE_IMPORTED: Dict[str, object] = {
    "NAN": numpy.nan,
    "NINF": -numpy.inf,
    "NZERO": -0.0,
    "NaN": numpy.nan,
    "PINF": numpy.inf,
    "PZERO": 0.0,
    "in1d": _in1d,
    "msort": _msort,
    **{name: _renamed(name, now) for name, now in _RENAMED.items()},
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
    """Lend NumPy what is missing; leave it only what mxnet asks for when it runs."""
    restored = restore_numpy_aliases()
    _lent.extend(name for name in restored if name not in _lent)
    try:
        yield
    finally:
        for name in restored:
            if name not in _STAYING:
                delattr(numpy, name)


def given_back() -> List[str]:
    """The names that NumPy had to be given in this process, for ``d2l-rnn doctor``."""
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
    _mend_named_tuples(sys.modules["mxnet.numpy.multiarray"])
    for name in ("mxnet.ndarray.sparse", "mxnet.ndarray.utils"):
        _mend_scipy(sys.modules[name])
    if int(numpy.__version__.split(".")[0]) >= 2:
        for name in _SPELLING:
            setattr(sys.modules[name], "str", _Text)
        for name in ("sum_metric", "global_sum_metric"):
            setattr(mxnet.metric.EvalMetric, name, _double_precision(name))
        setattr(mxnet.recordio, "pack", _pack)


class _Spelling(type):
    """Lets a class stand for ``str`` in a module: to call, and in ``isinstance``."""

    def __call__(cls, value: object = "") -> str:
        text = builtins.str(value)
        if "np." in text:  # rarely: this runs for each parameter of each operator
            as_numpy_1 = _numpy("printoptions")(legacy="1.25")
            with cast(ContextManager[object], as_numpy_1):
                return builtins.str(value)
        return text

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, builtins.str)


class _Text(metaclass=_Spelling):
    """``str``, but for NumPy's scalars, which it writes as NumPy 1 did."""


def _mend_named_tuples(multiarray: ModuleType) -> None:
    """Let NumPy's answers of several arrays come back as the named tuples they are."""
    convert = multiarray._as_mx_np_array

    def as_mx_np_array(answer: object, ctx: Optional[object] = None) -> object:
        if isinstance(answer, tuple) and hasattr(answer, "_make"):
            return answer._make(as_mx_np_array(part, ctx) for part in answer)
        return convert(answer, ctx)

    setattr(multiarray, "_as_mx_np_array", as_mx_np_array)


def _mend_scipy(module: ModuleType) -> None:
    """Show a module SciPy's sparse matrices at the place where it looks for them."""
    sparse = module.spsp
    if sparse is not None:
        names = {"csr_matrix": sparse.csr_matrix, "coo_matrix": sparse.coo_matrix}
        setattr(module, "spsp", SimpleNamespace(csr=SimpleNamespace(**names), **names))


def _double_precision(name: str) -> property:
    """An attribute that keeps a sum in double precision, whatever is added to it."""

    def get(metric: object) -> object:
        return vars(metric)[name]

    def put(metric: object, value: object) -> None:
        if isinstance(value, (float, int, numpy.floating)):
            value = numpy.float64(value)
        vars(metric)[name] = value

    return property(get, put)


def _pack(header: Sequence[object], s: bytes) -> bytes:
    """``mxnet.recordio.pack`` without ``ndarray.tostring``."""
    from mxnet import recordio

    fields = recordio.IRHeader(*header)
    if isinstance(fields.label, Number):
        fields = fields._replace(flag=0)
    else:
        label = numpy.asarray(fields.label, dtype=numpy.float32)
        fields = fields._replace(flag=label.size, label=0)
        s = label.tobytes() + s
    return struct.pack(recordio._IR_FORMAT, *fields) + s
