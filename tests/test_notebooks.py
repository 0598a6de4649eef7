"""In a real kernel: each training's curve in its own cell, and nothing astray.

And in a script, where the same calls must not need a notebook.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Dict, List

# Lists the fonts, where it is the first import: a kernel that has to says so.
import matplotlib.font_manager  # noqa: F401
import nbformat
import pytest
from nbclient import NotebookClient

import d2l_rnn

Run = Callable[..., List["Answered"]]
PACKAGE_PARENT = str(Path(d2l_rnn.__file__).resolve().parent.parent)

SETUP = """
import d2l_rnn as d2l
from mxnet import np
from mxnet.gluon import rnn

vocab = d2l.Vocab(list("time traveller"))
# Two minibatches of (batch_size, num_steps) = (2, 4).
loader = [(np.array([[1, 2, 3, 4], [4, 3, 2, 1]]), np.array([[2, 3, 4, 1]] * 2))] * 2
net = d2l.RNNModel(rnn.RNN(8), len(vocab))
sentences = np.array([[1, 2, 3], [3, 2, 1]]), np.array([3, 3])
pairs = [(*sentences, *sentences)]
tgt_vocab = {"<bos>": 0}
translator = d2l.EncoderDecoder(
    d2l.Seq2SeqEncoder(4, 8, 8, 1), d2l.Seq2SeqDecoder(4, 8, 8, 1)
)
"""
# Thirty epochs are three points, as in the book.
TRAIN = "d2l.train_ch8(net, loader, vocab, 1, 30, d2l.try_gpu())"
TRAIN_ONCE = TRAIN.replace("30", "1")
TRANSLATE = "d2l.train_seq2seq(translator, pairs, 0.01, 30, tgt_vocab, d2l.try_gpu())"

DRAW = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nprint('before')\n"

# As Colab does it: a kernel and a shell of other names.
COLAB = """
from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from ipykernel.zmqshell import ZMQInteractiveShell
from traitlets import Type

class Shell(ZMQInteractiveShell):
    pass

class Kernel(IPythonKernel):
    shell_class = Type(Shell)

if __name__ == "__main__":
    IPKernelApp.launch_instance(kernel_class=Kernel)
"""


class Recorder(NotebookClient):
    """Runs cells, and remembers what kinds of output came in each."""

    def __init__(self, notebook: Any, **options: Any) -> None:
        super().__init__(notebook, **options)
        self.messages: List[List[str]] = [[] for _ in notebook.cells]

    def process_message(self, msg: Dict[str, Any], cell: Any, cell_index: int) -> Any:
        if msg["msg_type"] in ("display_data", "update_display_data", "stream"):
            self.messages[cell_index].append(msg["msg_type"])
        return super().process_message(msg, cell, cell_index)


class Answered:
    """The outputs of a cell."""

    def __init__(self, cell: Any, messages: List[str]) -> None:
        outputs = cell.outputs
        self.messages = messages
        self.pictures = [
            next(data for kind, data in output.data.items() if "image/" in kind)
            for output in outputs
            if any(kind.startswith("image/") for kind in output.get("data", ()))
        ]
        self.results = [
            output.data["text/plain"]
            for output in outputs
            if output.output_type == "execute_result"
        ]
        self.out = "".join(o.text for o in outputs if o.get("name") == "stdout")
        self.stderr = "".join(o.text for o in outputs if o.get("name") == "stderr")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs cells in a new kernel of this Python, launched as told."""
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("PYTHONPATH", PACKAGE_PARENT)
    # Ours to choose: this process has already chosen it for itself.
    monkeypatch.delenv("MXNET_ENGINE_TYPE", raising=False)
    folder = tmp_path / "kernels" / "tested"
    folder.mkdir(parents=True)

    def run_cells(cells: List[str], *launcher: str) -> List[Answered]:
        argv = [sys.executable, *launcher, "-f", "{connection_file}"]
        specification = {"argv": argv, "display_name": "", "language": "python"}
        (folder / "kernel.json").write_text(json.dumps(specification))
        v4: Any = nbformat.v4
        notebook = v4.new_notebook(cells=[v4.new_code_cell(source) for source in cells])
        client = Recorder(
            notebook, kernel_name="tested", timeout=60, shutdown_kernel="immediate"
        )
        client.execute()
        return [Answered(*pair) for pair in zip(notebook.cells, client.messages)]

    return run_cells


JUPYTER = ("-m", "ipykernel_launcher")


