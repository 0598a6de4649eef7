"""What keeps mxnet 1.9.1 and d2l 1.0.3 usable: one import hook, one table given back.

mxnet 1.9.1 dates from 2022 and asks NumPy for names that it has removed since, so they
are lent to it while mxnet is imported (:mod:`d2l_rnn.numpy_compatibility`). The same
moment is the last at which engine and threads can be chosen, so both hang on one hook
that waits for the first ``import mxnet``, whoever makes it.

It compares versions by ``distutils``, which left the standard library with Python 3.12;
that is lent like the names, so that setuptools is not needed.

d2l 1.0.3 pins matplotlib 3.7.2, which asks IPython for a table that IPython 9.16
removed.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
import tempfile
import warnings
from contextlib import contextmanager, suppress
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Callable, ClassVar, Iterator, Optional, Sequence

from .errors import D2lRnnError


def restore_ipython_table() -> None:
    """Give IPython back ``backend2gui``, only where missing.

    matplotlib before 3.9 asks for it whenever a shell is there, and d2l makes one with
    its first picture, also in a script.
    """
    try:
        tools = importlib.import_module("IPython.core.pylabtools")
    except ImportError:  # nothing will ask for it then
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # IPython 8.24 to 9.15 deprecates the question
        missing = not hasattr(tools, "backend2gui")
    if missing:
        table = getattr(tools, "_deprecated_backend2gui", {})
        setattr(tools, "backend2gui", table)


class FirstImport:
    """A finder that surrounds a module's first execution, then steps aside.

    Only looking for the module (``importlib.util.find_spec``), or failing to import it,
    leaves the finder where it is. A subclass is itself what stands in
    ``sys.meta_path``; it names the module and says what is around.
    """

    name: ClassVar[str]

    @classmethod
    def around(cls, module: ModuleType, execute: Callable[[ModuleType], None]) -> None:
        """Do what is due before and after, and ``execute(module)`` between."""
        raise NotImplementedError

    @classmethod
    def install(cls) -> None:
        """Wait for the import, whoever makes it; nothing where it has been made."""
        if cls.name not in sys.modules and cls not in sys.meta_path:
            sys.meta_path.insert(0, cls)

    @classmethod
    def remove(cls) -> None:
        """Wait no more."""
        if cls in sys.meta_path:
            sys.meta_path.remove(cls)

    @classmethod
    def find_spec(
        cls,
        name: str,
        path: Optional[Sequence[str]] = None,
        target: Optional[ModuleType] = None,
    ) -> Optional[ModuleSpec]:
        """What the other finders know of the module, its execution surrounded."""
        if name != cls.name:
            return None
        for other in sys.meta_path:
            if other is not cls and hasattr(other, "find_spec"):
                spec = other.find_spec(name, path, target)
                if spec is not None:
                    if spec.loader is not None:
                        cls._surround(spec.loader)
                    return spec
        return None

    @classmethod
    def _surround(cls, loader: Loader) -> None:
        execute = loader.exec_module

        def execute_first(module: ModuleType) -> None:
            execute(module)
            cls.remove()

        setattr(loader, "exec_module", lambda m: cls.around(m, execute_first))


class _MxnetFinder(FirstImport):
    """Prepares the process when mxnet is first executed."""

    name = "mxnet"

    @classmethod
    def around(cls, module: ModuleType, execute: Callable[[ModuleType], None]) -> None:
        """Lend what is missing, choose engine and threads, mend what was imported."""
        from . import numpy_compatibility, runtime, unneeded_imports

        runtime.configure_before_mxnet()
        try:
            with unneeded_imports.fewer(), lent_distutils():
                with numpy_compatibility.lent_names():
                    execute(module)
        finally:
            runtime.release_main_thread()
        numpy_compatibility.mend(module)
        _start_engine(module)


class _Version:
    """A version as mxnet compares two of them: by its first three numbers."""

    def __init__(self, text: str) -> None:
        self.numbers = [int(number) for number in re.findall(r"\d+", text)[:3]]

    def __ge__(self, other: _Version) -> bool:
        return self.numbers >= other.numbers


@contextmanager
def lent_distutils() -> Iterator[None]:
    """Lend ``distutils.version`` to mxnet's import where Python has none of its own.

    setuptools, where it is installed, would put one in its place; but asking for it
    imports all of setuptools, by a .pth file that ``python -S`` passes over.
    """
    if sys.version_info < (3, 12) or "distutils" in sys.modules:
        yield
        return
    version = ModuleType("distutils.version")
    vars(version).update(LooseVersion=_Version, StrictVersion=_Version)
    package = ModuleType("distutils")
    vars(package).update(version=version, __path__=[])
    lent = {"distutils": package, "distutils.version": version}
    sys.modules.update(lent)
    try:
        yield
    finally:
        for name in lent:
            sys.modules.pop(name, None)


def install_import_hook() -> None:
    """Prepare the process at the first ``import mxnet``, wherever it is made.

    Nothing happens if mxnet is already imported or the hook already installed.
    """
    _MxnetFinder.install()


def _start_engine(mxnet: ModuleType) -> None:
    """Use MXNet's engine for the first time, without "MXNet start using engine".

    The C++ side writes the line to stderr with the first use of an engine that was
    chosen by name, which is our choice, not news to the user. Elsewhere there is
    nothing to keep back, and the engine starts when it is needed.
    """
    if "MXNET_ENGINE_TYPE" in os.environ:
        with _without_engine_notice():
            mxnet.npx.waitall()


@contextmanager
def _without_engine_notice() -> Iterator[None]:
    """Keep the line from stderr; let everything else through."""
    try:
        stderr = os.dup(2)
    except OSError:  # closed: nothing can be written there
        yield
        return
    with tempfile.TemporaryFile() as caught:
        os.dup2(caught.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            caught.seek(0)
            for line in caught:
                if b"MXNet start using engine" not in line:
                    with suppress(OSError):  # a full stderr is no fault of mxnet's
                        os.write(2, line)


_imported: Optional[ModuleType] = None
_switched = False  # whether NumPy semantics were switched on once
_left_alone = False


def prepare_mxnet() -> ModuleType:
    """Import mxnet and switch it, once, to NumPy semantics (``npx.set_np()``).

    Returns
    -------
    module
        ``mxnet``.

    Raises
    ------
    D2lRnnError
        If mxnet cannot be imported; the message names the reason and the cure.
    """
    global _switched
    mxnet = _import_mxnet()
    if not (_switched or _left_alone):
        mxnet.npx.set_np()
        _switched = True
    return mxnet


@contextmanager
def semantics_left_alone() -> Iterator[None]:
    """Within, what is imported of this package leaves NumPy semantics as they are."""
    global _left_alone
    before, _left_alone = _left_alone, True
    try:
        yield
    finally:
        _left_alone = before


def semantics_wanted() -> None:
    """Switch to NumPy semantics where mxnet was prepared without; imports nothing.

    Who asks for a name of the 0.17 edition after ``d2l_rnn.d2lzh`` wants its arrays.
    """
    if _imported is not None:
        prepare_mxnet()


def _import_mxnet() -> ModuleType:
    global _imported
    if _imported is None:
        install_import_hook()
        try:
            mxnet = importlib.import_module("mxnet")
            # Where mxnet was there before the hook:
            from .numpy_compatibility import mend

            mend(mxnet)
            _start_engine(mxnet)
        # A missing system library is an OSError, a NumPy too new an AttributeError.
        except (ImportError, OSError, AttributeError) as error:
            from .installation import cure_of_mxnet

            raise D2lRnnError(
                f"mxnet cannot be imported ({type(error).__name__}: {error}): "
                f"{cure_of_mxnet(str(error)).text} ('d2l-rnn doctor' tells more)"
            ) from error
        _imported = mxnet
    return _imported
