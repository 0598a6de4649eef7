"""Environments really installed: the newest NumPy, and one that another package brings.

All of this is slow, and asks the package index: python -m pytest -m slow, this file.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from d2l_rnn import numpy_compatibility

ROOT = Path(numpy_compatibility.__file__).resolve().parents[1]
PIP = ("-m", "pip", "install", "--quiet", "--upgrade")


class Environment:
    """A virtual environment, whose Python this runs from outside the working tree."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = folder / "bin" / "python"

    def run(self, *arguments: str) -> str:
        """What its Python prints; the test fails where that fails."""
        process = subprocess.run(
            [str(self.python), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=dict(os.environ, PYTHONPATH=str(ROOT)),
            cwd=str(self.folder),
        )
        assert process.returncode == 0, process.stdout[-4000:]
        return process.stdout

    def numpy_version(self) -> str:
        return self.run("-c", "import numpy; print(numpy.__version__)").strip()

    def works(self) -> None:
        """The smoke test, a reader's own lines, and the curves of this process."""
        print("NumPy", self.numpy_version())
        self.run(str(ROOT / "scripts" / "smoke_test.py"))
        self.run("-W", "ignore", "-c", BOOK_CODE)
        # From the NumPy of this process to that one, bit for bit.
        compare = str(ROOT / "scripts" / "compare_pythons.py")
        print(self.run(compare, sys.executable, str(self.python), "--epochs", "3"))


@pytest.mark.slow
def test_the_newest_numpy_of_today(tmp_path: Path) -> None:
    """The next break is seen here first: whatever NumPy the index has, unpinned.

    A fresh environment under this Python; mxnet and d2l without what they ask for.
    """
    venv.create(tmp_path, with_pip=True)
    environment = Environment(tmp_path)
    environment.run(*PIP, "--no-deps", "mxnet==1.9.1", "d2l==1.0.3")
    environment.run(*PIP, "numpy", *REQUIRED)
    environment.works()


@pytest.mark.slow
@pytest.mark.parametrize("version", ["3.9", "3.10", "3.11", "3.12"])
def test_another_package_may_bring_numpy_2(version: str, tmp_path: Path) -> None:
    """The set-up's environment goes on when pip puts NumPy 2 in the place of ours."""
    set_up = 'source scripts/setup_environment.sh; ensure_environment "$1" "" "$2"'
    process = subprocess.run(
        ["bash", "-c", set_up, "bash", str(tmp_path / "environment"), version],
        cwd=str(ROOT),
        env={key: value for key, value in os.environ.items() if key != "PYTHON"},
        stderr=subprocess.PIPE,
        text=True,
    )
    if process.returncode == 2:
        pytest.skip(f"needs Python {version} (system owner)")
    assert process.returncode == 0, process.stderr
    environment = Environment(tmp_path / "environment")
    assert environment.numpy_version().startswith("1.")
    # What pip reports of our pins is no failure of its own.
    environment.run("-m", "pip", "install", "--quiet", "onnx")
    if environment.numpy_version().startswith("1."):  # this onnx was content with ours
        environment.run(*PIP, "numpy>=2")
    assert environment.numpy_version().startswith("2.")
    environment.works()


# What mxnet 1.9.1, d2l 1.0.3 and d2l_rnn import, without a version for any.
REQUIRED = (
    "requests",
    *("ipython", "matplotlib", "matplotlib-inline", "pandas"),
    *("filelock", "platformdirs", "pooch", "safetensors", "tqdm"),
)
# A reader's own lines: d2l_rnn first, mxnet by themselves, NumPy as it was.
BOOK_CODE = """
import d2l_rnn as d2l
import numpy
from mxnet import autograd, gluon, np, npx
npx.set_np()
given = d2l.numpy_compatibility.given_back()
assert {name for name in given if hasattr(numpy, name)} <= {"bool", "Inf", "compat"}
net = gluon.nn.Dense(numpy.int64(1))
net.initialize()
X, w = np.random.normal(0, 1, (numpy.int64(100), 2)), np.array([2, -3.4])
trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
data = gluon.data.DataLoader(gluon.data.ArrayDataset(X, np.dot(X, w)), 10, True)
for epoch in range(10):
    for x, y in data:
        with autograd.record():
            loss = gluon.loss.L2Loss()(net(x), y)
        loss.backward()
        trainer.step(10)
assert abs(net.weight.data() - w).max() < 1e-2, net.weight.data()
d2l.plot(np.arange(3), [np.arange(3)], "x", "y")
assert d2l.Residual is not None
"""
