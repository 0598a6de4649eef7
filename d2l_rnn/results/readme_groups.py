"""Recorded runs that belong together, and what they say together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Mapping, Optional, Tuple, TypedDict, Union

from .book import BookNumber
from .readme_summary import Entry, Summary
from .verdict.compare import NOT_COMPARABLE, verdict_on_curves
from .verdict.grouping import BOOK_WEIGHTS, SAID, SEED_WEIGHTS, weights_of
from .what_it_shows import known, what_it_shows

Numbers = List[Union[float, str]]


class Curve(TypedDict):
    """A training curve at some epochs."""

    epochs: List[int]
    values: Numbers


class _Recorded(Entry, total=False):
    published: Numbers


class Recorded(_Recorded):
    """A recorded run; ``published``, its curve, only where it is comparable."""

    config: Dict[str, object]
    result: Dict[str, object]
    curve: Curve
    not_comparable: Optional[str]


@dataclass(frozen=True)
class Group:
    """The recorded runs of one experiment from weights of one origin.

    Attributes
    ----------
    name : str
        The experiment.
    weights : {'book', 'seed'}
        Where the initial weights come from.
    entries : list of Recorded
        Those that are comparable with the book, or all where none is.
    number : BookNumber or None
    verdict : str
        As :class:`~.verdict.compare.Verdict` has it; empty where the book prints no
        number.
    reason : str
        The figures behind the verdict, or what the runs show.
    """

    name: str
    weights: str
    entries: List[Recorded]
    number: Optional[BookNumber]
    verdict: str
    reason: str

    @property
    def values(self) -> List[float]:
        """The final values, in the book's metric where it prints a number."""
        if self.number is not None and self.verdict != NOT_COMPARABLE:
            return [float(entry["published"][-1]) for entry in self.entries]
        return known(self.entries, "perplexity")

    @property
    def minutes(self) -> Optional[float]:
        """Of the quickest run: others may have shared their machine with much else.

        Of older records only the training is known.
        """
        found = known(self.entries, "wall_seconds") or known(self.entries, "seconds")
        return min(found) / 60 if found else None

    @property
    def command(self) -> str:
        """What records these runs again."""
        seeds = [entry["config"].get("seed") for entry in self.entries]
        if seeds == list(range(1, len(seeds) + 1)) and len(seeds) > 1:
            # which takes the builds' weights by itself, where they have the experiment
            number = self.number
            chosen = (
                self.weights == SEED_WEIGHTS
                and number is not None
                and number.edition == "0.17"
                and not number.drawn_alike
            )
            option = " -- --initial-weights seed" if chosen else ""
            return f"d2l-rnn reproduce {self.name} --seeds {len(seeds)}{option}"
        option = " --initial-weights book" if self.weights == BOOK_WEIGHTS else ""
        return "; ".join(f"d2l-rnn run {self.name}{option} --seed {s}" for s in seeds)


def groups_of(
    summary: Summary[Recorded], book: Mapping[str, BookNumber]
) -> List[Group]:
    """The groups of a summary, in the order of the book's numbers, and judged."""
    entries: Dict[Tuple[str, str], List[Recorded]] = {}
    for entry in summary.runs:
        key = (entry["experiment"], weights_of(entry["config"]))
        entries.setdefault(key, []).append(entry)
    order = list(book)
    keys = sorted(
        entries,
        key=lambda k: (order.index(k[0]) if k[0] in book else len(order), *k),
    )
    return [_group(*key, entries[key], book.get(key[0])) for key in keys]


def _group(
    name: str, weights: str, entries: List[Recorded], number: Optional[BookNumber]
) -> Group:
    if number is None:
        return Group(name, weights, entries, None, "", what_it_shows(name, entries))
    comparable = [entry for entry in entries if "published" in entry]
    others = {entry["not_comparable"] for entry in entries if "published" not in entry}
    verdict, reasons = NOT_COMPARABLE, sorted(filter(None, others))
    if comparable:
        curves = [[float(v) for v in entry["published"]] for entry in comparable]
        verdict, figures, _ = verdict_on_curves(curves, number, weights)
        reasons.insert(0, figures)
    return Group(
        name, weights, comparable or entries, number, verdict, "; ".join(reasons)
    )


def titled(group: Group) -> str:
    """An experiment, with where its weights are from where they are the builds'."""
    if group.weights == BOOK_WEIGHTS:
        return f"{group.name} ({SAID[BOOK_WEIGHTS]})"
    return group.name
