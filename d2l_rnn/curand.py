"""Normal numbers as cuRAND draws them: the generator behind MXNet's on a GPU.

The book's networks from scratch drew their weights on the GPU of the machine that built
the book, from cuRAND's default generator, whose seed in MXNet is the number of the
device: 0. No GPU is needed to draw the same again.

The generator is XORWOW: five words of 32 bits that shift, and a counter that is added
to the last of them. 4096 of them take turns, each a way of 2**67 steps ahead of the one
before, so that the ``n``-th integer of the sequence is that of generator ``n % 4096``
after ``n // 4096`` steps. Box and Muller make two normal numbers of two integers.

All integers are cuRAND's. Its host generator takes the logarithm and the sines of the C
library that it runs on, which differ from library to library in the last bit; here they
are correctly rounded, so that all machines draw the same. Of its normal numbers 1.5 in
100 differ from ours for that, by 3 units in the last place at most; with the C
library's functions all are equal.

Sources: G. Marsaglia, Xorshift RNGs, Journal of Statistical Software 8 (14), 2003;
NVIDIA, cuRAND library documentation (Generator Types; Generator Options: Ordering), and
the device functions published in ``curand_kernel.h`` and ``curand_normal.h``.
"""

from __future__ import annotations

from typing import Tuple

import numpy as np

from .arrays import Floats, Integers

_GENERATORS = 4096
_DISTANCE = 67  # a power of two: the steps from one generator's beginning to the next's
_BITS = 5 * 32
_COUNTER_STEP = 362437


def normals(seed: int, count: int) -> Floats:
    """The first numbers of the sequence, standard normal.

    Parameters
    ----------
    seed : int
        0 ... 2**64 - 1; in MXNet the number of the GPU where none was set.
    count : int
        An even number: they come in pairs, each of one generator.

    Returns
    -------
    numpy.ndarray of float32, shape (count,)
    """
    assert count % 2 == 0, count
    turns = -(-count // (2 * _GENERATORS))
    # (turns, 2, generators): a pair is made of two steps of the same generator
    drawn = integers(seed, 2 * turns * _GENERATORS).reshape(turns, 2, _GENERATORS)
    pairs = box_muller(drawn[:, 0], drawn[:, 1])
    return np.stack(pairs, axis=-1).reshape(-1)[:count]


def box_muller(x: Integers, y: Integers) -> Tuple[Floats, Floats]:
    """Two independent standard normal numbers of two integers of 32 bits.

    With ``u`` in (0, 1] and ``v`` in (0, 2 pi]::

        sqrt(-2 log u) sin v,   sqrt(-2 log u) cos v

    Every operation is rounded to 32 bits, as cuRAND's are.

    Parameters
    ----------
    x, y : numpy.ndarray of uint32

    Returns
    -------
    tuple of two numpy.ndarray of float32, of that shape
    """
    unit = np.float32(2.0**-32)
    angle = unit * np.float32(2 * np.pi)
    u = x.astype(np.float32) * unit + unit / np.float32(2)
    v = y.astype(np.float32) * angle + angle / np.float32(2)
    radius = np.sqrt(np.float32(-2) * _log(u))
    return radius * _sin(v), radius * _cos(v)


# NumPy's own functions of 32 bits are of lower accuracy on some processors; those of 64
# bits, rounded, are the correctly rounded ones.
def _log(x: Floats) -> Floats:
    return np.log(x.astype(np.float64)).astype(np.float32)


def _sin(x: Floats) -> Floats:
    return np.sin(x.astype(np.float64)).astype(np.float32)


def _cos(x: Floats) -> Floats:
    return np.cos(x.astype(np.float64)).astype(np.float32)


def integers(seed: int, count: int) -> Integers:
    """The first integers of the sequence.

    Parameters
    ----------
    seed : int
        0 ... 2**64 - 1.
    count : int

    Returns
    -------
    numpy.ndarray of uint32, shape (count,)
    """
    first, counter = _state_of(seed)
    words = _beginnings(first)
    turns = -(-count // _GENERATORS)
    drawn = np.empty((turns, _GENERATORS), np.uint32)
    for turn in range(turns):
        words = _step(words)
        counter = (counter + _COUNTER_STEP) % 2**32
        drawn[turn] = words[4] + np.uint32(counter)
    return drawn.reshape(-1)[:count]


def _state_of(seed: int) -> Tuple[Integers, int]:
    """The words (5, 1) and the counter that a seed begins with."""
    low = (seed % 2**32 ^ 0xAAD26B49) * 1099087573
    high = (seed >> 32 ^ 0xF7DCEFDD) * 2591861531
    words = [
        123456789 + low,
        362436069 ^ low % 2**32,
        521288629 + high,
        88675123 ^ high % 2**32,
        5783321 + low,
    ]
    state = np.array([[word % 2**32] for word in words], np.uint32)
    return state, (6615241 + low + high) % 2**32


def _step(words: Integers) -> Integers:
    """The words (5, generators) after one more step."""
    shifted = words[0] ^ words[0] >> np.uint32(2)
    last = words[4]
    new = last ^ last << np.uint32(4) ^ shifted ^ shifted << np.uint32(1)
    return np.concatenate((words[1:], new[np.newaxis]))


def _beginnings(words: Integers) -> Integers:
    """The words (5, generators) that all generators begin with; the first's are given.

    A step is linear over the field of two elements: many are a power of its matrix,
    reached by squaring.
    """
    # (bits, bits): the columns are what becomes of each single bit
    steps = _bits_of(_step(_words_of(np.eye(_BITS, dtype=np.float32))))
    for _ in range(_DISTANCE):
        steps = steps @ steps % 2
    bits = _bits_of(words)
    while bits.shape[1] < _GENERATORS:  # as many again, that much further
        bits = np.concatenate((bits, steps @ bits % 2), axis=1)
        steps = steps @ steps % 2
    return _words_of(bits)


def _bits_of(words: Integers) -> Floats:
    """(5, n) words as (160, n) zeros and ones, of a type that is multiplied fast."""
    places = np.arange(32, dtype=np.uint32).reshape(1, 32, 1)
    bits = words[:, np.newaxis] >> places & np.uint32(1)
    return bits.reshape(_BITS, -1).astype(np.float32)


def _words_of(bits: Floats) -> Integers:
    places = np.arange(32, dtype=np.uint32).reshape(1, 32, 1)
    words = bits.astype(np.uint32).reshape(5, 32, -1) << places
    joined: Integers = np.bitwise_or.reduce(words, axis=1)
    return joined
