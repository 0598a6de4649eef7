"""The sheet of all pictures has them all, and its page says what each shows."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any, Dict, Set

import numpy as np
import pytest

import d2l_rnn
from d2l_rnn.experiments.table import EXPERIMENTS
from d2l_rnn.results.plots_axes import COLOURS

ROOT = Path(__file__).parents[1]
SCRIPT, PAGE = ROOT / "scripts" / "make_contact_sheet.py", ROOT / "docs" / "pictures.md"


@pytest.fixture(scope="module")
def script() -> Dict[str, Any]:
    return runpy.run_path(str(SCRIPT))


def drawn_by_experiments() -> Set[str]:
    """Names of pictures that experiments save, from their source."""
    found = {"gradient-flow", "clipping"}  # of a loop over figures by name
    for path in (Path(d2l_rnn.__file__).parent / "experiments").glob("*.py"):
        found |= set(re.findall(r'"([\w{}-]+)\.png"', path.read_text("utf-8")))
    return found - {"{name}"}


def test_every_picture_that_a_run_draws_is_on_the_sheet(script: Dict[str, Any]) -> None:
    shown = {name for made in script["RUNS"] for name in made.shows}
    missing = [
        name
        for name in drawn_by_experiments()
        if not any(re.fullmatch(re.sub(r"\{.*?\}", ".+", name), s) for s in shown)
    ]
    assert missing == [] and "curve" in shown and len(shown) > 10


def test_every_kind_of_experiment_is_on_the_sheet(script: Dict[str, Any]) -> None:
    made = {made.command.split()[0] for made in script["RUNS"]}
    families = {EXPERIMENTS[name].family for name in made}
    # drawn as a language model's, or as translation with attention is
    alike = {EXPERIMENTS[name].family for name in ("rnn-handwritten",)}
    assert families | alike == {row.family for row in EXPERIMENTS.values()}


@pytest.mark.skipif(not PAGE.exists(), reason="there are no docs beside the package")
def test_the_page_is_up_to_date(script: Dict[str, Any]) -> None:
    assert PAGE.read_text("utf-8") == script["page"]()
    content = PAGE.with_name("pictures.png").read_bytes()
    assert content.startswith(b"\x89PNG") and len(content) < 1 << 20


def test_the_sheet_is_made_of_the_pictures(
    script: Dict[str, Any], tmp_path: Path
) -> None:
    """Each lies whole in its place, in the order of the page."""
    from PIL import Image, ImageColor

    # the house's own, which no palette may merge
    colours = [ImageColor.getrgb(colour)[:3] for colour in COLOURS]
    cards = [(str(c), Image.new("RGB", (900, 300), c)) for c in colours]
    shades = np.linspace(0, 255, 256).astype(np.uint8)  # which take places in it
    many = Image.fromarray(np.stack(np.meshgrid(shades, shades) * 2, -1)[..., :3])
    cards += [("shades", many)] * 5
    path = tmp_path / "sheet.png"
    path.write_bytes(script["sheet"](cards))
    sheet = np.asarray(Image.open(path).convert("RGB"), dtype=float)
    width, height = script["CARD"]
    gap, caption = script["GAP"], script["CAPTION"]
    for index, colour in enumerate(colours):
        left = gap + index % script["COLUMNS"] * (width + gap)
        top = gap + index // script["COLUMNS"] * (height + caption + gap)
        found = sheet[top + height // 2, left + width // 2]
        assert np.abs(found - colour).max() <= 8
        assert np.abs(sheet[top + 3, left + width // 2] - 255).max() <= 8


@pytest.mark.slow
def test_the_sheet_is_made_of_nothing(script: Dict[str, Any], tmp_path: Path) -> None:
    """From the runs on: about a minute."""
    assert script["main"](["--docs", str(tmp_path)]) == 0
    assert (tmp_path / "pictures.md").read_text("utf-8") == script["page"]()
    assert (tmp_path / "pictures.png").stat().st_size > 100_000
