"""A text read and split: what is trained on, what is held out, and its scores."""

from __future__ import annotations

import itertools
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ..arrays import Floats, Integers
from ..data.corpora import TextFile, load_text
from ..data.pairs import PairsFile, load_pairs
from ..data.reading import shown
from ..data.text import Vocab, clean, lost_letters, tokenize
from ..errors import DataError, UsageError
from ..results.metrics import perplexity
from .configs import CorpusConfig
from .contract import Notify, Source, tell_nobody
from .settings import choices_of

# Of French a thirtieth; of Vietnamese a fifth, of Russian all.
_MOST_LOST_LETTERS = 0.1


class Corpus(NamedTuple):
    """A text as token ids, split.

    Attributes
    ----------
    text : TextFile
    training, heldout : list of int
    vocab : Vocab
    """

    text: TextFile
    training: List[int]
    heldout: List[int]
    vocab: Vocab

    @property
    def source(self) -> Source:
        """What is recorded of it."""
        return source_of(self.text, len(self.training))


def source_of(text: Any, tokens: int) -> Source:
    """The data of a run that reads a file and trains on so many tokens of it."""
    return Source(text.name, text.sha1, tokens)


def read_text(
    config: Any, notify: Notify = tell_nobody, data_dir: str = ""
) -> TextFile:
    """The text that a configuration names; ``data_dir`` is looked in first.

    Raises
    ------
    DataError
        If it is unavailable or no text.
    UsageError
        If its cleaning would leave nothing; where it removes many letters,
        ``notify`` is told.
    """
    text = load_text(config.corpus, data_dir or config.data_dir or None)
    if getattr(config, "clean", "book") == "book":
        _check_letters(text, "none" in choices_of(config, "clean"), notify)
    return text


def _check_letters(text: TextFile, has_choice: bool, notify: Notify) -> None:
    lost = lost_letters(text.lines)
    if lost <= _MOST_LOST_LETTERS:
        return
    said = (
        f"corpus {shown(text.name)}: its cleaning keeps the letters A-Z and a-z alone"
    )
    hint = "--clean none keeps all" if has_choice else "this experiment knows no other"
    if lost == 1:
        raise UsageError(f"{said}, and it has none of them; {hint}")
    notify(f"warning: {said}, and removes {100 * lost:.3g} % of all; {hint}")


def read_pairs_file(config: Any, notify: Notify) -> PairsFile:
    """The sentence pairs that a configuration names; tells of lines that are none.

    Raises
    ------
    DataError
        If the file is unavailable or has no pairs.
    """
    file = load_pairs(config.corpus, config.data_dir or None)
    if file.passed_over:
        notify(
            f"warning: pairs {shown(file.name)}: {file.passed_over:,} lines are passed "
            "over: they are not source, tab, target"
        )
    return file


def tokens_of(text: TextFile, config: CorpusConfig) -> List[str]:
    """All tokens of a text, cleaned and cut up as a configuration says."""
    lines = tokenize(clean(text.lines, config.clean), config.token)
    return list(itertools.chain.from_iterable(lines))


def ids_of(tokens: Sequence[str], vocab: Vocab) -> List[int]:
    """The ids of many tokens, each of which may be unknown."""
    find, unk = vocab.token_to_idx.get, vocab.unk
    return [find(token, unk) for token in tokens]


def read_corpus(config: CorpusConfig, notify: Notify = tell_nobody) -> Corpus:
    """Split a text after its first ``max_tokens``; nothing may be left to hold out.

    The vocabulary is that of the whole text, as in the book.
    """
    text = read_text(config, notify)
    tokens = tokens_of(text, config)
    vocab = Vocab([tokens])  # one list is counted faster than its tokens
    ids = ids_of(tokens, vocab)
    return Corpus(text, ids[: config.max_tokens], ids[config.max_tokens :], vocab)


def read_split(
    config: CorpusConfig, notify: Notify = tell_nobody, min_freq: int = 1
) -> Corpus:
    """Split a text, with something held out; the vocabulary is the training text's.

    Raises
    ------
    DataError
        If nothing is left to hold out.
    """
    text = read_text(config, notify)
    training, heldout = split_tokens(tokens_of(text, config), config.max_tokens)
    vocab = Vocab([list(training)], min_freq)
    return Corpus(text, ids_of(training, vocab), ids_of(heldout, vocab), vocab)


def split_tokens(
    tokens: Sequence[Any], max_tokens: int
) -> Tuple[Sequence[Any], Sequence[Any]]:
    """The first ``max_tokens`` (0: four fifths) and those that follow.

    Raises
    ------
    DataError
        If nothing is left to hold out.
    """
    num_training = max_tokens or len(tokens) * 4 // 5
    if not 0 < num_training < len(tokens):
        raise DataError(
            f"--max-tokens {max_tokens} of a text of {len(tokens)} tokens leaves none "
            "to hold out; 0 takes four fifths"
        )
    return tokens[:num_training], tokens[num_training:]


def rows_of(ids: Sequence[int], batch_size: int) -> Integers:
    """A text cut into rows of equal length; what does not fill a row is left out.

    Returns
    -------
    np.ndarray of int, shape (batch_size, num_steps)

    Raises
    ------
    DataError
        If there is less than a token a row.
    """
    num_steps = len(ids) // batch_size
    if num_steps == 0:
        raise DataError(
            f"{len(ids)} held-out tokens do not fill --batch-size {batch_size} rows"
        )
    return np.array(ids[: batch_size * num_steps]).reshape(batch_size, num_steps)


def score_of(
    probabilities: Floats, truth: Integers, not_asked: Optional[int] = None
) -> Dict[str, Any]:
    """How well distributions foretold what came.

    Parameters
    ----------
    probabilities : np.ndarray, shape (..., vocab_size)
    truth : np.ndarray of int, shape (...)
    not_asked : int, optional
        A token (the unknown one) that is no answer: where it stands nothing is asked,
        and elsewhere the distributions are taken given that it is not it.

    Returns
    -------
    dict
        ``accuracy`` of the likeliest token, ``perplexity``
        ``exp(-mean log P(truth))``, and ``tokens``, how many were asked for.

    Raises
    ------
    DataError
        If nothing is asked for.
    """
    asked = np.ones(truth.shape, bool) if not_asked is None else truth != not_asked
    if not asked.any():
        raise DataError("the held-out text holds no token of the training text")
    # (number of questions, vocab_size)
    given, answers = probabilities[asked].astype(np.float64), truth[asked]
    if not_asked is not None:
        given[:, not_asked] = 0
    right = given.argmax(-1) == answers
    ratio = given[np.arange(len(answers)), answers] / given.sum(-1)
    with np.errstate(divide="ignore"):
        loss = -float(np.log(ratio).sum())
    return {
        "accuracy": float(right.mean()),
        "perplexity": perplexity(loss, len(answers)),
        "tokens": len(answers),
    }
