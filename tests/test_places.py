"""Wherever it is run, and wherever it is told to write: one line, or it works."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional

import pytest

from d2l_rnn import runtime
from d2l_rnn.cli import main

from .devices import make_device

ROOT = Path(__file__).parents[1]
RUN = ["run", "text-stats", "--corpus", "sample", "--no-plot", "--quiet"]
RUN += ["--max-order", "1", "--num-top", "1", "--out"]

# A root whose rights end where an ordinary user's do: at what belongs to others.
WITHOUT_RIGHTS = [
    "setpriv",
    "--bounding-set=-dac_override,-dac_read_search,-fowner",
    "--inh-caps=-all",
]
# A user id that no passwd entry has.
UNKNOWN_USER = """
import pwd, sys
def getpwuid(number):
    raise KeyError(number)
pwd.getpwuid = getpwuid
from d2l_rnn.cli import main
sys.exit(main(sys.argv[1:]))
"""


class Ended(NamedTuple):
    status: int
    out: str
    lines: List[str]


def d2l_rnn(
    *arguments: str,
    before: Optional[List[str]] = None,
    code: str = "",
    without: str = "",
    shell: str = "",
) -> Ended:
    """Run a command in a process of its own."""
    program = ["-c", code] if code else ["-m", "d2l_rnn"]
    command = [*(before or []), sys.executable, *program, *arguments]
    if shell:
        command = ["sh", "-c", shell, "sh", *command]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    for name in without.split():
        environment.pop(name, None)
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    return Ended(done.returncode, done.stdout, done.stderr.splitlines())


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def refused_in_a_line(arguments: List[str], capsys: pytest.CaptureFixture[str]) -> str:
    status = main(arguments)
    (line,) = capsys.readouterr().err.splitlines()
    assert status in (2, 3, 4) and line.startswith("d2l-rnn: error: ")
    return line


LONG_NAME, LONG_PATH = "x" * 300, "d/" * 2500 + "it"


@pytest.mark.parametrize("place", [LONG_NAME, LONG_PATH, "file/below", "fifo"])
@pytest.mark.parametrize(
    "command",
    [
        "run text-stats --corpus sample --out {}",
        "run text-stats --corpus sample --data-dir {}",
        "run text-stats --corpus sample --resume --out {}",
        "report --out {}",
        "report {}",
        "compare {}",
        "audit --plots {} here",
        "benchmark --quick --out {}",
        "fill --run {}/missing a_b",
        "translate {}/missing hello",
        "translate --save-attention {} file hello",
    ],
)
def test_names_that_cannot_be_are_one_line(
    place: str, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("file").write_text("content")
    os.mkfifo("fifo")
    arguments = [word.format(place) for word in command.split()]
    refused_in_a_line(arguments, capsys)
    assert {*os.listdir()} - {"runs"} == {"fifo", "file"}
    assert Path("file").read_text() == "content"


@pytest.mark.parametrize("place", ["device", "fifo", "folder", "link"])
def test_report_refuses_what_is_no_file(
    place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo("fifo")
    Path("folder").mkdir()
    device = make_device(Path("device"))
    Path("link").symlink_to(device)
    out = str(device) if place == "device" else place
    mode = os.stat(out).st_mode
    line = refused_in_a_line(["report", "--out", out], capsys)
    assert "not a regular file; accepted is a file in a folder that exists" in line
    assert os.stat(out).st_mode == mode and stat.S_ISCHR(os.stat(device).st_mode)


def test_a_home_where_nobody_knows_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    monkeypatch.delenv("HOME", raising=False)
    runtime.have_a_home()
    assert os.environ["HOME"] == "/"
    monkeypatch.undo()
    before = os.environ.get("HOME")
    runtime.have_a_home()
    assert os.environ.get("HOME") == before


needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None,
    reason="needs root, and setpriv to give its rights up",
)

# What an ordinary user may not, and what is said of it.
NOT_ALLOWED: Dict[str, str] = {
    "run text-stats --corpus sample --out locked": "run directory locked",
    "run text-stats --corpus sample --out locked/run": "run directory locked/run",
    "run text-stats --corpus sample --resume --out locked": "run directory locked",
    "run text-stats --corpus sample --out closed/run": "run directory closed/run",
    "run text-stats --corpus locked/text.txt --out run": "corpus locked/text.txt",
    "compare locked": "locked",
    "compare locked/run": "run locked/run",
    "report locked": "locked",
    "report --out locked/page.html": "--out locked/page.html",
    "report --out closed/page.html run": "--out closed/page.html",
    "benchmark --quick --out locked/figures": "--out locked/figures",
    "translate --save-attention locked/it.png run hello": "--save-attention",
}


@needs_root
@pytest.mark.slow
@pytest.mark.parametrize("command", NOT_ALLOWED)
def test_folders_of_others_are_one_line(command: str) -> None:
    assert main([*RUN, "run"]) == 0
    for name, mode in (("locked", 0o700), ("closed", 0o755)):
        Path(name).mkdir(mode=mode)
    Path("locked/text.txt").write_text("text")
    for name in ("locked", "closed"):
        os.chown(name, 12345, 12345)
    ended = d2l_rnn(*command.split(), before=WITHOUT_RIGHTS)
    (line,) = ended.lines
    assert ended.status in (2, 3, 4)
    assert NOT_ALLOWED[command] in line and "Permission denied" in line
    assert sorted(os.listdir("locked")) == ["text.txt"] and os.listdir("closed") == []


@needs_root
@pytest.mark.slow
def test_where_only_the_directory_is_ours() -> None:
    """A mounted volume: what was there is moved inside, and locked inside."""
    Path("volume/run").mkdir(parents=True)
    os.chown("volume", 12345, 12345)
    for _ in range(2):
        assert d2l_rnn(*RUN, "volume/run", before=WITHOUT_RIGHTS).status == 0
    assert os.listdir("volume") == ["run"]
    assert {".lock", "earlier-1", "result.json"} < set(os.listdir("volume/run"))


@pytest.mark.slow
def test_no_home_and_no_passwd_entry() -> None:
    for arguments in ([*RUN, "run"], ["doctor"], ["report", "run"]):
        ended = d2l_rnn(*arguments, code=UNKNOWN_USER, without="HOME XDG_CACHE_HOME")
        assert ended.status == 0, ended.lines
    assert sorted(os.listdir()) == [".run.lock", "report.html", "run"]  # no folder "~"


@pytest.mark.slow
def test_standard_input_may_be_closed() -> None:
    ended = d2l_rnn(*RUN, "run", shell='exec "$@" <&-')
    assert ended.status == 0 and ended.lines == ["d2l-rnn: recorded in run"]
    assert main(["compare", "run"]) == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments, status",
    [
        ([*RUN, "{}/run"], 0),
        ([*RUN[:-1]], 4),
        (["report"], 4),
        (["report", "--out", "page.html", "{}/before"], 2),
        (["report", "--out", "{}/page.html", "{}/before"], 0),
        (["doctor"], 1),
        (["list"], 0),
    ],
)
def test_the_current_directory_may_be_gone(
    arguments: List[str], status: int, tmp_path: Path
) -> None:
    assert main([*RUN, "before"]) == 0
    words = [word.format(tmp_path) for word in arguments]
    Path("gone").mkdir()
    ended = d2l_rnn(*words, shell='cd gone && rmdir ../gone && exec "$@"')
    assert ended.status == status
    assert [line for line in ended.lines if not line.startswith("d2l-rnn: ")] == []
    assert len(ended.lines) <= 1