def is_the_curve(cell: Answered, label: str) -> None:
    """One picture with this label, there before the text, twice updated."""
    assert len(cell.pictures) == 1
    assert f"<!-- {label} -->" in cell.pictures[0]
    assert cell.messages[-4:-1] == ["display_data"] + ["update_display_data"] * 2
    assert cell.messages[-1] == "stream"


def test_one_cell_that_does_everything(run: Run) -> None:
    """Also the first use of MXNet's engine, by the reader, and the import of pyplot."""
    everything = (
        "import d2l_rnn as d2l\nimport mxnet\nprint(mxnet.np.ones(2).sum())\n"
        "from matplotlib import pyplot\n" + SETUP + TRAIN
    )
    cells = run(
        [everything, "", f"history = {TRANSLATE}", "history"]
        + [f"again = {TRAIN_ONCE}\nagain", "[again][0]", f"[{TRAIN_ONCE}][0]"],
        *JUPYTER,
    )
    is_the_curve(cells[0], "perplexity")
    assert cells[0].out.startswith("2.0\nperplexity ")
    is_the_curve(cells[2], "loss")
    assert cells[1].messages == cells[3].messages == []
    results = [[result[:8] for result in cell.results] for cell in cells]
    shown = ["History("]
    assert results == [[], [], [], shown, shown, shown, []]
    assert len(cells[4].pictures) == 1
    assert "".join(cell.stderr for cell in cells) == ""


@pytest.mark.slow
def test_in_colab_without_d2l_with_pyplot_inline(run: Run, tmp_path: Path) -> None:
    """The reader's own figure is drawn as ever, and what was printed stays."""
    launcher = tmp_path / "colab_kernel.py"
    launcher.write_text(COLAB, encoding="utf-8")
    cells = run(
        [
            "%matplotlib inline\ntype(get_ipython()).__name__",
            "import sys\nsys.modules['d2l'] = None  # as if it were not installed",
            SETUP,
            TRAIN,
            DRAW + TRAIN,
            TRANSLATE,
        ],
        str(launcher),
    )
    assert cells[0].results == ["'Shell'"]
    is_the_curve(cells[3], "perplexity")
    curve, readers = cells[4].pictures
    assert "<!-- perplexity -->" in curve and "<!--" not in readers
    assert cells[4].messages[-1] == "display_data"
    assert cells[4].out.startswith("before\nperplexity ")
    is_the_curve(cells[5], "loss")
    assert cells[3].results == cells[4].results == cells[5].results == []
    assert "".join(cell.stderr for cell in cells) == ""


SCRIPT = """
from IPython.core import pylabtools
from d2l_rnn.results import plots_live

# As IPython is from 9.16 on.
vars(pylabtools).pop("backend2gui", None)
vars(pylabtools).pop("__getattr__", None)

d2l.plot([1, 2], [3, 4])
print(d2l.plt.gca().lines[0].get_ydata())
{train}

def drawn(make):
    limits = [1, 9], [0.5, 8]
    legend = ["train", "test"]
    animator = make("epoch", "loss", legend, *limits, yscale="log", figsize=(4, 2))
    for x, y in (1, [7, 6]), (2, (None, 3)), (3, [4, None]), ([4, 5], [2, 1]):
        animator.add(x, y)
    (axes,) = animator.axes
    lines = [
        (line.get_xydata().tolist(), line.get_color(), line.get_linestyle())
        for line in axes.lines
    ]
    texts = [text.get_text() for text in axes.get_legend().get_texts()]
    return (
        animator.X, animator.Y, lines, texts, axes.get_xlabel(), axes.get_ylabel(),
        axes.get_xlim(), axes.get_ylim(), axes.get_xscale(), axes.get_yscale(),
        animator.fig.get_size_inches().tolist(),
    )

expected = drawn(d2l.Animator)  # which shows itself as text at each point
print("ours")
assert drawn(plots_live.Animator) == expected
"""


@pytest.mark.slow
def test_a_script_that_draws_to_files() -> None:
    """d2l's pictures and our training, whatever the IPython; our Animator is d2l's."""
    pytest.importorskip("d2l", reason="d2l is not installed here")
    script = SETUP + SCRIPT.format(train=TRAIN_ONCE)
    environment = {"MPLBACKEND": "Agg", "PYTHONPATH": PACKAGE_PARENT}
    process = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )
    assert (process.returncode, process.stderr) == (0, "")
    assert process.stdout.startswith("[3 4]\nperplexity ")
    assert process.stdout.endswith("\nours\n")
