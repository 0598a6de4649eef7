"""mxnet under any NumPy: what is lent, what is mended, and that the answers stay."""

from __future__ import annotations

import ast
import builtins
import importlib.util
import json
import math
import warnings
from pathlib import Path
from typing import Callable, Iterator, List, Optional, Set, Tuple, cast

import numpy
import pytest

from d2l_rnn import numpy_compatibility
from d2l_rnn.arrays import Floats
from d2l_rnn.numpy_compatibility import lent_names, restore_numpy_aliases

from .numpys import NUMPY_VERSION
from .reference import mxnet_np
from .reference.mxnet_np import Answer

ROOT = Path(numpy_compatibility.__file__).resolve().parents[1]
EVERY = {**numpy_compatibility._STAYING, **numpy_compatibility._WHILE_IMPORTED}


@pytest.fixture
def bare_numpy(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A NumPy without any of the names, which warns those who ask, as 1.24 does."""

    def no_attribute(name: str) -> None:
        warnings.warn(f"In the future `np.{name}` will be ...", FutureWarning, 2)
        raise AttributeError(name)

    for name in EVERY:
        monkeypatch.delitem(vars(numpy), name, raising=False)
    monkeypatch.setattr(numpy, "__getattr__", no_attribute)
    monkeypatch.setattr(numpy_compatibility, "_lent", [])
    yield
    for name in EVERY:
        vars(numpy).pop(name, None)


def there() -> Set[str]:
    """The names that NumPy holds just now."""
    return {name for name in EVERY if name in vars(numpy)}


def test_what_is_missing_is_given(bare_numpy: None) -> None:
    assert set(restore_numpy_aliases()) == set(EVERY) == there()
    assert vars(numpy)["bool"] is builtins.bool
    assert vars(numpy)["PINF"] == -vars(numpy)["NINF"] == numpy.inf
    assert str(vars(numpy)["NZERO"]) == "-0.0" and str(vars(numpy)["PZERO"]) == "0.0"
    assert vars(numpy)["NAN"] != vars(numpy)["NaN"]
    assert isinstance("text", vars(numpy)["compat"].basestring)
    assert restore_numpy_aliases() == []


@pytest.mark.parametrize("name", sorted(EVERY))
def test_what_is_there_stays_as_it_is(
    bare_numpy: None, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """NumPy 2 has a ``bool`` of its own, which is not Python's; and so for each."""
    own = object()
    monkeypatch.setitem(vars(numpy), name, own)
    with lent_names():
        assert vars(numpy)[name] is own
    assert vars(numpy)[name] is own


def test_what_was_lent_is_taken_back(bare_numpy: None) -> None:
    """Also where the import fails; only what mxnet needs when it runs stays."""
    with pytest.raises(ImportError), lent_names():
        assert there() == set(EVERY)
        raise ImportError
    assert there() == {"bool", "Inf", "compat"}
    assert set(numpy_compatibility.given_back()) == set(EVERY)


def test_this_numpy_kept_nothing_that_it_does_not_need() -> None:
    """mxnet has been imported in this process, under whatever NumPy this is."""
    given = set(numpy_compatibility.given_back())
    kept = there() & given
    assert kept <= set(numpy_compatibility._STAYING)
    if NUMPY_VERSION < (1, 24):
        assert given == set()
    elif NUMPY_VERSION >= (2, 4):
        assert given == set(EVERY) - {"bool"} and kept == {"Inf", "compat"}


def given(name: str) -> Callable[..., Floats]:
    """What is given under a name, called with arrays."""
    return cast(Callable[..., Floats], EVERY[name])


@pytest.mark.parametrize("axis", [0, 1, None])
def test_renamed_functions_do_what_they_did(axis: Optional[int]) -> None:
    """And are functions of their own: mxnet registers them beside those of today."""
    x = numpy.random.RandomState(0).randn(4, 5)
    same = numpy.testing.assert_array_equal
    same(given("product")(x, axis=axis), x.prod(axis))
    same(given("alltrue")(x < 1, axis), (x < 1).all(axis))
    same(given("sometrue")(x > 1, axis=axis), (x > 1).any(axis))
    same(given("round_")(x, 1), x.round(1))
    for name, now in numpy_compatibility._RENAMED.items():
        assert EVERY[name] is not getattr(numpy, now, None)


def test_removed_functions_do_what_they_did() -> None:
    x = numpy.random.RandomState(0).randn(4, 5)
    numpy.testing.assert_array_equal(given("msort")(x), numpy.sort(x, axis=0))
    chosen = x[1:3, 2:4]
    found = given("in1d")(x, chosen)
    assert found.shape == (20,) and set(x.ravel()[found]) == set(chosen.ravel())
    assert (given("in1d")(x, chosen, invert=True) != found).all()
    if NUMPY_VERSION >= (2, 0):  # which has trapezoid
        expected = 0.5 * (x[:, 0] / 2 + x[:, 1:-1].sum(axis=1) + x[:, -1] / 2)
        numpy.testing.assert_allclose(given("trapz")(x, dx=0.5), expected, 1e-12)


@pytest.mark.parametrize("name", ["mirr", "npv", "pmt", "ppmt", "pv", "rate"])
def test_financial_functions_say_where_they_are_when_called(name: str) -> None:
    with pytest.raises(RuntimeError, match=f"^{name} left NumPy .* numpy_financial"):
        given(name)(0.05, nper=10)


def test_numpys_scalars_are_spelt_as_numpy_1_spelt_them() -> None:
    """The C++ side reads ``(4, 1)``; whatever else is written stays as it is."""

    def text(value: object) -> str:
        stand_in = numpy_compatibility._Text
        return numpy_compatibility._Spelling.__call__(stand_in, value)

    assert isinstance("a", numpy_compatibility._Text)  # as ``str`` is asked
    assert not isinstance(1, numpy_compatibility._Text)
    for plain in ((4, 1), "(4, 1)", "", None, [(1, 2), "a"], 1e-30, numpy.int64(4)):
        assert text(plain) == str(plain)
    if NUMPY_VERSION >= (2, 0):  # else nothing stands in the place of ``str``
        size, rate = numpy.int64(4), numpy.float32(0.1)
        assert text((size, (1, size))) == "(4, (1, 4))"
        assert text([rate, numpy.bool_(True)]) == "[0.1, True]"
        assert text(["np.int64(4)"]) == "['np.int64(4)']"
        assert str((size,)) == "(np.int64(4),)"  # and nobody else sees it


def test_metrics_sum_in_double_precision() -> None:
    """NumPy 2 makes a Python float plus a ``float32`` a ``float32`` (NEP 50)."""
    import mxnet

    metric = mxnet.metric.Loss()
    losses = numpy.random.RandomState(0).rand(2000).astype("float32")
    for loss in losses:
        metric.update(None, [mxnet.nd.array([loss])])
    assert float(metric.get()[1]) == float(sum(map(float, losses))) / 2000
    assert float(metric.get_global()[1]) == float(metric.get()[1])
    metric.reset()
    metric.update(None, [mxnet.nd.array([1.0])])
    assert float(metric.get()[1]) == 1.0


def test_sparse_matrices_of_scipy_are_known() -> None:
    """Also of a SciPy without ``sparse.csr``, and without its warning."""
    import mxnet

    sparse = pytest.importorskip("scipy.sparse")
    values = [[1.0, 0.0], [0.0, 2.0]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        array = mxnet.nd.sparse.array(sparse.csr_matrix(values))
        assert array.asnumpy().tolist() == values
        assert array.asscipy().toarray().tolist() == values
        rows = mxnet.nd.sparse.csr_matrix(sparse.csr_matrix(values))
        assert rows.asnumpy().tolist() == values


# What the NumPys of later years answer in their own way, and mxnet hands on.
_OTHERWISE = {
    "np.alltrue(a > 0)": {"numpy": "bool", "values": True},
    "np.count_nonzero(a > 2)": {"scalar": "int64", "values": 4},
    "repr(np.arange(2000))": (
        "array([0.000e+00, 1.000e+00, 2.000e+00, ..., 1.997e+03, 1.998e+03,\n"
        "       1.999e+03], shape=(2000,))"
    ),
}


def test_mxnet_np_answers_as_under_the_numpy_of_its_time() -> None:
    """Every operator that the book's chapters use, with NumPy's scalars among them.

    Kinds, element types and shapes are the recorded ones; numbers too, but for what
    another processor or another LAPACK may round differently.
    """
    different = {}
    recorded = json.loads(mxnet_np.RECORDED.read_text(encoding="utf-8"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of NumPy 1.23, about what it gives itself
        for expression, answer in recorded:
            now = json.loads(json.dumps(mxnet_np.evaluate(expression)))
            if not alike(now, answer) and now != _OTHERWISE.get(expression):
                different[expression] = now
    assert different == {}
    assert [expression for expression, _ in recorded] == mxnet_np.expressions()
    assert set(_OTHERWISE) <= set(mxnet_np.expressions())


def alike(now: Answer, recorded: Answer) -> bool:
    """Equal, but for the last digits of floating-point numbers."""
    if isinstance(now, float) and isinstance(recorded, float):
        return math.isclose(now, recorded, rel_tol=1e-5, abs_tol=1e-6)
    if isinstance(now, list) and isinstance(recorded, list):
        return len(now) == len(recorded) and all(map(alike, now, recorded))
    if isinstance(now, dict) and isinstance(recorded, dict):
        return now.keys() == recorded.keys() and all(
            alike(now[key], recorded[key]) for key in now
        )
    return type(now) is type(recorded) and now == recorded


@pytest.mark.slow
def test_every_name_that_mxnet_asks_numpy_for_is_there() -> None:
    """Read out of mxnet's source, so that no branch has to be run to be seen.

    Its own tests, which ask for ``numpy.int``, are no part of what is used.
    """
    with lent_names():
        missing = {
            f"{path.name}:{line}: numpy.{name}"
            for path, line, name in asked_of_numpy()
            if path.name != "test_utils.py" and not answered(name)
        }
    assert missing == set()


def answered(name: str) -> bool:
    """Whether NumPy has what a dotted name asks it for; methods are not followed."""
    value: object = numpy
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for part in name.split("."):
            if isinstance(value, type):
                break
            if not hasattr(value, part):
                return False
            value = getattr(value, part)
    return True


def asked_of_numpy() -> Iterator[Tuple[Path, int, str]]:
    """File, line and dotted name of each attribute of NumPy in mxnet and in d2l."""
    for package in ("mxnet", "d2l"):
        spec = importlib.util.find_spec(package)
        assert spec is not None and spec.submodule_search_locations
        for path in sorted(Path(spec.submodule_search_locations[0]).rglob("*.py")):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of escapes in its old tools
                tree = ast.parse(path.read_text(encoding="utf-8"))
            nodes = list(ast.walk(tree))
            imports = [node for node in nodes if isinstance(node, ast.Import)]
            numpys = {
                alias.asname or alias.name
                for node in imports
                for alias in node.names
                if alias.name == "numpy"
            }
            for node in nodes:
                parts: List[str] = []
                value: ast.AST = node
                while isinstance(value, ast.Attribute):
                    parts.insert(0, value.attr)
                    value = value.value
                if parts and isinstance(value, ast.Name) and value.id in numpys:
                    yield path, value.lineno, ".".join(parts)
