"""What scripts/test.sh --pythons runs under every other Python: does it work there?"""

from __future__ import annotations

import importlib
import os
import pkgutil
import subprocess
import sys
import tempfile

import d2l_rnn
from d2l_rnn.errors import D2lRnnError


def d2l_rnn_command(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "d2l_rnn", *arguments], check=True)


def main() -> None:
    d2l_rnn_command("doctor")
    without_d2l = sys.version_info >= (3, 12)  # d2l 1.0.3 does not install there
    for module in pkgutil.walk_packages(d2l_rnn.__path__, "d2l_rnn."):
        # The benchmark's peers are run by path, in interpreters that lack d2l_rnn.
        if not module.name.endswith("__main__") and ".peers." not in module.name:
            try:
                importlib.import_module(module.name)
            except D2lRnnError as error:
                # The experiments of edition 1.0 say that they need the package d2l.
                if not (without_d2l and "d2l 1.0.3" in str(error)):
                    raise
    with tempfile.TemporaryDirectory() as folder:
        d2l_rnn_command(
            *("run", "lstm", "--corpus", "sample", "--epochs", "1"),
            *("--out", os.path.join(folder, "run")),
        )
    try:
        d2l_rnn.Residual  # a name that only d2l holds
    except ImportError:
        assert without_d2l, "d2l should be there"
    else:
        assert not without_d2l, "d2l should not be there"


if __name__ == "__main__":
    main()
