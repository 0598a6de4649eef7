"""One directory, one process, whatever it is called; and nothing in it is ever lost."""

from __future__ import annotations

import errno
import json
import os
import stat
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any, List, Optional

import mxnet
import pytest

from d2l_rnn.errors import DataError, RunError
from d2l_rnn.experiments import directories, environment, recorded
from d2l_rnn.experiments.directories import make_room, run_directory, sole_use
from d2l_rnn.models.language_model import RNNModel
from d2l_rnn.results.record import read_run
from d2l_rnn.training.loop import EpochRow

from ..devices import make_device

OPEN = os.open  # as it is before a test replaces it


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def told_nothing(line: str) -> None:
    raise AssertionError(line)


def make_run(directory: str, mark: str = "a") -> None:
    Path(directory).mkdir(parents=True, exist_ok=True)
    config = json.dumps({"experiment": "text-stats", "seed": 1})
    Path(directory, "config.json").write_text(config)
    for name in ("environment.json", "epochs.jsonl", "result.json"):
        Path(directory, name).write_text(mark)


def marks(folder: str = ".") -> List[str]:
    """What results there are below a folder."""
    return sorted(path.read_text() for path in Path(folder).rglob("result.json"))


# All that may lead to the one directory ``real/run``.
NAMES = [
    "real/run",
    "real/./run",
    "real/other/../run",
    "link",
    "link/",
    "folder-link/run",
    "far/folder/../run",  # ".." of where the link leads to, not of where it stands
    "{here}/real/run",
    "{here}/link",
]


@pytest.fixture
def names() -> List[str]:
    Path("real/run").mkdir(parents=True)
    Path("real/other").mkdir()
    Path("far").mkdir()
    Path("link").symlink_to("real/run")
    Path("folder-link").symlink_to(Path("real").resolve())
    Path("far/folder").symlink_to("../real/other")
    return [name.format(here=os.getcwd()) for name in NAMES]


def test_a_directory_is_one_whatever_it_is_called(names: List[str]) -> None:
    for name in names:
        with sole_use(run_directory("rnn", 1, name)):
            for other in names:
                with pytest.raises(RunError, match="another run is using it"):
                    with sole_use(run_directory("rnn", 1, other)):
                        raise AssertionError(f"{name} and {other} at a time")
        with sole_use(run_directory("rnn", 1, name)):
            pass


def test_the_plain_name_stays_as_it_was_typed(names: List[str]) -> None:
    assert run_directory("rnn", 2) == Path("runs/rnn/seed-2")
    assert run_directory("rnn", 1, "real/run") == Path("real/run")
    real = Path("real/run").resolve()
    assert {run_directory("rnn", 1, name).resolve() for name in names} == {real}
    assert run_directory("rnn", 1, "link") == real


@pytest.mark.parametrize("place", range(len(NAMES)))
def test_an_earlier_run_is_moved_and_no_link_is(place: int, names: List[str]) -> None:
    make_run("real/run")
    directory = run_directory("rnn", 1, names[place])
    told: List[str] = []
    with sole_use(directory):
        make_room(directory, told.append)
    assert len(told) == 1 and "earlier-1-run" in told[0]
    assert os.readlink("link") == "real/run"
    assert os.path.samefile("link", "real/run") and os.listdir("link") == []
    assert marks("real/earlier-1-run") == ["a"] and Path("folder-link").is_symlink()


def test_a_link_to_what_is_not_there_yet() -> None:
    Path("link").symlink_to("missing/run")
    directory = run_directory("rnn", 1, "link")
    with sole_use(directory):
        make_room(directory, told_nothing)
    assert Path("link").is_symlink() and Path("missing/run").is_dir()


def test_a_lock_file_stays() -> None:
    for _ in range(2):
        with sole_use(Path("runs/run")):
            inode = os.stat("runs/.run.lock").st_ino
    assert os.stat("runs/.run.lock").st_ino == inode


def test_a_refused_run_leaves_nothing() -> None:
    Path("mine").mkdir()
    for out in ("runs/rnn/seed-1", "mine/run"):
        with pytest.raises(DataError), sole_use(Path(out)):
            raise DataError("no such corpus")
    assert os.listdir() == ["mine"] and os.listdir("mine") == []
    with pytest.raises(DataError), sole_use(Path("mine/run")):
        Path("mine/run").mkdir()
        raise DataError("later")
    assert sorted(os.listdir("mine")) == [".run.lock", "run"]


