"""The scripts find a Python that serves and keep .venv whole, whatever happens.

Pythons and pip are stand-ins here: a shell script that makes an "environment" out of
itself and writes down what it was asked. scripts/test.sh --pythons installs for real.
"""

from __future__ import annotations

import configparser
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Dict, List, Optional, Tuple

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = ("3.8", "3.9", "3.10", "3.11", "3.12")

# What the scripts and the stand-ins call; no other program is in reach.
PROGRAMS = (
    "basename bash cat chmod cksum dirname env flock grep ls mkdir mktemp ps readlink "
    "rm rmdir sed sleep sort tail tr"
).split()

# Answers as a Python does: the probe, -m venv, -m pip, and everything else.
FAKE_PYTHON = """#!/bin/bash
version=@VERSION@
case "$1 $2" in
    "-c import ensurepip"*) echo "$version $(readlink -f "$0")" ;;
    "-c pass") ;;
    "-m venv")
        echo "venv $version" >>"$CALLS"
        mkdir -p "$3/bin"
        cat "$0" >"$3/bin/python"
        chmod +x "$3/bin/python"
        ;;
    "-m pip")
        echo "pip $version ${@: -1}" >>"$CALLS"
        [ -z "${PIP_KILLS:-}" ] || kill -9 -- "-$(ps -o pgid= $$ | tr -d ' ')"
        [ -z "${PIP_SLEEPS:-}" ] || sleep "$PIP_SLEEPS"
        if [ -n "${PIP_FAILS:-}" ]; then
            echo "ERROR: no matching distribution" >&2
            exit 1
        fi
        folder=$(dirname "$0")
        printf '#!/bin/bash\\necho d2l-rnn "$@"\\n' >"$folder/d2l-rnn"
        chmod +x "$folder/d2l-rnn"
        ;;
    *) echo "python $*" ;;
esac
"""


class House:
    """A copy of the scripts, and a PATH on which only known programs are."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "a house"
        self.programs = folder / "programs"
        self.calls = folder / "calls"
        self.pyenv = folder / "pyenv"
        self.programs.mkdir()
        (self.root / "scripts").mkdir(parents=True)
        for name in ("reproduce.sh", "test.sh", "setup_environment.sh"):
            shutil.copy(str(ROOT / "scripts" / name), str(self.root / "scripts"))
        for version in VERSIONS:
            (self.root / "scripts" / f"constraints-{version}.txt").touch()
        for name in ("setup.cfg", "pyproject.toml"):
            shutil.copy(str(ROOT / name), str(self.root))
        for name in PROGRAMS:
            path = shutil.which(name)
            if path:
                (self.programs / name).symlink_to(path)
            elif name != "flock":
                pytest.skip(f"needs the program {name} (system owner)")

    @property
    def environment(self) -> Path:
        return self.root / ".venv"

    def add_python(
        self, version: str, path: Optional[Path] = None, code: Optional[str] = None
    ) -> Path:
        path = path or self.programs / f"python{version}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code or FAKE_PYTHON.replace("@VERSION@", version))
        path.chmod(0o755)
        return path

    def start(
        self, script: str, *arguments: str, **variables: str
    ) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(self.root / "scripts" / script), *arguments],
            cwd="/",
            env={
                "PATH": str(self.programs),
                "HOME": str(self.root),
                "PYENV_ROOT": str(self.pyenv),
                "CALLS": str(self.calls),
                **variables,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
            start_new_session=True,
        )

    def run(
        self, script: str, *arguments: str, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        process = self.start(script, *arguments, **variables)
        stdout, stderr = process.communicate(timeout=60)
        return subprocess.CompletedProcess(
            arguments, process.returncode, stdout, stderr
        )

    def calls_made(self) -> List[str]:
        """What the stand-ins were asked since the last time, pip's upgrade aside."""
        lines = self.calls.read_text().splitlines() if self.calls.exists() else []
        self.calls.write_text("")
        return [line for line in lines if "pip>=" not in line]


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_first_call_installs_second_does_not(house: House) -> None:
    house.add_python("3.11")
    first = house.run("reproduce.sh", "lstm", "--epochs", "2")
    assert first.returncode == 0, first.stderr
    assert first.stdout == "d2l-rnn run lstm --epochs 2\n"
    assert len(first.stderr.splitlines()) == 1
    assert house.calls_made() == ["venv 3.11", f"pip 3.11 {house.root}"]
    second = house.run("reproduce.sh", "--epochs", "2")
    assert (second.returncode, second.stderr) == (0, "")
    assert second.stdout == "d2l-rnn run bilstm --epochs 2\n"
    assert house.calls_made() == []


