"""What keeps mxnet 1.9.1 importable: one import hook, one NumPy alias.

mxnet 1.9.1 dates from 2022 and uses ``numpy.bool``, which NumPy 1.24 removed. Python
3.12 has no older NumPy, so there the alias is given back before mxnet is imported.
The same moment is the last at which engine and threads can be chosen, so both hang
on one hook that waits for the first ``import mxnet``, whoever makes it.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.util
import os
import sys
import tempfile
import warnings
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Callable, Iterator, List, Optional, Sequence

from .errors import D2lRnnError

# The only alias of Python's own types that mxnet 1.9.1 uses, its test code aside.
_ALIASES = {"bool": builtins.bool}


def restore_numpy_aliases() -> List[str]:
    """Give NumPy back the aliases that mxnet 1.9.1 needs, only where missing.

    Returns
    -------
    list of str
        The aliases that were missing; empty under NumPy older than 1.24.
    """
    import numpy

    restored = []
    for name, value in _ALIASES.items():
        with warnings.catch_warnings():
            # Asking for the alias is itself deprecated: NumPy < 1.24 answers with a
            # DeprecationWarning, NumPy 1.24 to 1.26 with a FutureWarning.
            warnings.simplefilter("ignore")
            missing = not hasattr(numpy, name)
        if missing:
            setattr(numpy, name, value)
            restored.append(name)
    return restored


class _MxnetFinder:
    """Prepares the process when mxnet is first looked for, then steps aside."""

    @staticmethod
    def find_spec(
        name: str,
        path: Optional[Sequence[str]] = None,
        target: Optional[ModuleType] = None,
    ) -> Optional[ModuleSpec]:
        if name != "mxnet":
            return None
        _remove_import_hook()
        from .runtime import configure_before_mxnet, release_main_thread

        configure_before_mxnet()
        restore_numpy_aliases()
        # Removing ourselves has moved the list that the import system is walking, so
        # it would pass over a finder: ask all of them from the start instead.
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            _afterwards(spec.loader, release_main_thread)
        return spec


def _afterwards(loader: Any, action: Callable[[], None]) -> None:
    """Have ``action`` done when the loader has executed its module, or failed to."""
    execute = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        try:
            execute(module)
        finally:
            action()

    loader.exec_module = exec_module


def install_import_hook() -> None:
    """Prepare the process at the first ``import mxnet``, wherever it is made.

    Nothing happens if mxnet is already imported or the hook already installed.
    """
    if "mxnet" in sys.modules or _MxnetFinder in sys.meta_path:
        return
    sys.meta_path.insert(0, _MxnetFinder)


def _remove_import_hook() -> None:
    if _MxnetFinder in sys.meta_path:
        sys.meta_path.remove(_MxnetFinder)


@contextmanager
def _without_engine_notice() -> Iterator[None]:
    """Keep "MXNet start using engine" from stderr; let everything else through.

    MXNet's C++ side writes the line whenever the engine is not its default, which is
    our choice, not news to the user.
    """
    sys.stderr.flush()
    with tempfile.TemporaryFile() as caught:
        stderr = os.dup(2)
        os.dup2(caught.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(stderr, 2)
            os.close(stderr)
            caught.seek(0)
            for line in caught:
                if b"MXNet start using engine" not in line:
                    os.write(2, line)


_prepared: Optional[ModuleType] = None


def prepare_mxnet() -> Any:
    """Import mxnet and switch it, once, to NumPy semantics (``npx.set_np()``).

    Returns
    -------
    module
        ``mxnet``.

    Raises
    ------
    D2lRnnError
        If mxnet cannot be imported; the message names the reason and ``d2l-rnn
        doctor``, which knows the cure.
    """
    global _prepared
    if _prepared is None:
        install_import_hook()
        try:
            with _without_engine_notice():
                mxnet = importlib.import_module("mxnet")
                mxnet.npx.waitall()  # the first use of the engine writes the notice
        # A missing system library is an OSError, a NumPy too new an AttributeError.
        except (ImportError, OSError, AttributeError) as error:
            raise D2lRnnError(
                f"mxnet cannot be imported ({type(error).__name__}: {error}); "
                "'d2l-rnn doctor' tells the cure"
            ) from error
        mxnet.npx.set_np()
        _prepared = mxnet
    return _prepared
