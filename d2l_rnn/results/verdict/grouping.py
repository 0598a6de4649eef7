"""Which runs are runs of one thing: the same but for the seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from ..initial_weights import of_the_book
from ..record import RunRecord
from .comparable import Settings

BOOK_WEIGHTS, SEED_WEIGHTS = "book", "seed"

# Of a run whose experiment is not known here: what changes no number by itself.
_NEUTRAL = ("experiment", "seed", "device", "data_dir", "corpus", "initial_weights")


@dataclass(frozen=True)
class Kind:
    """What a run is, less its seed.

    Attributes
    ----------
    experiment : str
    settings : tuple of (str, str)
        Those that change a number, with their values as text, in order of their names.
    sha1, source : str
        The data: told apart by its SHA-1, shown by its name.
    weights : {'book', 'seed'}
        Where the initial weights come from.
    """

    experiment: str
    settings: Tuple[Tuple[str, str], ...]
    sha1: str
    source: str
    weights: str


def kind_of(run: RunRecord, settings: Optional[Settings] = None) -> Kind:
    """The kind of a run.

    Parameters
    ----------
    run : RunRecord
    settings : dict, optional
        The settings of its experiment that change a number, with their defaults; where
        it is not known, all of the run's count.
    """
    if settings is None:
        found = {k: v for k, v in run.config.items() if k not in _NEUTRAL}
    else:  # what a record lacks came later, with the default of its meaning
        found = {k: run.config.get(k, default) for k, default in settings.items()}
    corpus = run.environment.get("corpus") or {}
    return Kind(
        run.experiment,
        tuple((name, _text(found[name])) for name in sorted(found)),
        str(corpus.get("sha1", "")),
        str(corpus.get("name", "")),
        weights_of(run.config),
    )


def weights_of(config: Settings) -> str:
    """Where a run's initial weights come from; older records are from their seed."""
    return BOOK_WEIGHTS if of_the_book(config) else SEED_WEIGHTS


def set_apart(
    kinds: Sequence[Kind], settings: Mapping[str, Settings]
) -> Dict[Kind, str]:
    """Of each kind the settings that set it apart, as "num_hiddens 64, lr 0.1".

    These are the settings that are not its experiment's defaults, or, where these are
    not known, those in which the kinds of one name differ; then another source and
    other initial weights than another kind of that name has.
    """
    return {kind: ", ".join(_apart(kind, kinds, settings)) for kind in kinds}


def _apart(
    kind: Kind, kinds: Sequence[Kind], settings: Mapping[str, Settings]
) -> List[str]:
    alike = [other for other in kinds if other.experiment == kind.experiment]
    defaults = settings.get(kind.experiment)
    own, told = dict(kind.settings), []
    for name, value in kind.settings:
        others = {dict(other.settings).get(name, value) for other in alike}
        if defaults is not None and name in defaults:
            others = {_text(defaults[name])}
        if others - {value}:
            told.append(f"{name} {own[name]}")
    if len({other.sha1 for other in alike}) > 1:
        told.append(f"source {kind.source or 'unknown'}")
        if len({other.source for other in alike}) == 1:  # two files of one name
            told[-1] += f" ({kind.sha1[:8]})"
    if len({other.weights for other in alike}) > 1:
        told.append(SAID[kind.weights])
    return told


#: Initial weights in words.
SAID = {BOOK_WEIGHTS: "the builds' weights", SEED_WEIGHTS: "own weights"}


def _text(value: object) -> str:
    """A value as text, the same for 1 and 1.0."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
