"""What scripts/test.sh --pythons runs under every other Python: does it work there?"""

from __future__ import annotations

import importlib
import os
import pkgutil
import subprocess
import sys
import tempfile

import d2l_rnn


def d2l_rnn_command(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "d2l_rnn", *arguments], check=True)


def main() -> None:
    d2l_rnn_command("doctor")
    for module in pkgutil.walk_packages(d2l_rnn.__path__, "d2l_rnn."):
        # The benchmark's peers are run by path, in interpreters that lack d2l_rnn.
        if not module.name.endswith("__main__") and ".peers." not in module.name:
            importlib.import_module(module.name)
    with tempfile.TemporaryDirectory() as folder:
        d2l_rnn_command(
            *("run", "lstm", "--corpus", "sample", "--epochs", "1"),
            *("--out", os.path.join(folder, "run")),
        )
    assert d2l_rnn.Residual is not None  # a name that only d2l holds


if __name__ == "__main__":
    main()
