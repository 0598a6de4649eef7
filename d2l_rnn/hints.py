"""What somebody who mistyped a name may have meant."""

from __future__ import annotations

from typing import Dict, Iterable


def did_you_mean(typed: str, accepted: Iterable[str], otherwise: str) -> str:
    """A question that names at most three close matches, or where all names stand.

    Parameters
    ----------
    typed : str
        Upper and lower case, ``-`` and ``_`` are not told apart.
    accepted : iterable of str
    otherwise : str
        What is said where nothing is close, such as ``"see 'd2l-rnn list'"``.
    """
    import difflib  # only a mistake needs it

    plain: Dict[str, str] = {_plain(name): name for name in accepted}
    close = difflib.get_close_matches(_plain(typed), plain, n=3, cutoff=0.6)
    if not close:
        return otherwise
    names = [plain[word] for word in close]
    return f"did you mean {' or '.join(names)}?"


def _plain(name: str) -> str:
    return name.lower().replace("_", "-")
