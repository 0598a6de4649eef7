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
from pathlib import Path
from typing import Dict, List, Optional, Tuple

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15")

# What the scripts and the stand-ins call; no other program is in reach.
PROGRAMS = (
    "basename bash cat chmod cksum dirname env flock grep ls mkdir mktemp ps readlink "
    "rm rmdir sed sleep sort tail tr uname"
).split()

# Answers as a Python does: the probe, -m venv, -m pip, and everything else. Its pip
# "installs" a stand-in for uv, which does what pip would.
FAKE_PYTHON = """#!/bin/bash
version=@VERSION@
folder=$(dirname "$0")
case "$1 $2" in
    "-c import ensurepip"*)
        [ -z "${NO_ENSUREPIP:-}" ] || exit 1
        echo "$version $(readlink -f "$0")"
        ;;
    "-c import sys"*) [[ "$2" = *"'$version'"* ]] ;;
    "-c from d2l_rnn import openblas"*) echo "openblas $version" >>"$CALLS" ;;
    "-c pass") ;;
    "-m venv")
        echo "venv $version" >>"$CALLS"
        mkdir -p "$3/bin"
        cat "$0" >"$3/bin/python"
        chmod +x "$3/bin/python"
        ;;
    "-m pip")
        if [[ "$*" = *"--quiet uv "* ]]; then
            [ -z "${UV_IS_NOT_TO_BE_HAD:-}" ] || exit 1
            cat >"$folder/uv" <<'END'
@UV@
END
            chmod +x "$folder/uv"
            exit
        fi
        [ "$3" = install ] || { echo "${PIP_SETTINGS:-}"; exit 0; }
        echo "pip $(basename "$5") ${*:6}" >>"$CALLS"
        if [ -n "${PIP_FAILS:-}" ]; then
            echo "ERROR: no matching distribution" >&2
            exit 1
        fi
        printf '#!/bin/bash\\necho d2l-rnn "$@" $FLAGS\\n' >"$folder/d2l-rnn"
        chmod +x "$folder/d2l-rnn"
        ;;
    *) echo "python $*" ;;
esac
"""
# Two processes, unless a flag says otherwise.
PYTEST = "python -m pytest --numprocesses auto --maxprocesses 2"
FAKE_UV = """#!/bin/bash
folder=$(dirname "$0")
echo "uv $(basename "$6") ${*:7}" >>"$CALLS"
[ -z "${UV_DEFAULT_INDEX:-}" ] || echo "index $UV_DEFAULT_INDEX" >>"$CALLS"
[ -z "${UV_KILLS:-}" ] || kill -9 -- "-$(ps -o pgid= $$ | tr -d ' ')"
[ -z "${UV_SLEEPS:-}" ] || sleep "$UV_SLEEPS"
if [ -n "${UV_FAILS:-}" ]; then
    echo "error: no solution found" >&2
    exit "$UV_FAILS"
fi
printf '#!/bin/bash\\necho d2l-rnn "$@" $FLAGS\\n' >"$folder/d2l-rnn"
chmod +x "$folder/d2l-rnn"
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
        for path in (ROOT / "scripts").glob("*.sh"):
            shutil.copy(str(path), str(self.root / "scripts"))
        for version in VERSIONS:
            (self.root / "scripts" / f"constraints-{version}.txt").touch()
        for name in ("setup.cfg", "pyproject.toml"):
            shutil.copy(str(ROOT / name), str(self.root))
        for name in PROGRAMS:
            program = shutil.which(name)
            if program:
                (self.programs / name).symlink_to(program)
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
        own = FAKE_PYTHON.replace("@VERSION@", version).replace("@UV@\n", FAKE_UV)
        path.write_text(code or own)
        path.chmod(0o755)
        return path

    def add_program(self, name: str, code: str) -> None:
        path = self.programs / name
        if path.is_symlink():
            path.unlink()
        path.write_text(f"#!/bin/bash\n{code}\n")
        path.chmod(0o755)

    def installs(self, version: str, extras: str = "", by: str = "uv") -> List[str]:
        """What is asked for when an environment is filled."""
        return [
            f"{by} constraints-{version}.txt --editable {self.root}{extras}",
            f"{by} constraints-{version}.txt --no-deps mxnet d2l",
            f"openblas {version}",
        ]

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
    (line,) = first.stderr.splitlines()
    assert "with Python 3.11 (about 500 MB)" in line
    assert house.calls_made() == ["venv 3.11", *house.installs("3.11")]
    second = house.run("reproduce.sh", "--epochs", "2")
    assert (second.returncode, second.stderr) == (0, "")
    assert second.stdout == "d2l-rnn run bilstm --epochs 2\n"
    assert house.calls_made() == []


def test_the_builds_weights_are_asked_for_where_there_is_such_a_flag(
    house: House,
) -> None:
    house.add_python("3.11")
    house.run("reproduce.sh")
    asked = house.run("reproduce.sh", "gru", "--seed", "2", FLAGS="--initial-weights")
    assert asked.returncode == 0, asked.stderr
    # The user's own flags come after ours, and so win.
    (line,) = asked.stdout.splitlines()
    assert line.startswith("d2l-rnn run gru --initial-weights auto --seed 2")


@pytest.mark.parametrize(
    "present, chosen",
    [
        (("3.8", "3.10", "3.11", "3.12"), "3.11"),
        (("3.8", "3.9", "3.13"), "3.9"),
        (("3.8", "3.10", "3.12"), "3.12"),
        (("3.15", "3.13", "3.7"), "3.13"),
        (("3.16", "3.15"), "3.15"),
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
    house.add_python("3.7")
    house.add_python("3.7", house.programs / "python3")
    house.add_python("3.11", code="#!/bin/bash\nexit 1\n")
    done = house.run("reproduce.sh")
    assert (done.returncode, done.stdout) == (2, "")
    first, *commands = done.stderr.splitlines()
    assert "no Python 3.8 to 3.15 found" in first
    for name in ("uv ", "pyenv install", "conda create", "apt-get", "dnf", "brew"):
        assert any(name in command for command in commands), name
    assert "PYTHON=" in commands[-1]
    assert not house.environment.exists()


def test_a_python_without_venv_is_told_what_it_lacks(house: House) -> None:
    house.add_python("3.12")
    done = house.run("reproduce.sh", NO_ENSUREPIP="yes")
    assert done.returncode == 2
    assert "3.12 lacks it" in done.stderr.splitlines()[0]
    assert "apt-get install python3.12-venv" in done.stderr


UV_ON_THE_PATH = """
echo "uv $*" >>"$CALLS"
[ -z "${UV_HAS_NO_PYTHON:-}" ] || exit 2
mkdir -p "${@: -1}/bin"
cat "$HIDDEN_PYTHON" >"${@: -1}/bin/python"
chmod +x "${@: -1}/bin/python"
"""


def test_uv_on_the_path_brings_a_python(house: House, tmp_path: Path) -> None:
    hidden = house.add_python("3.12", tmp_path / "hidden")
    house.add_program("uv", UV_ON_THE_PATH)
    done = house.run("reproduce.sh", "gru", HIDDEN_PYTHON=str(hidden))
    assert done.returncode == 0, done.stderr
    assert done.stdout == "d2l-rnn run gru\n"
    made, *installed = house.calls_made()
    assert made == f"uv venv --seed --python 3.12 {house.environment}"
    assert installed == house.installs("3.12")
    # The second call finds it whole, and a change updates it: there is no other Python.
    assert house.run("reproduce.sh", HIDDEN_PYTHON=str(hidden)).stderr == ""
    with open(str(house.root / "setup.cfg"), "a") as file:
        file.write("# changed\n")
    assert house.run("reproduce.sh", HIDDEN_PYTHON=str(hidden)).returncode == 0
    assert house.calls_made() == house.installs("3.12")


def test_uv_on_the_path_that_cannot_bring_one(house: House) -> None:
    house.add_program("uv", UV_ON_THE_PATH)
    done = house.run("reproduce.sh", UV_HAS_NO_PYTHON="yes")
    assert done.returncode == 2
    assert "pyenv install" in done.stderr


def test_a_python_that_serves_is_preferred_to_uv(house: House) -> None:
    house.add_program("uv", UV_ON_THE_PATH)
    house.add_python("3.8")
    assert house.run("reproduce.sh").returncode == 0
    assert house.calls_made()[0] == "venv 3.8"


@pytest.mark.parametrize(
    "system, machine, where, works",
    [
        ("MINGW64_NT-10.0-22631", "x86_64", "Windows", "WSL2"),
        ("MSYS_NT-10.0-22631", "x86_64", "Windows", "WSL2"),
        ("Darwin", "arm64", "Apple's processors", "arm64 container"),
        ("Linux", "riscv64", "Linux on riscv64", "x86-64 or aarch64"),
        ("FreeBSD", "amd64", "FreeBSD on amd64", "x86-64 or aarch64"),
    ],
)
def test_where_mxnet_has_no_wheel_it_is_said_first(
    system: str, machine: str, where: str, works: str, house: House
) -> None:
    house.add_python("3.11")
    house.add_program("uname", f"[ $1 = -s ] && echo {system} || echo {machine}")
    done = house.run("reproduce.sh")
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert f"no wheel for {where}" in line and works in line
    assert house.calls_made() == [] and not house.environment.exists()


def test_musl_is_told_too(house: House) -> None:
    house.add_python("3.11")
    house.add_program("ldd", "echo 'musl libc (x86_64)' >&2; exit 1")
    done = house.run("reproduce.sh")
    assert done.returncode == 2 and "musl" in done.stderr
    assert house.calls_made() == []


@pytest.mark.parametrize(
    "system, machine",
    [("Linux", "x86_64"), ("Linux", "aarch64"), ("Darwin", "x86_64")],
)
def test_where_mxnet_has_a_wheel(system: str, machine: str, house: House) -> None:
    house.add_python("3.11")
    house.add_program("uname", f"[ $1 = -s ] && echo {system} || echo {machine}")
    assert house.run("reproduce.sh").returncode == 0


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


@pytest.mark.parametrize("named", ["python3.7", "no-such-python"])
def test_a_named_python_that_does_not_serve(house: House, named: str) -> None:
    house.add_python("3.11")
    house.add_python("3.7")
    done = house.run("reproduce.sh", PYTHON=named)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert f"PYTHON={named} does not serve" in line and "3.8 to 3.15" in line
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
    killed = house.run("reproduce.sh", UV_KILLS="yes")
    assert killed.returncode == -signal.SIGKILL
    assert house.environment.exists()
    house.calls_made()
    again = house.run("reproduce.sh")
    assert again.returncode == 0, again.stderr
    assert house.calls_made() == ["venv 3.11", *house.installs("3.11")]


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
    assert house.calls_made() == ["venv 3.11", *house.installs("3.11")]


@pytest.mark.parametrize("changed", ["setup.cfg", "scripts/constraints-3.11.txt"])
def test_changed_requirements_update_the_environment(
    house: House, changed: str
) -> None:
    house.add_python("3.11")
    assert house.run("test.sh").returncode == 0
    assert house.calls_made() == ["venv 3.11", *house.installs("3.11", "[test]")]
    with open(str(house.root / changed), "a") as file:
        file.write("# changed\n")
    # The tests' packages stay, though reproduce.sh does not ask for them.
    assert house.run("reproduce.sh").returncode == 0
    assert house.calls_made() == house.installs("3.11", "[test]")
    assert house.run("test.sh").returncode == 0
    assert house.calls_made() == []


def test_the_tests_add_their_packages(house: House) -> None:
    house.add_python("3.11")
    assert house.run("reproduce.sh").returncode == 0
    house.calls_made()
    assert house.run("test.sh").returncode == 0
    assert house.calls_made() == house.installs("3.11", "[test]")


def test_pixels_adds_the_package_of_its_images(house: House) -> None:
    """Which stays when another experiment is asked for, and is among the tests'."""
    house.add_python("3.11")
    assert house.run("reproduce.sh", "pixels").returncode == 0
    assert house.calls_made() == ["venv 3.11", *house.installs("3.11", "[digits]")]
    assert house.run("reproduce.sh").returncode == 0
    assert house.run("reproduce.sh", "pixels").returncode == 0
    assert house.calls_made() == []
    with open(str(house.root / "setup.cfg"), "a") as file:
        file.write("# changed\n")
    assert house.run("reproduce.sh").returncode == 0
    assert house.calls_made() == house.installs("3.11", "[digits]")
    assert house.run("test.sh").returncode == 0
    assert house.calls_made() == house.installs("3.11", "[test]")
    assert house.run("reproduce.sh", "pixels").returncode == 0
    assert house.calls_made() == []


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
    first = house.start("reproduce.sh", "lstm", UV_SLEEPS="0.4")
    second = house.start("reproduce.sh", "gru", UV_SLEEPS="0.4")
    assert first.communicate(timeout=60)[0] == "d2l-rnn run lstm\n"
    assert second.communicate(timeout=60)[0] == "d2l-rnn run gru\n"
    assert house.calls_made() == ["venv 3.11", *house.installs("3.11")]


