"""The table of held-out translations follows from the runs it is made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List

import pytest

from d2l_rnn.errors import RunError
from d2l_rnn.results.readme_heldout import Recorded, render, summarize
from d2l_rnn.results.readme_summary import load_summary
from d2l_rnn.results.record import RunRecord

from .made_runs import BOOK, write_run

OPTIONS = {
    name: {
        "score": ("--score", "additive"),
        "bidirectional": ("--bidirectional", False),
        "num_epochs": ("--epochs", BOOK[name].num_epochs),
    }
    for name in ("seq2seq", "seq2seq-attention")
}
# Greedy and beam-10 BLEU of seeds 1 and 2.
BLEU = {"additive": [(10, 12), (20, 21)], "dot": [(11, 15), (18, 19)]}


def made(folder: Path, sentences: int = 7) -> List[RunRecord]:
    runs = []
    for score, pairs in BLEU.items():
        for seed, (greedy, beam) in enumerate(pairs, start=1):
            config = {"score": score, "bidirectional": True, "num_epochs": 2}
            bleu = {"beam 10": beam, "beam 2": beam - 0.5, "greedy": greedy}
            result: Dict[str, Any] = {
                "pairs": 90,
                "heldout_perplexity": 4.0 + seed,
                "heldout": {"sentences": sentences, "bleu": bleu, "examples": ["text"]},
                "coverage": {"stray": seed / 10},
            }
            directory = folder / f"{score}-{seed}"
            config["data_dir"] = str(folder)
            runs.append(
                write_run(
                    directory, "seq2seq-attention", seed, [3.0, 2.0], config, {}, result
                )
            )
    return runs


def test_rows_are_means_and_differences_of_the_same_seeds(tmp_path: Path) -> None:
    # Read in any order and written as JSON, the table is the same.
    file = tmp_path / "recorded.json"
    file.write_text(summarize(made(tmp_path)[::-1], OPTIONS).dump())
    summary = load_summary(file, Recorded)
    lines = render(summary).splitlines()
    assert "BLEU, greedy | BLEU, beam 2 | BLEU, beam 10" in lines[0]
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[2:4]]
    spread = "15.0 (10.0 to 20.0)", "16.0 (11.5 to 20.5)", "16.5 (12.0 to 21.0)"
    stray = "0.15 (0.10 to 0.20)"
    first = ["`seq2seq-attention`", "5.50 (5.00 to 6.00)", *spread, "", stray]
    assert cells[0] == first
    assert cells[1][0] == "`seq2seq-attention --score dot`"
    assert cells[1][5] == "+0.5 (-2.0 to +3.0)"
    command = "`d2l-rnn run SETTING --epochs 2 --bidirectional"
    assert lines[5].startswith(command) and "N = 1, 2" in lines[5]
    text = summary.dump()
    assert str(tmp_path) not in text and "examples" not in text


def test_what_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    runs = made(tmp_path / "a")
    with pytest.raises(RunError, match="is there already"):
        summarize([*runs, runs[0]], OPTIONS)
    with pytest.raises(RunError, match="other sentences"):
        summarize([runs[0], *made(tmp_path / "b", 8)[1:]], OPTIONS)
    plain = write_run(tmp_path / "c", "seq2seq", 1, [3.0])
    with pytest.raises(RunError, match="nothing was held out"):
        summarize([plain], OPTIONS)
    with pytest.raises(RunError, match="no recorded run of seq2seq"):
        render(summarize(runs, OPTIONS), base="seq2seq")
