"""The report as its readers have it: order, sentences, legends, settings, Chinese."""

from __future__ import annotations

import json
import re
from html import escape
from pathlib import Path
from typing import Dict, List, Optional, Tuple

import numpy as np
import pytest

from d2l_rnn.cli import main
from d2l_rnn.experiments.table import EXPERIMENTS, published_settings
from d2l_rnn.results import report_words, what_it_shows
from d2l_rnn.results.curve_svg import thumbnail_svg
from d2l_rnn.results.curves_svg import curves_svg
from d2l_rnn.results.readme_words import CHINESE, ENGLISH
from d2l_rnn.results.record import RunRecord
from d2l_rnn.results.report import render_report
from d2l_rnn.results.report_words import Words
from d2l_rnn.results.report_words_zh import REASONS, SUMMARIES, translated
from d2l_rnn.results.told import Told, chapter, place
from d2l_rnn.results.verdict.compare import compare
from d2l_rnn.results.verdict.rendering import HEADINGS

from ..test_chinese_pages import faults
from .made_runs import BOOK, builds_of, every_epoch, write_run
from .test_report import CHROMIUM, EVIL, Page, browse, made_runs

TOLD = {row.name: Told(row.section, row.summary) for row in EXPERIMENTS.values()}


def build_as_run(
    directory: Path, name: str, seed: int, config: Optional[Dict[str, object]] = None
) -> RunRecord:
    """A build's curve as a run of the book's settings, or of others."""
    defaults = published_settings()[name]
    curve = every_epoch(BOOK[name], builds_of(BOOK[name])[seed])
    changed = {**defaults, **(config or {})}
    return write_run(directory, name, seed, curve, changed)


def text_of(html: str) -> str:
    return " ".join(" ".join(Page(html).text).split())


# -- the book's order


def test_experiments_stand_in_the_books_order_whatever_theirs(tmp_path: Path) -> None:
    names = ["mine", "gru-v1", "seq2seq", "hmm", "rnn-zh", "bilstm", "rnn", "bptt"]
    runs = [write_run(tmp_path / name, name, 1, [3.0, 2.0]) for name in names]
    page = Page(render_report(runs, BOOK, told=TOLD))
    html = render_report(runs, BOOK, told=TOLD)
    shown = re.findall(r"<h3>(.+?)</h3>", html)
    assert shown == [
        *("rnn", "bptt", "hmm", "bilstm", "seq2seq", "gru-v1", "rnn-zh", "mine")
    ]
    heads = re.findall(r"<h2>(.+?)</h2>", html)
    assert heads == [
        "8 Recurrent neural networks",
        "9 Modern recurrent neural networks",
        "Edition 1.0",
        "First Chinese edition",
        "Other experiments",
    ]
    assert [row["class"] for row in page.named("tr") if row] == ["part"] * len(heads)


def test_sections_sort_as_numbers_by_edition() -> None:
    sections = ["9.10", "", "6.5 (zh v1)", "9.2.3", "9.2", "8.2, 8.3", "9.5 (1.0)"]
    assert sorted(sections, key=place) == [
        *("8.2, 8.3", "9.2", "9.2.3", "9.10", "9.5 (1.0)", "6.5 (zh v1)", "")
    ]
    assert [chapter(section) for section in ("8.2, 8.3", "9.5 (1.0)", "")] == [
        *("8", "1.0", "none")
    ]
    words = Words("zh")
    for told in TOLD.values():  # each has a heading
        assert words(chapter(told.section))


# -- what the book does not print


def test_what_the_book_does_not_print_says_what_it_shows(tmp_path: Path) -> None:
    scores = {
        name: {"accuracy": value}
        for name, value in (("bidirectional", 0.5), ("left_to_right", 0.25))
    }
    scores["ngrams"] = {"accuracy": 0.125}
    runs = [
        write_run(tmp_path / str(s), "cloze", s, [3.0], result={"scores": scores})
        for s in (1, 2)
    ]
    english = text_of(render_report(runs, BOOK, told=TOLD))
    assert (
        "of 100 blanks both sides fill 50.0 right, the left side alone 25.0, n-grams "
        "12.5" in english
    )
    assert "the book prints no number" not in english
    chinese = text_of(render_report(runs, BOOK, told=TOLD, language="zh"))
    assert "每 100 个空，看两侧的模型填对 50.0 个" in chinese
    unfinished = write_run(tmp_path / "u", "cloze", 3, [3.0], finish=False)
    assert "not finished: 1 epochs" in text_of(render_report([unfinished], BOOK))


