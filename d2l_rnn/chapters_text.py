"""The book's functions for The Time Machine under the book's names (Sections 8.2, 8.3).

They look one another up in the package, so that a reader who replaces one is heard.
"""

from __future__ import annotations

from typing import Iterator, List, Tuple

from .data.corpora import load_text
from .data.text import Vocab, clean
from .late_binding import book
from .protocols import Minibatch, Minibatches, Vocabulary


def read_time_machine() -> List[str]:
    """The lines of The Time Machine, cleaned as in the book (Section 8.2).

    Where the corpus is out of reach the embedded sample takes its place, with a
    warning.
    """
    return clean(load_text("auto").lines)


def load_corpus_time_machine(max_tokens: int = -1) -> Tuple[List[int], Vocab]:
    """Character ids and the vocabulary of The Time Machine (book Section 8.2).

    Parameters
    ----------
    max_tokens : int
        Length to cut the corpus to; 0 or less keeps all of it.
    """
    tokens = book("tokenize")(book("read_time_machine")(), "char")
    vocab = book("Vocab")(tokens)
    corpus = [vocab[token] for line in tokens for token in line]
    return (corpus[:max_tokens] if max_tokens > 0 else corpus), vocab


class SeqDataLoader:
    """The book's iterator over The Time Machine, with its ``vocab`` (Section 8.3).

    Its attributes are read anew for each iteration, so they may be changed.

    Parameters
    ----------
    batch_size, num_steps : int
    use_random_iter : bool
        Subsequences in random order, or sequential partitioning.
    max_tokens : int
        As for :func:`load_corpus_time_machine`.
    """

    def __init__(
        self, batch_size: int, num_steps: int, use_random_iter: bool, max_tokens: int
    ) -> None:
        if use_random_iter:
            self.data_iter_fn = book("seq_data_iter_random")
        else:
            self.data_iter_fn = book("seq_data_iter_sequential")
        self.corpus, self.vocab = book("load_corpus_time_machine")(max_tokens)
        self.batch_size, self.num_steps = batch_size, num_steps

    def __iter__(self) -> Iterator[Minibatch]:
        minibatches: Iterator[Minibatch] = self.data_iter_fn(
            self.corpus, self.batch_size, self.num_steps
        )
        return minibatches


def load_data_time_machine(
    batch_size: int,
    num_steps: int,
    use_random_iter: bool = False,
    max_tokens: int = 10000,
) -> Tuple[Minibatches, Vocabulary]:
    """Return the iterator and the vocabulary of The Time Machine (book Section 8.3)."""
    data_iter = book("SeqDataLoader")(
        batch_size, num_steps, use_random_iter, max_tokens
    )
    return data_iter, data_iter.vocab
