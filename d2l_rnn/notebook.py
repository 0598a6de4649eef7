"""Whether this process answers a notebook."""

from __future__ import annotations

import sys
from typing import Any


def kernel_shell() -> Any:
    """The IPython shell of a Jupyter kernel; None in a script or a terminal.

    A kernel's shell knows its kernel, whatever the class of the shell is called:
    Colab's is not Jupyter's own. IPython is not imported for the question.
    """
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell if getattr(shell, "kernel", None) is not None else None
