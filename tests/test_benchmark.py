"""The benchmark's arithmetic, its turns, and that it runs."""

from __future__ import annotations

import json
import math
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import pytest
from matplotlib.container import ErrorbarContainer

from d2l_rnn.benchmark import (
    earlier,
    markdown,
    measuring,
    pictures,
    spreads,
    workers,
)
from d2l_rnn.benchmark.peers.products import operations, products
from d2l_rnn.benchmark.peers.serving import tokens
from d2l_rnn.benchmark.reporting import tables
from d2l_rnn.benchmark.workloads import (
    AXES,
    WORKLOADS,
    Workload,
    along,
    as_asked,
)
from d2l_rnn.cli import main
from d2l_rnn.errors import RunError


def test_sides_take_turns() -> None:
    assert [name for _, name in spreads.turns("AB", 3)] == list("ABBAAB")
    assert [number for number, _ in spreads.turns("AB", 3)] == [0, 0, 1, 1, 2, 2]
    order: List[str] = []

    def task(name: str) -> Any:
        def run() -> Dict[str, float]:
            order.append(name)
            return {"seconds": float(len(order))}

        return run

    answers = measuring.in_turns(2, {name: task(name) for name in ("A", "B", "C")})
    assert order == list("ABCBCA")
    assert [answer["seconds"] for answer in answers["B"]] == [2.0, 4.0]


@pytest.mark.parametrize("step, expected", [(0.001, 400), (0.1, 4), (3.0, 1)])
def test_a_turn_does_what_fits_into_it(step: float, expected: int) -> None:
    asked: List[int] = []

    def run(count: int) -> Dict[str, float]:
        asked.append(count)
        # The very first call also makes the graph.
        return {"seconds": count * step + (2.0 if len(asked) == 1 else 0.0)}

    assert measuring.fitting(run, 0.4) == expected
    assert asked[-1] == expected  # it has run at that size


def test_ratios_are_taken_within_a_round() -> None:
    # The second round was disturbed and took ten times as long on both sides.
    ours, theirs = [1.0, 10.0, 2.0], [3.0, 20.0, 8.0]
    assert spreads.ratios(theirs, ours) == (3.0, 2.0, 4.0)
    assert spreads.rates(100, ours) == (50.0, 10.0, 100.0)
    assert spreads.spread([4, 1, 2, 3]) == (2.5, 1, 4)
    with pytest.raises(ValueError, match="2 rounds beside 3"):
        spreads.ratios([1.0, 2.0], ours)


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_slope_finds_the_power(power: float) -> None:
    x = [8, 16, 35, 128]
    assert math.isclose(spreads.slope(x, [7 * v**power for v in x]), power)


def test_floor_of_an_lstm_by_hand() -> None:
    T, B, V, H = 5, 3, 7, 4
    sizes = {"batch_size": B, "num_steps": T, "vocab_size": V, "num_hiddens": H}
    lstm: Any = {**Workload("lstm").as_json(), **sizes}
    # Input product, its weight gradient; recurrent product, its two gradients; output
    # product, its two gradients: each one multiply-add for each of its T B rows.
    layer = 2 * T * B * 4 * H * (V + V + H + H + H)
    output = 2 * T * B * H * V * 3
    assert operations(lstm) == layer + output
    # A second layer also hands a gradient down.
    deep: Any = {**lstm, "num_layers": 2}
    assert operations(deep) == layer + output + 2 * T * B * 4 * H * 6 * H
    # Two directions: twice the layers, over inputs twice as wide from the second on.
    both: Any = {**deep, "bidirectional": True}
    second = 2 * 2 * T * B * 4 * H * (3 * 2 * H + 3 * H)
    assert operations(both) == 2 * layer + second + 2 * output
    gru: Any = {**lstm, "cell": "gru"}
    rnn: Any = {**lstm, "cell": "rnn"}
    assert operations(gru) - output == 3 * (operations(rnn) - output)
    recurrent = (B, H, 4 * H, T)  # cannot be done at once: a product a step
    assert recurrent in products(lstm)


