"""The page follows from the recorded runs; its counts are those of the builds."""

from __future__ import annotations

import runpy
import xml.dom.minidom
from collections import Counter
from pathlib import Path
from typing import Callable, Dict, List, Tuple

import pytest

from d2l_rnn.results import readme_runs
from d2l_rnn.results.readme_summary import Summary
from d2l_rnn.results.results_page import render_page
from d2l_rnn.results.told import Told
from d2l_rnn.results.what_it_shows import what_it_shows

from .made_runs import BOOK, builds_of, every_epoch, write_run

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "make_results_page.py"
make_page: Callable[[List[str]], int] = runpy.run_path(str(SCRIPT))["main"]
BILSTM = BOOK["bilstm"].texts[0]["text"]


def page_of(tmp_path: Path) -> Tuple[str, Dict[str, str]]:
    """The page of three runs from the builds' weights, two of our own, and another."""
    runs = []
    for weights, seeds in (("book", (1, 2, 3)), ("seed", (1, 2))):
        for seed in seeds:
            curve = every_epoch(BOOK["bilstm"], builds_of(BOOK["bilstm"])[seed])
            runs.append(
                write_run(
                    tmp_path / f"{weights}-{seed}",
                    "bilstm",
                    seed,
                    curve,
                    config={"initial_weights": weights, "prefixes": "time traveller"},
                    result={"texts": [BILSTM, f"mine {seed}"], "wall_seconds": 120.0},
                )
            )
    runs.append(write_run(tmp_path / "hmm", "hmm", 1, [9.0, 8.0]))
    summary = Summary(readme_runs.summarize(runs, BOOK, {}).runs)
    told = {name: Told("9.4", f"what {name} is") for name in ("hmm", "bilstm", "gru")}
    return render_page(summary, BOOK, told, "make it", "pictures")


def test_both_starts_stand_side_by_side(tmp_path: Path) -> None:
    page, pictures = page_of(tmp_path)
    (row,) = [line for line in page.splitlines() if line.startswith("| [bilstm]")]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[1] == "1.162 [1.143, 1.172]" and cells[4] == "2.0"
    assert cells[2].startswith("**reproduced**") and "3 seeds" in cells[2]
    assert cells[3].startswith("**reproduced**") and "2 seeds" in cells[3]
    assert "permutation test of the curve" in page and "mixed model" in page
    assert "d2l-rnn reproduce bilstm --seeds 3` (2.0 minutes at best)" in page
    assert "`d2l-rnn reproduce bilstm --seeds 2 -- --initial-weights seed`" in page
    assert "3 seeds), the builds' weights (argued): 50 of 50 epochs" in page
    assert "Not recorded yet: gru." in page and "<!-- Made by: make it -->" in page
    assert page.index("## hmm") < page.index("## bilstm")
    assert "What it shows: perplexity 8.000 in training." in page and "nan" not in page
    svg = xml.dom.minidom.parseString(pictures["bilstm.svg"]).documentElement
    assert svg is not None
    drawn = {part.getAttribute("class") for part in svg.getElementsByTagName("polygon")}
    assert drawn == {"builds", "beside", "seeds"}
    assert svg.getAttribute("xmlns") == "http://www.w3.org/2000/svg"


def test_a_text_stands_beside_the_number_of_builds_that_print_it(
    tmp_path: Path,
) -> None:
    page, _ = page_of(tmp_path)
    whose = "book-1, book-2, book-3, seed-1, seed-2"
    assert f"| `{BILSTM}` | {whose} | 41 of 41 |" in page
    assert "| `mine 2` | book-2, seed-2 | 0 of 41 |" in page
    # of the second prefix what the builds print stands there, though none of ours did
    (second,) = BOOK["bilstm"].printed_texts[1]
    assert f"| `{second}` | - | 41 of 41 |" in page


@pytest.mark.parametrize("said", ["time travellervmoopwrrrr", "time traveller", ""])
def test_what_an_untrained_net_says_is_told_where_the_builds_say_it(
    tmp_path: Path, said: str
) -> None:
    curve = every_epoch(BOOK["rnn"], builds_of(BOOK["rnn"])[0])
    weights = {"initial_weights": "book"}
    result = {"untrained": said} if said else {}
    run = write_run(tmp_path / "1", "rnn", 1, curve, config=weights, result=result)
    told = {"rnn": Told("8.6", "the RNN")}
    summary = readme_runs.summarize([run], BOOK, {})
    page, _ = render_page(summary, BOOK, told, "make it", "pictures")
    right = "says `time travellervmoopwrrrr`, as 41 of the 41 builds print it"
    assert (right in page) == (said == "time travellervmoopwrrrr")
    assert "the builds' weights (shown): " in page


@pytest.mark.parametrize("name", [n for n in BOOK if BOOK[n].printed_texts])
def test_the_printed_texts_are_those_of_all_builds(name: str) -> None:
    number = BOOK[name]
    for place, counts in enumerate(number.printed_texts):
        assert sum(counts.values()) == len(number.builds)
        if number.texts:
            (top, builds), *_ = Counter(counts).most_common(1)
            assert number.texts[place]["builds"] == builds == counts[top]
    for place, row in enumerate(number.bleu):
        assert all(
            text.startswith(row["source"] + " => ")
            for text in number.printed_texts[place]
        )


@pytest.mark.skipif(
    not (ROOT / "docs" / "results.md").exists(), reason="docs/ is not beside this"
)
def test_the_page_is_up_to_date() -> None:
    assert make_page(["--check"]) == 0


def test_a_stale_page_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--docs", str(tmp_path)]
    assert make_page([*where, "--check"]) == 1
    assert "stale; make_results_page.py renews it" in capsys.readouterr().err
    assert make_page(where) == 0
    assert make_page([*where, "--check"]) == 0
    assert make_page([*where, "--recorded", str(tmp_path / "no")]) == 4


@pytest.mark.parametrize("name", ["hmm", "cloze", "tagging", "bilstm-audit", "mine"])
def test_a_result_without_numbers_still_makes_a_sentence(name: str) -> None:
    assert what_it_shows(name, [{"result": {}}])