@pytest.mark.parametrize("trouble", ["UV_IS_NOT_TO_BE_HAD", "UV_FAILS"])
def test_pip_serves_where_uv_does_not(trouble: str, house: House) -> None:
    house.add_python("3.11")
    done = house.run("reproduce.sh", **{trouble: "1"})
    assert (done.returncode, done.stdout) == (0, "d2l-rnn run bilstm\n"), done.stderr
    assert done.stderr.splitlines()[-1].endswith("now by pip (some minutes)")
    calls = [call for call in house.calls_made() if not call.startswith("uv ")]
    assert calls == ["venv 3.11", *house.installs("3.11", by="pip")]
    assert house.run("reproduce.sh").stderr == ""


def test_uv_that_was_stopped_is_not_followed_by_pip(house: House) -> None:
    house.add_python("3.11")
    done = house.run("reproduce.sh", UV_FAILS="130")
    assert done.returncode == 3
    assert not any(call.startswith("pip") for call in house.calls_made())


def test_neither_uv_nor_pip(house: House) -> None:
    house.add_python("3.11")
    done = house.run("reproduce.sh", UV_FAILS="1", PIP_FAILS="yes")
    assert (done.returncode, done.stdout) == (3, "")
    assert "ERROR: no matching distribution" in done.stderr
    assert "what it said is above" in done.stderr.splitlines()[-1]
    house.calls_made()
    assert house.run("reproduce.sh").returncode == 0
    assert house.calls_made()[0] == "venv 3.11"