def test_book_s_sizes_and_axes() -> None:
    for workload in WORKLOADS.values():
        if workload.family == "language model":
            assert workload.tokens == 1120
            assert (workload.vocab_size == 28) == (not workload.embedding)
        else:
            assert (workload.tokens, workload.num_hiddens) == (640, 32)
    for axis in AXES:
        assert WORKLOADS["lstm"] in along(axis)
        others = [w.as_json() for w in along(axis)]
        for key in others[0]:
            assert (len({w[key] for w in others}) > 1) == (key == axis)


def test_beside_a_net_by_hand_stand_those_from_scratch() -> None:
    sides = [*workers.commands("wheel", "python"), "before"]
    assert set(sides) <= set(workers.environments(None, 1))
    for name in ("rnn", "gru", "lstm"):
        hand, scratch = (
            WORKLOADS[f"{name}-{kind}"] for kind in ("handwritten", "scratch")
        )
        assert {side: as_asked(hand, side) for side in sides} == {
            "ours": hand,
            "before": hand,
            "scratch": scratch,
            "torch": hand,
            "torch_scratch": scratch,
            "d2l": None,
            "floor": hand,
        }
        assert as_asked(scratch, "torch_scratch") is None
        assert as_asked(scratch, "d2l") == scratch
        # The matrix products are the same, whoever writes them down.
        assert operations(hand.as_json()) == operations(scratch.as_json())


def test_the_nets_by_hand_train_as_long_as_they_are_asked() -> None:
    from d2l_rnn.benchmark.ours import build

    small: Any = {"num_hiddens": 8, "batch_size": 4, "num_steps": 5}
    for name in ("rnn", "gru", "lstm"):
        tasks = build({**WORKLOADS[f"{name}-handwritten"].as_json(), **small})
        for count in (1, 3):
            tasks["train"](count)
            tasks["generate"](count)


def test_our_side_in_its_own_process_trains_as_the_experiments_do() -> None:
    """Run as ``__main__``, where what a module defines would count as a reader's."""
    sides = workers.commands(None, sys.executable)
    worker = workers.Worker(sides["ours"], workers.environments(1, 1)["ours"])
    small: Dict[str, Any] = {"num_hiddens": 8, "batch_size": 2, "num_steps": 4}
    plain = {
        name: worker.run(replace(WORKLOADS[name], **small), "train", 2)["plain"]
        for name in ("lstm", "lstm-1000", "gru-scratch", "lstm-own-cell")
    }
    worker.close()
    assert plain == {
        "lstm": 0,
        "lstm-1000": 0,
        "gru-scratch": 0,
        "lstm-own-cell": 1,  # the reader's own class
    }


def test_tokens_make_as_many_minibatches_as_asked() -> None:
    from d2l_rnn.data.sequences import seq_data_iter_sequential

    workload = WORKLOADS["lstm"].as_json()
    for count in (1, 2, 10):
        ids = tokens(workload, count)
        assert set(ids) <= set(range(28))
        for _ in range(20):  # the offset is drawn anew
            assert len(list(seq_data_iter_sequential(ids, 32, 35))) == count


def test_large_vocabularies_are_used_and_have_no_floor_of_one_hot_products() -> None:
    for vocab_size in (1000, 5000, 20000):
        workload = WORKLOADS[f"lstm-{vocab_size}"]
        minibatch = set(tokens(workload.as_json(), 1)[:1120])
        # As many rows of the table as a text of words has in a minibatch, or more.
        assert len(minibatch) > min(vocab_size / 4, 500)
        assert max(minibatch) < vocab_size
        assert as_asked(workload, "floor") is None
        assert as_asked(workload, "d2l") == workload


def test_the_page_tells_memory_of_large_vocabularies_alone() -> None:
    speed = {"lstm": {"peak_bytes": {"ours": 1e9}}}
    assert "measured nothing" in markdown.memory({"speed": speed})
    speed["lstm-1000"] = {"peak_bytes": {"ours": 2.5e8, "torch": 5e8}}
    *_, row = markdown.memory({"speed": speed}).splitlines()
    assert row == "| lstm-1000 | 0.25 | 0.50 |"


