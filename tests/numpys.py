"""What a test may ask about the NumPy it runs under."""

from __future__ import annotations

import numpy
import pytest

NUMPY_VERSION = tuple(int(part) for part in numpy.__version__.split(".")[:2])
# A reader's ``import mxnet`` before d2l_rnn; where it fails nothing of ours has run.
mxnet_alone_imports = pytest.mark.skipif(
    NUMPY_VERSION >= (1, 24), reason="mxnet alone imports under NumPy < 1.24 only"
)
mxnet_alone_fails = pytest.mark.skipif(
    NUMPY_VERSION < (1, 24), reason="mxnet alone fails under NumPy >= 1.24 only"
)
