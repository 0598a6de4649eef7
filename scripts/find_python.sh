# Sourced by setup_environment.sh and make_constraints.sh: which Pythons serve, and where
# one is.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# 3.11 has been tried the most. From 3.13 on there is no NumPy that mxnet asks for, and
# what it misses in newer ones is given back: so these come last.
python_versions=(3.11 3.12 3.10 3.9 3.8 3.13 3.14 3.15)
python_range="3.8 to 3.15"

say() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
}

# probe PYTHON: "3.11 /path/of/the/interpreter" if it runs and can make environments.
# Running it is the only test that counts: a pyenv shim exists for versions that are
# not selected, and Debian ships a Python without ensurepip.
probe() {
    "$1" -c 'import ensurepip, sys, venv
print("%d.%d" % sys.version_info[:2], sys.executable)' 2>/dev/null
}

# pythons VERSION: every command that may be a Python of this version.
pythons() {
    type -aP "python$1" || true
    ls -d "${PYENV_ROOT:-$HOME/.pyenv}/versions/$1".*/bin/python 2>/dev/null |
        sort -rV || true
    type -aP python3 python || true
}

# find_python VERSION...: "version path" of the first that serves, in this order.
find_python() {
    local version candidate found
    if [ -n "${PYTHON:-}" ]; then
        found=$(probe "$PYTHON") || found="cannot run, or lacks venv and ensurepip"
        for version in "$@"; do
            if [ "${found%% *}" = "$version" ]; then
                echo "$found"
                return
            fi
        done
        say "PYTHON=$PYTHON does not serve ($found): name a Python $python_range with" \
            "venv, for example PYTHON=/usr/bin/python3.11"
        return 2
    fi
    for version in "$@"; do
        while read -r candidate; do
            found=$(probe "$candidate") || continue
            if [ "${found%% *}" = "$version" ]; then
                echo "$found"
                return
            fi
        done < <(pythons "$version")
    done
    return 1
}

# without_venv VERSION...: the first that runs, though it cannot make environments.
without_venv() {
    local version candidate
    for version in "$@"; do
        while read -r candidate; do
            if "$candidate" -c "import sys
sys.exit('%d.%d' % sys.version_info[:2] != '$version')" 2>/dev/null; then
                echo "$version"
                return
            fi
        done < <(pythons "$version")
    done
}

no_python() {
    local lacking package=python3-venv
    lacking=$(without_venv "$@")
    if [ -n "$lacking" ]; then
        package=python$lacking-venv
        say "no Python $python_range with venv found: $lacking lacks it. What brings one:"
    else
        say "no Python $python_range found. What brings one:"
    fi
    cat >&2 <<END
    uv              pipx install uv, and this command again: it finds uv
    pyenv           pyenv install 3.12
    conda           conda create -y -p ./python3.12 python=3.12
                    PYTHON=./python3.12/bin/python $0
    Debian, Ubuntu  apt-get install $package
    Fedora          dnf install python3.12
    macOS           brew install python@3.12
One that lies elsewhere: PYTHON=/path/to/python3.12 $0
END
}
