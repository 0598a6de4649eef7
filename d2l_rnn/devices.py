"""Where arrays live: the book's ``try_gpu`` and the command line's ``--device``."""

from __future__ import annotations

import re
from typing import List

from .compatibility import prepare_mxnet
from .errors import UsageError
from .protocols import Device

#: What ``--device`` accepts, and in words. MXNet takes any number for a CPU: each is
#: a device of its own to it, with its own worker, on the same memory and cores.
DEVICE = re.compile(r"auto|(cpu)(?::(\d|1[0-5]))?|(gpu)(?::(\d{1,4}))?", re.ASCII)
DEVICES = "auto, cpu, cpu:0 to cpu:15, gpu and gpu:N"


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
        ``auto`` (the first GPU, else the CPU), ``cpu``, ``cpu:N``, ``gpu`` or
        ``gpu:N``.

    Raises
    ------
    UsageError
        If the name is none of these or the GPU does not exist.
    """
    if name == "auto":
        return try_gpu()
    match = DEVICE.fullmatch(name)
    if not match:
        raise UsageError(f"--device {name}: accepted are {DEVICES}")
    npx = prepare_mxnet().npx
    device: Device
    if match.group(1):
        device = npx.cpu(int(match.group(2) or 0))
        return device
    number, available = int(match.group(4) or 0), npx.num_gpus()
    if number >= available:
        raise UsageError(
            f"--device {name}: this MXNet sees {available} GPU(s); "
            "use --device auto or cpu"
        )
    device = npx.gpu(number)
    return device


def devices_from(names: str) -> List[Device]:
    """Return the devices that a ``--device`` value names, in its order.

    Parameters
    ----------
    names : str
        One as of :func:`device_from`, or several with commas between: ``gpu:0,gpu:1``.

    Raises
    ------
    UsageError
        If one of them is no device, stands there twice or is ``auto``; or if some are
        CPUs and some GPUs.
    """
    if "," not in names:
        return [device_from(names)]
    found: List[Device] = []
    for name in names.split(","):
        if name == "auto":
            raise UsageError(f"--device {names}: auto stands for one device, alone")
        if not DEVICE.fullmatch(name):
            raise UsageError(f"--device {names}: {name!r} is none of {DEVICES}")
        device = device_from(name)
        if device in found:
            raise UsageError(f"--device {names}: {device} is named twice")
        found.append(device)
    if len({device.device_type for device in found}) > 1:
        raise UsageError(f"--device {names}: accepted are CPUs or GPUs, not both")
    return found
