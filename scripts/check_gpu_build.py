"""What scripts/check_gpu_build.sh runs: the build for CUDA, looked at without a GPU."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Dict, List, Mapping, Set, Tuple

from d2l_rnn import cuda

# The driver's answer to everything: CUDA_ERROR_NO_DEVICE.
_NO_DEVICE = 100
# Closer than what sums in another order leave after a few epochs.
_RTOL = 1e-4

_LOADED = """
import json, d2l_rnn, mxnet
d2l_rnn.compatibility.prepare_mxnet()
with open("/proc/self/maps") as file:
    paths = sorted({line.split()[-1] for line in file if ".so" in line})
features = mxnet.runtime.Features()
print(json.dumps({
    "paths": paths,
    "features": [name for name in ("CUDA", "CUDNN") if features.is_enabled(name)],
    "gpus": mxnet.context.num_gpus(),
    "device": str(d2l_rnn.try_gpu()),
}))
"""


def symbols(path: str, kind: str) -> Set[Tuple[str, str]]:
    """(name, version or "") of a library's symbols of this kind: nm's word for it."""
    found = set()
    for line in output(["nm", "--dynamic", f"--{kind}-only", path]).splitlines():
        letter, symbol = line.split()[-2:]
        if letter not in ("w", "v"):  # what may stay open
            name, _, version = symbol.replace("@@", "@").partition("@")
            found.add((name, version))
    return found


def output(command: List[str], **variables: str) -> str:
    """What a command prints; an error is raised where it fails."""
    environment = {**os.environ, **variables}
    return subprocess.run(
        command, check=True, env=environment, stdout=subprocess.PIPE, text=True
    ).stdout


def compile_stub(names: Set[str], folder: Path) -> None:
    """libcuda.so.1 with functions of these names, all of which know of no device."""
    folder.mkdir(parents=True, exist_ok=True)
    code = "".join(f"int {name}(void) {{ return {_NO_DEVICE}; }}\n" for name in names)
    (folder / "stub.c").write_text(code)
    soname = f"-Wl,-soname,{cuda.DRIVER}"
    target = str(folder / cuda.DRIVER)
    output(["cc", "-shared", "-fPIC", soname, "-o", target, str(folder / "stub.c")])


def libmxnet() -> str:
    """Where the library of the build for CUDA lies."""
    from importlib import metadata

    build = cuda.installed_build()
    assert build is not None, "no build of MXNet for CUDA is installed"
    path = metadata.distribution(build).locate_file("mxnet/libmxnet.so")
    return str(path)


def curve(python: str, folder: str, **variables: str) -> List[float]:
    """The perplexities of three epochs on the CPU under this interpreter."""
    out = os.path.join(folder, "run")
    command = [python, "-m", "d2l_rnn", "run", "lstm", "--corpus", "sample"]
    command += ["--epochs", "3", "--seed", "1", "--device", "cpu", "--quiet"]
    output([*command, "--no-plot", "--out", out], **variables)
    with open(os.path.join(out, "epochs.jsonl"), encoding="utf-8") as file:
        return [json.loads(line)["perplexity"] for line in file]


def check_symbols(paths: List[str], wanted: Set[Tuple[str, str]]) -> List[str]:
    """What none of the libraries that are loaded defines; prints who defines what."""
    owners: Dict[Tuple[str, str], str] = {}
    for path in paths:
        for name, version in symbols(path, "defined"):
            owners.setdefault((name, version), path)
            owners.setdefault((name, ""), path)
    missing = [name for name, version in wanted if (name, version) not in owners]
    counts = Counter(os.path.basename(owners[key]) for key in wanted if key in owners)
    print(f"libmxnet.so leaves {len(wanted)} symbols open; defined by")
    for library, count in counts.most_common():
        print(f"  {count:4} {library}")
    return missing


def check_import(driver: Mapping[str, str]) -> List[str]:
    """Faults of the import after d2l_rnn's preloading, with the stub for a driver."""
    python = [sys.executable, "-W", "ignore", "-c"]
    # LD_BIND_NOW: all symbols are looked up at once, not when they are first called.
    text = output([*python, _LOADED], LD_BIND_NOW="1", **driver)
    found = json.loads(text.splitlines()[-1])
    print(f"imported: {found['features']}, {found['gpus']} GPUs, {found['device']}")
    faults = check_symbols(found["paths"], symbols(libmxnet(), "undefined"))
    if found["features"] != ["CUDA", "CUDNN"] or found["gpus"] != 0:
        faults.append("the features or the number of GPUs")
    wheels = [path for path in found["paths"] if "/nvidia/" in path]
    print(f"of NVIDIA's wheels {len(wheels)} libraries are loaded")
    names = {os.path.basename(path) for path in wheels}
    faults += [lib.name for lib in cuda.LIBRARIES if lib.name not in names]
    return faults


