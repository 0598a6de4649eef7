"""The published numbers: what the book printed, what it means, how widely it varies.

The book's notebooks were executed again and again by its own build system. Each build
printed a number to one decimal and drew its training curve; ``book.json`` holds both,
the curves read off the vector plots (about four digits; the last point rounds to the
printed number in every build). A published number is therefore a *distribution* over
builds. The builds of edition 0.17 run the code of d2l 0.17.6 unchanged and unseeded.
"""

from __future__ import annotations

import json
import math
import statistics
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Dict, List, Mapping, Optional, Tuple, TypedDict, Union

from .record_fields import Row

BOOK = Path(__file__).with_name("book.json")

REPOSITORIES = {"en": "d2l-ai/d2l-en-colab", "zh": "d2l-ai/d2l-zh-colab"}


class Text(TypedDict):
    """A generated text, and in how many of the builds it was printed."""

    text: str
    builds: int
    of: int


class Bleu(TypedDict):
    """A translated sentence's BLEU: its mean, and how often it was 1."""

    source: str
    mean: float
    exact: int
    of: int


class PyTorch(TypedDict, total=False):
    """The same of the book's PyTorch tab."""

    n_builds: int
    final: Dict[str, float]


@dataclass(frozen=True)
class Build:
    """One execution of the book: its ``source`` and the ``values`` of its curve."""

    source: str
    values: Tuple[float, ...]


@dataclass(frozen=True)
class BookNumber:
    """What the book published for one of our experiments.

    Attributes
    ----------
    name, title, edition, section : str
        Our name of the experiment; where the book has it.
    framework, device : str
        What the book ran it on.
    metric : {'perplexity', 'heldout_perplexity', 'loss_over_num_steps', 'loss'}
        Which number of an epoch row it is; see ``value_of``.
    meaning : str
        The same in words.
    printed : dict of str to int
        The number as printed, and in how many builds.
    final : dict
        ``median``, ``mean``, ``sd``, ``min``, ``max`` of the last epoch's value.
    epochs : tuple of int
        Epochs at which the curves are known; the last is the end of training.
    builds : tuple of Build
        Every build, with its value at each of ``epochs``.
    requires : dict
        Corpus, hyperparameters and ``num_epochs`` which make a run comparable.
    texts, bleu : tuple of Text, of Bleu
        The most frequent generated texts, and BLEU over the builds, where printed.
    printed_texts : tuple of dict of str to int
        For each prefix, or sentence to translate, every text that the builds print,
        and how many of them do.
    drawn_alike : bool
        Whether every run of ours has the builds' data and initial weights.
    tokens_per_sec : dict
        ``median``, ``min``, ``max`` on the book's GPU.
    pytorch : PyTorch
        The book's PyTorch tab, for information: another initialisation.
    """

    name: str
    book_key: str
    edition: str
    section: str
    title: str
    framework: str
    device: str
    metric: str
    meaning: str
    notebook: str
    printed: Mapping[str, int]
    final: Mapping[str, float]
    epochs: Tuple[int, ...]
    builds: Tuple[Build, ...]
    requires: Mapping[str, Union[str, int, float]]
    tokens_per_sec: Mapping[str, float] = field(default_factory=dict)
    texts: Tuple[Text, ...] = ()
    bleu: Tuple[Bleu, ...] = ()
    printed_texts: Tuple[Mapping[str, int], ...] = ()
    drawn_alike: bool = False
    pytorch: PyTorch = field(default_factory=PyTorch)

    @property
    def num_epochs(self) -> int:
        """The epoch of the published number."""
        return self.epochs[-1]

    @property
    def label(self) -> str:
        """Where to find it: edition, section, framework."""
        return f"d2l {self.edition}, section {self.section}, {self.framework}"

    def summary(self) -> str:
        """The published number in short: median [min, max] over the builds."""
        return self.in_short(self.final)

    def in_short(self, spread: Mapping[str, float]) -> str:
        """Median [min, max] of any spread in this metric."""
        median, low, high = (
            self.format(spread[key]) for key in ("median", "min", "max")
        )
        return f"{median} [{low}, {high}]"

    def band(self) -> Tuple[List[float], List[float], List[float]]:
        """Minimum, median and maximum over the builds at each of ``epochs``."""
        columns = list(zip(*(build.values for build in self.builds)))
        return (
            [min(column) for column in columns],
            [statistics.median(column) for column in columns],
            [max(column) for column in columns],
        )

    def until(self, epoch: int) -> BookNumber:
        """The same with the published epochs up to this one, which is not the first."""
        kept = sum(published <= epoch for published in self.epochs)
        builds = tuple(Build(b.source, b.values[:kept]) for b in self.builds)
        return replace(self, epochs=self.epochs[:kept], builds=builds)

    def value_of(self, row: Row) -> float:
        """The book's number of one line of ``epochs.jsonl``.

        ``perplexity`` is exp(loss / tokens) and is worked out again from the sums;
        ``loss_over_num_steps`` is loss / tokens / num_steps, as the book's masked
        loss averages over the time axis before it divides by the tokens; ``loss`` is
        loss / tokens. NaN where the row does not have it.
        """
        if self.metric == "heldout_perplexity":
            value = row.get("heldout_perplexity")
            return math.nan if value is None else float(value)
        mean = float(row["loss"]) / float(row["tokens"])
        if self.metric == "loss":
            return mean
        if self.metric == "loss_over_num_steps":
            return mean / float(self.requires["num_steps"])
        return math.exp(mean) if mean < 700 else math.inf

    def round_off(self, value: float) -> float:
        """A value to as many digits as are known of the builds'."""
        return round(value, 6 if self.metric == "loss" else 4)

    def format(self, value: Optional[float]) -> str:
        """A value to the digits that are known of the book's."""
        if value is None or math.isnan(value):
            return "-"
        return ("%.4f" if "loss" in self.metric else "%.3f") % value


