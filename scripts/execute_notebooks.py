"""Run notebooks from top to bottom, each in a kernel of its own, and say what came.

scripts/execute_notebooks.py notebooks/en/*.ipynb
scripts/execute_notebooks.py notebooks/zh/8.5-rnn-scratch.ipynb --set num_epochs=5
scripts/execute_notebooks.py notebooks/en/*.ipynb --out DIR    with outputs

--set changes a setting of the cell marked "parameters", as papermill does; it is left
alone in notebooks whose cell does not have it. The exit status is 1 if a cell fails.
Needs nbclient and ipykernel (the extra `test`).
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from pathlib import Path
from typing import Any, List, Optional

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from d2l_rnn.files import make_directory, write_bytes


def with_settings(notebook: Any, settings: List[str]) -> Any:
    """The notebook with a cell after its parameters that sets some of them anew.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Changed in place.
    settings : list of str
        Such as ``num_epochs=1``.
    """
    for place, cell in enumerate(notebook.cells):
        if "parameters" in cell.metadata.get("tags", ()):
            known = [
                s for s in settings if re.search(rf"\b{name_of(s)}\b", cell.source)
            ]
            v4: Any = nbformat.v4
            notebook.cells.insert(place + 1, v4.new_code_cell("\n".join(known)))
            break
    return notebook


def name_of(setting: str) -> str:
    """The name that a setting sets; a message of argparse where it sets none."""
    name, equals, _ = setting.partition("=")
    if not (equals and name.strip().isidentifier()):
        raise argparse.ArgumentTypeError(f"{setting!r}: NAME=VALUE is accepted")
    return name.strip()


def setting(text: str) -> str:
    name_of(text)
    return text


def execute(path: Path, settings: List[str], timeout: int) -> Any:
    """A notebook with its outputs; CellExecutionError where a cell fails."""
    read: Any = nbformat.read
    notebook = with_settings(read(path, as_version=4), settings)
    client = NotebookClient(notebook, kernel_name="python3", timeout=timeout)
    client.execute()
    return notebook


def main(arguments: Optional[List[str]] = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("notebooks", nargs="+", type=Path, metavar="NOTEBOOK")
    parser.add_argument(
        "--set", action="append", default=[], type=setting, metavar="NAME=VALUE"
    )
    parser.add_argument("--out", type=Path, metavar="DIR")
    parser.add_argument(
        "--timeout", type=int, default=3600, help="seconds a cell (default: 3600)"
    )
    options = parser.parse_args(arguments)
    failed = 0
    for path in options.notebooks:
        begun = time.monotonic()
        try:
            notebook = execute(path, options.set, options.timeout)
            if options.out:
                make_directory(options.out)
                content: str = nbformat.writes(notebook)  # type: ignore[no-untyped-call]
                write_bytes(options.out / path.name, content.encode("utf-8"))
        except CellExecutionError as error:
            failed = 1
            print(f"{path}: a cell failed\n{error}", file=sys.stderr)
        except (OSError, ValueError) as error:
            print(f"execute_notebooks: {path}: {error}", file=sys.stderr)
            return 4
        else:
            print(f"{path}: {time.monotonic() - begun:.0f} s")
    return failed


if __name__ == "__main__":
    sys.exit(main())
