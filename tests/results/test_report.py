"""The page holds every row, loads nothing, and believes nothing that a run says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import numpy as np
import pytest

from d2l_rnn.results import plots
from d2l_rnn.results.curve_svg import curve_svg, spread
from d2l_rnn.results.record import RunRecord
from d2l_rnn.results.report import render_report, write_report
from d2l_rnn.results.starts import mixed_starts

from .made_runs import BOOK, builds_of, every_epoch, write_run

EVIL = "<script>alert(1)</script><img src=https://example.org/x onerror=alert(1)>\"'&"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
VOID = {"meta", "img", "br", "link"}


class Page(HTMLParser):
    """What a page consists of; complains where a tag is not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: List[str] = []
        self.tags: List[Tuple[str, Dict[str, Any]]] = []
        self.text: List[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: List[Tuple[str, Optional[str]]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(
        self, tag: str, attrs: List[Tuple[str, Optional[str]]]
    ) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def named(self, tag: str) -> List[Dict[str, Any]]:
        return [attributes for name, attributes in self.tags if name == tag]


def made_runs(directory: Path) -> List[RunRecord]:
    """Reproduced, differing, not comparable; hostile texts; a picture."""
    runs = []
    for name, pace in (("bilstm", 1.0), ("lstm", 1.2), ("rnn-v1", 1.0)):
        epochs = np.arange(1, BOOK[name].num_epochs + 1)
        for seed, values in enumerate(builds_of(BOOK[name])[:3]):
            curve = np.log(every_epoch(BOOK[name], values))
            curve = np.exp(
                np.interp(np.clip(epochs * pace, 1, len(epochs)), epochs, curve)
            )
            runs.append(
                write_run(directory / name / str(seed), name, seed, list(curve))
            )
    evil = {"texts": [EVIL, "7"], "device": EVIL}
    config = {"note": EVIL, EVIL: 1}
    hostile = write_run(
        directory / "x", EVIL, 1, [9, 5, 4], config, {"name": EVIL}, evil
    )
    return runs + [hostile]


@pytest.fixture
def records(tmp_path: Path) -> List[RunRecord]:
    return made_runs(tmp_path / "runs")


def test_the_page_has_a_row_and_a_section_for_every_verdict(
    records: List[RunRecord],
) -> None:
    page = Page(render_report(records, BOOK))
    assert len(page.named("tr")) > 4
    sections = [part["id"] for part in page.named("section")]
    links = [link["href"] for link in page.named("a") if "class" not in link]
    assert list(dict.fromkeys(links)) == ["#" + name for name in sections]
    names = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(names) == len(set(names))
    assert {link["href"][1:] for link in page.named("a")} <= set(names)
    text = " ".join(" ".join(page.text).split())
    for expected in (
        "1 differs",
        "2 reproduced",
        "1 not in the book",
        "1.162 [1.143, 1.172]",
        "d2l-rnn run lstm --seed 2",
        "travellererererer seeds 0, 1, 2",
        "the book, 41 of 41 builds",
        "num_hiddens 256",
        "mxnet 1.9.1",
    ):
        assert expected in text
    assert len(page.named("svg")) == 2 * 4  # small in the table, and in its section


def test_nothing_is_loaded_from_outside(records: List[RunRecord]) -> None:
    html = render_report(records, BOOK)
    page = Page(html)
    assert not {tag for tag, _ in page.tags} & {"script", "link", "iframe", "object"}
    for _, attributes in page.tags:
        for name in ("src", "href", "srcset", "action", "data", "poster"):
            assert re.match("#|data:image/png;base64,|$", attributes.get(name) or "")
        assert not [name for name in attributes if name.startswith("on")]
        assert "url(" not in (attributes.get("style") or "")
    style = html[html.index("<style>") : html.index("</style>")]
    assert "url(" not in style and "@import" not in style
    policy = page.named("meta")[1]["content"]
    assert policy.startswith("default-src 'none'; img-src data:;")


def test_what_a_run_says_stays_text(records: List[RunRecord]) -> None:
    html = render_report(records, BOOK)
    assert "<script" not in html and "<img src=https" not in html
    assert "".join(Page(html).text).count("<script>alert(1)</script>") >= 5


def test_pictures_are_embedded_if_they_are_pictures(tmp_path: Path) -> None:
    heatmap = plots.heatmap_figure(np.eye(2), ["a", "b"], ["c", "d"])
    secret = tmp_path / "secret.png"
    plots.save(heatmap, secret)
    drawn = {
        "attention.png": secret.read_bytes(),
        "curve.png": secret.read_bytes(),  # drawn by the page itself
        "false.png": b"<svg onload=alert(1)>",
        "changed.png": secret.read_bytes(),
        "lost.png": secret.read_bytes(),
    }
    run = write_run(tmp_path / "run", "tagging", 1, [3.0, 2.0], pictures=drawn)
    (run.directory / "linked.png").symlink_to(secret)
    with open(run.directory / "changed.png", "ab") as file:
        file.write(b"\0")
    (run.directory / "lost.png").unlink()
    os.mkfifo(run.directory / "waiting.png")
    page = Page(render_report([run], BOOK))
    (picture,) = page.named("img")
    assert picture["alt"] == "attention, seed 1"
    text = "".join(page.text)
    for name in ("false", "changed", "lost", "linked", "waiting"):
        assert f"Seed 1, not shown: {name}.png: " in text


def test_a_page_of_nothing_is_a_page() -> None:
    assert Page(render_report([], BOOK)).named("section") == []


def test_the_page_is_written_whole(tmp_path: Path, records: List[RunRecord]) -> None:
    path = tmp_path / "report.html"
    write_report(path, records, BOOK)
    assert path.read_text("utf-8") == render_report(records, BOOK)
    assert [p.name for p in tmp_path.iterdir() if p.name != "runs"] == ["report.html"]


def test_the_spread_over_seeds() -> None:
    curves = [([1, 2], [1.0, 8.0]), ([1, 2, 3], [4.0, 2.0, 5.0])]
    epochs, low, middle, high = spread(curves)
    assert (epochs, low, high) == ([1, 2, 3], [1, 2, 5], [4, 8, 5])
    np.testing.assert_allclose(middle, [2, 4, 5], rtol=1e-12, atol=0)


def test_the_curve_lies_inside_its_picture_and_falls_when_it_falls() -> None:
    number = BOOK["bilstm"]
    curve = (number.epochs, builds_of(number)[0])
    svg = curve_svg([curve], number, "x")
    assert svg is not None
    (points,) = re.findall('class="ours" points="([^"]*)"', svg)
    places = np.array([place.split(",") for place in points.split()], dtype=float)
    box = re.findall(r'viewBox="0 0 (\d+) (\d+)"', svg)[0]
    assert (places >= 0).all() and (places <= np.array(box, dtype=float)).all()
    assert (np.diff(places[:, 0]) > 0).all()
    falls = np.diff(builds_of(number)[0]) < -0.05
    assert falls.any() and (np.diff(places[:, 1])[falls] > 0).all()


@pytest.mark.parametrize("values", [[], [float("inf")], [1.0], [2.0, 2.0], [1e-9, 1e9]])
def test_any_curve_can_be_drawn(values: List[float]) -> None:
    svg = curve_svg([(list(range(len(values))), values)], None, "x")
    assert (svg is None) == (values in ([], [float("inf")]))
    if svg is not None:
        Page(svg)
        assert "nan" not in svg and "inf" not in svg


def browse(path: Path, profile: Path, *flags: str) -> Tuple[str, List[str]]:
    """A page's elements after Chromium has loaded it, and what its console says."""
    assert CHROMIUM is not None
    quiet = "gpu quic background-networking component-update sync extensions".split()
    answer = subprocess.run(
        [
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--no-first-run",
            *("--disable-" + name for name in quiet),
            "--proxy-server=127.0.0.1:9",  # the browser's own errands go nowhere
            f"--user-data-dir={profile}",
            "--enable-logging=stderr",
            *flags,
            "--dump-dom",
            path.as_uri(),
        ],
        capture_output=True,
        timeout=120,
        check=True,
        env={**os.environ, "HOME": str(profile)},
    )
    lines = answer.stderr.decode("utf-8", "replace").splitlines()
    return answer.stdout.decode(), [line for line in lines if ":CONSOLE" in line]


@pytest.mark.skipif(
    CHROMIUM is None, reason="needs Chromium (apt-get install chromium)"
)
def test_chromium_shows_the_page(tmp_path: Path, records: List[RunRecord]) -> None:
    path = tmp_path / "report.html"
    write_report(path, records, BOOK)
    elements, console = browse(path, tmp_path / "profile")
    assert console == []
    assert elements.count('data-label="verdict"') == 4
    assert elements.count("<svg") == 8
    for name in ("bilstm", "lstm", "rnn-v1"):
        assert re.search(rf'<a href="#row-\d">{name}</a>', elements)
    # the check would notice: a page that asks for more is told off in its console
    path.write_text(
        path.read_text().replace(
            "</body>", '<img src="https://example.org/x.png"></body>'
        )
    )
    _, console = browse(path, tmp_path / "profile")
    assert len(console) == 1 and "Content Security Policy" in console[0]


def test_a_run_that_was_resumed_elsewhere_says_so(tmp_path: Path) -> None:
    start = {"first_epoch": 1, "commit": "abc", "command": "run", "started": "today"}
    same = {**start, "first_epoch": 3, "started": "tomorrow"}
    other = {**same, "first_epoch": 6, "commit": "def"}
    said = "from epoch 6 on: commit def, before abc"
    for starts, expected in (
        ([start], ""),
        ([start, same], ""),
        ([start, other], said),
    ):
        assert mixed_starts({"starts": starts}) == expected
    assert mixed_starts({}) == mixed_starts({"starts": "none"}) == ""
    run = made_runs(tmp_path)[0]
    run.environment["starts"] = [start, other]
    assert f"Seed {run.seed}, {said}." in render_report([run], BOOK)