def load_book(path: Optional[Path] = None) -> Dict[str, BookNumber]:
    """All published numbers by the name of our experiment."""
    book = {}
    for name, entry in json.loads((path or BOOK).read_text("utf-8")).items():
        entry["epochs"] = tuple(entry["epochs"])
        entry["builds"] = tuple(
            Build(build["source"], tuple(build["values"])) for build in entry["builds"]
        )
        for key in ("texts", "bleu", "printed_texts"):
            entry[key] = tuple(entry.get(key, ()))
        book[name] = BookNumber(name=name, **entry)
    return book


def render_book(book: Mapping[str, BookNumber], sources: bool = False) -> str:
    """The published numbers as text; with ``sources`` the commit of every build."""
    lines = []
    for number in book.values():
        lines.append(f"{number.name}: {number.title} ({number.label})")
        lines.append("  meaning     " + number.meaning)
        if number.printed:
            counts = ", ".join(f"{value} x{n}" for value, n in number.printed.items())
            lines.append("  printed     " + counts)
        lines.append(
            f"  last epoch  {number.summary()}, median and range of "
            f"{len(number.builds)} builds on {number.device}"
        )
        if number.tokens_per_sec:
            lines.append(
                "  tokens/sec  {median:.0f} [{min:.0f}, {max:.0f}]".format(
                    **number.tokens_per_sec
                )
            )
        for text in number.texts:
            lines.append("  text        {text} ({builds} of {of})".format(**text))
        for row in number.bleu:
            lines.append(
                "  BLEU        {source} mean {mean:.3f}, exact {exact} of {of}".format(
                    **row
                )
            )
        if number.pytorch:
            lines.append(
                f"  PyTorch     {number.in_short(number.pytorch['final'])} of "
                f"{number.pytorch['n_builds']} builds"
            )
        requires = (f"{name}={value}" for name, value in number.requires.items())
        lines.append("  comparable  " + ", ".join(requires))
        lines.append(f"  source      {number.notebook} of {_repositories(number)}")
        if sources:
            lines += ["    " + build.source for build in number.builds]
        lines.append("")
    return "\n".join(lines)


def _repositories(number: BookNumber) -> str:
    names = sorted({build.source.split()[0] for build in number.builds})
    newest = number.builds[0].source.split()[1]
    repositories = " and ".join(REPOSITORIES[name] for name in names)
    return f"{repositories} (one: @{newest})"
