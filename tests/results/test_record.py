from __future__ import annotations

import json
import math
import os
import stat
from pathlib import Path
from typing import Any, Callable, Dict

import pytest

from d2l_rnn.errors import RunError
from d2l_rnn.files import write_bytes
from d2l_rnn.results.metrics import median, perplexity, three_lines
from d2l_rnn.results.record import MOST_ROWS, RunWriter, digest, read_run

CONFIG = {"experiment": "lstm", "seed": 1, "theta": math.inf}


def row(epoch: int, loss: float) -> Dict[str, Any]:
    value = perplexity(loss, 10)
    return {"epoch": epoch, "loss": loss, "tokens": 10, "perplexity": value}


def write_run(directory: Path, losses: Any = (30.0, 20.0)) -> Path:
    writer = RunWriter(directory, CONFIG, {"device": "cpu(0)"})
    for number, loss in enumerate(losses, start=1):
        writer.append(row(number, loss))
    writer.finish({"perplexity": perplexity(losses[-1], 10), "texts": ["a", "b"]})
    return directory


def test_what_is_written_is_read(tmp_path: Path) -> None:
    record = read_run(write_run(tmp_path / "run", (9000.0, 20.0)))
    assert record.experiment == "lstm"
    assert record.config == CONFIG
    assert [r["perplexity"] for r in record.epochs] == [math.inf, math.exp(2)]
    assert record.result and record.result["texts"] == ["a", "b"]
    record.verify()
    # Plain JSON: other tools can read it too.
    text = (tmp_path / "run" / "epochs.jsonl").read_text()
    assert "Infinity" not in text and json.loads(text.splitlines()[0])["tokens"] == 10


def test_epochs_are_on_disk_before_the_run_ends(tmp_path: Path) -> None:
    writer = RunWriter(tmp_path, CONFIG, {})
    writer.append(row(1, 30.0))
    record = read_run(tmp_path)
    assert [r["epoch"] for r in record.epochs] == [1] and record.result is None
    with pytest.raises(RunError, match="not finished"):
        record.verify()
    with open(tmp_path / "epochs.jsonl", "a") as file:
        file.write('{"epoch": 2, "lo')  # the machine stopped here
    assert len(read_run(tmp_path).epochs) == 1
    writer.close()


def test_a_resumed_run_begins_with_the_rows_it_kept(tmp_path: Path) -> None:
    write_run(tmp_path)
    RunWriter(tmp_path, CONFIG, {}, [row(1, 30.0)]).close()
    record = read_run(tmp_path)
    assert [r["epoch"] for r in record.epochs] == [1]
    assert record.result is None  # the old result is not that of the new run


def tamper_result(key: str, value: Any, seal: bool = False) -> Callable[[Path], None]:
    def tamper(run: Path) -> None:
        result = json.loads((run / "result.json").read_text())
        result[key] = value
        if seal:  # by someone who knows how
            record = read_run(run)
            result["digest"] = digest(record.config, record.epochs, result)
        (run / "result.json").write_text(json.dumps(result))

    return tamper


def edit(name: str, before: str, after: str) -> Callable[[Path], None]:
    def change(run: Path) -> None:
        text = (run / name).read_text()
        assert before in text
        (run / name).write_text(text.replace(before, after))

    return change


@pytest.mark.parametrize(
    "tamper, message",
    [
        (tamper_result("perplexity", 1.0), "digest"),
        (tamper_result("perplexity", 1.0, seal=True), "does not follow"),
        (tamper_result("perplexity", 1.5, seal=True), "does not follow"),
        (tamper_result("perplexity", None, seal=True), "does not follow"),
        (edit("epochs.jsonl", "20.0", "19.0"), "digest"),
        (edit("config.json", '"seed": 1', '"seed": 2'), "digest"),
    ],
)
def test_tampering_is_noticed(tmp_path: Path, tamper: Any, message: str) -> None:
    run = write_run(tmp_path / "run")
    tamper(run)
    with pytest.raises(RunError, match=message):
        read_run(run).verify()


