"""What cannot be is refused before anything is made; what may be is not."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any, Dict

import mxnet
import pytest

from d2l_rnn import memory
from d2l_rnn.commands.run import configured
from d2l_rnn.errors import UsageError
from d2l_rnn.experiments import sizes
from d2l_rnn.experiments.table import EXPERIMENTS
from d2l_rnn.training.optimisers import without_optimiser

from ..public.families import FAMILIES

NOT_NETS = {"text-stats", "bilstm-audit"}  # counts; and a run inside the run


@pytest.mark.parametrize("name", sorted(FAMILIES.keys() - NOT_NETS))
def test_the_bound_is_below_what_is_there_and_near_it(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The weights of every kind of experiment, biases aside."""
    bounds = []
    check = sizes.sizes

    def noted(config: Any, *vocab_sizes: int) -> sizes.Sizes:
        bounds.append(check(config, *vocab_sizes))
        return bounds[-1]

    monkeypatch.setattr(sizes, "sizes", noted)
    arguments = FAMILIES[name].command(1)
    used = [word for word in arguments[2:] if word not in ("--quiet", "--no-plot")]
    experiment, config, _ = configured(arguments[1], used, "d2l-rnn run")
    run = experiment.family()(config, mxnet.cpu(), lambda line: None)
    if name == "hmm":
        next(iter(run.rows(1)))
    (bound,) = bounds
    arrays = without_optimiser(run.arrays()).values()
    there = sum(array.size for array in arrays if array.ndim > 1)
    counted = sum(map(math.prod, bound.weights))
    assert 0.7 * there < counted <= there


@pytest.mark.parametrize(
    "name, changes, message",
    [
        ("lstm", {"num_hiddens": 65_536}, "262144 x 65536 numbers"),
        ("lstm", {"num_hiddens": 5_000, "num_layers": 2}, "needed"),
        ("lstm-scratch", {"num_hiddens": 50_000}, "50000 x 50000 numbers"),
        ("rnn-handwritten", {"num_hiddens": 65_536}, "65536 x 65536 numbers"),
        ("lstm-handwritten", {"num_hiddens": 5_000}, "needed"),
        ("seq2seq", {"num_hiddens": 30_000}, "90000 x 30000 numbers"),
        ("cloze", {"embed_size": 65_536, "num_hiddens": 9_000}, "numbers"),
        ("many-to-one", {"num_hiddens": 65_536}, "numbers"),
        ("bptt", {"num_hiddens": 60_000}, "numbers"),
        ("hmm", {"num_states": 10_000}, "needed"),
        ("sequence", {"num_points": 1_000_000, "max_steps": 1_000}, "needed"),
        ("rnn-v1", {"num_hiddens": 65_536}, "numbers"),
    ],
)
def test_what_cannot_be_is_refused(
    name: str, changes: Dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "available", lambda: (500_000_000, "a small machine"))
    config = EXPERIMENTS[name].config
    vocab_sizes = {"seq2seq": (200, 200), "cloze": (28, 28), "sequence": ()}
    of = vocab_sizes.get(name, (28,))
    sizes.check_sizes(config, *of)
    with pytest.raises(UsageError, match=message) as error:
        sizes.check_sizes(dataclasses.replace(config, **changes), *of)
    for setting, value in changes.items():
        if setting != "max_steps":
            assert f"--{setting.replace('_', '-')} {value}" in str(error.value)


def test_a_gpu_s_memory_is_not_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda: (1, "nothing"))
    memory.check_fits([(2, 3)], 24, "--num-hiddens 2", on_host=False)
    with pytest.raises(UsageError, match=r"at least 0.00 GB .* \(nothing\)"):
        memory.check_fits([(2, 3)], 24, "--num-hiddens 2")
    monkeypatch.setattr(memory, "available", lambda: None)
    memory.check_fits([(2, 3)], 10**15, "--num-hiddens 2")


@pytest.mark.parametrize(
    "cgroup, files, expected",
    [
        ("0::/", {"memory.max": "3000"}, 3000),
        ("0::/a/b", {"a/memory.max": "2000", "memory.max": "max"}, 2000),
        ("0::/a/b", {"a/b/memory.max": "2000", "memory.max": "1000"}, 1000),
        ("0::/", {"memory.max": "max"}, 2_048_000),
        ("0::/gone", {}, 2_048_000),
        ("5:cpu,memory:/x", {"memory/memory.limit_in_bytes": "4000"}, 4000),
        ("nonsense", {}, 2_048_000),
    ],
)
def test_the_least_limit_counts(
    cgroup: str,
    files: Dict[str, str],
    expected: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of the kernel, of the container, and of all groups around it."""
    for name, text in {
        "meminfo": "MemTotal: 9000 kB\nMemAvailable: 1500 kB\nSwapFree: 500 kB\n",
        "own": cgroup + "\n",
        **{f"cgroup/{name}": text for name, text in files.items()},
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(memory, "_MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "_OWN_CGROUP", tmp_path / "own")
    monkeypatch.setattr(memory, "_CGROUPS", tmp_path / "cgroup")
    found = memory.available()
    assert found is not None and found[0] == expected
    monkeypatch.setattr(memory, "_MEMINFO", tmp_path / "none")
    monkeypatch.setattr(memory, "_OWN_CGROUP", tmp_path / "none")
    assert memory.available() is None