def test_the_index_of_pip_is_uvs_too(house: House) -> None:
    """uv reads none of pip's files: where only a mirror answers it would fail."""
    house.add_python("3.11")
    settings = "global.index-url='file:///mirror'\nglobal.timeout='60'"
    assert house.run("reproduce.sh", PIP_SETTINGS=settings).returncode == 0
    assert "index file:///mirror" in house.calls_made()


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
    assert lines[-1] == f"{PYTEST} tests/data -k corpus and not sample"


@pytest.mark.parametrize(
    "flags", [["-n", "0"], ["--numprocesses=3"], ["-s"], ["--pdb"]]
)
def test_who_says_how_many_processes_is_heard(house: House, flags: List[str]) -> None:
    house.add_python("3.11")
    done = house.run("test.sh", *flags)
    assert done.stdout.splitlines()[-1] == " ".join(["python -m pytest", *flags])


def test_other_pythons(house: House) -> None:
    for version in ("3.8", "3.11", "3.13"):
        house.add_python(version)
    done = house.run("test.sh", "--pythons=3.8,3.11", "-x")
    assert done.returncode == 0, done.stderr
    # 3.11 is the one that the tests themselves run under.
    assert "Python 3.8: passed" in done.stderr
    assert house.calls_made()[4:] == ["venv 3.8", *house.installs("3.8", "[onnx]")]
    assert done.stdout.splitlines()[-1] == f"{PYTEST} -x"
    done = house.run("test.sh", "--pythons")
    assert "Python 3.9: not found" in done.stderr
    assert "Python 3.13: passed" in done.stderr
    for version, reason in (("3.9", "not found"), ("3.7", "accepted are 3.11 3.12")):
        done = house.run("test.sh", f"--pythons={version}")
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1 and reason in done.stderr


