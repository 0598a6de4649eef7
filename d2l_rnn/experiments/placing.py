"""On which devices a run trains: one, or several where its experiment can."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, List, Optional, Sequence, Type

from ..devices import devices_from
from ..errors import UsageError
from ..protocols import Device
from .configs import Config
from .contract import ExperimentRun

if TYPE_CHECKING:
    from ..training.workers import Workers


def devices_of(
    family: Type[ExperimentRun[Any]], config: Config, launched: bool = False
) -> List[Device]:
    """The devices of a configuration.

    Parameters
    ----------
    family, config
    launched : bool
        Whether several processes share the training, which is as several devices.

    Raises
    ------
    UsageError
        If there is no such device, or the experiment cannot use several.
    """
    devices = devices_from(config.device)
    several = launched or len(devices) > 1
    reason = family.why_one_device(config) if several else ""
    if reason and launched:
        raise UsageError(f"launch: {reason}; 'd2l-rnn run' trains it in one process")
    if reason:
        raise UsageError(f"--device {config.device}: {reason}; name one device")
    return devices


def named(devices: Sequence[Device], workers: Optional[Workers] = None) -> str:
    """Devices as a record names them: ``cpu(0), cpu(1)``; of ``2 workers: cpu(0)``."""
    names = ", ".join(map(str, devices))
    return names if workers is None else f"{workers.count} workers: {names}"


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
