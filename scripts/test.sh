#!/usr/bin/env bash
# Everything that has to pass: ruff, mypy, pytest, and other Pythons if asked.
set -euo pipefail

usage() {
    cat <<'END'
usage: scripts/test.sh [--pythons[=3.8,3.12]] [--suites=3.13] [pytest flags]

Sets up .venv (first call only), then runs ruff, mypy and pytest.
The slow tests are left out; scripts/test.sh -m "" runs them too.

  --pythons           also install and smoke-test under every other Python 3.8 to 3.15
                      found, each in its own .venv-3.X
  --pythons=3.8,3.12  the same under these, which must be there
  --suites=3.13       also run mypy and pytest, with the same flags, under these
  anything else       handed on to pytest: scripts/test.sh tests/data -k corpus;
                      -n 0 keeps to one process (two are used where there are cores)

PYTHON=python3.10 scripts/test.sh tests with this Python.
END
}

source "$(dirname "${BASH_SOURCE[0]}")/setup_environment.sh"

smoke_versions=()
suite_versions=()
must_exist=yes
pytest_flags=()
for argument in "$@"; do
    case $argument in
    -h | --help)
        usage
        exit
        ;;
    --pythons)
        smoke_versions=("${python_versions[@]}")
        must_exist=no
        ;;
    --pythons=*)
        IFS=, read -r -a smoke_versions <<<"${argument#*=}"
        ;;
    --suites=*)
        IFS=, read -r -a suite_versions <<<"${argument#*=}"
        ;;
    *) pytest_flags+=("$argument") ;;
    esac
done

for version in ${smoke_versions[@]+"${smoke_versions[@]}"} \
    ${suite_versions[@]+"${suite_versions[@]}"}; do
    case " ${python_versions[*]} " in
    *" $version "*) ;;
    *)
        say "Python $version: accepted are ${python_versions[*]}"
        exit 2
        ;;
    esac
done

# smoke_test VERSION: install, import everything, train an epoch, ask for d2l's names.
smoke_test() {
    local version=$1 folder=$root/.venv-$1 log
    unset PYTHON # it names the Python of .venv, not of these
    ensure_environment "$folder" onnx "$version" || return
    if ! log=$("$folder/bin/python" "$root/scripts/smoke_test.py" 2>&1); then
        say "Python $version: the smoke test failed:"
        printf '%s\n' "$log" >&2
        return 1
    fi
}

# run_suite PYTHON: pytest, on two cores where there are two and no flag says otherwise.
run_suite() {
    local -a parallel=(--numprocesses auto --maxprocesses 2)
    case " ${pytest_flags[*]-} " in
    *" -n"* | *" --numprocesses"* | *" --pdb "* | *" -s "*) parallel=() ;;
    esac
    # A process is one core's: MXNet's threads would wait for one another.
    OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} "$1" -m pytest \
        ${parallel[@]+"${parallel[@]}"} ${pytest_flags[@]+"${pytest_flags[@]}"}
}

cd "$root"
ensure_environment "$root/.venv" test "${python_versions[@]}"
bin=$root/.venv/bin
"$bin/python" -m ruff check --quiet d2l_rnn scripts tests
"$bin/python" -m ruff format --diff --quiet d2l_rnn scripts tests
"$bin/python" -m mypy

own_version=$(sed -n 's/^python //p' "$root/.venv/stamp")
for version in ${smoke_versions[@]+"${smoke_versions[@]}"}; do
    if [ "$version" = "$own_version" ]; then
        continue
    fi
    if ! (unset PYTHON; find_python "$version" >/dev/null); then
        say "Python $version: not found, not tested"
        [ $must_exist = no ] || exit 2
        continue
    fi
    smoke_test "$version"
    say "Python $version: passed"
done

for version in ${suite_versions[@]+"${suite_versions[@]}"}; do
    [ "$version" != "$own_version" ] || continue
    folder=$root/.venv-$version
    (unset PYTHON; ensure_environment "$folder" test "$version")
    "$folder/bin/python" -m mypy
    run_suite "$folder/bin/python"
    say "Python $version: the suite passed"
done

# Last, so that its summary is the last thing seen.
run_suite "$bin/python"