@pytest.mark.parametrize("value", ["", "x", "1e999", {}, [], None, True, "9" * 400])
def test_any_result_makes_a_sentence(value: object) -> None:
    for name in [*EXPERIMENTS, "mine"]:
        for language in what_it_shows.LANGUAGES:
            keys = ("perplexity", "heldout_perplexity", "scores", "lines")
            result = dict.fromkeys(keys, value)
            found = what_it_shows.what_it_shows(name, [{"result": result}], language)
            assert found and "{" not in found


def test_sentences_have_the_same_numbers_in_both_languages() -> None:
    for _, english, chinese in what_it_shows._SENTENCES.values():
        holes = [re.findall(r"\{.*?\}", text) for text in (english, chinese)]
        assert sorted(holes[0]) == sorted(holes[1]) != []
        assert faults(chinese) == []


# -- the curve


def test_every_entry_of_a_legend_says_whose_range_it_is(tmp_path: Path) -> None:
    runs = [build_as_run(tmp_path / str(seed), "gru", seed) for seed in (1, 2)]
    html = render_report(runs, BOOK)
    (legend,) = re.findall(r"<figcaption class=key>(.*?)</figcaption>", html)
    entries = re.findall(r">([^<]+)</span>", legend)
    assert entries == [
        *("ours, mean of 2 seeds", "range of our seeds"),
        *("median of 41 builds", "range of the builds"),
    ]


def test_a_small_curve_is_the_large_one_made_smaller() -> None:
    number = BOOK["bilstm"]
    curve = (number.epochs, builds_of(number)[0])
    svg = thumbnail_svg([curve], number, "x")
    assert svg is not None
    (points,) = re.findall('class="ours" points="([^"]*)"', svg)
    places = np.array([place.split(",") for place in points.split()], dtype=float)
    box = np.array(re.findall(r'viewBox="0 0 (\d+) (\d+)"', svg)[0], dtype=float)
    assert (places >= 0).all() and (places <= box).all()
    falls = np.diff(builds_of(number)[0]) < -0.05
    assert (np.diff(places[:, 1])[falls] >= 0).all()
    low, _, high = number.band()
    numbers = [float(text) for text in re.findall(r">([\d.]+)</text>", svg)]
    assert numbers == [
        number.num_epochs,
        float(f"{max(high):.3g}"),
        float(f"{min(low):.3g}"),
    ]
    assert thumbnail_svg([([], [])], number, "x") is None


# -- settings side by side


def test_settings_that_differ_stand_side_by_side(tmp_path: Path) -> None:
    runs = [build_as_run(tmp_path / str(seed), "lstm", seed) for seed in (1, 2)]
    assert "settings compared" not in render_report(runs, BOOK, published_settings())
    for lr, seed in ((0.5, 3), (0.25, 4)):
        runs.append(build_as_run(tmp_path / str(lr), "lstm", seed, {"lr": lr}))
    unfinished = write_run(tmp_path / "u", "lstm", 5, [2.0], {"lr": 9}, finish=False)
    html = render_report([*runs, unfinished], BOOK, published_settings())
    assert html.count("lstm: settings compared") == 1
    (table,) = re.findall("<table class=settings>(.*?)</table>", html)
    rows = [
        [re.sub("<.*?>", "", cell) for cell in re.findall("<t[hd]>(.*?)</t[hd]>", row)]
        for row in re.findall("<tr>(.*?)</tr>", table)
    ]
    values = [run.epochs[-1]["perplexity"] for run in runs]
    mean, low, high = np.mean(values[:2]), min(values[:2]), max(values[:2])
    assert rows == [
        ["", "ours", "verdict", "seeds", "lr"],
        ["", f"{mean:.3f} [{low:.3f}, {high:.3f}]", "reproduced", "2", "1"],
        ["", f"{values[2]:.3f}", "not comparable", "1", "0.5"],
        ["", f"{values[3]:.3f}", "not comparable", "1", "0.25"],
    ]
    (figure,) = re.findall('<figure id="settings-.*?</figure>', html)
    assert re.findall(r'polyline class="line (c\d) d0"', figure) == ["c0", "c1", "c2"]
    # the row's swatch is its line's
    assert re.findall(r'<td><span class="line (c\d) d0">', table) == ["c0", "c1", "c2"]


