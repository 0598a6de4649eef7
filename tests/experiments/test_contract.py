"""Every kind of experiment keeps the contract, and a breach of it is found."""

from __future__ import annotations

import dataclasses
from typing import Any, Dict, Iterator, Mapping, Sequence

import numpy as np
import pytest
from mxnet import cpu

from d2l_rnn.arrays import Floats
from d2l_rnn.experiments import families
from d2l_rnn.experiments.check import check
from d2l_rnn.experiments.configs import Config
from d2l_rnn.experiments.contract import ExperimentRun, Json, Source
from d2l_rnn.experiments.settings import setting
from d2l_rnn.experiments.table import EXPERIMENTS, Experiment, find
from d2l_rnn.training.loop import EpochRow

# One of each kind; of languages also those whose state is carried in another way.
NAMES = [
    "sequence",
    "text-stats",
    "rnn-handwritten",
    "lstm-handwritten",
    "rnn-scratch-random",
    "gru",
    "bptt",
    "bilstm-audit",
    "hmm",
    "cloze",
    "tagging",
    "many-to-one",
    "one-to-many",
    "pixels",
    "rnn-scratch-v1",
    "gru-v1",
    "seq2seq",
    "seq2seq-attention",
]
TINY: Dict[str, Any] = {
    "max_tokens": 250,
    "num_epochs": 3,
    "num_hiddens": 4,
    "embed_size": 4,
    "batch_size": 4,
    "num_steps": 8,
    "num_preds": 3,
    "num_states": 2,
    "num_restarts": 2,
    "trial_epochs": 2,
    "num_iterations": 2,
    "trial_iterations": 1,
    "num_draws": 2,
    "flow_steps": 2,
    "num_points": 300,
    "num_train": 60,
    "num_val": 16,
    "num_samples": 1,
    "max_order": 2,
    "ngram_width": 1,
    "beam_sizes": "2",
    "audit_tokens": 100,
    "num_examples": 400,
}


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> Dict[str, str]:
    """The beginning of the sample's text, and of its pairs."""
    from d2l_rnn.data.corpora import load_text
    from d2l_rnn.data.pairs import load_pairs

    folder = tmp_path_factory.mktemp("corpora")
    text, pairs = folder / "text.txt", folder / "pairs.tsv"
    text.write_text("\n".join(load_text("sample").lines[:30]), encoding="utf-8")
    lines = load_pairs("sample").text.splitlines()
    pairs.write_text("\n".join(lines[:80]), encoding="utf-8")
    return {"text": str(text), "pairs": str(pairs)}


def tiny(name: str, corpora: Dict[str, str], **more: Any) -> Any:
    """A configuration of the table that trains in a moment."""
    config = find(name).config
    of_pairs = name.startswith("seq2seq") or name.endswith(("to-one", "to-many"))
    changes = {**TINY, "corpus": corpora["pairs" if of_pairs else "text"], **more}
    if name.endswith(("to-one", "to-many")):
        changes["num_steps"] = 40
    names = {field.name for field in dataclasses.fields(config)}
    return dataclasses.replace(
        config, **{key: value for key, value in changes.items() if key in names}
    )


def test_one_of_each_kind_is_checked() -> None:
    checked = {find(name).family for name in NAMES}
    assert checked == {row.family for row in EXPERIMENTS.values()}


