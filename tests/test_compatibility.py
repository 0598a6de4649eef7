"""mxnet becomes importable, is prepared once, and nothing else is touched."""

from __future__ import annotations

import builtins
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Iterator

import numpy
import pytest

from d2l_rnn import compatibility

PACKAGE_PARENT = str(Path(compatibility.__file__).resolve().parent.parent)


@pytest.fixture
def numpy_without_bool(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """NumPy as it is from 1.24 to 1.26: no ``bool``, and a warning for asking."""

    def no_attribute(name: str) -> None:
        warnings.warn(f"In the future `np.{name}` will be ...", FutureWarning, 2)
        raise AttributeError(name)

    monkeypatch.delitem(vars(numpy), "bool", raising=False)
    monkeypatch.setattr(numpy, "__getattr__", no_attribute)
    yield
    vars(numpy).pop("bool", None)


def test_missing_aliases_are_given_back(numpy_without_bool: None) -> None:
    assert compatibility.restore_numpy_aliases() == ["bool"]
    assert vars(numpy)["bool"] is builtins.bool
    assert compatibility.restore_numpy_aliases() == []


def test_aliases_that_are_there_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """NumPy 2 has a ``bool`` of its own, which is not Python's."""
    monkeypatch.setitem(vars(numpy), "bool", numpy.bool_)
    assert compatibility.restore_numpy_aliases() == []
    assert vars(numpy)["bool"] is numpy.bool_


def test_hook_is_not_installed_once_mxnet_is_there() -> None:
    before = list(sys.meta_path)
    compatibility.install_import_hook()
    assert sys.meta_path == before


def run(code: str, folder: Path) -> str:
    """Run code in a fresh Python, in which ``folder`` holds a stand-in for mxnet."""
    prelude = f"import sys; sys.path[:0] = [{str(folder)!r}, {PACKAGE_PARENT!r}]\n"
    process = subprocess.run(
        [sys.executable, "-c", prelude + code],
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stderr
    return process.stdout.strip()


@pytest.fixture
def stand_in(tmp_path: Path) -> Path:
    """A folder with an mxnet that only says what it meets when it is imported."""
    folder = tmp_path / "mxnet"
    folder.mkdir()
    (folder / "__init__.py").write_text(
        "import os, numpy\n"
        "from . import npx\n"
        "seen = os.environ.get('PREPARED'), numpy.bool\n",
        encoding="utf-8",
    )
    (folder / "npx.py").write_text(
        "calls = 0\ndef set_np():\n    global calls\n    calls += 1\n"
        "def waitall():\n    pass\n",
        encoding="utf-8",
    )
    return tmp_path


WATCH = """
import os, warnings
warnings.simplefilter("ignore")
from d2l_rnn import compatibility, runtime
def configure():
    os.environ["PREPARED"] = os.environ.get("PREPARED", "") + "once"
runtime.configure_before_mxnet = configure
def hooks():
    return sum(finder is compatibility._MxnetFinder for finder in sys.meta_path)
compatibility._remove_import_hook()
"""


def test_hook_prepares_the_first_import_and_goes(stand_in: Path) -> None:
    code = WATCH + (
        "before = list(sys.meta_path)\n"
        "compatibility.install_import_hook()\n"
        "compatibility.install_import_hook()\n"
        "assert hooks() == 1\n"
        "import json, xml.dom\n"
        "assert hooks() == 1 and 'PREPARED' not in os.environ\n"
        "import mxnet\n"
        "assert mxnet.seen == ('once', bool), mxnet.seen\n"
        "assert hooks() == 0 and sys.meta_path == before\n"
        "compatibility.install_import_hook()\n"
        "assert hooks() == 0\n"
        "import importlib; importlib.reload(mxnet)\n"
        "assert mxnet.seen[0] == 'once'\n"
        "print('done')\n"
    )
    assert run(code, stand_in) == "done"


def test_hook_leaves_the_other_finders_their_turn(stand_in: Path) -> None:
    """A finder right behind the hook is asked, though the hook leaves the list."""
    code = WATCH + (
        "asked = []\n"
        "class Watching:\n"
        "    @staticmethod\n"
        "    def find_spec(name, path=None, target=None):\n"
        "        asked.append(name)\n"
        "sys.meta_path.insert(0, Watching)\n"
        "compatibility.install_import_hook()\n"
        "import mxnet\n"
        "print(asked.count('mxnet'))\n"
    )
    assert run(code, stand_in) == "1"


def test_prepare_mxnet_sets_numpy_semantics_once(stand_in: Path) -> None:
    code = WATCH + (
        "first = compatibility.prepare_mxnet()\n"
        "assert compatibility.prepare_mxnet() is first is sys.modules['mxnet']\n"
        "assert first.seen == ('once', bool)\n"
        "print(first.npx.calls)\n"
    )
    assert run(code, stand_in) == "1"


@pytest.mark.parametrize(
    "failure",
    [
        "import no_such_module",
        "raise OSError('libquadmath.so.0: cannot open shared object file')",
        "import math; math.no_such_name",
    ],
)
def test_mxnet_that_cannot_be_imported(failure: str, stand_in: Path) -> None:
    (stand_in / "mxnet" / "__init__.py").write_text(failure, encoding="utf-8")
    code = WATCH + (
        "from d2l_rnn.errors import D2lRnnError\n"
        "try:\n"
        "    compatibility.prepare_mxnet()\n"
        "except D2lRnnError as error:\n"
        "    print(error)\n"
    )
    message = run(code, stand_in)
    assert message.startswith("mxnet cannot be imported (")
    assert "d2l-rnn doctor" in message and "\n" not in message


def test_the_real_mxnet_trains_under_numpy_without_bool(tmp_path: Path) -> None:
    """One step of an LSTM, with the alias taken away beforehand where NumPy has it."""
    code = (
        "import warnings\n"
        "warnings.simplefilter('ignore')\n"
        "import numpy\n"
        "others = numpy.__getattr__\n"
        "def getattr_of_numpy(name):\n"
        "    if name == 'bool':\n"
        "        raise AttributeError(name)\n"
        "    return others(name)\n"
        "vars(numpy).pop('bool', None)\n"
        "numpy.__getattr__ = getattr_of_numpy\n"
        "from d2l_rnn.compatibility import prepare_mxnet\n"
        "mx = prepare_mxnet()\n"
        "net = mx.gluon.rnn.LSTM(4)\n"
        "net.initialize(mx.init.Normal(0.1))\n"
        "X, state = mx.np.ones((3, 2, 5)), net.begin_state(2)\n"
        "trainer = mx.gluon.Trainer(net.collect_params(), 'sgd')\n"
        "losses = []\n"
        "for _ in range(2):\n"
        "    with mx.autograd.record():\n"
        "        loss = ((net(X, state)[0] - 1) ** 2).mean()\n"
        "    loss.backward()\n"
        "    trainer.step(1)\n"
        "    losses.append(float(loss))\n"
        "assert losses[1] < losses[0], losses\n"
        "print(int((X > 0).sum()), X[X > 0].shape)\n"
    )
    assert run(code, tmp_path) == "30 (30,)"


def test_the_hook_starts_the_engine_without_its_notice(tmp_path: Path) -> None:
    """The reader imports and uses mxnet himself, and d2l_rnn came first."""
    code = "import d2l_rnn, mxnet; print(mxnet.nd.ones(2).sum().asscalar())"
    assert run_silently(code, tmp_path) == "2.0"


def test_an_engine_of_the_reader_starts_without_its_notice(tmp_path: Path) -> None:
    """mxnet came first: its first use may still be ours."""
    code = (
        "import os; os.environ['MXNET_ENGINE_TYPE'] = 'NaiveEngine'; import mxnet\n"
        "import d2l_rnn.compatibility; d2l_rnn.compatibility.prepare_mxnet()\n"
        "print(mxnet.np.ones(2).sum())"
    )
    assert run_silently(code, tmp_path) == "2.0"


def run_silently(code: str, folder: Path) -> str:
    """As ``run``, in an environment that names no engine; stderr must stay empty."""
    environment = {k: v for k, v in os.environ.items() if k != "MXNET_ENGINE_TYPE"}
    process = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True,
        text=True,
        env={**environment, "PYTHONPATH": PACKAGE_PARENT},
        cwd=str(folder),
        check=True,
    )
    assert process.stderr == ""
    return process.stdout.strip()


def test_nothing_else_is_kept_from_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    notice = b"[15:17:11] engine.cc:54: MXNet start using engine: NaiveEngine\n"
    with compatibility._without_engine_notice():
        os.write(2, b"before\n" + notice + b"after")
    os.write(2, b", later\n")
    assert capfd.readouterr().err == "before\nafter, later\n"
    stderr = os.dup(2)
    os.close(2)
    try:
        with compatibility._without_engine_notice():
            reached = True
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
    assert reached
