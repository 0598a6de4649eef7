"""Libraries that take the place of those no wheel brings, and the commands told."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Dict, List, Sequence

import pytest

from d2l_rnn import cuda, installation, openblas
from d2l_rnn.errors import D2lRnnError

ROOT = Path(__file__).resolve().parent.parent


class Wheel:
    """As ``importlib.metadata.distribution`` answers: only where its files lie."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def locate_file(self, path: str) -> Path:
        return self.folder / path


@pytest.fixture
def arm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An aarch64 with mxnet's folder, which is returned, and cmeel-openblas."""
    folder = tmp_path / "mxnet"
    folder.mkdir()
    openblas_file = tmp_path / "cmeel.prefix" / "lib" / "libopenblas.so.0"
    openblas_file.parent.mkdir(parents=True)
    openblas_file.write_bytes(b"OpenBLAS")
    monkeypatch.setattr(openblas, "is_wanted", lambda: True)
    monkeypatch.setattr(openblas, "_mxnet_folder", lambda: folder)
    monkeypatch.setattr(metadata, "distribution", lambda name: Wheel(tmp_path))
    return folder


def test_the_stand_ins_are_links_to_what_does_the_work(arm: Path) -> None:
    assert openblas.missing() == list(openblas.ARM_LIBRARIES)
    assert openblas.put_in_place() == list(openblas.ARM_LIBRARIES)
    assert sorted(path.name for path in arm.iterdir()) == sorted(openblas.ARM_LIBRARIES)
    assert (arm / "libarmpl_lp64_mp.so").read_bytes() == b"OpenBLAS"
    # libm and libc are those that are loaded, not second ones.
    for name, function in (("libamath.so", "cos"), ("libastring.so", "strlen")):
        assert (arm / name).is_symlink()
        loaded = ctypes.CDLL(str(arm / name))
        first = ctypes.CDLL(openblas._SYSTEM[name])
        address = ctypes.cast(getattr(loaded, function), ctypes.c_void_p).value
        assert address == ctypes.cast(getattr(first, function), ctypes.c_void_p).value
    assert openblas.missing() == openblas.put_in_place() == []


def test_only_what_is_missing_is_laid_and_a_dead_link_is_missing(arm: Path) -> None:
    (arm / "libamath.so").write_bytes(b"Arm's own")
    (arm / "libastring.so").symlink_to(arm / "gone")
    assert openblas.put_in_place() == ["libarmpl_lp64_mp.so", "libastring.so"]
    assert (arm / "libamath.so").read_bytes() == b"Arm's own"
    assert (arm / "libastring.so").exists()


def test_without_openblas_or_room_it_is_said(
    arm: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as context:
        context.setattr(Path, "symlink_to", refuse)
        with pytest.raises(D2lRnnError, match="cannot be put into"):
            openblas.put_in_place()
    monkeypatch.setattr(metadata, "distribution", not_installed)
    with pytest.raises(D2lRnnError, match="pip install cmeel-openblas"):
        openblas.put_in_place()
    assert list(arm.iterdir()) == []


def refuse(path: Path, target: Path) -> None:
    raise PermissionError(13, "Permission denied")


def not_installed(name: str) -> Wheel:
    raise metadata.PackageNotFoundError(name)


def test_elsewhere_nothing_is_laid(arm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openblas, "is_wanted", lambda: False)
    assert openblas.put_in_place() == [] == list(arm.iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="Linux's loader (system owner)")
def test_nvidias_libraries_come_out_of_their_wheels_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that a wheel lacks are left to the loader, and named if it has none."""
    folder = tmp_path / "nvidia" / "cublas" / "lib"
    folder.mkdir(parents=True)
    libm = openblas._path_of_loaded("libm.so.6")
    for name in ("libcublasLt.so.11", "libcublas.so.11"):
        shutil.copy(str(libm), str(folder / name))
    loaded: List[str] = []
    load = ctypes.CDLL

    def watch(name: str, mode: int = ctypes.DEFAULT_MODE) -> ctypes.CDLL:
        library = load(name, mode)
        loaded.append(name)
        return library

    monkeypatch.setattr(ctypes, "CDLL", watch)
    monkeypatch.setattr(metadata, "distribution", lambda name: Wheel(tmp_path))
    monkeypatch.setattr(cuda, "installed_build", lambda: "mxnet-cu112")
    missing = cuda.preload()
    assert "libcudnn.so.8" in missing and "libcublas.so.11" not in missing
    wheels = [name for name in loaded if str(tmp_path) in name]
    assert wheels == [
        str(folder / "libcublasLt.so.11"),
        str(folder / "libcublas.so.11"),
    ]


def test_without_a_build_for_cuda_nothing_is_loaded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(metadata, "version", not_installed)
    monkeypatch.setattr(cuda, "_load", lambda library: pytest.fail(library.name))
    assert cuda.preload() == []


def test_every_library_has_its_wheel_in_the_extra() -> None:
    text = (ROOT / "setup.cfg").read_text()
    extra = set(re.findall(r"nvidia-[a-z0-9-]+-cu11", text))
    assert {library.distribution for library in cuda.LIBRARIES} == extra


def test_commands_are_pips_or_where_it_is_missing_uvs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here: Dict[str, bool] = {"pip": True}
    monkeypatch.setattr(installation, "_has_pip", lambda: here["pip"])
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")
    assert installation.pip_install("a<2")[1:] == ("-m", "pip", "install", "a<2")
    here["pip"] = False
    command = installation.pip_install("a<2")
    assert command == ("uv", "pip", "install", "--python", sys.executable, "a<2")
    assert installation.by_command(command).text.endswith("'a<2'")


def test_a_book_name_without_mxnet_names_the_command(tmp_path: Path) -> None:
    """Under a Python that has no mxnet: a bare one, with numpy's stand-in."""
    (tmp_path / "numpy.py").touch()
    code = (
        "import sys; sys.path[:0] = sys.argv[1:]\n"
        "import d2l_rnn as d2l\n"
        "from d2l_rnn.errors import D2lRnnError\n"
        "for name in ('RNNModel', 'Residual'):\n"
        "    try:\n"
        "        getattr(d2l, name)\n"
        "    except (ImportError, D2lRnnError) as error:\n"
        "        print(error)\n"
    )
    process = subprocess.run(
        [sys.executable, "-S", "-c", code, str(tmp_path), str(ROOT)],
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stderr
    ours, theirs = process.stdout.splitlines()
    for line in (ours, theirs):
        assert "pip install --no-deps mxnet==1.9.1 d2l==1.0.3" in line


def test_the_dockerfile_runs_what_is_here_and_not_as_root() -> None:
    text = (ROOT / "Dockerfile").read_text()
    users = re.findall(r"^USER (\S+)", text, re.M)
    assert users and users[-1] != "root"
    scripts = re.findall(r"scripts/\w+\.sh", text)
    assert scripts and all((ROOT / script).exists() for script in scripts)


@pytest.mark.slow
@pytest.mark.parametrize(
    "script, programs",
    [
        ("check_arm.sh", ("mmdebstrap", "qemu-aarch64-static")),
        ("check_sid.sh", ("mmdebstrap",)),
        ("check_gpu_build.sh", ("cc", "nm")),
        ("check_dockerfile.sh", ("mmdebstrap", "buildah")),
        ("check_hosts.sh", ("ip", "sshd")),
    ],
)
def test_other_machines(script: str, programs: Sequence[str]) -> None:
    """An arm64, a sid, a build for CUDA, an image, hosts: some minutes each."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)} (system owner)")
    process = subprocess.run([str(ROOT / "scripts" / script)], timeout=7200)
    assert process.returncode == 0
