"""The short tables of the pages: verdicts, what a run costs, a section's runs."""

from __future__ import annotations

import math
from typing import Dict, List, Mapping, Sequence, TypedDict

from ..errors import RunError
from .book import BookNumber
from .readme_groups import Group, Recorded, groups_of
from .readme_runs import ours, published
from .readme_summary import Summary
from .readme_words import WORDS
from .verdict.compare import NOT_COMPARABLE
from .verdict.grouping import BOOK_WEIGHTS, SEED_WEIGHTS
from .verdict.rendering import markdown_table
from .what_it_shows import known

Groups = Mapping[str, Sequence[Group]]


class Measured(TypedDict):
    """Minutes of the README's commands, as ``scripts/measure_setup.py`` found them."""

    date: str
    machine: str
    minutes: Dict[str, float]


def by_name(summary: Summary[Recorded], book: Mapping[str, BookNumber]) -> Groups:
    """The groups of each experiment; those from the builds' weights come first."""
    found: Dict[str, List[Group]] = {}
    for group in groups_of(summary, book):
        found.setdefault(group.name, []).append(group)
    return found


def verdicts(groups: Groups, names: Sequence[str], language: str, link: str) -> str:
    """A row for each judged experiment, from the builds' weights and from own ones.

    Parameters
    ----------
    groups : dict of str to list of Group
    names : list of str
        The experiments, in the order of the table.
    language : {'en', 'zh'}
    link : str
        The page that tells more, as seen from this one: ``docs/results.md``.
    """
    words = WORDS[language]
    heading = ["experiment", "the book", "book weights", "seed weights"]
    rows = [[words[cell] for cell in (*heading, "minutes a run")]]
    for name in names:
        number = groups[name][0].number if name in groups else None
        if number is None:
            continue
        of_weights = {group.weights: group for group in groups[name]}
        if number.drawn_alike:  # whatever its record says: there is but one start
            of_weights = {BOOK_WEIGHTS: groups[name][0]}
        cells = [
            f"**{words[of_weights[w].verdict]}**: {told(of_weights[w], language)}"
            if w in of_weights
            else "-"
            for w in (BOOK_WEIGHTS, SEED_WEIGHTS)
        ]
        cost = minutes_of(groups[name][0])
        rows.append([f"[{name}]({link}#{name})", number.summary(), *cells, cost])
    return markdown_table(rows)


def told(group: Group, language: str) -> str:
    """The final values of a group: mean (least-largest, seeds)."""
    text = ours(group)
    words = WORDS[language]
    number = len(group.entries)
    english = f"{number} seed" if number == 1 else f"{number} seeds"
    return text.replace(english, words["seed" if number == 1 else "seeds"]).replace(
        "{}", str(number)
    )


def minutes_of(group: Group) -> str:
    """How long a run took, in minutes."""
    return "-" if group.minutes is None else f"{group.minutes:.1f}"


def runs_of(name: str, groups: Groups, language: str) -> str:
    """What is recorded of one experiment, as a list."""
    words = WORDS[language]
    if name not in groups:
        return words["nothing recorded"]
    lines = []
    number = groups[name][0].number
    if number is not None:
        text = published(number).replace("; printed ", words["printed"])
        line = words["book line"].format(
            edition=number.edition, section=number.section, published=text
        )
        lines.append(line)
    for group in groups[name]:
        form = "shows line" if number is None else "ours line"
        start = "" if number is None else f", {words[f'{group.weights} weights']}"
        if number is not None and number.drawn_alike:
            start = ""
        said = words[form].format(
            start=start if language == "en" else start.replace(", ", "，"),
            ours=told(group, language),
            verdict=words[group.verdict or NOT_COMPARABLE],
            shows=group.reason,
            figures=_figures(group, language),
            minutes=minutes_of(group),
            by=group.command,
        )
        lines.append(said)
    return "\n".join(f"- {line}" for line in lines)


def _figures(group: Group, language: str) -> str:
    """The perplexities of runs that no number of the book is held against."""
    words = WORDS[language]
    found = []
    if "in training" in words and group.values:
        found.append(words["in training"].format(told(group, language)))
    heldout = known(group.entries, "heldout_perplexity")
    if "held out" in words and heldout:
        found.append(words["held out"].format(sum(heldout) / len(heldout)))
    return "，".join(found)


def cost(
    groups: Groups, measured: Measured, names: Sequence[str], language: str
) -> str:
    """What the commands of the README take, in minutes, and on what machines.

    Raises
    ------
    RunError
        If an experiment of ``names`` is not recorded.
    """
    words = WORDS[language]
    minutes = measured["minutes"]
    rows = [[words["command"], words["minutes"]]]
    rows.append([words["set-up"], f"{minutes['set-up']:.1f}"])
    places = []
    for name in names:
        if name not in groups:
            raise RunError(f"no run of {name} is recorded")
        group = min(groups[name], key=lambda group: group.minutes or math.inf)
        rows.append([f"`scripts/reproduce.sh {name}`", minutes_of(group)])
        here = group.entries[0]["environment"]
        places.append(
            words["place"].format(
                date=str(here.get("started"))[:10],
                processor=here.get("processor"),
                cores=here.get("cores"),
                threads=here.get("threads"),
            )
        )
    if "tests" in minutes:
        took = f"{minutes['tests']:.1f}"
        rows.append([f"`scripts/test.sh` ({words['tests']})", took])
    said = words["measured with tests" if "tests" in minutes else "measured"].format(
        machine=measured["machine"],
        date=measured["date"],
        trainings="; ".join(dict.fromkeys(places)),
    )
    return f"{markdown_table(rows)}\n\n{said}"
