"""The picture of the truncation strategies shows where they cut."""

from __future__ import annotations

from matplotlib.patches import FancyBboxPatch

from d2l_rnn.results.plots_truncation import truncation_figure


def test_boxes_end_where_the_gradient_stops() -> None:
    figure = truncation_figure(
        list("abcdef"), {"cut": [1, 1, 0, 1, 1.5, 1], "full": [1] * 6}
    )
    (axes,) = figure.axes
    spans = [
        (round(patch.get_x() + 0.45), round(patch.get_x() + 0.45 + patch.get_width()))
        for patch in axes.patches
        if isinstance(patch, FancyBboxPatch)
    ]
    assert spans == [(0, 2), (2, 6), (0, 6)]
    texts = [text.get_text() for text in axes.texts]
    assert texts.count("1.5") == 1
    assert "".join(texts).count("abcdef") == 1 and len(texts) == 2 * 6 + 2 + 1
