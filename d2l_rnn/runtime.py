"""How MXNet runs: engine, threads and memory, chosen before it is imported.

MXNet's threaded engine keeps cores for its own workers and starves the operators'
OpenMP team; on a CPU the naive engine with all cores given to OpenMP trains about
twice as fast. glibc hands large blocks back to the system after each operator and
fetches them anew, page by page; telling it not to is worth another tenth to third.

What the user has set (``MXNET_ENGINE_TYPE``, ``OMP_NUM_THREADS``, ...) always wins.
"""

from __future__ import annotations

import ctypes
import os
import sys
import time
from typing import Dict, Optional, Set, Tuple, Union

from . import blas_kernels

_CHOSEN_BEFORE_IMPORT = "MXNET_ENGINE_TYPE"
# Ten of the ticks that processor time is counted in.
_WATCHED_SECONDS = 0.1
# mallopt's parameter numbers (malloc.h) and what is set for each.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3
_MALLOC = (
    (_M_MMAP_THRESHOLD, 1 << 30),
    (_M_TRIM_THRESHOLD, 2**31 - 1),
    (_M_TOP_PAD, 1 << 28),
)

_BINDING = "OMP_PROC_BIND"
_OTHER_BINDINGS = ("OMP_PLACES", "GOMP_CPU_AFFINITY", "KMP_AFFINITY")

# MXNet measures at its import from what size on an elementwise operator repays a team
# of threads, and errs: with two, arrays of 300,000 still took one (164 microseconds for
# 61). Without its tuning all arrays take the team. Larger ones were not measured.
_SMALL_TEAMS = ("2", "3", "4")

_cores: Set[int] = set()
_chosen: Dict[str, Union[str, int, bool, None]] = {}


def have_a_home() -> None:
    """Where nobody knows a home directory, that is the root, as containers have it.

    A user id without ``HOME`` and without an entry in passwd is common there; the
    caches of several packages would be a traceback.
    """
    if not os.path.isabs(os.path.expanduser("~")):
        os.environ["HOME"] = os.sep


def available_cores() -> int:
    """Number of cores this process may run on."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS or Windows
        return os.cpu_count() or 1


def idle_cores() -> int:
    """Number of cores that other processes leave free just now, at least 1.

    OpenMP threads that outnumber the free cores wait for one another in turns and
    slow a step down many times over, so a busy machine gets fewer threads. Where
    anything else runs at this instant, a tenth of a second tells how much. Linux
    only; elsewhere all cores count as free.
    """
    cores = available_cores()
    try:
        with open("/proc/loadavg") as file:
            running = int(file.read().split()[3].split("/")[0])
        if running <= 1:  # this process alone
            return cores
        busy, total = _processor_time()
        time.sleep(_WATCHED_SECONDS)
        still_busy, now = _processor_time()
        share = (still_busy - busy) / max(1, now - total)
    except (OSError, ValueError, IndexError):
        return cores
    return max(1, cores - int(share * (os.cpu_count() or cores) + 0.5))


def _processor_time() -> Tuple[int, int]:
    """What all processors have spent on work, and in all, since they started."""
    with open("/proc/stat") as file:
        # cpu user nice system idle iowait irq softirq steal ...
        spent = [int(field) for field in file.readline().split()[1:9]]
    return sum(spent) - sum(spent[3:5]), sum(spent)


def has_gpu() -> bool:
    """Whether this machine has an NVIDIA GPU that an MXNet process could use."""
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1")
    return os.path.exists("/dev/nvidia0") and not hidden


def configure_before_mxnet() -> None:
    """Choose engine, threads and memory policy for this process.

    Called by the import hook of :mod:`d2l_rnn.compatibility` at the first
    ``import mxnet``. On a machine with a GPU the threaded engine stays: there it
    overlaps copies with kernels.
    """
    from . import cuda

    cuda.preload()
    if not has_gpu():
        os.environ.setdefault(_CHOSEN_BEFORE_IMPORT, "NaiveEngine")
        if os.environ[_CHOSEN_BEFORE_IMPORT] == "NaiveEngine":
            # Without this the naive engine runs its operators on one thread.
            os.environ.setdefault("OMP_NUM_THREADS", str(idle_cores()))
            _chosen["threads_bound"] = _bind_threads()
            if os.environ["OMP_NUM_THREADS"] in _SMALL_TEAMS:
                os.environ.setdefault("MXNET_USE_OPERATOR_TUNING", "0")
    _chosen["malloc_keeps_memory"] = _keep_memory()
    _chosen["mxnet_imported_first"] = False


def release_main_thread() -> None:
    """Let this thread, and processes it starts, run on any core again.

    OpenMP has bound it to the first core when MXNet loaded its library, as a member of
    the team. Its other members stay where they are, one a core.
    """
    if _chosen.get("threads_bound"):
        os.environ.pop(_BINDING, None)  # not for processes that are started from here
        os.sched_setaffinity(0, _cores)


def _bind_threads() -> bool:
    """Ask OpenMP to keep each thread on a core of its own; True where it is asked.

    Left to themselves both threads of a team were seen on one of two cores for seconds
    (22 ms a step for 13). Only where all cores are given: others may be taken.
    """
    by_user = any(name in os.environ for name in (_BINDING, *_OTHER_BINDINGS))
    cores = available_cores()
    if by_user or cores == 1 or os.environ["OMP_NUM_THREADS"] != str(cores):
        return False
    try:
        _cores.update(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS or Windows
        return False
    os.environ[_BINDING] = "true"
    return True


def configure_after_mxnet() -> None:
    """Choose what can still be chosen where mxnet was imported before d2l_rnn.

    The engine cannot be changed any more; the memory policy can.
    """
    _chosen["malloc_keeps_memory"] = _keep_memory()
    _chosen["mxnet_imported_first"] = True


def _keep_memory() -> bool:
    """Tell glibc to keep freed memory; True if it agreed, False elsewhere."""
    if not sys.platform.startswith("linux") or "MALLOC_TRIM_THRESHOLD_" in os.environ:
        return False
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):  # musl
        return False
    return all(bool(mallopt(*pair)) for pair in _MALLOC)


def describe() -> Dict[str, Union[str, int, bool, None]]:
    """What runs this process: for ``environment.json`` and ``d2l-rnn doctor``.

    Returns
    -------
    dict
        ``engine``, ``threads`` (None: MXNet's own choice), ``threads_bound`` (each to
        a core), ``cores``, ``malloc_keeps_memory``, ``mxnet_imported_first``,
        ``numpy_kernels`` (empty: OpenBLAS's own choice).
    """
    return {
        "engine": os.environ.get(_CHOSEN_BEFORE_IMPORT, "ThreadedEnginePerDevice"),
        "threads": _number(os.environ.get("OMP_NUM_THREADS")),
        "threads_bound": _chosen.get("threads_bound", False),
        "cores": available_cores(),
        "malloc_keeps_memory": _chosen.get("malloc_keeps_memory", False),
        "mxnet_imported_first": _chosen.get("mxnet_imported_first", False),
        "numpy_kernels": blas_kernels.chosen,
    }


def _number(text: Optional[str]) -> Optional[int]:
    return int(text) if text and text.isdigit() else None


def thread_share(jobs: int) -> int:
    """Threads for each of ``jobs`` processes side by side, so that none fight."""
    return max(1, available_cores() // max(1, jobs))
