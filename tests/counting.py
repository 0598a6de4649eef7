"""Work that is counted instead of timed: a busy machine cannot make it more."""

from __future__ import annotations

import sys
from typing import Any, Callable


def calls_made(function: Callable[[], Any]) -> int:
    """Calls of functions, Python's and C's, that the function makes in this thread."""
    count = 0

    def counted(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        function()
    finally:
        sys.setprofile(before)
    return count


def grows_no_faster(work: Callable[[int], Callable[[], Any]], size: int) -> bool:
    """Whether the work from 2 to 3 sizes is that from 1 to 2, within a tenth.

    A square would make it 5/3 of that.

    Parameters
    ----------
    work : callable
        The function that does the work of a size; called once before it is counted, as
        what is read once is no growth.
    size : int
    """
    work(size)()
    first, second, third = (calls_made(work(part * size)) for part in (1, 2, 3))
    return third - second <= 1.1 * (second - first)
