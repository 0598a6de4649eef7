"""Our XORWOW is cuRAND's: bit for bit in its integers, and in all that is made of them.

The host generator of cuRAND needs no GPU: ``pip install nvidia-curand-cu12``.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import hashlib
import importlib.util
from pathlib import Path
from typing import Callable, List

import numpy
import pytest

from d2l_rnn import curand
from d2l_rnn.arrays import Floats, Integers

_XORWOW = 101  # CURAND_RNG_PSEUDO_XORWOW, which is the default one
COUNT = 581632  # the weights of two nets of Section 8.5
# hashlib.sha256(normals(0, COUNT).astype("<f4").tobytes()), made on 2026-11-28 by this
# module, which on that day agreed with the host generator of cuRAND 10.3 as below.
SHA256 = "e6bc428353d40275d7ea22bb12586ec373c7b85aa1ba86bbd12055149b71942e"


def test_the_numbers_are_those_of_every_machine() -> None:
    drawn = curand.normals(0, COUNT)
    assert hashlib.sha256(drawn.astype("<f4").tobytes()).hexdigest() == SHA256


@pytest.mark.parametrize("seed", [0, 2**40 + 3])
def test_a_shorter_sequence_is_the_beginning_of_a_longer_one(seed: int) -> None:
    longer = curand.normals(seed, 3 * 2 * 4096 + 10)
    for count in (8190, len(longer) - 2):
        numpy.testing.assert_array_equal(curand.normals(seed, count), longer[:count])
    assert not (curand.normals(seed + 1, len(longer)) == longer).any()


def test_generators_are_one_sequence_cut_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """What leaps ahead by squaring a matrix is where the steps, one by one, come to."""
    monkeypatch.setattr(curand, "_GENERATORS", 1)
    words, _ = curand._state_of(7)
    one_by_one = [words]
    for _ in range(4 * 8):
        one_by_one.append(curand._step(one_by_one[-1]))
    monkeypatch.setattr(curand, "_GENERATORS", 4)
    monkeypatch.setattr(curand, "_DISTANCE", 3)  # 8 steps
    found = curand._beginnings(words)
    expected = numpy.concatenate([one_by_one[8 * k] for k in range(4)], axis=1)
    numpy.testing.assert_array_equal(found, expected)


def test_normal_numbers_come_of_angle_and_radius() -> None:
    x = numpy.array([0, 1, 2**31, 3 * 2**30], numpy.uint32)
    for turn, (sine, cosine) in enumerate([(0, 1), (1, 0), (0, -1), (-1, 0)]):
        y = numpy.full(4, turn * 2**30, numpy.uint32)
        radius = numpy.sqrt(-2 * numpy.log((x + 0.5) / 2**32))
        a, b = curand.box_muller(x, y)
        # A half of the last of 2**32 steps around, and 24 bits of everything.
        numpy.testing.assert_allclose(a, radius * sine, atol=2e-6)
        numpy.testing.assert_allclose(b, radius * cosine, atol=2e-6)


class HostGenerator:
    """cuRAND's own, on the CPU."""

    def __init__(self, library: ctypes.CDLL, seed: int) -> None:
        self._library, self._generator = library, ctypes.c_void_p()
        ours = ctypes.byref(self._generator)
        self._ask("curandCreateGeneratorHost", ours, _XORWOW)
        self._ask(
            "curandSetPseudoRandomGeneratorSeed",
            self._generator,
            ctypes.c_ulonglong(seed),
        )

    def _ask(self, function: str, *arguments: object) -> None:
        assert getattr(self._library, function)(*arguments) == 0, function

    def integers(self, count: int) -> Integers:
        drawn = numpy.empty(count, numpy.uint32)
        place = drawn.ctypes.data_as(ctypes.c_void_p)
        self._ask("curandGenerate", self._generator, place, ctypes.c_size_t(count))
        return drawn

    def normals(self, count: int) -> Floats:
        drawn = numpy.empty(count, numpy.float32)
        self._ask(
            "curandGenerateNormal",
            self._generator,
            drawn.ctypes.data_as(ctypes.c_void_p),
            ctypes.c_size_t(count),
            ctypes.c_float(0),
            ctypes.c_float(1),
        )
        return drawn


@pytest.fixture(scope="module")
def host() -> Callable[[int], HostGenerator]:
    try:
        spec = importlib.util.find_spec("nvidia.curand")
    except ModuleNotFoundError:
        spec = None
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("needs cuRAND's host generator: pip install nvidia-curand-cu12")
    (file,) = Path(spec.submodule_search_locations[0]).glob("lib/libcurand.so.*")
    library = ctypes.CDLL(str(file))
    return lambda seed: HostGenerator(library, seed)


@pytest.mark.parametrize("seed", [0, 1, 20261121, 2**40 + 3])
def test_integers_are_those_of_the_host_generator(
    host: Callable[[int], HostGenerator], seed: int
) -> None:
    expected = host(seed).integers(3 * 4096 + 5)
    numpy.testing.assert_array_equal(curand.integers(seed, len(expected)), expected)


#: The weights of a net from scratch, as they are drawn: a call each.
NETS = {
    "rnn": [28 * 512, 512 * 512, 512 * 28] * 2,
    "gru": [28 * 256, 256 * 256] * 3 + [256 * 28],
    "lstm": [28 * 256, 256 * 256] * 4 + [256 * 28],
}


@pytest.mark.parametrize("net", NETS)
def test_normals_are_those_of_the_host_generator(
    host: Callable[[int], HostGenerator], net: str
) -> None:
    """To three units in the last place; and one stream, however it is cut."""
    generator = host(0)
    expected = numpy.concatenate([generator.normals(count) for count in NETS[net]])
    found = curand.normals(0, len(expected))
    numpy.testing.assert_array_max_ulp(found, expected, maxulp=3)
    assert (found == expected).mean() > 0.98


def test_with_the_c_librarys_functions_they_are_equal_bit_for_bit(
    host: Callable[[int], HostGenerator], monkeypatch: pytest.MonkeyPatch
) -> None:
    library = ctypes.CDLL(ctypes.util.find_library("m"))
    for name in ("log", "sin", "cos"):
        function = getattr(library, f"{name}f")
        function.argtypes, function.restype = [ctypes.c_float], ctypes.c_float

        def of_the_library(x: Floats, f: Callable[[float], float] = function) -> Floats:
            values: List[float] = [f(float(value)) for value in x.reshape(-1)]
            return numpy.array(values, numpy.float32).reshape(x.shape)

        monkeypatch.setattr(curand, f"_{name}", of_the_library)
    expected = host(0).normals(4 * 2 * 4096)
    numpy.testing.assert_array_equal(curand.normals(0, len(expected)), expected)
