"""On another host: become the process that a line of standard input describes.

    ssh HOST exec python -m d2l_rnn.jobs.remote

So nothing of it goes through a shell, and none of it is seen by others on the host.
Standard input stays open behind the line: :func:`d2l_rnn.signals.end_with_parent`.
"""

from __future__ import annotations

import json
import os
import sys
from typing import List

from .. import streams
from ..runtime import thread_share

_LONGEST_LINE = 1 << 20  # bytes


def main() -> int:
    """Become it; a status where that cannot be."""
    line: List[bytes] = []
    while len(line) < _LONGEST_LINE:
        letter = os.read(0, 1)  # no more than the line
        if letter in (b"", b"\n"):
            break
        line.append(letter)
    asked = json.loads(b"".join(line))
    environment = {**os.environ, **asked["environment"]}
    # client's address and port, ours and our port
    environment["DMLC_NODE_HOST"] = os.environ.get("SSH_CONNECTION", "").split()[2]
    environment.setdefault("OMP_NUM_THREADS", str(thread_share(asked["side_by_side"])))
    try:
        os.chdir(asked["folder"])
    except OSError as error:
        streams.tell(f"error: {asked['folder']}: {error.strerror}", "d2l-rnn: ")
        return 2
    os.execve(sys.executable, [sys.executable, *asked["arguments"]], environment)


if __name__ == "__main__":
    sys.exit(main())
