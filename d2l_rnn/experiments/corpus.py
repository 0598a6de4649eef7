"""A text read and split: what is trained on, what is held out, and its scores."""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple, TypeVar

import numpy as np

from ..arrays import Floats, Integers
from ..data.corpora import TextFile, load_text
from ..data.encoding import Encoded, encode, lost_letters, renumbered, vocabulary
from ..data.pairs import PairsFile, load_pairs
from ..data.reading import shown
from ..data.text import Vocab
from ..errors import DataError, UsageError
from ..protocols import Ids
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
    training, heldout : numpy.ndarray of int32
    vocab : Vocab
    first : list of str
        The text's first tokens.
    """

    text: TextFile
    training: Integers
    heldout: Integers
    vocab: Vocab
    first: List[str]

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
    lost = lost_letters(text.text)
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


#: Tokens of a text that are numbered beside those that are trained on and held out.
_FIRST = 100


def encoded_text(text: TextFile, config: CorpusConfig) -> Encoded:
    """A text cleaned, cut into tokens and numbered as a configuration says.

    As many of its first ids are kept as are trained on and held out.
    """
    training, heldout = config.max_tokens, getattr(config, "heldout_tokens", 0)
    keep = max(_FIRST, training + heldout) if training and heldout else None
    return encode(text.text, config.clean, config.token, keep)


def ids_of(tokens: Sequence[str], vocab: Vocab) -> List[int]:
    """The ids of many tokens, each of which may be unknown."""
    find, unk = vocab.token_to_idx.get, vocab.unk
    return [find(token, unk) for token in tokens]


def read_corpus(config: CorpusConfig, notify: Notify = tell_nobody) -> Corpus:
    """Split a text after its first ``max_tokens``; nothing may be left to hold out.

    The vocabulary is that of the whole text, as in the book.
    """
    text = read_text(config, notify)
    encoded = encoded_text(text, config)
    vocab = vocabulary(encoded, encoded.counts, *_limits(config))
    ids = renumbered(encoded, encoded.ids, vocab)
    training, heldout = ids[: config.max_tokens], ids[config.max_tokens :]
    heldout = bounded(heldout, config, encoded.num_tokens - len(training), notify)
    return Corpus(text, training, heldout, vocab, encoded.first(_FIRST))


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
    encoded = encoded_text(text, config)
    number = number_to_train_on(encoded.num_tokens, config.max_tokens)
    training, heldout = encoded.ids[:number], encoded.ids[number:]
    counts = np.bincount(training, minlength=len(encoded.tokens))
    vocab = vocabulary(encoded, counts, min_freq)
    training, heldout = (renumbered(encoded, i, vocab) for i in (training, heldout))
    heldout = bounded(heldout, config, encoded.num_tokens - number, notify)
    return Corpus(text, training, heldout, vocab, encoded.first(_FIRST))


def _limits(config: CorpusConfig) -> Tuple[int, int]:
    return getattr(config, "min_freq", 1), getattr(config, "max_vocab", 0)


T = TypeVar("T")


def bounded(heldout: T, config: Any, following: int, notify: Notify) -> T:
    """What is held out, at most ``heldout_tokens``; told of where that is less.

    Parameters
    ----------
    heldout : sequence
        Some of the tokens that follow those to train on, from the first.
    config : CorpusConfig
    following : int
        How many follow.
    notify : callable
    """
    most = getattr(config, "heldout_tokens", 0)
    if not most or following <= most:
        return heldout
    notify(
        f"held out are {most:,} of the {following:,} tokens that follow those to train "
        "on; --heldout-tokens 0 takes all"
    )
    cut: T = heldout[:most]  # type: ignore[index]
    return cut


def split_tokens(
    tokens: Sequence[Any], max_tokens: int
) -> Tuple[Sequence[Any], Sequence[Any]]:
    """The first ``max_tokens`` (0: four fifths) and those that follow.

    Raises
    ------
    DataError
        If nothing is left to hold out.
    """
    number = number_to_train_on(len(tokens), max_tokens)
    return tokens[:number], tokens[number:]


def number_to_train_on(num_tokens: int, max_tokens: int) -> int:
    """How many of a text's tokens are trained on; see :func:`split_tokens`."""
    number = max_tokens or num_tokens * 4 // 5
    if not 0 < number < num_tokens:
        raise DataError(
            f"--max-tokens {max_tokens} of a text of {num_tokens} tokens leaves none "
            "to hold out; 0 takes four fifths"
        )
    return number


def rows_of(ids: Ids, batch_size: int) -> Integers:
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
