# Sourced by reproduce.sh and test.sh: finds a Python and keeps a virtual environment.
#
# An environment is whole when its stamp, which is written last, says what it was made
# from. Without a stamp it is half-made and made anew; with another stamp it is updated.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# 3.11 has been tried the most; 3.12 comes last because d2l does not install there.
python_versions=(3.11 3.10 3.9 3.8 3.12)

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
        say "PYTHON=$PYTHON does not serve ($found): name a Python 3.8 to 3.12 with" \
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
        done < <(
            type -aP "python$version" || true
            ls -d "${PYENV_ROOT:-$HOME/.pyenv}/versions/$version".*/bin/python \
                2>/dev/null | sort -rV || true
            type -aP python3 python || true
        )
    done
    return 1
}

no_python() {
    say "no Python 3.8 to 3.12 with venv found: install one (for example" \
        "'pyenv install 3.11' or 'apt-get install python3.11-venv'), or name it:" \
        "PYTHON=/path/to/python3.11 $0"
}

# make_stamp VERSION EXTRAS: what an environment made now would be made from.
make_stamp() {
    cat "$root/setup.cfg" "$root/pyproject.toml" "$root/scripts/constraints-$1.txt" |
        cksum
    echo "root $root"
    echo "python $1"
    echo "extras $2"
}

# is_whole FOLDER EXTRAS VERSION...: the environment is as it should be, and runs.
is_whole() {
    local folder=$1 extras=$2 version found
    shift 2
    [ -f "$folder/stamp" ] && [ -x "$folder/bin/d2l-rnn" ] || return 1
    version=$(sed -n 's/^python //p' "$folder/stamp")
    # What was made for the tests serves the experiments too.
    ! grep -qx "extras test" "$folder/stamp" || extras=test
    [ "$(make_stamp "$version" "$extras")" = "$(cat "$folder/stamp")" ] || return 1
    if [ -n "${PYTHON:-}" ]; then
        found=$(find_python "$@" 2>/dev/null) || return 1
        [ "${found%% *}" = "$version" ] || return 1
    fi
    "$folder/bin/python" -c pass 2>/dev/null
}

# install FOLDER VERSION EXTRAS: the package, editable, with the pinned versions.
install() {
    local folder=$1 version=$2 extras=$3 target=$root log=$1/install.log
    [ -z "$extras" ] || target="$root[$extras]"
    # An editable install from setup.cfg needs pip 21.3; Python 3.8 may bring pip 20.
    if ! {
        "$folder/bin/python" -m pip install -qq "pip>=21.3" &&
            "$folder/bin/python" -m pip install -qq \
                --constraint "$root/scripts/constraints-$version.txt" \
                --editable "$target"
    } >"$log" 2>&1 </dev/null; then
        say "pip could not install the package; its last lines (all: $log):"
        tail -n 12 "$log" >&2
        return 3
    fi
}

# make_whole FOLDER EXTRAS VERSION...: under the lock, so alone.
make_whole() {
    local folder=$1 extras=$2 found version
    shift 2
    if is_whole "$folder" "$extras" "$@"; then # another process was quicker
        return
    fi
    found=$(find_python "$@") || {
        local status=$?
        [ $status -ne 1 ] || no_python
        return 2
    }
    version=${found%% *}
    if [ -f "$folder/stamp" ] && grep -qx "python $version" "$folder/stamp" &&
        grep -qx "root $root" "$folder/stamp" &&
        "$folder/bin/python" -c pass 2>/dev/null; then
        say "updating $folder"
        ! grep -qx "extras test" "$folder/stamp" || extras=test
        rm "$folder/stamp"
    else
        say "setting up $folder with Python $version (some minutes, about 900 MB)"
        rm -rf "$folder"
        "${found#* }" -m venv "$folder" || return 3
    fi
    install "$folder" "$version" "$extras" || return 3
    make_stamp "$version" "$extras" >"$folder/stamp"
}

# ensure_environment FOLDER EXTRAS VERSION...: a whole environment, or exit status 2
# (no Python) or 3 (no installation).
ensure_environment() {
    local lock=$1.lock
    if is_whole "$@"; then
        return
    fi
    if command -v flock >/dev/null; then
        # pip inherits the lock: should this script be killed, the next one waits
        # until an orphaned pip has ended.
        (
            flock --nonblock 9 || {
                say "waiting for another process to set up $1"
                flock 9
            }
            make_whole "$@"
        ) 9>"$lock"
    else
        until mkdir "$lock.d" 2>/dev/null; do
            say "waiting for $lock.d; remove it if no other process is setting up $1"
            sleep 5
        done
        (
            trap 'rmdir "$lock.d"' EXIT
            make_whole "$@"
        )
    fi
}
