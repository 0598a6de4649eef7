"""NVIDIA's libraries out of their PyPI wheels, loaded before MXNet asks for them.

``mxnet-cu112`` holds ``libmxnet.so`` alone; what it needs of CUDA 11 comes in wheels of
NVIDIA's own (``pip install d2l_rnn[gpu]``), each in a folder that no loader searches.
A library that is loaded already is not searched for, so no LD_LIBRARY_PATH is needed.

``libmxnet.so`` NEEDs ten libraries for CUDA: nine of these wheels and ``libcuda.so.1``,
which comes with the driver alone. The tenth of a wheel is cublasLt, which cublas NEEDs.
cuDNN opens its six parts itself, from beside it.
Proven by ``scripts/check_gpu_build.sh``.
"""

from __future__ import annotations

import ctypes
from importlib import metadata
from pathlib import Path
from typing import List, NamedTuple, Optional

DRIVER = "libcuda.so.1"
# Distributions that hold the package mxnet, built for CUDA.
BUILDS = ("mxnet-cu112", "mxnet-cu110", "mxnet-cu102", "mxnet-cu101")


class Library(NamedTuple):
    """One library: the name MXNet asks for, and where which wheel holds it."""

    name: str
    distribution: str
    folder: str


# In the order of their dependence.
LIBRARIES = (
    Library("libcudart.so.11.0", "nvidia-cuda-runtime-cu11", "nvidia/cuda_runtime"),
    Library("libnvToolsExt.so.1", "nvidia-nvtx-cu11", "nvidia/nvtx"),
    Library("libnvrtc.so.11.2", "nvidia-cuda-nvrtc-cu11", "nvidia/cuda_nvrtc"),
    Library("libcublasLt.so.11", "nvidia-cublas-cu11", "nvidia/cublas"),
    Library("libcublas.so.11", "nvidia-cublas-cu11", "nvidia/cublas"),
    Library("libcufft.so.10", "nvidia-cufft-cu11", "nvidia/cufft"),
    Library("libcurand.so.10", "nvidia-curand-cu11", "nvidia/curand"),
    Library("libcusolver.so.11", "nvidia-cusolver-cu11", "nvidia/cusolver"),
    Library("libcudnn.so.8", "nvidia-cudnn-cu11", "nvidia/cudnn"),
    Library("libnccl.so.2", "nvidia-nccl-cu11", "nvidia/nccl"),
)


def installed_build() -> Optional[str]:
    """The distribution of MXNet for CUDA that is installed, if one is."""
    for name in BUILDS:
        try:
            metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
        return name
    return None


def preload() -> List[str]:
    """Load what libmxnet.so needs of CUDA, where MXNet's build is one for CUDA.

    A library that NVIDIA's wheels lack is left to the loader, which may know a CUDA of
    the system's.

    Returns
    -------
    list of str
        The names of those that could not be loaded; empty without a build for CUDA.
    """
    if installed_build() is None:
        return []
    return [library.name for library in LIBRARIES if not _load(library)]


def _load(library: Library) -> bool:
    path = path_in_wheel(library)
    for name in ([str(path)] if path is not None else []) + [library.name]:
        try:
            ctypes.CDLL(name, mode=ctypes.RTLD_GLOBAL)
        except OSError:
            continue
        return True
    return False


def path_in_wheel(library: Library) -> Optional[Path]:
    """Where NVIDIA's wheel has put this library; None where it has not."""
    try:
        wheel = metadata.distribution(library.distribution)
    except metadata.PackageNotFoundError:
        return None
    path = Path(str(wheel.locate_file(f"{library.folder}/lib/{library.name}")))
    return path if path.exists() else None


def has_driver() -> bool:
    """Whether NVIDIA's driver is here, without which the build for CUDA cannot load."""
    try:
        ctypes.CDLL(DRIVER)
    except OSError:
        return False
    return True