def test_a_lock_that_was_taken_away_keeps_nobody_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Between opening and holding it the last holder removed it, and its folder."""
    opened = directories._opened
    times: List[Path] = []

    def late(path: Path, stack: ExitStack) -> int:
        handle = opened(path, stack)
        if len(times) < 3:
            path.unlink()
            if len(times) == 2:
                path.parent.rmdir()
        times.append(path)
        return handle

    monkeypatch.setattr(directories, "_opened", late)
    with sole_use(Path("runs/run")):
        assert len(times) == 4
        with pytest.raises(RunError, match="another run"), sole_use(Path("runs/run")):
            pass


@pytest.mark.parametrize("kind", ["file", "device", "file/below", "loop", "root"])
def test_what_is_no_directory_is_refused(kind: str) -> None:
    Path("file").write_text("content")
    Path("loop").symlink_to("loop")
    device = make_device(Path("device"))
    out = {"device": str(device), "root": "/"}.get(kind, kind)
    with pytest.raises(RunError, match="Not a dir|other files|Too many levels"):
        with sole_use(run_directory("rnn", 1, out)):
            pass
    assert {*os.listdir()} - {"device"} == {"file", "loop"}
    assert stat.S_ISCHR(os.stat(device).st_mode)
    assert Path("file").read_text() == "content"


@pytest.mark.parametrize("out", ["x" * 300, "d/" * 2500 + "run"])
def test_names_that_are_too_long_are_refused(out: str) -> None:
    with pytest.raises(RunError, match="File name too long"):
        with sole_use(run_directory("rnn", 1, out)):
            pass


def test_the_longest_names_are_used() -> None:
    directory = run_directory("rnn", 1, "x" * 255)
    for number in (1, 2):
        with sole_use(directory):
            with pytest.raises(RunError, match="another run"), sole_use(directory):
                pass
            make_room(directory, lambda line: None)
            make_run(str(directory), str(number))
    assert marks() == ["1", "2"]


def test_the_current_directory_stays_the_current_one() -> None:
    for number in (1, 2, 3):
        directory = run_directory("rnn", 1, ".")
        with sole_use(directory):
            make_room(directory, lambda line: None)
        make_run(".", str(number))
    assert os.path.samefile(os.getcwd(), ".") and Path("result.json").read_text() == "3"
    assert sorted(path.name for path in Path().iterdir() if path.is_dir()) == [
        "earlier-1",
        "earlier-2",
    ]
    assert marks("earlier-1") == ["1"] and marks("earlier-2") == ["2"]


@pytest.fixture
def mounted(monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory whose parent cannot be written to, nor itself be renamed."""
    directory = Path("volume/run")
    directory.mkdir(parents=True)
    opened, renamed = os.open, Path.rename

    def opening(path: Any, flags: int, *mode: int) -> int:
        if flags & os.O_CREAT and Path(path).parent == directory.parent:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return opened(path, flags, *mode)

    def renaming(path: Path, target: Path) -> Any:
        if path == directory:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        return renamed(path, target)

    monkeypatch.setattr(os, "open", opening)
    monkeypatch.setattr(Path, "rename", renaming)
    return directory


def test_a_mounted_directory_is_locked_and_emptied_inside(mounted: Path) -> None:
    make_run(str(mounted))
    with sole_use(mounted):
        assert os.listdir("volume") == ["run"]
        with pytest.raises(RunError, match="another run"), sole_use(mounted):
            pass
        make_room(mounted, lambda line: None)
        assert sorted(os.listdir(mounted)) == [".lock", "earlier-1"]
        with pytest.raises(RunError, match="another run"), sole_use(mounted):
            pass
    with sole_use(mounted):
        make_room(mounted, told_nothing)  # nothing there but what belongs to it
    assert marks() == ["a"]


