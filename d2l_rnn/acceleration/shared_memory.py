"""NumPy on MXNet's own memory, where a copy would cost more than the operator."""

from __future__ import annotations

import ctypes

import numpy
from mxnet import nd
from mxnet.base import _LIB, check_call

from ..arrays import Floats
from ..protocols import Array


def as_numpy(array: Array) -> Floats:
    """A float32 array in the machine's memory as NumPy sees it, to be written to.

    NumPy's own view of it (dlpack) is read-only. What MXNet holds in oneDNN's order is
    put back into the usual one first, and what it has not computed yet is waited for.
    The view must not outlive the array.

    Parameters
    ----------
    array : mxnet.np.ndarray
        On a CPU.

    Returns
    -------
    numpy.ndarray
        Of the same shape and memory.
    """
    legacy: nd.NDArray = array.as_nd_ndarray()
    legacy.wait_to_read()
    pointer = ctypes.c_void_p()
    check_call(_LIB.MXNDArrayGetData(legacy.handle, ctypes.byref(pointer)))
    numbers = ctypes.cast(pointer, ctypes.POINTER(ctypes.c_float))
    view: Floats = numpy.ctypeslib.as_array(numbers, shape=array.shape)
    return view
