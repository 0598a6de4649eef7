"""A server or the scheduler of MXNet's parameter server, as a process of its own.

    python -m d2l_rnn.jobs.parameter_server server

MXNet makes one of every process that imports it with ``DMLC_ROLE=server``, and that one
unpickles what is sent to its port as an optimiser: whoever reaches the port runs code.
So mxnet is not imported here. ``libmxnet.so`` alone is loaded, by its C interface, with
a controller that looks at no command; what is left is the sums, which are C++.
"""

from __future__ import annotations

import ctypes
import os
import runpy
import sys
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Optional, Sequence

from .. import signals, streams
from ..errors import D2lRnnError
from ..installation import missing

ROLES = ("scheduler", "server")
_CONTROLLER = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)


def library() -> str:
    """Where MXNet's library lies.

    Raises
    ------
    D2lRnnError
        If MXNet is not installed.
    """
    # Not importlib.util.find_spec: only looking must not meet the import hook.
    spec = PathFinder.find_spec("mxnet")
    if spec is None or spec.origin is None:
        raise D2lRnnError(missing("mxnet"))
    find = runpy.run_path(str(Path(spec.origin).with_name("libinfo.py")))
    return str(find["find_lib_path"]()[0])


def serve(role: str) -> None:
    """Be a server or the scheduler until all workers have left.

    Parameters
    ----------
    role : str
        One of ``ROLES``. Where the others are is told by ``DMLC_PS_ROOT_URI``,
        ``DMLC_PS_ROOT_PORT``, ``DMLC_NUM_WORKER``, ``DMLC_NUM_SERVER``; the address to
        listen at by ``DMLC_NODE_HOST``.

    Raises
    ------
    D2lRnnError
        If MXNet cannot.
    """

    def refuse(head: int, body: Optional[int], _: Optional[int]) -> None:
        streams.tell(f"warning: a command ({head}) was refused", "d2l-rnn: ")

    controller = _CONTROLLER(refuse)  # kept as long as it may be called
    os.environ["DMLC_ROLE"] = role
    mxnet = ctypes.CDLL(library())
    store = ctypes.c_void_p()
    failed = mxnet.MXKVStoreCreate(b"dist_sync", ctypes.byref(store))
    if failed or mxnet.MXKVStoreRunServer(store, controller, None):
        mxnet.MXGetLastError.restype = ctypes.c_char_p
        said = mxnet.MXGetLastError().decode("utf-8", "replace")
        raise D2lRnnError(f"{role}: MXNet: {said.strip().splitlines()[0]}")


def main(arguments: Sequence[str]) -> int:
    """Serve; the exit status."""
    (role,) = arguments
    signals.end_with_parent()
    try:
        serve(role)
    except D2lRnnError as error:
        streams.tell(f"error: {error}", "d2l-rnn: ")
        return error.exit_status
    return 0


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stderr.flush()
    os._exit(status)  # MXNet's own end waits for what may never come
