"""The doctor finds what is broken, names the cure, and needs nothing to run."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import venv
from pathlib import Path
from typing import Callable, Dict, List, Optional, Tuple

import pytest

from d2l_rnn import cuda, doctor, installation, openblas, runtime
from d2l_rnn.data import corpora
from d2l_rnn.doctor import Finding, gpu, looking, machine, packages, places

PACKAGE_PARENT = Path(doctor.__file__).resolve().parents[2]


@pytest.fixture
def by_name(no_network: Path) -> Dict[str, Finding]:
    return {finding.name: finding for finding in doctor.examine()}


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes this look like another machine."""

    def pretend(
        system: str, machine: str, release: str = "6.1", libc: str = "glibc"
    ) -> None:
        monkeypatch.setattr(platform, "system", lambda: system)
        monkeypatch.setattr(platform, "machine", lambda: machine)
        monkeypatch.setattr(platform, "release", lambda: release)
        monkeypatch.setattr(platform, "libc_ver", lambda: (libc, "2.36"))

    return pretend


def test_this_environment_is_healthy(by_name: Dict[str, Finding]) -> None:
    assert [finding for finding in by_name.values() if not finding.ok] == []
    assert by_name["mxnet"].found.startswith("1.9.1")
    assert "engine" in by_name["runtime"].found
    # Missing corpora are no failure, but there is a way to get them.
    assert "D2L_RNN_DATA" in by_name["time-machine"].cure


def test_runs_where_nothing_is_installed(tmp_path: Path) -> None:
    venv.create(str(tmp_path / "bare"), with_pip=False)
    bare_python = str(tmp_path / "bare" / "bin" / "python")
    process = subprocess.run(
        [bare_python, "-m", "d2l_rnn", "doctor", "--json"],
        cwd=str(tmp_path),
        env={**os.environ, "PYTHONPATH": str(PACKAGE_PARENT)},
        capture_output=True,
        text=True,
    )
    assert process.stderr == ""
    assert process.returncode == 1
    findings = {row["name"]: row for row in json.loads(process.stdout)["findings"]}
    for name in ("numpy", "mxnet", "requirements"):
        assert not findings[name]["ok"]
        # It has no pip: the command is uv's where uv is.
        assert " pip install " in findings[name]["cure"]
        assert bare_python in findings[name]["cure"]
    assert findings["mxnet"]["cure"].endswith(" --no-deps mxnet==1.9.1 d2l==1.0.3")


def test_a_python_that_does_not_serve(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 7, 9))
    findings = {finding.name: finding for finding in doctor.examine()}
    assert not findings["python"].ok
    assert "3.8 to 3.15" in findings["python"].cure
    assert "PYTHON=" in findings["python"].cure
    # What is installed for a Python that does not serve is no matter.
    assert "mxnet" not in findings


@pytest.mark.parametrize("version", [(3, 8, 0), (3, 15, 2), (3, 16, 0)])
def test_pythons_that_serve(
    version: Tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "version_info", version)
    finding = packages.examine_python()
    assert finding.ok
    assert bool(finding.cure) == (version > (3, 16))  # a note: nobody has tried it


@pytest.mark.parametrize(
    "system, architecture, libc, cure",
    [
        ("Windows", "AMD64", "", "WSL2"),
        ("Darwin", "arm64", "", "arm64 container"),
        ("Linux", "x86_64", "musl", "glibc"),
        ("Linux", "riscv64", "glibc", "x86-64 or aarch64"),
        ("Linux", "x86_64", "glibc", None),
        ("Linux", "aarch64", "glibc", None),
        ("Darwin", "x86_64", "", None),
    ],
)
def test_where_mxnet_has_a_wheel(
    system: str,
    architecture: str,
    libc: str,
    cure: Optional[str],
    elsewhere: Callable[..., None],
) -> None:
    elsewhere(system, architecture, libc=libc)
    finding = machine.examine_platform()
    assert system in finding.found and architecture in finding.found
    assert finding.ok == (cure is None)
    assert cure is None or cure in finding.cure
    # Where there is none, no other cure of mxnet is offered.
    offered = installation.cure_of_mxnet("No module named 'mxnet'").text
    assert ("pip install" in offered) == (cure is None)


@pytest.mark.parametrize(
    "failure, cure",
    [
        ("OSError: libquadmath.so.0: cannot open shared object file", "apt-get"),
        ("ModuleNotFoundError: No module named 'distutils'", "setuptools"),
        ("ModuleNotFoundError: No module named 'mxnet'", "--no-deps mxnet==1.9.1 d2l"),
        ("OSError: libarmpl_lp64_mp.so: cannot open shared object", "doctor --mend"),
        ("OSError: libastring.so: cannot open shared object file", "doctor --mend"),
        ("OSError: libcuda.so.1: cannot open shared object file", "NVIDIA's driver"),
        ("OSError: libcudnn.so.8: cannot open shared object file", "d2l_rnn[gpu]"),
        ("the import was ended by signal 11", "--force-reinstall"),
    ],
)
def test_the_cure_follows_from_the_failure(
    failure: str, cure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "look", lambda code: ({}, failure))
    monkeypatch.setattr(packages, "version_of", {"mxnet": "1.9.1"}.get)
    (finding,) = packages._examine_mxnet()
    assert not finding.ok
    assert failure in finding.found
    assert cure in finding.cure


