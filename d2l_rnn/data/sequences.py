"""A corpus of token ids becomes minibatches of subsequences (book Section 8.3)."""

from __future__ import annotations

import random
from typing import Iterator, Optional, Tuple

import numpy
from mxnet import np

from ..arrays import Floats
from ..errors import DataError, UsageError
from ..protocols import Array, Device, Ids

Minibatch = Tuple[Array, Array]


def _check_sizes(batch_size: int, num_steps: int) -> None:
    for name, value in (("batch_size", batch_size), ("num_steps", num_steps)):
        if value < 1:
            raise UsageError(f"{name} {value}: at least 1")


def seq_data_iter_random(
    corpus: Ids, batch_size: int, num_steps: int, ctx: Optional[Device] = None
) -> Iterator[Minibatch]:
    """Minibatches of subsequences in random order (book Section 8.3).

    The corpus is cut into subsequences from a random offset (0 ... num_steps - 1, from
    Python's ``random``), and these are shuffled: neighbours in a minibatch or in
    following minibatches are not neighbours in the text.

    Parameters
    ----------
    corpus : sequence of int
        Token ids.
    batch_size, num_steps : int
    ctx : mxnet.Context, optional
        Device to put the epoch's minibatches on, at once.

    Yields
    ------
    X, Y : mxnet.np.ndarray, shape (batch_size, num_steps)
        Inputs, and the same shifted by one token; nothing where the corpus, less the
        offset, does not fill a minibatch.
    """
    _check_sizes(batch_size, num_steps)
    offset = random.randint(0, num_steps - 1)
    num_subseqs = max(0, len(corpus) - 1 - offset) // num_steps
    starts = list(range(offset, offset + num_subseqs * num_steps, num_steps))
    random.shuffle(starts)
    del starts[num_subseqs // batch_size * batch_size :]
    if not starts:
        return
    # (num_batches, batch_size, num_steps)
    places = numpy.reshape(starts, (-1, batch_size, 1)) + numpy.arange(num_steps)
    ids = numpy.asarray(corpus, "float32")
    yield from _minibatches(ids[places], ids[places + 1], ctx)


def seq_data_iter_sequential(
    corpus: Ids, batch_size: int, num_steps: int, ctx: Optional[Device] = None
) -> Iterator[Minibatch]:
    """Minibatches whose rows go on where the last ones ended (book Section 8.3).

    The text from a random offset (0 ... num_steps, from Python's ``random``: one more
    than in random sampling, as in the book) is cut into ``batch_size`` rows; minibatch
    after minibatch walks along them, so that the hidden state can be carried over.

    Parameters as in :func:`seq_data_iter_random`.

    Yields
    ------
    X, Y : mxnet.np.ndarray, shape (batch_size, num_steps)
        Inputs, and the same shifted by one token; nothing where the corpus, less the
        offset, does not fill a minibatch.
    """
    _check_sizes(batch_size, num_steps)
    offset = random.randint(0, num_steps)
    yield from sequential_partition(corpus[offset:], batch_size, num_steps, ctx)


def sequential_partition(
    corpus: Ids, batch_size: int, num_steps: int, ctx: Optional[Device] = None
) -> Iterator[Minibatch]:
    """Sequential partitioning from the first token on, nothing left to chance.

    Parameters and yields as in :func:`seq_data_iter_sequential`; yields nothing where
    the corpus is too short. This is how text is read that is not trained on.
    """
    num_batches = (len(corpus) - 1) // batch_size // num_steps
    if num_batches <= 0:
        return
    num_columns = (len(corpus) - 1) // batch_size
    ids = numpy.asarray(corpus[: num_columns * batch_size + 1], "float32")

    def partition(ids: Floats) -> Floats:
        # (batch_size, num_columns), less the columns that fill no minibatch
        rows = ids.reshape(batch_size, num_columns)[:, : num_batches * num_steps]
        return rows.reshape(batch_size, num_batches, num_steps).transpose(1, 0, 2)

    yield from _minibatches(partition(ids[:-1]), partition(ids[1:]), ctx)


def _minibatches(
    inputs: Floats, targets: Floats, ctx: Optional[Device]
) -> Iterator[Minibatch]:
    """The minibatches of an epoch, (num_batches, batch_size, num_steps), one by one.

    They go to the device at once and lie there as they are read, so that each is a
    view: cut out of rows on the device, they cost a tenth of a small net's step.
    """
    arrays = (inputs, targets)
    Xs, Ys = (np.array(numpy.ascontiguousarray(a), ctx=ctx) for a in arrays)
    yield from zip(Xs, Ys)


class SequenceLoader:
    """Minibatches of any corpus, anew with another random offset at each iteration.

    Parameters
    ----------
    corpus : sequence of int
        Token ids; read anew for each iteration.
    batch_size, num_steps : int
    use_random_iter : bool
        Random order (:func:`seq_data_iter_random`) or sequential partitioning.
    ctx : mxnet.Context, optional
        Device of the minibatches.

    Raises
    ------
    DataError
        If the corpus is too short for one minibatch, whatever the offset.
    """

    def __init__(
        self,
        corpus: Ids,
        batch_size: int,
        num_steps: int,
        use_random_iter: bool = False,
        ctx: Optional[Device] = None,
    ) -> None:
        _check_sizes(batch_size, num_steps)
        needed = batch_size * num_steps + num_steps + 1
        if len(corpus) < needed:
            raise DataError(
                f"corpus of {len(corpus)} tokens is too short for batch_size "
                f"{batch_size} and num_steps {num_steps}: at least {needed} tokens are "
                "needed"
            )
        self.data_iter_fn = (
            seq_data_iter_random if use_random_iter else seq_data_iter_sequential
        )
        self.corpus, self.ctx = corpus, ctx
        self.batch_size, self.num_steps = batch_size, num_steps

    def __iter__(self) -> Iterator[Minibatch]:
        return self.data_iter_fn(self.corpus, self.batch_size, self.num_steps, self.ctx)
