"""The book's own code, from the published wheel of d2l 0.17.6.

The wheel's dependencies do not install any more, but its one module for MXNet runs
under another name beside d2l 1.0.3, whose dependencies it shares.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any, List

import pytest

WHEEL = "d2l-0.17.6-py3-none-any.whl"
OLD_NAME = "d2l_0_17_6_mxnet"


def load(folder: Path) -> ModuleType:
    """Import the old module, fetching its wheel into ``folder`` if need be."""
    pytest.importorskip("pandas", reason="d2l 0.17.6 needs what d2l 1.0.3 brings")
    if OLD_NAME in sys.modules:
        return sys.modules[OLD_NAME]
    wheel = folder / WHEEL
    if not wheel.exists():
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        done = subprocess.run(
            [*command, "--dest", str(folder), "d2l==0.17.6"], stderr=subprocess.PIPE
        )
        if done.returncode:
            pytest.skip(f"d2l 0.17.6 is not to be had: {done.stderr.decode()[-200:]}")
    source = folder / "d2l_0_17_6.py"
    with zipfile.ZipFile(wheel) as archive:
        source.write_bytes(archive.read("d2l/mxnet.py"))
    spec = importlib.util.spec_from_file_location(OLD_NAME, source)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[OLD_NAME] = module
    spec.loader.exec_module(module)
    return module


def training_curve(old: Any, *arguments: Any) -> List[float]:
    """Perplexities of ``old.train_ch8(*arguments)``, every epoch."""
    curve: List[float] = []
    train_epoch = old.train_epoch_ch8

    class Animator:
        def __init__(self, **kwargs: Any) -> None:
            pass

        def add(self, *args: Any) -> None:
            pass

    def noting(*args: Any) -> Any:
        value, speed = train_epoch(*args)
        curve.append(value)
        return value, speed

    animator = old.Animator
    try:
        old.train_epoch_ch8, old.Animator = noting, Animator
        old.train_ch8(*arguments)
    finally:
        old.train_epoch_ch8, old.Animator = train_epoch, animator
    return curve
