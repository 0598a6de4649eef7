# Sourced by gpu_check.sh and check_gpu_build.sh, after setup_environment.sh.

# ensure_gpu_environment FOLDER: an environment with mxnet-cu112 and NVIDIA's libraries.
ensure_gpu_environment() {
    local python=$1/bin/python
    ensure_environment "$1" gpu "${python_versions[@]}"
    if ! "$python" -c "import sys; from d2l_rnn import cuda
sys.exit(not cuda.installed_build())"; then
        # It holds the same package as mxnet, so it takes its place.
        "$python" -m pip uninstall --yes mxnet >&2
        "$python" -m pip install --no-deps mxnet-cu112==1.9.1 >&2
    fi
}
