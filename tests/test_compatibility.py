"""mxnet becomes importable, is prepared once, and nothing else is touched."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from d2l_rnn import compatibility

from .numpys import mxnet_alone_fails, mxnet_alone_imports

PACKAGE_PARENT = str(Path(compatibility.__file__).resolve().parent.parent)


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
        "seen = os.environ.get('PREPARED'), getattr(numpy, 'NINF', None)\n",
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
compatibility._MxnetFinder.remove()
"""


def test_hook_prepares_the_first_import_and_goes(stand_in: Path) -> None:
    code = WATCH + (
        # that of NumPy's kernels goes when NumPy is loaded
        "rest = lambda: [f for f in sys.meta_path if 'NumpyFinder' not in str(f)]\n"
        "before = rest()\n"
        "compatibility.install_import_hook()\n"
        "compatibility.install_import_hook()\n"
        "assert hooks() == 1\n"
        "import json, xml.dom\n"
        "assert hooks() == 1 and 'PREPARED' not in os.environ\n"
        "import mxnet\n"
        "assert mxnet.seen == ('once', float('-inf')), mxnet.seen\n"
        "assert hooks() == 0 and rest() == before\n"
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


def test_looking_for_mxnet_leaves_the_hook_and_the_process_alone(
    stand_in: Path,
) -> None:
    """Many a package asks whether mxnet is there, and does not import it."""
    code = WATCH + (
        "compatibility.install_import_hook()\n"
        "import importlib.util\n"
        "assert importlib.util.find_spec('mxnet').name == 'mxnet'\n"
        "assert hooks() == 1 and 'PREPARED' not in os.environ\n"
        "import mxnet\n"
        "print(mxnet.seen[0], hooks())\n"
    )
    assert run(code, stand_in) == "once 0"


def test_an_import_that_failed_may_be_tried_again(stand_in: Path) -> None:
    """The second try is prepared like the first, and NumPy kept nothing of it."""
    code = WATCH + (
        "import numpy, pathlib, shutil\n"
        "for name in ('NZERO', 'pmt'):\n"
        "    vars(numpy).pop(name, None)\n"
        "numpy.__getattr__ = lambda name: (_ for _ in ()).throw(AttributeError(name))\n"
        f"place = pathlib.Path({str(stand_in / 'mxnet' / '__init__.py')!r})\n"
        "right = place.read_text()\n"
        "place.write_text('import numpy; numpy.NZERO, numpy.no_such_name')\n"
        "compatibility.install_import_hook()\n"
        "try:\n"
        "    import mxnet\n"
        "except AttributeError as error:\n"
        "    print(error)\n"
        "assert hooks() == 1 and not hasattr(numpy, 'NZERO')\n"
        "place.write_text('import numpy; numpy.NZERO, numpy.pmt\\n' + right)\n"
        "shutil.rmtree(place.parent / '__pycache__', ignore_errors=True)\n"
        "import mxnet\n"
        "print(hooks(), hasattr(numpy, 'NZERO'))\n"
    )
    assert run(code, stand_in).splitlines() == ["no_such_name", "0 False"]


def test_prepare_mxnet_sets_numpy_semantics_once(stand_in: Path) -> None:
    code = WATCH + (
        "first = compatibility.prepare_mxnet()\n"
        "assert compatibility.prepare_mxnet() is first is sys.modules['mxnet']\n"
        "assert first.seen == ('once', float('-inf'))\n"
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


def test_the_hook_starts_the_engine_without_its_notice(tmp_path: Path) -> None:
    """The reader imports and uses mxnet himself, and d2l_rnn came first."""
    code = "import d2l_rnn, mxnet; print(mxnet.nd.ones(2).sum().asscalar())"
    assert run_silently(code, tmp_path) == "2.0"


@mxnet_alone_imports
def test_an_engine_of_the_reader_starts_without_its_notice(tmp_path: Path) -> None:
    """mxnet came first: its first use may still be ours."""
    code = (
        "import os; os.environ['MXNET_ENGINE_TYPE'] = 'NaiveEngine'; import mxnet\n"
        "import d2l_rnn.compatibility; d2l_rnn.compatibility.prepare_mxnet()\n"
        "print(mxnet.np.ones(2).sum())"
    )
    assert run_silently(code, tmp_path) == "2.0"


@mxnet_alone_fails
def test_a_reader_who_began_with_mxnet_may_go_on(tmp_path: Path) -> None:
    """Their first line fails; d2l_rnn and the same line again mend it, as in a cell."""
    code = (
        "try:\n    import mxnet\n"
        "except AttributeError as error:\n    print('removed' in str(error) or error)\n"
        "import d2l_rnn, mxnet; print(mxnet.nd.ones(2).sum().asscalar())"
    )
    assert run_silently(code, tmp_path).splitlines()[-1] == "2.0"


@pytest.fixture
def with_scikit_learn(stand_in: Path) -> Path:
    """mxnet and scikit-learn, each by a stand-in; the one asks for the other."""
    (stand_in / "sklearn").mkdir()
    (stand_in / "sklearn" / "__init__.py").touch()
    (stand_in / "sklearn" / "base.py").write_text("class BaseEstimator: pass\n")
    with open(stand_in / "mxnet" / "__init__.py", "a", encoding="utf-8") as file:
        file.write("try:\n    from sklearn.base import BaseEstimator as base\n")
        file.write("except ImportError:\n    base = object\n")
    return stand_in


@pytest.mark.parametrize("first", [False, True])
def test_scikit_learn_is_mxnet_s_only_where_the_reader_has_imported_it(
    first: bool, with_scikit_learn: Path
) -> None:
    code = "import sklearn\n" if first else ""
    code += "import d2l_rnn, mxnet\n"
    code += "print(mxnet.base.__name__, 'sklearn' in sys.modules)\n"
    code += "from sklearn.base import BaseEstimator\nprint(BaseEstimator.__name__)"
    seen = "BaseEstimator True" if first else "object False"
    assert run(code, with_scikit_learn) == f"{seen}\nBaseEstimator"


@pytest.mark.parametrize("first", [False, True])
def test_statistics_are_imported_when_mxnet_uses_them(
    first: bool, stand_in: Path
) -> None:
    (stand_in / "scipy" / "stats").mkdir(parents=True)
    (stand_in / "scipy" / "__init__.py").touch()
    (stand_in / "scipy" / "stats" / "__init__.py").write_text("from .f import *\n")
    (stand_in / "scipy" / "stats" / "f.py").write_text("def entropy(): return 7\n")
    with open(stand_in / "mxnet" / "__init__.py", "a", encoding="utf-8") as file:
        file.write("import scipy.stats as ss\nfrom scipy import stats\n")
    code = "import scipy.stats\n" if first else ""
    code += "import d2l_rnn, mxnet\nprint('scipy.stats' in sys.modules)\n"
    # A submodule needs its package whole, whoever has asked for it before.
    code += (
        "import scipy.stats.f\nprint(scipy.stats.entropy is scipy.stats.f.entropy)\n"
    )
    code += "print(mxnet.stats.entropy(), mxnet.ss.entropy is scipy.stats.entropy)\n"
    code += "print(hasattr(mxnet.ss, 'nothing'))"
    expected = f"{first}\nTrue\n7 True\nFalse"
    assert run(code, stand_in) == expected


def test_without_scipy_mxnet_does_without(stand_in: Path) -> None:
    with open(stand_in / "mxnet" / "__init__.py", "a", encoding="utf-8") as file:
        file.write("try:\n    import scipy.stats as ss\n")
        file.write("except ImportError:\n    ss = None\n")
    code = "sys.modules['scipy'] = None\nimport d2l_rnn, mxnet\nprint(mxnet.ss)"
    assert run(code, stand_in) == "None"


def test_scikit_learn_may_be_imported_where_mxnet_could_not(
    with_scikit_learn: Path,
) -> None:
    with open(with_scikit_learn / "mxnet" / "__init__.py", "a") as file:
        file.write("raise OSError('a library is missing')\n")
    code = "import d2l_rnn\ntry:\n    import mxnet\nexcept OSError as error:\n"
    code += "    print(error)\nimport sklearn.base"
    assert run(code, with_scikit_learn) == "a library is missing"


def test_distutils_is_lent_where_it_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python 3.12 took it out; setuptools brings one back, but only by a .pth file."""
    for name in [name for name in sys.modules if name.split(".")[0] == "distutils"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "version_info", (3, 12))
    with compatibility.lent_distutils():
        version = importlib.import_module("distutils.version")
    assert "distutils" not in sys.modules and "distutils.version" not in sys.modules
    for kind in (version.LooseVersion, version.StrictVersion):
        assert kind("2.10.0rc1") >= kind("2.9") >= kind("1.17") >= kind("1.17")
        assert not kind("1.9.5") >= kind("1.17.0")


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
