"""The panels of the other nets in Chromium: they show what NumPy says.

In small: the nets are those of ``tests/public/runs``, which know little.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, List

import pytest

from d2l_rnn.data.translation import preprocess_nmt
from d2l_rnn.experiments.trained import load_filler, load_translator
from d2l_rnn.generation.filling import fill

from .chromium import Watched, needs_chromium, opened, written
from .test_browser import AXE

KEPT = Path(__file__).parents[1] / "public" / "runs"

pytestmark = [needs_chromium, pytest.mark.slow]


def told_nothing(watched: Watched, path: Path) -> None:
    """The browser had no complaint, and was asked for nothing but the page."""
    assert watched.complaints == []
    sent = [url for url in watched.requests if not url.startswith("blob:")]
    assert sent == [path.as_uri()]


def row(watched: Watched, number: int) -> List[str]:
    """The letters of a row of the table of tokens."""
    cells = watched.page.locator(f".token-grid tr:nth-child({number}) td")
    return [str(text) for text in cells.all_text_contents()]


def wait(watched: Watched, condition: str) -> None:
    # A function: the page's policy refuses to evaluate a text again and again.
    watched.page.wait_for_function(f"() => {condition}", timeout=120_000)


def test_blanks_are_filled_and_a_column_is_followed(tmp_path: Path) -> None:
    path = written(tmp_path, [KEPT / "cloze"])
    filler = load_filler(KEPT / "cloze")
    text = "t_e tim_"
    ids = [filler.vocab["e" if c == "_" else c] for c in text]
    expected = list(text)
    for blank, at in zip(fill(filler.probabilities, ids, [1, 7], filler.vocab), (1, 7)):
        expected[at] = blank.best[0][0]
    with opened(path) as watched:
        watched.page.locator(".token-grid td").first.wait_for()
        watched.page.locator("input.wide").fill(text)
        wait(watched, "document.querySelectorAll('.token-grid .blank').length === 4")
        shown = ["␣" if letter == " " else letter for letter in expected]
        assert row(watched, 1) == shown
        watched.page.locator(".token-grid").press("Home")
        chosen = watched.page.locator(".token-grid td.chosen").first
        assert chosen.text_content() == "t"
        watched.page.locator(".token-grid").press("ArrowRight")
        assert chosen.text_content() == shown[1]
        told_nothing(watched, path)


@pytest.mark.parametrize("name", ["seq2seq", "seq2seq-attention"])
def test_translations_are_numpy_s_and_branches_are_followed(
    name: str, tmp_path: Path
) -> None:
    path = written(tmp_path, [KEPT / name])
    ours = load_translator(KEPT / name)
    text = " ".join(ours.src_vocab.idx_to_token[4:7])
    (best,) = ours.beam([preprocess_nmt(text).split()], 3, 0.75, 3)
    with opened(path) as watched:
        page: Any = watched.page
        page.locator(".found button").first.wait_for()
        page.locator("input.wide").fill(text)
        expected = [" ".join(ours.words(found)) or "<eos>" for found in best]
        page.get_by_role("button", name=expected[0], exact=True).first.wait_for()
        assert page.locator(".found button").all_text_contents() == expected
        page.locator(".found button").nth(1).click()  # the best has one step
        page.locator(".beam-tree").press("ArrowLeft")
        slider = page.locator("input[type=range]")
        steps = len(best[1].tokens) + best[1].finished - 1
        wait(watched, f"document.querySelector('input[type=range]').max === '{steps}'")
        slider.fill("1")
        assert "<bos>" in page.locator(".stepping p").first.text_content()
        maps = page.locator(".attention-map tbody tr").count()
        assert maps == (steps if name == "seq2seq-attention" else 0)
        told_nothing(watched, path)


def test_what_is_drawn_is_completed(tmp_path: Path) -> None:
    path = written(tmp_path, [KEPT / "pixels"])
    with opened(path, reduced_motion="reduce") as watched:
        page: Any = watched.page
        shelf = page.locator(".shelf").first.locator("canvas")
        page.locator(".shelf").nth(1).locator("canvas").first.wait_for()
        assert shelf.count() == 5
        page.get_by_role("button", name="Clear").click()
        sketch = page.locator(".sketch canvas")
        empty = sketch.evaluate("canvas => canvas.toDataURL()")
        box = sketch.bounding_box()
        page.mouse.move(box["x"] + box["width"] / 3, box["y"] + 10)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 3)
        page.mouse.up()
        drawn = sketch.evaluate("canvas => canvas.toDataURL()")
        assert drawn != empty
        # The first row of every completion is the reader's own, scaled.
        first_row = """canvas => {
          const size = canvas.width / 8, copy = document.createElement("canvas");
          [copy.width, copy.height] = [canvas.width, canvas.height];
          const context = copy.getContext("2d", { willReadFrequently: true });
          context.drawImage(canvas, 0, 0);
          return Array.from({ length: 8 }, (_, k) =>
            context.getImageData((k + 0.5) * size, size / 2, 1, 1).data[0]);
        }"""
        mine = sketch.evaluate(first_row)
        assert len(set(mine)) > 1
        page.wait_for_timeout(1000)
        for place in range(5):
            assert shelf.nth(place).evaluate(first_row) == mine
        sketch.press("ArrowDown")
        sketch.press(" ")
        assert sketch.evaluate("canvas => canvas.toDataURL()") != drawn
        told_nothing(watched, path)


def test_hidden_states_stand_below_the_text(tmp_path: Path) -> None:
    path = written(tmp_path, [KEPT / "hmm"])
    with opened(path) as watched:
        page: Any = watched.page
        page.locator(".messages tbody tr").first.wait_for()
        page.locator("input.wide").fill("t_e")
        wait(watched, "document.querySelectorAll('.token-grid .own').length === 2")
        assert row(watched, 1) == ["t", "_", "e"]
        shares = page.locator(".messages tbody td:last-child .number")
        assert abs(sum(map(float, shares.all_text_contents())) - 1) < 0.1
        told_nothing(watched, path)


def test_the_wrong_application_is_shown(tmp_path: Path) -> None:
    path = written(tmp_path, [KEPT / "bilstm-audit" / "model"])
    with opened(path) as watched:
        watched.page.locator(".token-grid td").first.wait_for()
        whole = len(row(watched, 1))
        watched.page.locator(".token-grid").scroll_into_view_if_needed()
        wait(
            watched, "!document.querySelector('.token-grid').textContent.includes('·')"
        )
        for number in (2, 3, 4):
            assert len(row(watched, number)) == whole
        watched.page.locator(".token-grid").press("End")
        wait(watched, "document.querySelectorAll('.three .bars li').length >= 15")
        told_nothing(watched, path)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "name", ["cloze", "seq2seq-attention", "pixels", "hmm", "bilstm-audit/model"]
)
def test_axe_finds_nothing_serious(name: str, scheme: str, tmp_path: Path) -> None:
    if not AXE.exists():
        pytest.skip("needs axe-core: scripts/check_page.sh installs it")
    path = written(tmp_path, [KEPT / name])
    with opened(path, color_scheme=scheme, reduced_motion="reduce") as watched:
        watched.page.locator("section .bars li").first.wait_for()
        watched.page.evaluate(AXE.read_text("utf-8") + "; undefined")
        found = watched.page.evaluate("axe.run()")
    serious = [
        (rule["id"], [node["target"] for node in rule["nodes"]][:3])
        for rule in found["violations"]
        if rule["impact"] in ("serious", "critical")
    ]
    assert serious == []
