"""Where runs go, that one process writes there, and that none takes another's place.

A run directory is locked by a file beside it or, where that cannot be made (a mounted
volume, a parent folder that is not ours), by one inside. The lock file of a run stays.
Where a run is refused before it has a directory, it is taken away while it is held; who
has opened it meanwhile finds that it is no longer there, and begins anew.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Callable, ContextManager, Iterator, List

from ..errors import RunError, system_errors_as
from ..files import make_directory, sweep
from ..results import record

#: Where a finished run grows longer.
LONGER = ".longer"
_LOCK = ".lock"  # inside the directory
_MOVING = ".moving"  # inside, an earlier run's files that are being moved aside
_NOT_OURS = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG)
_HELD = (errno.EAGAIN, errno.EACCES)
_ATTEMPTS = 10  # to hold a lock that refused runs take away


def usable(directory: Path) -> ContextManager[None]:
    """Within, what the operating system refuses makes the run directory unusable."""
    return system_errors_as(RunError, f"run directory {directory}")


def run_directory(
    name: str, seed: int, out: str = "", initial_weights: str = "seed"
) -> Path:
    """Where a run goes: ``out``, or ``runs/<experiment>/seed-<n>``.

    One from the weights of the book's builds: ``runs/<experiment>/book-<n>``.

    Returns
    -------
    pathlib.Path
        As it is named where that is plain; where a link or a dot leads to it, the path
        without: one directory has one name, for its lock and for moving it.

    Raises
    ------
    RunError
        If something else than a directory is there.
    """
    named = Path(out) if out else Path("runs") / name / f"{initial_weights}-{seed}"
    with usable(named):
        real = Path(os.path.realpath(named))
        if (
            ".." in named.parts
            or not named.name
            or real != Path(os.path.abspath(named))
        ):
            named = real
        if not named.name:
            raise _holds_other_files(named)  # the root
        with suppress(FileNotFoundError):  # another run may be moving it aside just now
            if not stat.S_ISDIR(os.stat(named).st_mode):
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    return named


@contextmanager
def sole_use(directory: Path) -> Iterator[None]:
    """Keep a second process out of a run directory; clear up after a killed one.

    Parameters
    ----------
    directory : pathlib.Path
        Of :func:`run_directory`.

    Raises
    ------
    RunError
        If another run is using it, or it cannot be used.
    """
    with ExitStack() as stack:
        with usable(directory):
            # From the innermost: those that a refused run takes away again.
            made = [path for path in directory.parents if not os.path.lexists(path)]
            _lock(directory, stack)
            for place in (directory, directory / LONGER):
                sweep(place)
        try:
            yield
        except BaseException:
            _leave_no_lock(directory, made)
            raise


def _leave_no_lock(directory: Path, made: List[Path]) -> None:
    """Take away the lock file beside what was not made, and the folders for it."""
    if not os.path.lexists(directory):
        with suppress(OSError):
            os.unlink(_beside(directory))
            for parent in made:
                os.rmdir(parent)


def _beside(directory: Path) -> Path:
    return directory.with_name(f".{directory.name}.lock")


def _lock(directory: Path, stack: ExitStack) -> None:
    beside, inside = _beside(directory), directory / _LOCK
    try:
        _hold(beside, directory, stack)
        other = inside
    except OSError as error:
        if error.errno not in _NOT_OURS or os.path.lexists(beside):
            raise
        make_directory(directory)
        _hold(inside, directory, stack)
        other = beside
    # Who can make the one file only may meet who can make the other only: whoever looks
    # after making his own sees the other's.
    if os.path.lexists(other):
        _hold(other, directory, stack)


def _hold(path: Path, directory: Path, stack: ExitStack) -> None:
    """Hold a lock file that is still there when it is held."""
    for attempt in reversed(range(_ATTEMPTS)):
        try:
            make_directory(path.parent)
            handle = _opened(path, stack)
            _flock(handle, directory)
            if os.path.samestat(os.fstat(handle), os.stat(path)):
                return
        except FileNotFoundError:  # a refused run took it, or its folder, away
            if not attempt:
                raise
    raise RunError(f"run directory {directory}: another run is using it")


def _opened(path: Path, stack: ExitStack) -> int:
    """Open a lock file, made if need be; of another user's, reading it will do."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        if error.errno not in _NOT_OURS or not os.path.lexists(path):
            raise
        handle = os.open(path, os.O_RDONLY)
    stack.callback(os.close, handle)
    return handle


def _flock(handle: int, directory: Path) -> None:
    import fcntl  # not on Windows, where the commands that only read work all the same

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in _HELD:
            raise
        raise RunError(f"run directory {directory}: another run is using it") from None


def make_room(directory: Path, notify: Callable[[str], None]) -> None:
    """Make an empty run directory; what an earlier run left is moved, not lost.

    Parameters
    ----------
    directory : pathlib.Path
        In our sole use.
    notify : callable
        Told where an earlier run is now.

    Raises
    ------
    RunError
        If there are other files in it, or it cannot be made.
    """
    moved = None
    with usable(directory):
        unfinished = os.path.lexists(directory / _MOVING)
        if unfinished or (directory / record.CONFIG).exists():
            if not unfinished:
                _check_run(directory)
            moved = _moved_aside(directory, unfinished)
        elif directory.exists() and any(map(_is_content, directory.iterdir())):
            raise _holds_other_files(directory)
        make_directory(directory)
    if moved is not None:
        notify(f"{directory} held an earlier run, now in {moved}")


def _holds_other_files(directory: Path) -> RunError:
    return RunError(
        f"run directory {directory}: holds other files; name another with --out"
    )


def _check_run(directory: Path) -> None:
    """Refuse where config.json is another program's; a damaged one may be ours."""
    try:
        ours = "experiment" in record.read_run(directory).config
    except RunError:
        return
    if not ours:
        raise _holds_other_files(directory)


def _is_content(path: Path) -> bool:
    """Whether a file of a run directory moves with the run: not what belongs to it."""
    return path.name not in (_LOCK, _MOVING) and not path.name.startswith("earlier-")


def _moved_aside(directory: Path, unfinished: bool) -> Path:
    """Rename the directory, or move its contents where it has to stay where it is."""
    number = 1
    while any(
        os.path.lexists(place / f"earlier-{number}{suffix}")
        for place, suffix in ((directory.parent, f"-{directory.name}"), (directory, ""))
    ):
        number += 1
    if not unfinished and not _is_around_us(directory):
        beside = directory.with_name(f"earlier-{number}-{directory.name}")
        try:
            return directory.rename(beside)
        except OSError:
            pass  # a mounted volume, a parent that is not ours, a name too long
    # The configuration first: a kill in between leaves no half of a run that looks
    # like one, and the rest is moved when the directory is next asked for.
    moving = directory / _MOVING
    moving.mkdir(exist_ok=True)
    for path in sorted(
        directory.iterdir(), key=lambda path: path.name != record.CONFIG
    ):
        if _is_content(path):
            path.rename(moving / path.name)
    return moving.rename(directory / f"earlier-{number}")


def _is_around_us(directory: Path) -> bool:
    """Whether the current directory is this one, or inside it."""
    try:
        here = Path.cwd()
    except OSError:  # it has been removed
        return False
    real = Path(os.path.realpath(directory))
    return real == here or real in here.parents