@pytest.mark.parametrize(
    "damage, message",
    [
        (lambda run: (run / "config.json").unlink(), "config.json is missing"),
        (lambda run: (run / "config.json").write_text("[1]"), "not a JSON object"),
        (lambda run: (run / "result.json").write_text("{"), "result.json"),
        (lambda run: (run / "result.json").write_bytes(b"\xff"), "not UTF-8"),
        (lambda run: (run / "epochs.jsonl").write_text("{}\nx\n"), "line 2"),
        (lambda run: (run / "config.json").write_text("[" * 10**5), "nested|JSON"),
        (edit("config.json", '"seed": 1', '"seed": "1"'), "seed .*a whole number"),
        (
            edit("epochs.jsonl", '"loss": 20.0', '"loss": "20"'),
            "line 2: loss .*a number",
        ),
        (
            edit("epochs.jsonl", '"loss": 20.0', '"loss": true'),
            "line 2: loss .*a number",
        ),
        (tamper_result("perplexity", "low"), 'result.json: perplexity "low"'),
        (tamper_result("texts", ["a", 7]), "texts .*a list, each of it a text"),
        (tamper_result("heldout", {"bleu": {"greedy": "x"}}), "heldout .*an object"),
    ],
)
def test_damage_is_named(tmp_path: Path, damage: Any, message: str) -> None:
    run = write_run(tmp_path / "run")
    damage(run)
    with pytest.raises(RunError, match=message):
        read_run(run)


def test_a_file_is_no_run(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    for path in (file, tmp_path / "missing"):
        with pytest.raises(RunError, match="no such directory"):
            read_run(path)
    with pytest.raises(RunError, match="file"):
        RunWriter(file / "run", CONFIG, {})


def test_write_bytes_is_all_or_nothing(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_bytes(path, b"old")
    os.umask(os.umask(0))
    assert not stat.S_IMODE(path.stat().st_mode) & 0o111
    with pytest.raises(TypeError):
        write_bytes(path, "not bytes")  # type: ignore[arg-type]
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_metrics() -> None:
    assert perplexity(10 * math.log(28), 10) == pytest.approx(28)
    assert perplexity(1e9, 1) == math.inf
    assert median([3, 1, 2]) == 2 and median([4, 1, 2, 3]) == 2.5
    lines = three_lines(1.16, 9123.44, "cpu(0)", ["time traveller", "traveller"])
    assert lines == (
        "perplexity 1.2, 9123.4 tokens/sec on cpu(0)\ntime traveller\ntraveller"
    )
    assert three_lines(math.inf, 1, "gpu(0)", []).startswith("perplexity inf, ")


def test_numbers_that_are_not_finite_are_numbers_wherever_they_stand(
    tmp_path: Path,
) -> None:
    """And texts in a list that look like one stay texts; both keep the digest."""
    writer = RunWriter(tmp_path, CONFIG, {})
    scores = {"hmm": {"perplexity": math.inf, "accuracy": 0.5}}
    models = [{"n": 1, "perplexity": -math.inf}]
    writer.finish({"scores": scores, "models": models, "texts": ["inf", "nan"]})
    record = read_run(tmp_path)
    record.verify()
    assert record.result is not None
    result: Dict[str, Any] = {**record.result}
    assert (result["scores"], result["models"]) == (scores, models)
    assert result["texts"] == ["inf", "nan"]


def test_more_rows_than_a_run_can_have_are_refused(tmp_path: Path) -> None:
    RunWriter(tmp_path, CONFIG, {}).close()
    rows = tmp_path / "epochs.jsonl"
    rows.write_text("{}\n" * (MOST_ROWS + 1))
    with pytest.raises(RunError, match="more than the 100,000 epochs accepted"):
        read_run(tmp_path)
    rows.unlink()
    os.mkfifo(rows)
    with pytest.raises(RunError, match="a named pipe, not a regular file"):
        read_run(tmp_path)
