"""The book's pictures, element by element those of d2l 0.17.6, and in a notebook."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any, Dict, Iterator, List

import numpy as np
import pytest
from matplotlib import pyplot

import d2l_rnn as d2l
from d2l_rnn.errors import UsageError

from ..reference import d2l_0_17


@pytest.fixture(scope="module")
def old(request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    module = d2l_0_17.load(Path(str(request.config.cache.mkdir("d2l-0.17.6"))))
    with pytest.MonkeyPatch.context() as monkeypatch:
        # It would make a shell of IPython in this process.
        monkeypatch.setattr(module, "use_svg_display", lambda: None)
        yield module


@pytest.fixture(autouse=True)
def no_window() -> Iterator[None]:
    backend = pyplot.get_backend()
    pyplot.switch_backend("agg")
    with pyplot.rc_context():
        yield
    pyplot.close("all")
    pyplot.switch_backend(backend)


def contents(axes: Any) -> Dict[str, Any]:
    """What can be seen in axes."""
    legend = axes.get_legend()
    return {
        "labels": (axes.get_xlabel(), axes.get_ylabel(), axes.get_title()),
        "shown": (axes.xaxis.get_visible(), axes.yaxis.get_visible()),
        "images": [
            (np.asarray(image.get_array()).tolist(), image.get_cmap().name)
            for image in axes.get_images()
        ],
        "patches": [
            (patch.get_xy(), patch.get_width(), patch.get_height(), patch.get_hatch())
            for patch in axes.patches
        ],
        "legend": legend and [text.get_text() for text in legend.get_texts()],
        "place": axes.get_position().bounds,
    }


def picture_of(function: Any, *args: Any, **named: Any) -> List[Any]:
    pyplot.close("all")
    function(*args, **named)
    (number,) = pyplot.get_fignums()
    figure = pyplot.figure(number)
    figure.canvas.draw()
    return [tuple(figure.get_size_inches()), *map(contents, figure.axes)]


def as_mxnet(array: Any) -> Any:
    from mxnet import np as mxnet_numpy

    return mxnet_numpy.array(array)


@pytest.mark.parametrize("shape", [(1, 1, 4, 5), (2, 3, 4, 5), (2, 1, 4, 5, 3)])
@pytest.mark.parametrize("named", [{}, {"titles": "abc", "cmap": "Blues"}])
def test_heat_maps(old: ModuleType, shape: Any, named: Dict[str, Any]) -> None:
    matrices = as_mxnet(np.random.rand(*shape))
    arguments = (matrices, "Keys", "Queries")
    expected = picture_of(old.show_heatmaps, *arguments, figsize=(5, 4), **named)
    ours = picture_of(d2l.show_heatmaps, *arguments, figsize=(5, 4), **named)
    assert ours == expected
    assert len(ours) == 2 + shape[0] * shape[1]  # the size, and the colours' bar


def test_heat_maps_of_fewer_axes() -> None:
    """A matrix alone, a row of them, and lists: the book's takes none of these."""
    matrices = np.random.rand(1, 2, 3, 4)
    row = picture_of(d2l.show_heatmaps, matrices, "Keys", "Queries")
    for same in (matrices[0], matrices.tolist()):
        assert picture_of(d2l.show_heatmaps, same, "Keys", "Queries") == row
    one = picture_of(d2l.show_heatmaps, matrices[:, :1], "Keys", "Queries")
    assert picture_of(d2l.show_heatmaps, matrices[0, 0], "Keys", "Queries") == one
    pyplot.close("all")
    with pytest.raises(UsageError, match=r"matrices of shape \(4,\): two axes"):
        d2l.show_heatmaps([1, 2, 3, 4], "Keys", "Queries")
    assert pyplot.get_fignums() == []


def test_lengths_of_pairs(old: ModuleType) -> None:
    source = [["word"] * n for n in (1, 2, 2, 7)]
    target = [["mot"] * n for n in (2, 3, 9, 9)]
    arguments = (["source", "target"], "# tokens", "count", source, target)
    ours = picture_of(d2l.show_list_len_pair_hist, *arguments)
    assert ours == picture_of(old.show_list_len_pair_hist, *arguments)
    heights = [height for _, _, height, _ in ours[1]["patches"]]
    assert sum(heights[:10]) == sum(heights[10:]) == 4


def test_images(old: ModuleType) -> None:
    images = as_mxnet(np.random.rand(5, 4, 4))
    for named in ({}, {"titles": list("abcde"), "scale": 2}):
        expected = picture_of(old.show_images, images, 2, 3, **named)
        assert picture_of(d2l.show_images, images, 2, 3, **named) == expected
    assert len(d2l.show_images(images[:1], 1, 1)) == 1
    assert len(d2l.show_images(images.asnumpy(), 1, 5)) == 5


def test_drawing_leaves_the_reader_s_settings() -> None:
    before = dict(pyplot.rcParams)
    d2l.show_list_len_pair_hist(["a", "b"], "x", "y", [[0]], [[0]])
    d2l.show_heatmaps(np.ones((1, 1, 2, 2)), "Keys", "Queries")
    d2l.show_images(np.ones((1, 2, 2)), 1, 1)
    assert dict(pyplot.rcParams) == before
    assert len(pyplot.get_fignums()) == 3


def test_a_notebook_shows_them_below_their_own_cell() -> None:
    """Also where that cell makes the first import of pyplot; what it adds is seen."""
    nbclient = pytest.importorskip("nbclient", reason="a kernel (notebook owner)")
    nbformat = pytest.importorskip("nbformat", reason="a kernel (notebook owner)")
    cells = [
        "import numpy as np\n"
        "import d2l_rnn as d2l\n"
        "d2l.show_heatmaps(np.ones((1, 1, 2, 2)), 'Keys', 'Queries')",
        "1 + 1",
        "axes = d2l.show_images(np.ones((1, 2, 2)), 1, 1)\n"
        "axes[0].set_title('added').get_text()",
    ]
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in cells]
    )
    nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    first, plain, last = ([o.data for o in cell.outputs] for cell in notebook.cells)
    assert ["image/svg+xml" in data for data in first] == [True]
    assert [data.get("text/plain") for data in plain] == ["2"]
    assert ["image/svg+xml" in data for data in last] == [False, True]
    assert "added" in last[1]["image/svg+xml"]
