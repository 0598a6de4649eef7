"""Where arrays live: the book's ``try_gpu`` and the command line's ``--device``."""

from __future__ import annotations

import re
from typing import List

from .compatibility import prepare_mxnet
from .errors import UsageError
from .protocols import Device

#: What ``--device`` accepts, and in words.
DEVICE = re.compile(r"auto|cpu|gpu(?::(\d+))?")
DEVICES = "auto, cpu, gpu and gpu:N"


def try_gpu(i: int = 0) -> Device:
    """Return ``gpu(i)`` if there is one, else ``cpu()`` (book Section 5.6).

    Parameters
    ----------
    i : int
        Number of the GPU.

    Returns
    -------
    mxnet.Context
    """
    npx = prepare_mxnet().npx
    device: Device = npx.gpu(i) if npx.num_gpus() >= i + 1 else npx.cpu()
    return device


def try_all_gpus() -> List[Device]:
    """Return all GPUs, or ``[cpu()]`` if there is none (book Section 5.6).

    d2l 1.0.3 returns an empty list without a GPU; the book promises ``[cpu()]``.
    """
    npx = prepare_mxnet().npx
    return [npx.gpu(i) for i in range(npx.num_gpus())] or [npx.cpu()]


def device_from(name: str) -> Device:
    """Return the device that a ``--device`` value names.

    Parameters
    ----------
    name : str
        ``auto`` (the first GPU, else the CPU), ``cpu``, ``gpu`` or ``gpu:N``.

    Raises
    ------
    UsageError
        If the name is none of these or the GPU does not exist.
    """
    if name == "auto":
        return try_gpu()
    npx = prepare_mxnet().npx
    device: Device = npx.cpu()
    if name == "cpu":
        return device
    match = DEVICE.fullmatch(name)
    if not match:
        raise UsageError(f"--device {name}: accepted are {DEVICES}")
    number, available = int(match.group(1) or 0), npx.num_gpus()
    if number >= available:
        raise UsageError(
            f"--device {name}: this MXNet sees {available} GPU(s); "
            "use --device auto or cpu"
        )
    device = npx.gpu(number)
    return device