def test_many_settings_still_look_different() -> None:
    curves = [[([1, 2], [float(k + 2), 1.0])] for k in range(20)]
    svg = curves_svg(curves, None, "x", ("epoch", "y"))
    assert svg is not None
    styles = re.findall('polyline class="(.*?)"', svg)
    assert len(styles) == len(set(styles)) == 20
    assert curves_svg([[([1], [float("nan")])], []], None, "x", ("", "")) is None


def test_hostile_settings_stay_text(tmp_path: Path) -> None:
    runs = [
        write_run(tmp_path / str(k), EVIL, 1, [3.0, 2.0], {EVIL: k, "note": EVIL * k})
        for k in (1, 2)
    ]
    for language in what_it_shows.LANGUAGES:
        html = render_report(runs, BOOK, language=language, title=EVIL)
        assert "<script" not in html and "<img src=https" not in html
        assert Page(html).named("table")
        assert html.count("<table class=settings>") == 1


# -- Chinese


def test_the_table_of_words_is_one_for_both_languages() -> None:
    for key, pair in report_words._TABLE.items():
        holes = [sorted(re.findall(r"\{.*?\}", text)) for text in pair]
        assert holes[0] == holes[1], key
        assert faults(pair[1]) == [], key
        assert re.search("[\u4e00-\u9fff]|^\\{verdict\\}", pair[1]), key
    for text in (*SUMMARIES.values(), *REASONS.values()):
        assert faults(text) == []
    assert set(EXPERIMENTS) <= set(SUMMARIES)
    assert set(HEADINGS) <= set(report_words._TABLE)


def test_the_pages_tables_and_the_report_have_the_same_words() -> None:
    for key, english in ENGLISH.items():
        if report_words._TABLE.get(key, ("", ""))[0] == english:
            assert report_words._TABLE[key][1] == CHINESE[key], key


def test_every_hole_of_a_reason_is_in_its_chinese() -> None:
    for english, chinese in REASONS.items():
        holes = {f"{{{index}}}" for index in range(english.count("…"))}
        assert set(re.findall(r"\{\d\}", chinese)) == holes, english


def test_what_a_verdict_says_is_said_in_chinese(tmp_path: Path) -> None:
    """All that compare says of runs of many kinds; numbers and names as they are."""
    runs = made_runs(tmp_path / "made")[:-1]  # judged by several rules
    settings = published_settings()
    other: List[Tuple[str, Dict[str, object]]] = [
        ("epochs", {"num_epochs": 7}),
        ("lr", {"lr": 0.5}),
        ("weights", {"initial_weights": "book"}),
    ]
    runs += [build_as_run(tmp_path / n, "gru", 1, config) for n, config in other]
    runs += [build_as_run(tmp_path / f"gru-{s}", "gru", s) for s in (1, 2)]
    runs.append(build_as_run(tmp_path / "again", "gru", 1))
    number = BOOK["rnn"]
    curve = every_epoch(number, builds_of(number)[0])
    for name, sha1 in (("sample", "0" * 40), (str(number.requires["corpus"]), "1")):
        corpus = {"name": name, "sha1": sha1}
        runs.append(write_run(tmp_path / sha1, "rnn", 1, curve, corpus=corpus))
    runs.append(write_run(tmp_path / "u", "rnn", 2, curve[:9], finish=False))
    runs.append(build_as_run(tmp_path / "alone", "bilstm", 9, other[2][1]))
    words = Words("zh")
    said = set()
    for verdict in [*compare(runs, BOOK, settings), *compare(runs[:9], BOOK)]:
        said.add(verdict.reason)
        found = words.reason(verdict.reason) + words.reason(verdict.apart, ", ")
        plain = found.replace(str(tmp_path), "")
        assert not re.search(r"[A-Za-z'-]+ (the|of|is|are|to|it) ", plain), found
        assert re.search("[\u4e00-\u9fff]", words.reason(verdict.reason))
    assert len(said) > 8


