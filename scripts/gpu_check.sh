#!/usr/bin/env bash
# For a person with an NVIDIA GPU: does MXNet train on it, and the same curve as the CPU?
set -euo pipefail

usage() {
    cat <<'END'
usage: scripts/gpu_check.sh

Makes .venv-gpu with mxnet-cu112 and NVIDIA's wheels (about 4.5 GB), asks the doctor,
and prints: the device that try_gpu() answers; what the untrained bilstm says on CPU and
GPU; 20 epochs of it on both, with the tokens per second. Exit status 1 where the two
curves are further apart than rtol 0.05 in any epoch: their sums are rounded in another
order, and training carries that on.

Needs Linux on x86-64 with NVIDIA's driver (450 or newer). On a card newer than compute
capability 8.6 the first use compiles for minutes.
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

folder=$root/.venv-gpu
ensure_gpu_environment "$folder"
"$folder/bin/python" -m d2l_rnn doctor
"$folder/bin/python" "$root/scripts/gpu_check.py"