# The others take several times as long, and are checked by the slow suite.
QUICK = {
    "sequence",
    "text-stats",
    "rnn-handwritten",
    "lstm-handwritten",
    "gru",
    "hmm",
    "seq2seq",
}


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[] if n in QUICK else pytest.mark.slow) for n in NAMES],
)
def test_the_contract_is_kept(name: str, corpora: Dict[str, str]) -> None:
    if find(name).family is families.edition_v1:
        pytest.importorskip("d2l", reason="d2l is not installed here")
    found = list(check(find(name), tiny(name, corpora), cpu()))
    assert [finding for finding in found if finding.problem] == []
    assert len(found) >= 6


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [{"schedule": "linear"}, {"attention_penalty": 0.1, "tau": 0.8}],
    ids=["scheduled sampling", "penalty"],
)
def test_the_contract_is_kept_in_every_way_of_translating(
    changes: Dict[str, Any], corpora: Dict[str, str]
) -> None:
    config = tiny("seq2seq-attention", corpora, num_heldout=8, **changes)
    found = list(check(find("seq2seq-attention"), config, cpu()))
    assert [finding for finding in found if finding.problem] == []
    longer = [f.rule for f in found if f.rule == "a longer run begins as this one"]
    assert bool(longer) == ("schedule" not in changes)


@dataclasses.dataclass(frozen=True)
class WalkConfig(Config):
    num_epochs: int = setting(4, "steps")
    fault: str = setting("", "what is wrong with it")


class Walk(ExperimentRun[WalkConfig]):
    """A random walk, the smallest experiment there is, with faults on demand."""

    def __init__(self, config: WalkConfig, device: Any, notify: Any) -> None:
        super().__init__(config, device, notify)
        sha1 = "" if config.fault == "source" else "0" * 40
        self.source = Source("nothing", sha1, 1)
        self.place, self.speed = np.zeros(1), np.ones(1)
        self.made = 0

    def rows(self, first_epoch: int) -> Iterator[EpochRow]:
        for epoch in range(first_epoch, self.config.num_epochs + 1):
            rng = np.random.default_rng([self.config.seed, epoch])
            if self.config.fault == "random state":
                rng = np.random.default_rng()
            elif self.config.fault == "length":
                rng = np.random.default_rng(self.config.num_epochs)
            self.speed += rng.normal(size=1)
            self.place += self.speed
            number = epoch + (self.config.fault == "order")
            if self.config.fault != "late":
                yield EpochRow(number, float(self.place[0] ** 2), 1, 1.0)
            else:  # it has gone on when the row is seen
                row = EpochRow(number, float(self.place[0] ** 2), 1, 1.0)
                self.place += self.speed
                yield row
                self.place -= self.speed

    def arrays(self) -> Dict[str, Floats]:
        speed = {} if self.config.fault == "state" else {"speed": self.speed}
        return {"place": self.place, **speed}

    def restore(self, arrays: Any) -> None:
        self.place = arrays["place"]
        self.speed = arrays.get("speed", self.speed)

    def notes(self) -> Json:
        return {"seen": float(self.place[0])} if self.config.fault == "notes" else {}

    def result(self, epochs: Sequence[Json]) -> Json:
        self.made += self.config.fault == "result"
        self.place += self.made
        return {"ends_at": float(self.place[0])}

    @staticmethod
    def text(result: Mapping[str, Any]) -> str:
        return f"ends at {result['ends_at']}"

    def extendable(self, old_epochs: int, new_epochs: int) -> str:
        return ""


WALK = Experiment("walk", WalkConfig(), lambda: Walk)


@pytest.mark.parametrize(
    "fault, rule",
    [
        ("", ""),
        ("source", "the data is named"),
        ("order", "rows are the epochs in their order"),
        ("notes", "notes follow from settings and data"),
        ("state", "stopped anywhere and resumed"),
        ("random state", "stopped anywhere and resumed"),
        ("late", "stopped anywhere and resumed"),
        ("result", "the result can be asked for again"),
        ("length", "a longer run begins as this one"),
    ],
)
def test_a_breach_is_found(fault: str, rule: str) -> None:
    found = list(check(WALK, WalkConfig(fault=fault), cpu()))
    broken = [finding.rule for finding in found if finding.problem]
    assert (broken[:1] or [""]) == [rule]


def test_a_setting_that_can_change_is_found() -> None:
    @dataclasses.dataclass
    class Loose:
        seed: int = 1
        num_epochs: int = 2
        fault: str = ""

    found = next(check(WALK, Loose(), cpu()))
    assert "can be changed" in found.problem