@pytest.mark.parametrize(
    "present, chosen",
    [
        (("3.8", "3.10", "3.11", "3.12"), "3.11"),
        (("3.8", "3.9", "3.12"), "3.9"),
        (("3.8", "3.12"), "3.8"),
        (("3.12", "3.13", "3.7"), "3.12"),
    ],
)
def test_order_of_preference(
    house: House, present: Tuple[str, ...], chosen: str
) -> None:
    for version in present:
        house.add_python(version)
    assert house.run("reproduce.sh").returncode == 0
    assert house.calls_made()[0] == f"venv {chosen}"


def test_a_plain_python3_serves_if_its_version_does(house: House) -> None:
    house.add_python("3.10", house.programs / "python3")
    assert house.run("reproduce.sh").returncode == 0
    assert house.calls_made()[0] == "venv 3.10"


def test_a_shim_that_fails_is_passed_over_for_pyenv(house: House) -> None:
    house.add_python("3.11", code="#!/bin/bash\necho pyenv: not found >&2; exit 127\n")
    house.add_python("3.11", house.pyenv / "versions" / "3.11.7" / "bin" / "python")
    house.add_python("3.10")
    done = house.run("reproduce.sh")
    assert done.returncode == 0, done.stderr
    assert house.calls_made()[0] == "venv 3.11"


def test_no_python_that_serves(house: House) -> None:
    house.add_python("3.13")
    house.add_python("3.13", house.programs / "python3")
    house.add_python("3.11", code="#!/bin/bash\nexit 1\n")
    done = house.run("reproduce.sh")
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert "3.8 to 3.12" in line and "install one" in line and "PYTHON=" in line
    assert not house.environment.exists()


def test_the_python_that_the_user_names_wins(house: House, tmp_path: Path) -> None:
    house.add_python("3.11")
    named = house.add_python("3.9", tmp_path / "else where" / "python")
    assert house.run("reproduce.sh").returncode == 0
    assert house.calls_made()[0] == "venv 3.11"
    assert house.run("reproduce.sh", PYTHON=str(named)).returncode == 0
    assert house.calls_made()[0] == "venv 3.9"
    # Once made, it stays until another is named.
    assert house.run("reproduce.sh").returncode == 0
    assert house.run("reproduce.sh", PYTHON=str(named)).returncode == 0
    assert house.calls_made() == []


@pytest.mark.parametrize("named", ["python3.13", "no-such-python"])
def test_a_named_python_that_does_not_serve(house: House, named: str) -> None:
    house.add_python("3.11")
    house.add_python("3.13")
    done = house.run("reproduce.sh", PYTHON=named)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert f"PYTHON={named} does not serve" in line and "3.8 to 3.12" in line
    assert house.calls_made() == []


def test_an_environment_without_stamp_is_made_anew(house: House) -> None:
    house.add_python("3.11")
    (house.environment / "lib").mkdir(parents=True)
    (house.environment / "lib" / "half").touch()
    assert house.run("reproduce.sh").returncode == 0
    assert not (house.environment / "lib" / "half").exists()
    assert house.calls_made()[0] == "venv 3.11"


def test_killed_in_the_middle_of_an_install(house: House) -> None:
    house.add_python("3.11")
    killed = house.run("reproduce.sh", PIP_KILLS="yes")
    assert killed.returncode == -signal.SIGKILL
    assert house.environment.exists()
    house.calls_made()
    again = house.run("reproduce.sh")
    assert again.returncode == 0, again.stderr
    assert house.calls_made() == ["venv 3.11", f"pip 3.11 {house.root}"]


def test_an_environment_whose_python_has_gone_is_made_anew(house: House) -> None:
    house.add_python("3.11")
    assert house.run("reproduce.sh").returncode == 0
    house.calls_made()
    (house.environment / "bin" / "python").unlink()
    assert house.run("reproduce.sh").returncode == 0
    assert house.calls_made()[0] == "venv 3.11"


def test_a_house_that_was_moved_gets_a_new_environment(house: House) -> None:
    house.add_python("3.11")
    assert house.run("reproduce.sh").returncode == 0
    house.calls_made()
    house.root = house.root.rename(house.root.with_name("moved"))
    assert house.run("reproduce.sh").returncode == 0
    assert house.calls_made() == ["venv 3.11", f"pip 3.11 {house.root}"]


@pytest.mark.parametrize("changed", ["setup.cfg", "scripts/constraints-3.11.txt"])
def test_changed_requirements_update_the_environment(
    house: House, changed: str
) -> None:
    house.add_python("3.11")
    assert house.run("test.sh").returncode == 0
    assert house.calls_made() == ["venv 3.11", f"pip 3.11 {house.root}[test]"]
    with open(str(house.root / changed), "a") as file:
        file.write("# changed\n")
    # The tests' packages stay, though reproduce.sh does not ask for them.
    assert house.run("reproduce.sh").returncode == 0
    assert house.calls_made() == [f"pip 3.11 {house.root}[test]"]
    assert house.run("test.sh").returncode == 0
    assert house.calls_made() == []