def test_a_long_text_is_not_looked_up() -> None:
    hostile = " of " * 100_000
    assert translated(hostile, REASONS) == hostile


def test_a_chinese_page_has_no_english_words_of_ours(tmp_path: Path) -> None:
    runs = made_runs(tmp_path)[:-1]
    html = render_report(runs, BOOK, told=TOLD, language="zh")
    page = Page(html)
    assert page.named("html") == [{"lang": "zh-CN"}]
    style = html[html.index("<style>") : html.index("</style>")]
    text = text_of(html.replace(style, "<style>"))
    for english, _ in report_words._TABLE.values():
        phrase = re.split(r"\{.*?\}", english)[0].strip(" (:,")
        if len(phrase) > 6 and phrase not in ("perplexity",):
            assert phrase not in text, phrase
    for row in page.tags:
        for name in ("title", "aria-label", "data-label"):
            said = row[1].get(name)
            assert said is None or re.search("[\u4e00-\u9fff]", said)


# -- the command


def test_title_and_language_of_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_run(Path("runs/rnn/seed-1"), "rnn", 1, [3.0, 2.0])
    title = "RNNs & <b>we</b>"
    assert main(["report", "--title", title]) == 0
    html = Path("report.html").read_text("utf-8")
    assert f"<title>{escape(title)}</title>" in html
    assert f"<h1>{escape(title)}</h1>" in html
    assert main(["report", "--lang", "zh"]) == 0
    assert "<h1>我们的结果与书中的结果</h1>" in Path("report.html").read_text("utf-8")
    for arguments, line in (
        (["--title", " "], "--title is empty"),
        (["--lang", "fr"], "--lang: invalid choice: 'fr'"),
    ):
        capsys.readouterr()
        assert main(["report", *arguments]) == 2
        assert line in capsys.readouterr().err


# -- in a browser

_PHONE = """<!DOCTYPE html><meta charset="utf-8"><title>x</title>
<iframe width=390 height=844 style="border:0" srcdoc="{page}"></iframe><p id=found></p>
<script>addEventListener("load", () => {{
  const frame = document.querySelector("iframe"), page = frame.contentDocument;
  const size = (name) => page.querySelector(name).getBoundingClientRect();
  const shown = (name) =>
    frame.contentWindow.getComputedStyle(page.querySelector(name)).display;
  const found = {{width: page.documentElement.scrollWidth}};
  found.curve = size("svg").bottom;
  found.small = size("#row-1-curve").height;
  found.closed = shown("#row-1-curve .back");
  frame.contentWindow.location.hash = "row-1-curve";
  found.large = [size("#row-1-curve").width, size("#row-1-curve").height];
  found.open = shown("#row-1-curve .back");
  document.getElementById("found").textContent = JSON.stringify(found);
}})</script>"""


@pytest.mark.skipif(
    CHROMIUM is None, reason="needs Chromium (apt-get install chromium)"
)
def test_on_a_phone(tmp_path: Path) -> None:
    """The first curve is on the first screen; a picture fills it, and goes back."""
    runs: List[RunRecord] = made_runs(tmp_path / "runs")
    path = tmp_path / "phone.html"
    page = render_report(runs, BOOK, told=TOLD)
    path.write_text(_PHONE.format(page=escape(page, quote=True)), "utf-8")
    elements, _ = browse(path, tmp_path / "profile", "--hide-scrollbars")
    (text,) = re.findall("<p id=.found.>(.+?)</p>", elements)
    found = json.loads(text)
    assert found["width"] == 390
    assert 0 < found["curve"] < 844
    assert found["small"] < 844 and found["large"] == [390, 844]
    assert (found["closed"], found["open"]) == ("none", "block")