def test_whole_suites_under_other_pythons(house: House) -> None:
    for version in ("3.11", "3.13"):
        house.add_python(version)
    done = house.run("test.sh", "--suites=3.13", "-x")
    assert done.returncode == 0, done.stderr
    assert house.calls_made()[4:] == ["venv 3.13", *house.installs("3.13", "[test]")]
    suite = ["python -m mypy", f"{PYTEST} -x"]
    assert done.stdout.splitlines()[2:] == [*suite[:1], *suite, suite[1]]


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
    for machine in ("x86_64", "aarch64"):
        here = {"python_version": version, "platform_machine": machine}
        here["sys_platform"] = "linux"
        for line in requirements:
            if not line or line.startswith("#"):
                continue
            required = Requirement(line)
            if required.marker and not required.marker.evaluate(here):
                continue
            pin = pins[re.sub("[-_.]+", "-", required.name).lower()]
            assert pin in required.specifier, line
    # What is installed without its own pins, and what installs.
    assert pins["mxnet"] == "1.9.1" and pins["d2l"] == "1.0.3" and "uv" in pins


@pytest.mark.parametrize(
    "here, expected",
    [
        (("3.11", "linux", "x86_64"), True),
        (("3.12", "linux", "aarch64"), True),
        (("3.11", "darwin", "x86_64"), True),
        (("3.13", "linux", "x86_64"), False),  # its numpy < 2 has no build there
        (("3.11", "darwin", "arm64"), False),
        (("3.11", "win32", "AMD64"), False),
    ],
)
def test_pip_asks_for_mxnet_only_where_it_can_be_had(
    here: Tuple[str, str, str], expected: bool
) -> None:
    config = configparser.ConfigParser()
    config.read(str(ROOT / "setup.cfg"))
    lines = config["options"]["install_requires"].splitlines()
    (mxnet,) = [Requirement(line) for line in lines if line.startswith("mxnet")]
    names = ("python_version", "sys_platform", "platform_machine")
    assert mxnet.marker is not None
    assert mxnet.marker.evaluate(dict(zip(names, here))) is expected
    assert not any(line.startswith("d2l") for line in lines)


def test_ci_gives_the_data_and_other_pythons() -> None:
    text = (ROOT / ".ci" / "run").read_text()
    assert "D2L_RNN_DATA" in text and "--pythons=3.8,3.12,3.13" in text
    assert os.access(str(ROOT / ".ci" / "run"), os.X_OK)
