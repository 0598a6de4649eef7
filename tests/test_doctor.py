"""The doctor finds what is broken, names the cure, and needs nothing to run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import Dict, Tuple

import pytest

from d2l_rnn import doctor
from d2l_rnn.data import corpora
from d2l_rnn.doctor import Finding

PACKAGE_PARENT = Path(doctor.__file__).resolve().parent.parent


@pytest.fixture
def by_name(no_network: Path) -> Dict[str, Finding]:
    return {finding.name: finding for finding in doctor.examine()}


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
        assert findings[name]["cure"].startswith(f"{bare_python} -m pip install ")
    assert findings["mxnet"]["cure"].endswith(" mxnet==1.9.1")


@pytest.mark.parametrize("version", [(3, 7, 9), (3, 13, 0)])
def test_a_python_that_does_not_serve(
    version: Tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "version_info", version)
    findings = doctor.examine()
    assert not findings[0].ok
    assert "3.8 to 3.12" in findings[0].cure and "PYTHON=" in findings[0].cure
    # What is installed for a Python that does not serve is no matter.
    assert "mxnet" not in [finding.name for finding in findings]
    assert doctor.report(findings)[1] == 1


@pytest.mark.parametrize(
    "failure, cure",
    [
        ("OSError: libquadmath.so.0: cannot open shared object file", "apt-get"),
        ("ModuleNotFoundError: No module named 'distutils'", "setuptools"),
        ("AttributeError: module 'numpy' has no attribute 'bool'", "numpy"),
        ("the import was ended by signal 11", "--force-reinstall"),
    ],
)
def test_the_cure_follows_from_the_failure(
    failure: str, cure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "_look", lambda code: ({}, failure))
    (finding,) = doctor._examine_mxnet()
    assert not finding.ok
    assert finding.found == failure
    assert cure in finding.cure


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
    assert failure in doctor._look(code)[1]


def test_missing_d2l_is_a_note_only_where_it_cannot_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(doctor, "_version_of", lambda name: None)
    monkeypatch.setattr(sys, "version_info", (3, 12, 1))
    assert doctor._examine_d2l().ok and doctor._examine_d2l().cure
    monkeypatch.setattr(sys, "version_info", (3, 8, 18))
    assert not doctor._examine_d2l().ok
    assert doctor._examine_d2l().cure.endswith("-m pip install d2l==1.0.3")


def test_a_corpus_is_found_by_its_sum(
    no_network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "timemachine.txt"
    file.write_text("not the book", encoding="utf-8")
    monkeypatch.setenv("D2L_RNN_DATA", str(tmp_path))
    finding = doctor._examine_corpora()[0]
    assert not finding.ok and str(file) in finding.found
    right = corpora.Source("timemachine.txt", corpora.sha1_of(file), ())
    monkeypatch.setitem(corpora.SOURCES, "time-machine", right)
    assert doctor._examine_corpora()[0] == Finding("time-machine", True, str(file))


def test_folders_that_cannot_be_written(
    no_network: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    findings = doctor._examine_folders()
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
    }
