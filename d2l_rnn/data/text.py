"""From raw text to token ids: cleaning, tokens, vocabulary (book Section 8.2)."""

from __future__ import annotations

import collections
import itertools
import re
from typing import (
    Counter,
    Iterable,
    List,
    Optional,
    Sequence,
    Tuple,
    TypeVar,
    Union,
    overload,
)

from ..errors import UsageError

Tokens = Sequence[Union[str, List[str]]]

Kind = TypeVar("Kind", str, int)
Several = Union[List[Kind], Tuple[Kind, ...]]

CLEANINGS = ("book", "none")
TOKENS = ("char", "word")


def clean(lines: Iterable[str], how: str = "book") -> List[str]:
    """Clean text lines.

    Parameters
    ----------
    lines : iterable of str
    how : {'book', 'none'}
        ``book`` replaces each run of characters other than A-Z and a-z by one space,
        strips the line and lowers it, as the book does for The Time Machine.
        ``none`` keeps every character, line ends as ``\\n``, for any other language.

    Raises
    ------
    UsageError
        If ``how`` is neither.
    """
    if how == "book":
        return [re.sub("[^A-Za-z]+", " ", line).strip().lower() for line in lines]
    if how == "none":
        return [line.rstrip("\r\n") + "\n" for line in lines]
    raise UsageError(f"cleaning {how!r}: accepted are {', '.join(CLEANINGS)}")


def tokenize(lines: Sequence[str], token: str = "word") -> List[List[str]]:
    """Split text lines into word or character tokens (book Section 8.2).

    Parameters
    ----------
    lines : sequence of str
    token : {'word', 'char'}

    Returns
    -------
    list of list of str
        The tokens of each line.

    Raises
    ------
    UsageError
        If ``token`` is neither (the book prints an error and returns nothing).
    """
    if token == "word":
        return [line.split() for line in lines]
    if token == "char":
        return [list(line) for line in lines]
    raise UsageError(f"token {token!r}: accepted are char and word")


def count_corpus(tokens: Tokens) -> Counter[str]:
    """Count token frequencies in a list of tokens or of token lists."""
    lines = (line if isinstance(line, list) else [line] for line in tokens)
    return collections.Counter(itertools.chain.from_iterable(lines))


class Vocab:
    """Vocabulary for text: tokens to ids and back (book Section 8.2).

    Id 0 is ``<unk>``, the reserved tokens follow, then all others by falling
    frequency; tokens of equal frequency keep the order of their first appearance.

    Parameters
    ----------
    tokens : list of str or list of list of str, optional
    min_freq : int
        Tokens that are rarer are left out, hence unknown.
    reserved_tokens : list of str, optional
        Tokens such as ``<pad>`` that have an id without being counted.
    """

    def __init__(
        self,
        tokens: Optional[Tokens] = None,
        min_freq: int = 0,
        reserved_tokens: Optional[Sequence[str]] = None,
    ) -> None:
        counter = count_corpus(tokens or [])
        self._token_freqs = sorted(
            counter.items(), key=lambda item: item[1], reverse=True
        )
        self.idx_to_token = ["<unk>"] + list(reserved_tokens or [])
        self.token_to_idx = {token: i for i, token in enumerate(self.idx_to_token)}
        for token, freq in self._token_freqs:
            if freq < min_freq:
                break
            if token not in self.token_to_idx:
                self.token_to_idx[token] = len(self.idx_to_token)
                self.idx_to_token.append(token)

    @classmethod
    def from_tokens(cls, idx_to_token: Sequence[str]) -> Vocab:
        """A vocabulary with exactly these tokens in this order (of a saved run)."""
        if not idx_to_token or idx_to_token[0] != "<unk>":
            raise UsageError("a vocabulary's first token must be <unk>")
        if len(set(idx_to_token)) != len(idx_to_token):
            raise UsageError("a vocabulary's tokens must differ from one another")
        return cls(reserved_tokens=idx_to_token[1:])

    def __len__(self) -> int:
        return len(self.idx_to_token)

    @overload
    def __getitem__(self, tokens: str) -> int: ...

    @overload
    def __getitem__(self, tokens: Several[str]) -> List[int]: ...

    def __getitem__(self, tokens: Union[str, Several[str]]) -> Union[int, List[int]]:
        if not isinstance(tokens, (list, tuple)):
            return self.token_to_idx.get(tokens, self.unk)
        return [self[token] for token in tokens]

    @overload
    def to_tokens(self, indices: int) -> str: ...

    @overload
    def to_tokens(self, indices: Several[int]) -> List[str]: ...

    def to_tokens(self, indices: Union[int, Several[int]]) -> Union[str, List[str]]:
        """The token of an id, or the list of tokens of a list of ids."""
        if not isinstance(indices, (list, tuple)):
            return self.idx_to_token[indices]
        return [self.idx_to_token[index] for index in indices]

    @property
    def unk(self) -> int:
        """The id of the unknown token."""
        return 0

    @property
    def token_freqs(self) -> List[Tuple[str, int]]:
        """Tokens with their counts, most frequent first."""
        return self._token_freqs


def corpus_from_lines(
    lines: Sequence[str], token: str = "char", max_tokens: int = -1
) -> Tuple[List[int], Vocab]:
    """Join lines into one list of token ids, and give the vocabulary of all lines.

    The vocabulary is that of the whole text also where the corpus is cut, as in the
    book: 10,000 characters of The Time Machine, but the 28 tokens of the novel.

    Parameters
    ----------
    lines : sequence of str
        Cleaned text lines.
    token : {'char', 'word'}
    max_tokens : int
        Length to cut the corpus to; 0 or less keeps all of it.

    Returns
    -------
    corpus : list of int
        Token ids.
    vocab : Vocab
    """
    tokens = tokenize(lines, token)
    vocab = Vocab(tokens)
    corpus = [vocab[token] for line in tokens for token in line]
    return (corpus[:max_tokens] if max_tokens > 0 else corpus), vocab
