from __future__ import annotations

import random
from typing import Any, List

import numpy as onp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from d2l_rnn.data.sequences import (
    SequenceLoader,
    seq_data_iter_random,
    seq_data_iter_sequential,
    sequential_partition,
)
from d2l_rnn.errors import DataError, UsageError

sizes = st.tuples(st.integers(1, 4), st.integers(1, 7), st.integers(0, 60))


def arrays(batches: Any) -> List[Any]:
    return [(X.asnumpy().astype(int), Y.asnumpy().astype(int)) for X, Y in batches]


@given(sizes)
@settings(max_examples=30, deadline=None)
def test_sequential_minibatches_glue_back_to_the_corpus(size: Any) -> None:
    batch_size, num_steps, more = size
    corpus = list(range(batch_size * num_steps + num_steps + 1 + more))
    batches = arrays(seq_data_iter_sequential(corpus, batch_size, num_steps))
    rows = onp.concatenate([X for X, _ in batches], axis=1)
    offset = int(rows[0, 0])
    assert 0 <= offset <= num_steps
    # Each row is a stretch of text, and the next row begins where it would go on.
    stride = (len(corpus) - offset - 1) // batch_size
    for i, row in enumerate(rows):
        assert row.tolist() == list(
            range(offset + i * stride, offset + i * stride + rows.shape[1])
        )
    assert rows.shape[1] == stride // num_steps * num_steps
    for X, Y in batches:
        onp.testing.assert_array_equal(Y, X + 1)


@given(sizes)
@settings(max_examples=30, deadline=None)
def test_random_minibatches_hold_each_subsequence_once(size: Any) -> None:
    batch_size, num_steps, more = size
    corpus = list(range(batch_size * num_steps + num_steps + 1 + more))
    batches = arrays(seq_data_iter_random(corpus, batch_size, num_steps))
    rows = onp.concatenate([X for X, _ in batches]).tolist()
    offset = min(row[0] for row in rows) % num_steps
    starts = [row[0] for row in rows]
    assert len(set(starts)) == len(starts)
    assert all(start % num_steps == offset for start in starts)
    assert all(row == list(range(row[0], row[0] + num_steps)) for row in rows)
    num_subseqs = (len(corpus) - 1 - offset) // num_steps
    assert len(starts) == num_subseqs // batch_size * batch_size
    for X, Y in batches:
        onp.testing.assert_array_equal(Y, X + 1)


def test_offsets_cover_the_book_s_ranges() -> None:
    corpus = list(range(100))
    sequential = {
        int(next(seq_data_iter_sequential(corpus, 2, 5))[0][0, 0]) for _ in range(300)
    }
    assert sequential == {0, 1, 2, 3, 4, 5}  # num_steps inclusive
    drawn = {
        min(int(x) for X, _ in seq_data_iter_random(corpus, 1, 5) for x in X[:, 0])
        for _ in range(300)
    }
    assert drawn == {0, 1, 2, 3, 4}


def test_same_seed_same_minibatches() -> None:
    for use_random_iter in (False, True):
        loader = SequenceLoader(list(range(200)), 3, 5, use_random_iter)
        epochs = []
        for seed in (1, 1, 2):
            random.seed(seed)
            epochs.append(onp.concatenate([X for X, _ in arrays(loader)]).tolist())
        assert epochs[0] == epochs[1] != epochs[2]


@pytest.mark.parametrize("use_random_iter", [False, True])
def test_shortest_corpus_and_one_token_less(use_random_iter: bool) -> None:
    needed = 2 * 5 + 5 + 1
    loader = SequenceLoader(list(range(needed)), 2, 5, use_random_iter)
    assert min(len(arrays(loader)) for _ in range(50)) >= 1  # at every offset
    with pytest.raises(DataError, match="15 tokens is too short.*at least 16"):
        SequenceLoader(list(range(needed - 1)), 2, 5, use_random_iter)
    with pytest.raises(UsageError, match="num_steps 0: at least 1"):
        SequenceLoader(list(range(99)), 2, 0, use_random_iter)


def test_partition_without_chance_begins_at_the_first_token() -> None:
    batches = arrays(sequential_partition(list(range(21)), 2, 5))
    assert [X.tolist() for X, _ in batches] == [
        [[0, 1, 2, 3, 4], [10, 11, 12, 13, 14]],
        [[5, 6, 7, 8, 9], [15, 16, 17, 18, 19]],
    ]
    assert list(sequential_partition([1, 2], 4, 5)) == []