def test_who_may_write_beside_meets_who_may_not(
    mounted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sole_use(mounted):
        with monkeypatch.context() as patch:
            patch.setattr(os, "open", OPEN)
            with pytest.raises(RunError, match="another run"), sole_use(mounted):
                pass
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", OPEN)
        with sole_use(mounted):
            patch.undo()
            with pytest.raises(RunError, match="another run"), sole_use(mounted):
                pass


class Killed(BaseException):
    """What a machine that stops is played by."""


@pytest.mark.parametrize("number", range(1, 7))
def test_a_move_that_was_killed_is_brought_to_its_end(
    number: int, mounted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run(str(mounted))
    (mounted / "curve.png").write_text("picture")
    renamed, calls = Path.rename, []

    def renaming(path: Path, target: Path) -> Any:
        calls.append(path)
        if len(calls) == number + 1:  # the first is of the directory itself
            raise Killed
        return renamed(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", renaming)
        with pytest.raises(Killed), sole_use(mounted):
            make_room(mounted, lambda line: None)
    # No half of it looks like a run that could go on.
    assert not (mounted / "config.json").exists() or number == 1
    with sole_use(mounted):
        make_room(mounted, lambda line: None)
    assert sorted(os.listdir(mounted)) == [".lock", "earlier-1"]
    assert sorted(os.listdir(mounted / "earlier-1")) == [
        "config.json",
        "curve.png",
        "environment.json",
        "epochs.jsonl",
        "result.json",
    ]


@pytest.mark.parametrize("left", [".d2l_rnn-0123abcd.part", ".config.json-abcdefgh"])
def test_a_kill_in_the_first_file_leaves_a_usable_directory(left: str) -> None:
    directory = Path("run")
    directory.mkdir()
    (directory / left).write_text('{"exper')
    with sole_use(directory):
        make_room(directory, told_nothing)
    assert os.listdir(directory) == []
    (directory / left).write_text('{"exper')
    with recorded.record("mine", out="run"):
        make_room(directory, told_nothing)


def test_what_is_not_ours_stays() -> None:
    Path("model").mkdir()
    Path("model/config.json").write_text('{"architectures": ["Other"]}')
    Path("notes").mkdir()
    Path("notes/text.txt").write_text("mine")
    for name in ("model", "notes"):
        with sole_use(Path(name)):
            with pytest.raises(RunError, match="holds other files"):
                make_room(Path(name), told_nothing)
    assert os.listdir("model") == ["config.json"]
    assert os.listdir("notes") == ["text.txt"]


def test_a_recorded_training_is_alone_whatever_it_is_called() -> None:
    Path("real").mkdir()
    Path("link").symlink_to("real")
    with recorded.record("mine", out="link"):
        with pytest.raises(RunError, match="another run is using it"):
            with recorded.record("mine", out="real"):
                pass
        assert Path("link").is_symlink()


def test_where_a_recording_goes_does_not_change_with_the_current_directory() -> None:
    Path("elsewhere").mkdir()
    with recorded.record("mine", out="run") as run:
        os.chdir("elsewhere")
        assert not run.directory.exists()
        run.directory.mkdir()
    assert Path("../run").is_dir()


def test_a_recording_whose_picture_finds_no_room_has_its_result(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(directory: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(recorded, "draw_curve", full)
    net = RNNModel(mxnet.gluon.rnn.RNN(2), 3)
    with recorded.record("mine", out="run") as run:
        run.begin(net, [], mxnet.cpu())
        run.epoch(EpochRow(1, 1.0, 1, 1.0))
        with pytest.raises(RunError, match="run: No space left on device"):
            run.end(["text"])
    result = read_run("run").result
    assert result is not None and result["texts"] == ["text"]


ENTERING = """
import os, sys, time
from pathlib import Path
from d2l_rnn.errors import RunError
from d2l_rnn.experiments.directories import make_room, run_directory, sole_use

entered, refused = 0, 0
end = time.monotonic() + float(sys.argv[2])
while time.monotonic() < end:
    directory = run_directory("rnn", 1, sys.argv[1])
    try:
        with sole_use(directory):
            os.close(os.open("inside", os.O_CREAT | os.O_EXCL))
            if entered % 7 == 0:
                make_room(directory, lambda line: None)
                (directory / "config.json").write_text('{"experiment": "rnn"}')
            os.unlink("inside")
            entered += 1
    except RunError as error:
        assert "another run is using it" in str(error), error
        refused += 1
print(entered, refused)
"""


@pytest.mark.slow
def test_four_processes_never_enter_at_a_time() -> None:
    """Half of them through a link; a double entry is a FileExistsError."""
    Path("link").symlink_to("run")
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", ENTERING, name, "10"],
            stdout=subprocess.PIPE,
            universal_newlines=True,
        )
        for name in ("run", "link", "run", "link")
    ]
    entered = []
    for process in processes:
        output, _ = process.communicate()
        assert process.returncode == 0
        entered.append(int(output.split()[0]))
    print(f"{sum(entered)} entries, none of them double")
    assert sum(entered) > 100


def git(folder: Path, *arguments: str) -> None:
    names = ["-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run(
        ["git", *names, *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL
    )


SETUP = "[metadata]\nname = d2l_rnn\n"


@pytest.mark.parametrize(
    "root, tracked, setup, ours",
    [
        (".", ["."], SETUP, True),
        (".", ["setup.cfg"], SETUP, False),  # an installed copy, in our own checkout
        (".", ["."], "[metadata]\nname = another\n", False),
        ("site-packages", ["."], SETUP, False),  # some repository around it
        (".", ["."], None, False),
    ],
)
@pytest.mark.parametrize("hook", [False, True])
def test_a_commit_is_ours_or_none(
    root: str,
    tracked: List[str],
    setup: Optional[str],
    ours: bool,
    hook: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    package = tmp_path / root / "d2l_rnn" / "experiments" / "environment.py"
    package.parent.mkdir(parents=True)
    (package.parents[1] / "__init__.py").write_text("")
    if setup is not None:
        (tmp_path / root / "setup.cfg").write_text(setup)
    (tmp_path / "other.txt").write_text("")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "other.txt", *(t for t in tracked if Path(t).exists()))
    git(tmp_path, "commit", "-qm", "one")
    if hook:  # git tells its hooks of another repository
        monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setattr(environment, "__file__", str(package))
    commit = environment.commit()
    assert (commit is not None) == ours