def test_the_tests_add_their_packages(house: House) -> None:
    house.add_python("3.11")
    assert house.run("reproduce.sh").returncode == 0
    house.calls_made()
    assert house.run("test.sh").returncode == 0
    assert house.calls_made() == [f"pip 3.11 {house.root}[test]"]


@pytest.mark.parametrize("with_flock", [True, False])
def test_two_at_once_install_once(house: House, with_flock: bool) -> None:
    if not with_flock and (house.programs / "flock").exists():
        (house.programs / "flock").unlink()
        # The only other lock waits in steps of seconds: shorten them.
        (house.programs / "sleep").unlink()
        sleep = shutil.which("sleep")
        (house.programs / "sleep").write_text(f"#!/bin/bash\nexec {sleep} 0.2\n")
        (house.programs / "sleep").chmod(0o755)
    house.add_python("3.11")
    first = house.start("reproduce.sh", "lstm", PIP_SLEEPS="0.4")
    second = house.start("reproduce.sh", "gru", PIP_SLEEPS="0.4")
    assert first.communicate(timeout=60)[0] == "d2l-rnn run lstm\n"
    assert second.communicate(timeout=60)[0] == "d2l-rnn run gru\n"
    assert house.calls_made() == ["venv 3.11", f"pip 3.11 {house.root}"]


def test_pip_that_fails(house: House) -> None:
    house.add_python("3.11")
    done = house.run("reproduce.sh", PIP_FAILS="yes")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.splitlines()[-1] == "ERROR: no matching distribution"
    house.calls_made()
    assert house.run("reproduce.sh").returncode == 0
    assert house.calls_made()[0] == "venv 3.11"


def test_help_installs_nothing(house: House) -> None:
    for script in ("reproduce.sh", "test.sh"):
        done = house.run(script, "--help")
        assert done.returncode == 0
        assert done.stdout.startswith(f"usage: scripts/{script}")
    assert not house.environment.exists()


def test_test_script_checks_then_tests(house: House) -> None:
    house.add_python("3.11")
    done = house.run("test.sh", "tests/data", "-k", "corpus and not sample")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    tools = [re.sub(r"^python -m (\w+).*", r"\1", line) for line in lines]
    assert tools == ["ruff", "ruff", "mypy", "pytest"]
    assert lines[-1] == "python -m pytest tests/data -k corpus and not sample"


def test_other_pythons(house: House) -> None:
    for version in ("3.8", "3.11", "3.12"):
        house.add_python(version)
    done = house.run("test.sh", "--pythons=3.8,3.11", "-x")
    assert done.returncode == 0, done.stderr
    # 3.11 is the one that the tests themselves run under.
    assert "Python 3.8: passed" in done.stderr
    assert house.calls_made()[2:] == ["venv 3.8", f"pip 3.8 {house.root}"]
    assert done.stdout.splitlines()[-1] == "python -m pytest -x"
    done = house.run("test.sh", "--pythons")
    assert "Python 3.9: not found" in done.stderr
    assert "Python 3.12: passed" in done.stderr
    for version, reason in (("3.9", "not found"), ("3.13", "accepted are 3.8, 3.9")):
        done = house.run("test.sh", f"--pythons={version}")
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1 and reason in done.stderr


def test_second_call_is_quick(house: House) -> None:
    house.add_python("3.11")
    house.run("reproduce.sh")
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        house.run("reproduce.sh")
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 1


def pinned(version: str) -> Dict[str, str]:
    text = (ROOT / "scripts" / f"constraints-{version}.txt").read_text()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {
        re.sub("[-_.]+", "-", name).lower(): pin
        for name, pin in (line.split("==") for line in lines)
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_constraints_pin_every_requirement(version: str) -> None:
    """What setup.cfg asks for is pinned, and to what it asks for."""
    config = configparser.ConfigParser()
    config.read(str(ROOT / "setup.cfg"))
    requirements = config["options"]["install_requires"].splitlines()
    for extra in config["options.extras_require"].values():
        requirements += extra.splitlines()
    pins = pinned(version)
    for line in filter(None, requirements):
        required = Requirement(line)
        if required.marker and not required.marker.evaluate(
            {"python_version": version}
        ):
            continue
        pin = pins[re.sub("[-_.]+", "-", required.name).lower()]
        assert pin in required.specifier, line
    assert ("d2l" in pins) == (version != "3.12")


def test_ci_gives_the_data_and_two_more_pythons() -> None:
    text = (ROOT / ".ci" / "run").read_text()
    assert "D2L_RNN_DATA" in text and "--pythons=3.8,3.12" in text
    assert os.access(str(ROOT / ".ci" / "run"), os.X_OK)
