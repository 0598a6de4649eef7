"""What is timed: the book's networks at the book's sizes, and one size at a time."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Dict, List, Optional, Sequence, cast

from ..errors import UsageError
from .peers.serving import SentWorkload


@dataclass(frozen=True)
class Workload:
    """A model and its minibatch, as every side is told it.

    Attributes
    ----------
    family : str
        Which builder of a side makes it; sides without that builder leave it out.
    embedding : bool
        PyTorch reads rows of a table, ``num_hiddens`` wide, in place of one-hot
        products; ours decides by itself, and d2l's ``RNNModel`` cannot.
    """

    cell: str
    num_hiddens: int = 256
    num_layers: int = 1
    bidirectional: bool = False
    implementation: str = "gluon"
    batch_size: int = 32
    num_steps: int = 35
    vocab_size: int = 28
    lr: float = 1.0
    family: str = "language model"
    embedding: bool = False

    @property
    def tokens(self) -> int:
        """Tokens of a training step."""
        return self.batch_size * self.num_steps

    def as_json(self) -> SentWorkload:
        """What is sent to a side."""
        return cast(SentWorkload, asdict(self))


# The book's sizes; its 601 pairs have 184 English and 201 French words.
_TRANSLATION = Workload(
    "gru",
    32,
    2,
    batch_size=64,
    num_steps=10,
    vocab_size=201,
    lr=0.005,
    family="translation",
)

WORKLOADS: Dict[str, Workload] = {
    "rnn": Workload("rnn"),
    "gru": Workload("gru"),
    "lstm": Workload("lstm"),
    "deep-lstm": Workload("lstm", num_layers=2),
    "bilstm": Workload("lstm", num_layers=2, bidirectional=True),
    # The same LSTM in a class that the reader has written, as the book prints it.
    "lstm-own-cell": Workload("lstm", implementation="own cell"),
    # Words, as a text of one's own may have them.
    **{
        f"lstm-{vocab_size}": Workload("lstm", vocab_size=vocab_size, embedding=True)
        for vocab_size in (1000, 5000, 20000)
    },
    "rnn-scratch": Workload("rnn", 512, implementation="scratch"),
    "gru-scratch": Workload("gru", implementation="scratch"),
    "lstm-scratch": Workload("lstm", implementation="scratch"),
    "rnn-handwritten": Workload("rnn", 512, implementation="handwritten"),
    "gru-handwritten": Workload("gru", implementation="handwritten"),
    "lstm-handwritten": Workload("lstm", implementation="handwritten"),
    "seq2seq": _TRANSLATION,
    "seq2seq-attention": replace(_TRANSLATION, family="attention"),
}

# One size of the book's LSTM at a time, from a quarter of the book's to four times it.
AXES: Dict[str, Sequence[int]] = {
    "batch_size": (8, 16, 32, 64, 128),
    "num_steps": (9, 18, 35, 70, 140),
    "num_hiddens": (64, 128, 256, 512),
    "num_layers": (1, 2, 3, 4),
}


# Sides that stand beside a net by hand alone: the same equations under autograd.
_FROM_SCRATCH = ("scratch", "torch_scratch")


def as_asked(workload: Workload, side: str) -> Optional[Workload]:
    """What a side is asked to do for a workload; None where it has no part in it.

    Beside a net by hand stand the same equations from scratch under autograd, ours and
    PyTorch's, and PyTorch's fused layer.
    """
    if side in _FROM_SCRATCH:
        if workload.implementation != "handwritten":
            return None
        return replace(workload, implementation="scratch")
    if side == "floor" and workload.embedding:
        return None  # what it counts is products of one-hot rows
    if side == "d2l" and workload.implementation == "handwritten":
        return None  # d2l has none; its own nets are the rows from scratch
    return workload


def chosen_workloads(names: str) -> Dict[str, Workload]:
    """The workloads of a comma-separated list, ``all`` for every one.

    Raises
    ------
    UsageError
        If a name is unknown.
    """
    if names == "all":
        return dict(WORKLOADS)
    chosen = {}
    for name in names.split(","):
        if name not in WORKLOADS:
            accepted = ", ".join(["all", *WORKLOADS])
            raise UsageError(
                f"--workloads {name!r} is unknown; accepted are {accepted}"
            )
        chosen[name] = WORKLOADS[name]
    return chosen


def along(axis: str) -> List[Workload]:
    """The book's LSTM at each value of one size."""
    sizes: List[Dict[str, Any]] = [{axis: value} for value in AXES[axis]]
    return [replace(WORKLOADS["lstm"], **size) for size in sizes]
