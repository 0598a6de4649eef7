#!/usr/bin/env bash
# Without a GPU: do mxnet-cu112 and NVIDIA's wheels fit together, and what is said here?
set -euo pipefail

usage() {
    cat <<'END'
usage: scripts/check_gpu_build.sh [FOLDER]

Makes an environment of mxnet-cu112 and NVIDIA's wheels for CUDA 11 in FOLDER, compiles a
stub of the driver (libcuda.so.1: what libmxnet.so asks of it and no wheel has), and shows
that each symbol that libmxnet.so leaves open is defined by a library that is loaded; that
mxnet is imported after d2l_rnn's preloading alone, says CUDA and no GPU, and trains on
the CPU, with the losses of .venv where that is here; that cuDNN's parts load; and that
without the driver one line names the build for the CPU. Exit status 1 where one is not so.

Needs Linux on x86-64, cc and nm, a package registry and 6 GB, which is looked at first.
FOLDER is kept for a second call; without FOLDER a temporary one, removed at the end.
END
}

case ${1:-} in
-h | --help)
    usage
    exit
    ;;
esac

scripts=$(dirname "${BASH_SOURCE[0]}")
source "$scripts/setup_environment.sh"
source "$scripts/gpu_environment.sh"
source "$scripts/working_folder.sh"

for program in cc nm; do
    if ! command -v "$program" >/dev/null; then
        say "needs $program: apt-get install gcc libc6-dev binutils"
        exit 2
    fi
done
use_folder "${1:-}"

free=$(df --output=avail -BG "$folder" | tail -n 1 | tr -dc 0-9)
if [ ! -f "$folder/environment/stamp" ] && [ "$free" -lt 6 ]; then
    say "needs 6 GB, and $folder has $free: name a FOLDER on another disk"
    exit 2
fi
# What pip and uv keep goes with the folder too.
export UV_CACHE_DIR=$folder/cache PIP_NO_CACHE_DIR=1
ensure_gpu_environment "$folder/environment"

# Only d2l_rnn may find NVIDIA's libraries.
unset LD_LIBRARY_PATH PYTHONPATH
"$folder/environment/bin/python" "$root/scripts/check_gpu_build.py" "$folder/driver" \
    "$root/.venv/bin/python"