def check_parts(driver: Mapping[str, str]) -> List[str]:
    """cuDNN's parts that do not load; it opens them itself, from beside it."""
    code = (
        "import ctypes, pathlib, sys; from d2l_rnn import cuda; cuda.preload()\n"
        "for path in sorted(pathlib.Path(sys.argv[1]).glob('libcudnn_*')):\n"
        "    try:\n"
        "        ctypes.CDLL(str(path))\n"
        "    except OSError as error:\n"
        "        print(error)\n"
    )
    (cudnn,) = (lib for lib in cuda.LIBRARIES if lib.name == "libcudnn.so.8")
    path = cuda.path_in_wheel(cudnn)
    assert path is not None
    command = [sys.executable, "-c", code, str(path.parent)]
    return output(command, LD_BIND_NOW="1", **driver).splitlines()


def check_training(driver: Mapping[str, str], cpu_python: str) -> List[str]:
    """Faults of three epochs on the CPU, beside those of the build for it."""
    with tempfile.TemporaryDirectory() as folder:
        ours = curve(sys.executable, os.path.join(folder, "cuda"), **driver)
        print(f"trained on the CPU: {ours}")
        if not os.access(cpu_python, os.X_OK):
            print(f"no {cpu_python} to compare with")
            return [] if ours[-1] < ours[0] else ["training: nothing was learned"]
        theirs = curve(cpu_python, os.path.join(folder, "cpu"))
    apart = max(abs(a / b - 1) for a, b in zip(ours, theirs))
    print(f"the build for the CPU: {theirs}, apart by {apart:.1e} of their size")
    return [] if apart < _RTOL else ["training: the curves"]


def check_without_driver() -> List[str]:
    """Faults of what is said where there is no driver."""
    command = [sys.executable, "-m", "d2l_rnn", "run", "lstm", "--corpus", "sample"]
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.run(
            [*command, "--out", os.path.join(folder, "run")],
            capture_output=True,
            text=True,
        )
    print(f"without a driver (exit status {process.returncode}): {process.stderr}")
    lines = process.stderr.splitlines()
    says = len(lines) == 1 and "--no-deps mxnet==1.9.1" in lines[0]
    return [] if says and process.returncode == 1 else ["what is said without a driver"]


def main() -> int:
    folder, cpu_python = Path(sys.argv[1]), sys.argv[2]
    wanted = symbols(libmxnet(), "undefined")
    names = {name for name, _ in wanted if re.match("cu[A-Z]", name)}
    compile_stub(names, folder)
    print(f"the stub of {cuda.DRIVER} has {len(names)} functions:", *sorted(names))
    faults = [] if not cuda.has_driver() else ["there is a driver: not the place"]
    driver = {"LD_LIBRARY_PATH": str(folder)}
    faults += check_import(driver)
    faults += check_parts(driver)
    faults += check_training(driver, cpu_python)
    faults += check_without_driver()
    for fault in faults:
        print(f"wrong: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