@pytest.mark.parametrize("openblas_is_here", [True, False])
def test_on_arm_the_stand_ins_are_asked_for(
    openblas_is_here: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = {"mxnet": "1.9.1"}
    if openblas_is_here:
        installed["cmeel-openblas"] = "0.3.31"
    monkeypatch.setattr(packages, "version_of", installed.get)
    monkeypatch.setattr(openblas, "missing", lambda: ["libamath.so"])
    monkeypatch.setattr(packages, "look", lambda code: pytest.fail("imported"))
    (finding,) = packages._examine_mxnet()
    assert not finding.ok and "libamath.so" in finding.found
    assert finding.cure.endswith("-m d2l_rnn doctor --mend")
    # The command that people are told is not one of those that it runs.
    texts = [" ".join(command) for command in finding.commands]
    assert not any("--mend" in text for text in texts)
    assert "put_in_place" in texts[-1]
    assert any("cmeel-openblas==" in text for text in texts) != openblas_is_here


def test_two_builds_of_mxnet_in_one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    installed = {"mxnet": "1.9.1", "mxnet-cu112": "1.9.1"}
    monkeypatch.setattr(packages, "version_of", installed.get)
    monkeypatch.setattr(packages, "_wheel_of", lambda name: name)
    (finding,) = packages._examine_mxnet()
    assert not finding.ok
    removed, added = finding.commands
    assert {"mxnet", "mxnet-cu112"} <= set(removed) and "mxnet==1.9.1" in added


NVIDIA_SMI = [("NVIDIA H100", "535.1", "9.0")]


@pytest.mark.parametrize(
    "build, driver, looks, wrong, cure",
    [
        (None, False, [], None, ""),
        (None, True, [], None, "mxnet-cu112==1.9.1"),
        ("mxnet-cu112", False, [], "gpu", "mxnet==1.9.1"),
        (
            "mxnet-cu112",
            True,
            [{"missing": ["libcudnn.so.8"]}, {"gpus": 1}],
            "cuda libraries",
            "d2l_rnn[gpu]",
        ),
        ("mxnet-cu112", True, [{"missing": []}, {"gpus": 0}], "gpu", "nvidia-smi"),
        ("mxnet-cu112", True, [{"missing": []}, {"gpus": 2}], None, "compiles"),
    ],
)
def test_gpu(
    build: Optional[str],
    driver: bool,
    looks: List[Dict[str, object]],
    wrong: Optional[str],
    cure: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = list(looks)
    monkeypatch.setattr(cuda, "installed_build", lambda: build)
    monkeypatch.setattr(cuda, "has_driver", lambda: driver)
    monkeypatch.setattr(gpu, "look", lambda code: (answers.pop(0), ""))
    monkeypatch.setattr(gpu, "_cards", lambda: NVIDIA_SMI)
    findings = gpu.examine()
    assert [finding.name for finding in findings if not finding.ok] == [
        *([wrong] if wrong else [])
    ]
    assert cure in " ".join(finding.cure for finding in findings)


@pytest.mark.parametrize(
    "mark, quota, cure",
    [
        (".dockerenv", "150000 100000", "OMP_NUM_THREADS=1"),
        (".dockerenv", "max 100000", ""),
        ("run/.containerenv", None, ""),
    ],
)
def test_a_container_with_less_than_it_shows(
    mark: str,
    quota: Optional[str],
    cure: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(machine, "_ROOT", tmp_path)
    monkeypatch.setattr(runtime, "available_cores", lambda: 8)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    assert machine._examine_container() is None
    for path in (tmp_path / mark, tmp_path / "sys/fs/cgroup/cpu.max"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(quota or "")
    finding = machine._examine_container()
    assert finding is not None and finding.ok and finding.cure == cure


@pytest.mark.parametrize(
    "release, folder, cure",
    [
        ("4.4.0-19041-Microsoft", "/home/reader", "--set-version"),
        ("5.15.90.1-microsoft-standard-WSL2", "/mnt/c/d2l", "home folder"),
        ("5.15.90.1-microsoft-standard-WSL2", "/home/reader", ""),
        ("6.1.0-18-amd64", "/home/reader", None),
    ],
)
def test_wsl(
    release: str,
    folder: str,
    cure: Optional[str],
    elsewhere: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    elsewhere("Linux", "x86_64", release)
    monkeypatch.setattr(Path, "cwd", classmethod(lambda cls: cls(folder)))
    finding = machine._examine_wsl()
    if cure is None:
        assert finding is None
    else:
        assert finding is not None and finding.ok
        assert cure in finding.cure and bool(cure) == bool(finding.cure)


@pytest.mark.parametrize(
    "found, failure, cure",
    [
        ({"fonts": 60, "chinese": None}, "", "cjk"),
        ({"fonts": 61, "chinese": "Noto Sans CJK SC"}, "", ""),
    ],
)
def test_fonts(
    found: Dict[str, object], failure: str, cure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "look", lambda code: (found, failure))
    finding = machine.examine_fonts()
    assert finding is not None and finding.ok and cure in finding.cure
    monkeypatch.setattr(machine, "look", lambda code: ({}, "no matplotlib"))
    assert machine.examine_fonts() is None  # the requirements say it


def test_mending_runs_what_helps_once_and_looks_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """One command cures both; one that does not help is not repeated."""
    cured = tmp_path / "cured"
    write = f"open({str(cured)!r}, 'a').write('x')"
    helps = (sys.executable, "-c", write)
    never = (sys.executable, "-c", "print('tried')")

    def examine() -> List[Finding]:
        ok = cured.exists()
        return [
            Finding("one", ok, "", "", (helps,)),
            Finding("two", ok, "", "", (helps,)),
            Finding("three", False, "", "", (never,)),
            Finding("four", False, "", "by hand"),
            Finding("five", True, "", "a note", (never, never)),
        ]

    monkeypatch.setattr(doctor, "examine", examine)
    findings = doctor.mend()
    assert [finding.name for finding in findings if not finding.ok] == ["three", "four"]
    assert cured.read_text() == "x"
    out, err = capfd.readouterr()
    assert out == "" and err.count("\ntried\n") == 1


@pytest.mark.parametrize(
    "code, failure",
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "signal 11"),
        ("import no_such_module", "ModuleNotFoundError: No module named"),
        ("import math; math.no_such_name", "AttributeError: module 'math'"),
        ("raise SystemExit(3)", "exit status 3"),
    ],
)
def test_a_broken_import_does_not_take_the_doctor_along(
    code: str, failure: str
) -> None:
    assert failure in looking.look(code)[1]


@pytest.mark.parametrize("version", [(3, 8, 18), (3, 12, 1), (3, 14, 0)])
def test_missing_d2l_is_told_on_every_python(
    version: Tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "version_of", lambda name: None)
    monkeypatch.setattr(sys, "version_info", version)
    finding = packages._examine_d2l()
    assert not finding.ok
    assert finding.cure.endswith("pip install --no-deps d2l==1.0.3")


@pytest.mark.parametrize(
    "failure, cure",
    [
        (
            "ImportError: ... (No module named 'matplotlib_inline'): ...",
            "pip install matplotlib-inline",
        ),
        # pandas 2.0 and matplotlib 3.7, of NumPy 1's time, under NumPy 2:
        (
            "ValueError: numpy.dtype size changed, may indicate binary incompatibility",
            "pip install --upgrade matplotlib pandas",
        ),
        (
            "ImportError: numpy.core.multiarray failed to import",
            "pip install --upgrade matplotlib pandas",
        ),
    ],
)
def test_d2l_without_what_it_imports(
    failure: str, cure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "version_of", {"d2l": "1.0.3"}.get)
    monkeypatch.setattr(packages, "look", lambda code: ({}, failure))
    assert packages._examine_d2l().cure.endswith(cure)


def test_a_corpus_is_found_by_its_sum(
    no_network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "timemachine.txt"
    file.write_text("not the book", encoding="utf-8")
    monkeypatch.setenv("D2L_RNN_DATA", str(tmp_path))
    finding = places._examine_corpora()[0]
    assert not finding.ok and str(file) in finding.found
    right = corpora.Source("timemachine.txt", corpora.sha1_of(file), ())
    monkeypatch.setitem(corpora.SOURCES, "time-machine", right)
    assert places._examine_corpora()[0] == Finding("time-machine", True, str(file))


def test_folders_that_cannot_be_written(
    no_network: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    findings = places._examine_folders()
    assert [finding.name for finding in findings] == ["cache", "run folder"]
    assert all("not writable" in finding.found for finding in findings)
    assert all(finding.cure for finding in findings)
    assert not any(finding.ok for finding in findings)


def test_report_as_text_and_as_json() -> None:
    good = Finding("python", True, "3.11.7")
    note = Finding("d2l", True, "not installed", "use 3.11")
    bad = Finding("numpy", False, "2.1", "install 1.23.5")
    text, status = doctor.report([good, note])
    assert status == 0
    marks = [line[:4].strip() for line in text.splitlines()]
    assert marks == ["ok", "note", "", "ever"]
    text, status = doctor.report([good, note, bad])
    assert status == 1
    assert "FAIL  numpy" in text and "-> install 1.23.5" in text
    assert "\033" not in text
    text, status = doctor.report([good, note, bad], as_json=True)
    assert status == 1
    content = json.loads(text)
    assert content["ok"] is False
    assert content["findings"][2] == {
        "name": "numpy",
        "ok": False,
        "found": "2.1",
        "cure": "install 1.23.5",
        "commands": [],
    }
