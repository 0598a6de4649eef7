"""How much memory there is, and whether arrays of given shapes can lie in it."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Iterable, Iterator, Optional, Tuple

from .errors import UsageError

Shape = Tuple[int, ...]

MOST_ELEMENTS = 2**31 - 1  # of one array: MXNet's wheels index with 32 bits
_MEMINFO = Path("/proc/meminfo")
_CGROUPS = Path("/sys/fs/cgroup")
_OWN_CGROUP = Path("/proc/self/cgroup")


def available() -> Optional[Tuple[int, str]]:
    """Bytes that this process may have at most, and what says so.

    The least of what the kernel has to give, swap included, and of the limits of this
    container or control group, whatever of them is taken already: an upper bound.

    Returns
    -------
    (int, str) or None
        None where nothing tells (not on Linux).
    """
    return min([*_of_the_machine(), *_of_the_container()], default=None)


def _of_the_machine() -> Iterator[Tuple[int, str]]:
    found = {}
    for line in _lines(_MEMINFO):
        name, _, rest = line.partition(":")
        words = rest.split()
        if words and words[0].isdigit():
            found[name] = 1024 * int(words[0])  # in kB
    if "MemAvailable" in found:
        yield found["MemAvailable"] + found.get("SwapFree", 0), "the memory available"


def _of_the_container() -> Iterator[Tuple[int, str]]:
    """Of version 2 of the control groups and of version 1, own one and those above."""
    for line in _lines(_OWN_CGROUP):
        _, controllers, path = line.split(":", 2) if line.count(":") > 1 else ("",) * 3
        if controllers == "":
            root, name = _CGROUPS, "memory.max"
        elif "memory" in controllers.split(","):
            root, name = _CGROUPS / "memory", "memory.limit_in_bytes"
        else:
            continue
        group = root / path.lstrip("/")
        for place in (group, *group.parents):
            for limit in _lines(place / name):
                if limit.strip().isdigit():
                    yield int(limit), "the container's limit"
            if place == root:
                break


def _lines(path: Path) -> Iterator[str]:
    try:
        yield from path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return


def check_fits(
    arrays: Iterable[Shape], number_of_bytes: int, what: str, on_host: bool = True
) -> None:
    """Refuse what cannot be: a lower bound that is beyond what there is.

    Parameters
    ----------
    arrays : iterable of shape
        The largest, of those that will certainly be made.
    number_of_bytes : int
        That will certainly be taken.
    what : str
        The settings that it follows from, as they are typed.
    on_host : bool
        Whether the bytes lie in the machine's memory; a GPU's is not asked.

    Raises
    ------
    UsageError
        Naming the settings, and both numbers.
    """
    for shape in arrays:
        if prod(shape) > MOST_ELEMENTS:
            sizes = " x ".join(map(str, shape))
            raise UsageError(
                f"{what}: an array of {sizes} numbers would be made; accepted are "
                f"fewer than 2^31 = {MOST_ELEMENTS + 1:,}"
            )
    limit = available() if on_host else None
    if limit is not None and number_of_bytes > limit[0]:
        raise UsageError(
            f"{what}: at least {_gigabytes(number_of_bytes)} are needed, and "
            f"{_gigabytes(limit[0])} are there ({limit[1]})"
        )


def _gigabytes(number_of_bytes: int) -> str:
    return f"{number_of_bytes / 1e9:,.2f} GB"
