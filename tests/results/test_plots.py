"""What a picture shows is what the numbers are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from d2l_rnn.arrays import Floats
from d2l_rnn.results import plots, plots_live
from d2l_rnn.results.record import RunRecord

from .made_runs import BOOK, builds_of, every_epoch, write_run

PNG = b"\x89PNG\r\n\x1a\n"


def line(figure: object, label: str) -> Floats:
    """The points of the line of that label."""
    (axes,) = figure.axes  # type: ignore[attr-defined]
    (found,) = [line for line in axes.lines if line.get_label() == label]
    return np.asarray(found.get_xydata())


@pytest.mark.parametrize("name", ["bilstm", "seq2seq"])
def test_the_curve_is_drawn_over_the_books_band(tmp_path: Path, name: str) -> None:
    number = BOOK[name]
    curve = every_epoch(number, builds_of(number)[3])
    figure = plots.curve_figure([write_run(tmp_path, name, 7, curve)], number)
    drawn = line(figure, "seed 7")
    np.testing.assert_allclose(drawn[:, 0], np.arange(1, len(curve) + 1), 0, 0)
    np.testing.assert_allclose(drawn[:, 1], curve, rtol=1e-9, atol=0)
    low, middle, high = number.band()
    np.testing.assert_allclose(
        line(figure, "their median"), np.transpose([number.epochs, middle]), 0, 0
    )
    (axes,) = figure.axes
    (band,) = axes.collections
    corners = {(x, y) for x, y in np.asarray(band.get_paths()[0].vertices)}
    assert set(zip(number.epochs, low)) | set(zip(number.epochs, high)) <= corners
    bottom, top = axes.get_ylim()
    assert bottom <= min(low) and top >= max(high)
    ticks = axes.get_yticks()
    assert 4 <= len(ticks) <= 12


@pytest.mark.parametrize("name", BOOK)
def test_every_published_number_can_be_drawn(tmp_path: Path, name: str) -> None:
    number = BOOK[name]
    runs = [
        write_run(tmp_path / str(seed), name, seed, every_epoch(number, values))
        for seed, values in enumerate(builds_of(number)[:2])
    ]
    path = tmp_path / "curve.png"
    plots.save(plots.curve_figure(runs, number), path)
    assert path.read_bytes().startswith(PNG)


def test_infinite_and_missing_values_are_left_out(tmp_path: Path) -> None:
    rows = [
        {"epoch": 1, "perplexity": 5.0},
        {"epoch": 2, "perplexity": float("inf")},
        {"epoch": 3},
        {"epoch": 4, "perplexity": 4.0},
        {"perplexity": 3.0},
    ]
    damaged: Any = rows
    run = RunRecord(tmp_path, {"experiment": "x", "seed": 1}, {}, damaged, None)
    drawn = line(plots.curve_figure([run]), "seed 1")
    assert drawn.tolist() == [[1, 5.0], [4, 4.0]]


def test_a_run_without_epochs_and_odd_names_can_be_drawn(tmp_path: Path) -> None:
    run = RunRecord(tmp_path, {"experiment": "$x_{", "seed": "$"}, {}, [], None)
    plots.save(plots.curve_figure([run], BOOK["gru"]), tmp_path / "1.png")
    heatmap = plots.heatmap_figure([[0.0, 1.0]], ["$^"], ["\\", "$a$"], "$_")
    plots.save(heatmap, tmp_path / "2.png")


def test_the_same_figure_gives_the_same_file(tmp_path: Path) -> None:
    for name in ("1.png", "2.png"):
        figure = plots.lines_figure({"a": ([1, 2], [3, 4])}, "x", "y", title="t")
        plots.save(figure, tmp_path / name)
    assert (tmp_path / "1.png").read_bytes() == (tmp_path / "2.png").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.png", "2.png"]


def test_lines_are_named_at_their_ends_or_in_a_legend() -> None:
    apart = {"a": ([0, 1], [0, 0]), "b": ([0, 1], [0, 1])}
    (axes,) = plots.lines_figure(apart, "x", "y").axes
    assert [text.get_text() for text in axes.texts] == ["a", "b"]
    assert axes.get_legend() is None
    together = {"a": ([0, 1], [0, 1]), "b": ([0, 1], [0, 1])}
    (axes,) = plots.lines_figure(together, "x", "y").axes
    assert not axes.texts
    legend = axes.get_legend()
    assert legend and [text.get_text() for text in legend.get_texts()] == ["a", "b"]


def test_zipf_draws_counts_by_rank() -> None:
    figure = plots.zipf_figure({"words": [100, 50, 33], "pairs": [9, 3]})
    assert figure.axes[0].get_xscale() == figure.axes[0].get_yscale() == "log"
    assert line(figure, "words").tolist() == [[1, 100], [2, 50], [3, 33]]


def test_a_heatmap_shows_every_weight() -> None:
    weights = np.array([[0.25, 0.75], [10.05, -1.0]])
    axes = plots.heatmap_figure(weights, ["r", "s"], ["c", "d"]).axes[0]
    assert [text.get_text() for text in axes.texts] == [".25", ".75", "10.05", "-1.00"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["c", "d"]
    assert np.array_equal(np.asarray(axes.images[0].get_array()), weights)


def test_predictions_are_drawn_at_their_times() -> None:
    figure = plots.prediction_figure(
        ([1, 2, 3], [0.1, 0.2, 0.3]), {"1-step": ([2, 3], [0.5, 0.6])}, boundary=2
    )
    assert line(figure, "1-step").tolist() == [[2, 0.5], [3, 0.6]]


def test_no_window_system_and_no_global_state_is_needed(tmp_path: Path) -> None:
    code = (
        "import sys; from d2l_rnn.results import plots\n"
        "plots.save(plots.lines_figure({'a': ([1], [1])}, 'x', 'y'), sys.argv[1])\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "x.png")], check=True)


def test_names_stand_at_ends_that_are_together_only() -> None:
    """A line that ends early would have its name on the others."""
    early = {"a": ([0, 9], [0, 0]), "b": ([0, 1], [0, 1])}
    (axes,) = plots.lines_figure(early, "x", "y").axes
    assert not axes.texts and axes.get_legend() is not None


@pytest.mark.parametrize("name", sorted(BOOK))
def test_the_notebooks_curve_grows_over_the_builds(name: str) -> None:
    number = BOOK[name]
    curve = plots_live.CurveOverBuilds(number, 1, 30)
    low, _, high = number.band()
    for epoch in (1, 2):
        curve.add(epoch, [float(epoch)])
    (axes,) = curve.axes
    assert axes.get_xlim() == (1, 30)
    legend = axes.get_legend()
    assert legend is not None
    labels = {text.get_text() for text in legend.get_texts()}
    assert "train" in labels and any("builds of the book" in text for text in labels)
    ours = [line for line in axes.lines if line.get_label() == "train"]
    assert [line.get_xydata().tolist() for line in ours] == [[[1, 1], [2, 2]]]
    if len(number.epochs) > 1:
        (band,) = axes.collections
        (path,) = band.get_paths()
        drawn = {tuple(vertex) for vertex in path.vertices.tolist()}
        assert drawn >= {*zip(number.epochs, low), *zip(number.epochs, high)}
