"""A line now and then while something takes long, so that nobody thinks it hangs."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import Callable, Iterator

EVERY_SECONDS = 8.0


@contextmanager
def told(
    notify: Callable[[str], None], what: str, every: float = EVERY_SECONDS
) -> Iterator[None]:
    """Within, tell every so many seconds that it goes on: "what: 16 s so far"."""
    ended = threading.Event()

    def tell() -> None:
        waited = every
        while not ended.wait(every):
            notify(f"{what}: {waited:.0f} s so far")
            waited += every

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
