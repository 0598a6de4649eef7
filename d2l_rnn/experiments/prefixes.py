"""What a language model continues: the prefixes of its configuration, if they fit.

A prefix that somebody typed is cleaned as the text is, and refused before training
where the text has not all of its tokens. A default one that does not fit gives way to
the corpus's own first tokens: what is continued never has an unknown token in it.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Container, List, NamedTuple, Sequence, Union

from ..data.text import clean
from ..errors import UsageError
from .contract import Json, Notify

#: Tokens of the corpus that take the place of a default prefix.
NUM_OWN = 10
_MOST_NAMED = 5
#: Characters, or the tokens of a word vocabulary: what ``continue_text`` takes.
Prefix = Union[str, List[str]]


class Prefixes(NamedTuple):
    """What is continued.

    Attributes
    ----------
    prefixes : list
        Each a text, or a list of words.
    from_corpus : bool
        Whether they are not the configuration's.
    """

    prefixes: Sequence[Prefix]
    from_corpus: bool = False

    @property
    def recorded(self) -> Json:
        """What a result tells of them: nothing where the configuration does."""
        if not self.from_corpus:
            return {}
        return {"prefixes": [_text(prefix) for prefix in self.prefixes]}


def fitting(
    config: Any, known: Container[str], tokens: Sequence[str], notify: Notify
) -> Prefixes:
    """A configuration's prefixes, or the corpus's own where its defaults do not fit.

    Parameters
    ----------
    config : Config
        With ``prefixes``, and ``clean`` and ``token`` where these are a choice.
    known : container of str
        The tokens of the whole text.
    tokens : sequence of str
        Those to train on, in their order.
    notify : callable
        Told where the default gives way, and where a prefix loses letters.

    Raises
    ------
    UsageError
        If one that is not the default is nothing once it is cleaned, or has tokens
        that the text has not; names them.
    """
    fields = {field.name: field.default for field in dataclasses.fields(config)}
    default = config.prefixes == fields["prefixes"]
    token = getattr(config, "token", "char")
    found: List[Prefix] = []
    for typed in config.prefix_list():
        prefix = _cleaned(typed, getattr(config, "clean", "book"), notify)
        parts = prefix.split() if token == "word" else prefix
        unknown = unknown_of(parts, known)
        if unknown and not default:
            raise UsageError(
                f"--prefixes {typed!r}: the text has no {named(unknown)}; accepted "
                f"are {'words' if token == 'word' else 'characters'} that it has"
            )
        if unknown:
            first = list(tokens[:NUM_OWN])
            own: Prefix = first if token == "word" else "".join(first)
            notify(
                f"--prefixes: the text has no {named(unknown)}, so in place of "
                f"{config.prefixes!r} its own first tokens are continued: "
                f"{_text(own)!r}"
            )
            return Prefixes([own], from_corpus=True)
        found.append(parts)
    return Prefixes(found)


def _cleaned(typed: str, cleaning: str, notify: Notify) -> str:
    """A prefix as the text is cleaned; UsageError where nothing is left of it."""
    (line,) = clean([typed], cleaning)
    prefix = line.strip()
    lost = [c for c in dict.fromkeys(typed) if c.isalpha() and c.lower() not in prefix]
    if not prefix:
        raise UsageError(
            f"--prefixes {typed!r}: the text is cleaned to A-Z and a-z (--clean book), "
            f"which leaves nothing of {named(list(dict.fromkeys(typed)))}"
        )
    if lost:
        notify(
            f"warning: --prefixes {typed!r}: read as {prefix!r}, cleaned as the text "
            f"is (--clean {cleaning})"
        )
    return prefix


def _text(prefix: Prefix) -> str:
    return prefix if isinstance(prefix, str) else " ".join(prefix)


def unknown_of(tokens: Sequence[str], known: Container[str]) -> List[str]:
    """Those that are not known, each once."""
    return list(dict.fromkeys(token for token in tokens if token not in known))


def is_foreign(tokens: Sequence[str], known: Container[str]) -> bool:
    """Whether a text of ours is not for a vocabulary: hardly a token is known."""
    return 4 * sum(token in known for token in tokens) < len(tokens)


def named(tokens: Sequence[str]) -> str:
    """Tokens for a message, not all of them where they are many."""
    names = ", ".join(map(repr, tokens[:_MOST_NAMED]))
    return names + (", ..." if len(tokens) > _MOST_NAMED else "")
