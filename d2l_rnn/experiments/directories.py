"""Where runs go, and that none takes the place of another."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Iterator

from ..errors import RunError
from ..results import record


def run_directory(
    name: str, seed: int, out: str = "", initial_weights: str = "seed"
) -> Path:
    """Where a run goes: ``out``, or ``runs/<experiment>/seed-<n>``.

    One from the weights of the book's builds: ``runs/<experiment>/book-<n>``.
    """
    return Path(out) if out else Path("runs") / name / f"{initial_weights}-{seed}"


@contextmanager
def sole_use(directory: Path) -> Iterator[None]:
    """Keep a second process out of a run directory."""
    import filelock

    lock = filelock.FileLock(str(directory.with_name(f".{directory.name}.lock")))
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise RunError(f"run directory {directory}: another run is using it") from None
    except OSError as error:
        raise RunError(
            f"run directory {directory}: {error.strerror or error}"
        ) from None
    try:
        yield
    finally:
        lock.release()
        Path(lock.lock_file).unlink()


def make_room(directory: Path, notify: Callable[[str], None]) -> None:
    """Move an earlier run out of the way, so that nothing is lost, and say where to."""
    if not (directory / record.CONFIG).exists():
        if directory.exists() and any(directory.iterdir()):
            raise RunError(
                f"run directory {directory}: holds other files; name another with --out"
            )
        return
    number = 1
    while directory.with_name(f"earlier-{number}-{directory.name}").exists():
        number += 1
    moved = directory.rename(directory.with_name(f"earlier-{number}-{directory.name}"))
    notify(f"{directory} held an earlier run, now in {moved}")
