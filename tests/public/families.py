"""The table of all families of experiments, each as small as it can be made.

Every test that is about all of them draws on it. The flags are the command line's, and
nothing of the package is imported, so that it outlives any change inside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import List

TEXT, PAIRS, NO_SOURCE = "sample.txt", "sample_pairs.tsv", ""

_WINDOWS = "--batch-size 4 --num-steps 8"
_LANGUAGE = f"--max-tokens 300 --num-hiddens 8 {_WINDOWS} --num-preds 8"
_BOTH_SIDES = f"--max-tokens 600 --num-hiddens 6 --embed-size 4 {_WINDOWS}"
_LINES = "--num-examples 60 --num-hiddens 6 --embed-size 4 --batch-size 16"
_TRANSLATION = (
    "--num-examples 40 --num-hiddens 6 --embed-size 6 --num-layers 1 --batch-size 16"
)


@dataclass(frozen=True)
class Family:
    """One kind of experiment.

    Attributes
    ----------
    name : str
        Of the row, and of the folder of its kept run.
    experiment : str
    flags : str
        What makes it tiny.
    source : str
        Which embedded sample it reads; empty where it reads no file.
    has_epochs : bool
    """

    name: str
    experiment: str
    flags: str
    source: str = TEXT
    has_epochs: bool = True

    def command(self, num_epochs: int, corpus: str = "sample") -> List[str]:
        """``run NAME`` with the flags; where it goes is for the caller to add."""
        words = ["run", self.experiment, *self.flags.split(), "--no-plot", "--quiet"]
        if self.source:
            words += ["--corpus", corpus]
        if self.has_epochs:
            words += ["--epochs", str(num_epochs)]
        return words


FAMILIES = {
    family.name: family
    for family in (
        Family("gluon", "lstm", _LANGUAGE),
        Family("scratch", "gru-scratch", _LANGUAGE),
        Family(
            "bptt",
            "bptt",
            f"--max-tokens 300 --num-hiddens 4 {_WINDOWS} --length 4 --num-draws 2 "
            "--flow-steps 2",
        ),
        Family("handwritten", "rnn-handwritten", _LANGUAGE),
        Family("handwritten-gated", "lstm-handwritten", _LANGUAGE),
        Family(
            "hmm",
            "hmm",
            "--max-tokens 1000 --num-states 4 --num-restarts 2 --trial-epochs 2",
        ),
        Family(
            "cloze",
            "cloze",
            f"{_BOTH_SIDES} --num-states 2 --num-restarts 1 --trial-iterations 1 "
            "--num-iterations 2 --ngram-width 1",
        ),
        Family("tagging", "tagging", _BOTH_SIDES),
        Family("many-to-one", "many-to-one", _LINES, PAIRS),
        Family("one-to-many", "one-to-many", f"{_LINES} --num-samples 1", PAIRS),
        Family(
            "pixels",
            "pixels",
            "--num-examples 60 --num-hiddens 6 --embed-size 4 --batch-size 16 "
            "--temperatures 1 --num-samples 1",
            NO_SOURCE,
        ),
        Family(
            "sequence",
            "sequence",
            "--num-points 280 --num-train 100 --num-hiddens 4",
            NO_SOURCE,
        ),
        Family("text-stats", "text-stats", "--num-top 3", has_epochs=False),
        Family(
            "edition-v1",
            "gru-v1",
            "--num-hiddens 6 --batch-size 16 --num-steps 8 --num-train 64 --num-val 16 "
            "--num-preds 8",
        ),
        Family("seq2seq", "seq2seq", f"{_TRANSLATION} --num-heldout 8", PAIRS),
        Family("seq2seq-attention", "seq2seq-attention", _TRANSLATION, PAIRS),
        Family(
            "bilstm-audit",
            "bilstm-audit",
            f"{_LANGUAGE} --audit-tokens 200",
        ),
    )
}
