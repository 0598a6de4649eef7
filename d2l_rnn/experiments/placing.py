"""On which devices a run trains: one, or several where its experiment can."""

from __future__ import annotations

from typing import Any, List, Sequence, Type

from ..devices import devices_from
from ..errors import UsageError
from ..protocols import Device
from .configs import Config
from .contract import ExperimentRun


def devices_of(family: Type[ExperimentRun[Any]], config: Config) -> List[Device]:
    """The devices of a configuration.

    Raises
    ------
    UsageError
        If there is no such device, or the experiment cannot use several.
    """
    devices = devices_from(config.device)
    reason = family.why_one_device(config) if len(devices) > 1 else ""
    if reason:
        raise UsageError(f"--device {config.device}: {reason}; name one device")
    return devices


def named(devices: Sequence[Device]) -> str:
    """Devices as a record names them: ``cpu(0), cpu(1)``."""
    return ", ".join(map(str, devices))


def placed(config: Config, device: Device) -> List[Device]:
    """The devices that share a run's minibatches; ``device`` where it is one.

    Raises
    ------
    UsageError
        If they are more than the rows of a minibatch.
    """
    devices = devices_from(config.device) if "," in config.device else [device]
    num_rows: int = getattr(config, "batch_size", len(devices))
    if num_rows < len(devices):
        raise UsageError(
            f"--batch-size {num_rows}: {len(devices)} devices need at least a row each"
        )
    return devices


def why_not_with_dropout(config: Config) -> str:
    """Dropout draws for each shard apart: another training than on one device."""
    dropout: float = getattr(config, "dropout", 0.0)
    return f"--dropout {dropout} draws other numbers on each device" if dropout else ""