def test_a_side_that_fails_says_why() -> None:
    command = [sys.executable, "-c", "raise SystemExit('no such side')"]
    with pytest.raises(workers.SideFailed, match="no such side"):
        workers.Worker(command, {})


def test_sides_get_their_settings_and_no_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    code = (
        "import os, json; names = ('OMP_NUM_THREADS', 'MXNET_ENGINE_TYPE'); "
        "print(json.dumps({'import_seconds': [os.environ.get(n) for n in names]}))"
    )
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setenv("MXNET_ENGINE_TYPE", "NaiveEngine")
    chosen: Dict[Any, Any] = {}
    for threads in (None, 5):
        for side, settings in workers.environments(threads, 2).items():
            # -S: a machine may set threads for all its Pythons.
            worker = workers.Worker([sys.executable, "-S", "-c", code], settings)
            chosen[side, threads] = worker.import_seconds
            worker.close()
    assert chosen["ours", None] == chosen["floor", None] == ["2", None]
    assert chosen["d2l", None] == chosen["torch", None] == [None, None]
    assert {chosen[side, 5][0] for side, t in chosen if t == 5} == {"5"}


@pytest.mark.slow
def test_quick_run(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = ["--quick", "--threads", "1", "--old-wheel", "nowhere.whl"]
    arguments += ["--torch-python", "no-such-python", "--json"]
    assert main(["benchmark", *arguments]) == 0
    output = capsys.readouterr()
    assert "d2l 0.17.6 is left out: no file nowhere.whl" in output.err
    assert "lstm: torch is left out" in output.err
    results = json.loads(output.out)
    saved = json.loads((tmp_path / "runs/benchmark/benchmark.json").read_text())
    assert results == saved
    part = results["speed"]["lstm"]
    assert set(part["train"]) == {"ours", "floor"}
    assert set(part["generate"]) == {"ours"}
    assert len(part["train"]["ours"]) == 2
    assert all(answer["seconds"] > 0 for answer in part["train"]["ours"])
    assert part["start"]["ours"]["first_step"] > part["start"]["ours"]["import"] > 0
    assert part["peak_bytes"]["ours"] > 5e7
    text = tables(results)
    assert "training, tokens/sec" in text and "share of the floor" in text


def test_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, message in (
        (["--workloads", "lstm,gpt"], "'gpt' is unknown; accepted are all, rnn"),
        (["--parts", "speed,space"], "'space' is unknown"),
        (["--rounds", "0"], "--rounds 0: at least 1"),
        (["--turn-seconds", "0"], "--turn-seconds 0.0: greater than 0"),
    ):
        assert main(["benchmark", *arguments]) == 2
        assert message in capsys.readouterr().err


def test_tables_of_made_up_timings() -> None:
    def answers(*seconds: float) -> List[Dict[str, float]]:
        # Ten steps or tokens a turn.
        return [{"seconds": s, "cpu_seconds": 2 * s, "count": 10} for s in seconds]

    train = {"ours": answers(1, 2), "d2l": answers(3, 6), "floor": answers(0.5, 1.5)}
    generate = {"ours": answers(0.5, 0.5), "d2l": answers(2, 4)}
    start = {side: {"import": 1.0, "first_step": 2.0} for side in ("ours", "d2l")}
    text = tables(
        {
            "speed": {
                "lstm": {
                    "train": train,
                    "generate": generate,
                    "start": start,
                    "peak_bytes": {"ours": 250e6, "d2l": 350e6},
                }
            },
            "scaling": {"num_steps": {"values": [10, 20], "seconds": [[0.1], [0.4]]}},
            "directions": {
                "1": {
                    "unidirectional": [{"forward": 1.0, "backward": 2.0, "count": 4}],
                    "bidirectional": [{"forward": 1.0, "backward": 2.5, "count": 2}],
                }
            },
            "hidden_markov": {"1 x 9": {"ours": answers(0.01)}},
        }
    )
    assert "8,400 (5,600-11,200)" in text  # 1120 tokens x 10 steps in 1 and 2 seconds
    assert "3.00 (3.00-3.00)" in text and "6.00 (4.00-8.00)" in text
    assert "62% (50%-75%)" in text
    assert "10: 100.0, 20: 400.0; grows with power 2.00" in text
    assert "2.00 (2.00-2.00)  2.50 (2.50-2.50)  2.33 (2.33-2.33)" in text
    assert "1 x 9" in text


def test_the_picture_marks_median_ratios_and_their_range(tmp_path: Path) -> None:
    def answers(*seconds: float) -> List[Dict[str, float]]:
        return [{"seconds": s, "count": 1} for s in seconds]

    sides = {"ours": answers(1, 2, 1), "d2l": answers(2, 8, 3)}
    with_torch = {**sides, "torch": answers(1, 1, 1)}
    results: Any = {
        "speed": {
            "lstm": {"train": with_torch, "generate": with_torch},
            "seq2seq": {"train": sides, "generate": sides},
        }
    }
    (path,) = pictures.draw(results, tmp_path)
    assert path.read_bytes().startswith(b"\x89PNG")
    panels = pictures._speed(results["speed"]).axes
    for axes in panels:
        beside_d2l, beside_torch = axes.containers
        assert isinstance(beside_d2l, ErrorbarContainer)
        assert isinstance(beside_torch, ErrorbarContainer)
        assert np.asarray(beside_d2l.lines[0].get_xdata()).tolist() == [3.0, 3.0]
        assert np.asarray(beside_torch.lines[0].get_xdata()).tolist() == [1.0]
        (segments,) = beside_d2l.lines[2]
        assert segments.get_segments()[0][:, 0].tolist() == [2.0, 4.0]
    assert pictures.draw({"speed": {}}, tmp_path) == []


def test_a_network_in_use_as_a_table() -> None:
    def answers(*seconds: float) -> List[Dict[str, float]]:
        return [{"seconds": s, "cpu_seconds": 2 * s, "count": 10} for s in seconds]

    found = {
        "lstm, 1 text": {"ours": answers(1, 1, 1), "torch": answers(3, 4, 2)},
        "lstm, 32 texts": {"ours": answers(2, 2, 2), "d2l": answers(8, 8, 8)},
        "seq2seq, beam 4": {"ours": answers(1, 1, 1), "before": answers(5, 5, 5)},
    }
    rates, beside = tables({"use": found}).split("\n\n")
    head, one, many, beam = rates.splitlines()
    assert head.split() == "in use, tokens/sec ours before d2l 0.17.6 PyTorch".split()
    assert one.split()[3:] == ["10", "(10-10)", "-", "-", "3", "(2-5)"]
    assert many.split()[3:6] == ["160", "(160-160)", "-"]  # 32 texts of 10 in 2 s
    rows = [line.split(",")[-1].split() for line in beside.splitlines()[1:]]
    assert rows[0] == "1 text - - - - 3.00 (2.00-4.00) 3.00 (2.00-4.00)".split()
    assert rows[2][:6] == "beam 4 5.00 (5.00-5.00) 5.00 (5.00-5.00)".split()


@pytest.mark.slow
def test_use_quickly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Today's code stands in for an earlier checkout: its beam search is the same."""
    here = str(Path(workers.__file__).resolve().parents[2])
    arguments = ["--parts", "use", "--workloads", "rnn,seq2seq-attention", "--json"]
    arguments += ["--rounds", "1", "--turn-seconds", "0.01", "--threads", "1"]
    arguments += ["--old-wheel", "nowhere.whl", "--torch-python", "no-such-python"]
    arguments += ["--before", here, "--out", str(tmp_path)]
    assert main(["benchmark", *arguments]) == 0
    found = json.loads(capsys.readouterr().out)["use"]
    assert {label: set(sides) for label, sides in found.items()} == {
        "rnn, 1 text": {"ours", "before"},
        "rnn, 32 texts": {"ours"},
        "seq2seq-attention, greedy": {"ours", "before"},
        "seq2seq-attention, beam 4": {"ours", "before"},
    }


def made_up_results(seconds: float) -> Dict[str, Any]:
    def answers(factor: float) -> List[Dict[str, float]]:
        return [{"seconds": seconds * factor * r, "count": 10.0} for r in (1, 2, 4)]

    sides = {"ours": answers(1), "torch": answers(3), "floor": answers(0.5)}
    used = {"ours": answers(1), "torch": answers(2)}
    machine: Dict[str, Any] = {"processor": "P", "cores": 2, "idle_cores": 2}
    machine.update(load=[0.5, 0.25, 0.1], started="2026-01-02", commit="abc")
    return {
        "machine": machine,
        "amounts": {"rounds": 3, "turn_seconds": 0.4, "threads": None},
        "speed": {"lstm": {"train": sides, "generate": used}},
        "use": {"lstm, 32 texts": used},
    }


def test_the_change_against_an_earlier_run(tmp_path: Path) -> None:
    path, now = tmp_path / "benchmark.json", made_up_results(1.0)
    path.write_text(json.dumps(made_up_results(2.0)))
    found = earlier.change(earlier.read_earlier(path, now), now)
    assert set(found["rows"]) == {
        "training, lstm",
        "generation, lstm",
        "in use, lstm, 32 texts",
    }
    # Half the seconds; the slowest round of then beside the quickest of now, and back.
    assert found["rows"]["training, lstm"]["floor"] == [2.0, 0.5, 8.0]
    text = tables({"change": found})
    assert "2.00 (0.50-8.00)" in text and "then: 2026-01-02, commit abc" in text
    now["speed"] = {"gru": now["speed"]["lstm"]}
    now["use"] = {}
    assert "no row is in both" in tables(
        {"change": earlier.change(now, {**now, "speed": {}})}
    )


@pytest.mark.parametrize(
    "part, key, value, message",
    [
        ("machine", "processor", "Q", "of another machine, processor 'Q' and not 'P'"),
        ("machine", "idle_cores", 1, "of another machine, idle_cores 1 and not 2"),
        ("amounts", "threads", 2, "of other settings, threads 2 and not None"),
        ("speed", "lstm", {"train": {}}, "no figures of a benchmark"),
        ("use", "lstm, 1 text", 3, "no figures of a benchmark"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    tmp_path: Path, part: str, key: str, value: object, message: str
) -> None:
    path, then = tmp_path / "benchmark.json", made_up_results(2.0)
    then[part][key] = value
    path.write_text(json.dumps(then))
    with pytest.raises(RunError, match=re.escape(message)):
        earlier.read_earlier(path, made_up_results(1.0))


def test_a_comparison_is_refused_before_anything_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "benchmark.json"
    path.write_text(json.dumps(made_up_results(2.0)))
    arguments = ["--compare", str(path), "--out", str(tmp_path / "out")]
    assert main(["benchmark", *arguments]) == 4
    assert "of another machine, processor 'P'" in capsys.readouterr().err
    assert not list((tmp_path / "out").iterdir())


def test_a_recorded_benchmark_as_a_page_s_tables() -> None:
    results = made_up_results(1.0)
    head, _, row = markdown.training(results).splitlines()
    assert head == "| training | tokens/s | times PyTorch | floor |"
    # 1120 tokens x 10 steps in 1, 2 and 4 seconds
    assert row == "| lstm | 5,600 (2,800-11,200) | 3.00 (3.00-3.00) | 50% (50%-50%) |"
    assert markdown.use(results).splitlines()[2] == (
        "| lstm, 32 texts | 160 (80-320) | 2.00 (2.00-2.00) |"
    )
    assert (
        markdown.training({"use": {}}) == "Of training this run has measured nothing."
    )
    told = markdown.machine(results)
    assert told.startswith("Measured 2026-01-02, commit abc: P, 2 cores, 2 idle")
    assert "3 rounds of turns of 0.4 s" in told


def test_the_recorded_benchmark_names_no_place_of_the_machine() -> None:
    root = Path(workers.__file__).resolve().parents[2]
    text = (root / "docs" / "recorded" / "benchmark.json").read_text("utf-8")
    for word in ("/tmp", "/home", "/root", "/work", '"platform"'):
        assert word not in text
