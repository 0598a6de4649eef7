"""Experiments whose state is one net, or several that are trained side by side."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Sequence

from ..arrays import Floats
from ..errors import RunError
from ..models.gluon_layers import named_arrays
from ..protocols import Arrays
from ..results.metrics import perplexity
from ..training.checkpoint import arrays_of, put_arrays
from ..training.loop import EpochRow
from ..training.optimisers import Adam
from .contract import C, ExperimentRun, Json


class NetRun(ExperimentRun[C]):
    """An experiment whose state is nets, and their optimisers where these have one.

    Attributes
    ----------
    nets : dict of str to net
        Set by the constructor. Where there are several, the names stand before those of
        their arrays; where there is one its name is empty.
    adams : dict of str to Adam
        Of the nets that Adam trains.
    replicas : sequence of net
        The first net once more, for each further device.
    """

    nets: Mapping[str, Any]
    adams: Mapping[str, Adam] = {}
    replicas: Sequence[Any] = ()

    @property
    def is_shared(self) -> bool:
        """Whether several devices or processes share the minibatches."""
        return bool(self.replicas) or self.workers is not None

    def arrays(self) -> Dict[str, Floats]:
        """All nets' parameters, and Adam's moments."""
        return {
            _under(name) + key: array
            for name, net in self.nets.items()
            for key, array in arrays_of(named_arrays(net), self.adams.get(name)).items()
        }

    def restore(self, arrays: Arrays) -> None:
        """Take the parameters over, and the moments."""
        for name, net in self.nets.items():
            own = arrays_under(name, arrays)
            put_arrays(named_arrays(net), own, self.adams.get(name))

    def num_parameters(self) -> int:
        """Of all nets."""
        return sum(
            array.size
            for net in self.nets.values()
            for array in named_arrays(net).values()
        )


def _under(name: str) -> str:
    return f"{name}." if name else ""


def arrays_under(name: str, arrays: Arrays) -> Dict[str, Floats]:
    """One net's arrays out of those of several.

    Raises
    ------
    RunError
        If there are none.
    """
    start = _under(name)
    found = {k[len(start) :]: a for k, a in arrays.items() if k.startswith(start)}
    if not found:
        raise RunError(f"checkpoint without a {name} net")
    return found


@dataclass(frozen=True)
class RowBeside(EpochRow):
    """An epoch of one net, and ``beside`` it the same epoch of others, by name."""

    beside: Mapping[str, EpochRow]


class SideBySide(NetRun[C]):
    """Several nets trained epoch by epoch in turn.

    A row's own fields are the first net's; the others' perplexity and seconds stand
    beside them.
    """

    @abstractmethod
    def train(self, name: str, first_epoch: int) -> Iterator[EpochRow]:
        """The rows of one of the nets."""

    def rows(self, first_epoch: int) -> Iterator[EpochRow]:
        """All nets' rows: when one is yielded, every net is as after that epoch."""
        names = list(self.nets)
        for rows in zip(*(self.train(name, first_epoch) for name in names)):
            own: EpochRow = rows[0]
            beside = dict(zip(names[1:], rows[1:]))
            yield RowBeside(own.epoch, own.loss, own.tokens, own.seconds, beside)

    def metrics(self, row: RowBeside) -> Mapping[str, float]:
        """The other nets' perplexity and seconds."""
        found: Dict[str, float] = {}
        for name, beside in row.beside.items():
            found[f"{name}_perplexity"] = perplexity(beside.loss, beside.tokens)
            found[f"{name}_seconds"] = beside.seconds
        return found

    def draw(self, directory: Path) -> None:
        """All nets' curves; beside the first one's there is no published number."""
        from ..results import record
        from ..results.plots import lines_figure, save

        rows: List[Json] = [{**row} for row in record.read_run(directory).epochs]
        epochs = [row["epoch"] for row in rows]
        keys = {
            n: f"{n}_perplexity" if i else "perplexity" for i, n in enumerate(self.nets)
        }
        curves = {
            name.replace("_", " "): (epochs, [row[key] for row in rows])
            for name, key in keys.items()
        }
        title = "the nets that were trained side by side"
        figure = lines_figure(
            curves, "epoch", "training perplexity", yscale="log", title=title
        )
        save(figure, directory / record.CURVE)
