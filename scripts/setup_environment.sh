# Sourced by reproduce.sh and test.sh: finds a Python and keeps a virtual environment.
#
# An environment is whole when its stamp, which is written last, says what it was made
# from. Without a stamp it is half-made and made anew; with another stamp it is updated.

scripts=$(dirname "${BASH_SOURCE[0]}")
source "$scripts/check_platform.sh"
source "$scripts/find_python.sh" # root, python_versions, say

# make_stamp VERSION EXTRAS: what an environment made now would be made from.
make_stamp() {
    cat "$root/setup.cfg" "$root/pyproject.toml" "$root/scripts/constraints-$1.txt" |
        cksum
    echo "root $root"
    echo "python $1"
    echo "extras $2"
}

# with_its_own FOLDER EXTRAS: what it has beside what is asked for stays. What was made
# for the tests has all that the experiments need.
with_its_own() {
    case "$(sed -n 's/^extras //p' "$1/stamp") $2" in
    "test "*) echo test ;;
    "digits ") echo digits ;;
    *) echo "$2" ;;
    esac
}

# is_whole FOLDER EXTRAS VERSION...: the environment is as it should be, and runs.
is_whole() {
    local folder=$1 extras=$2 version found
    shift 2
    [ -f "$folder/stamp" ] && [ -x "$folder/bin/d2l-rnn" ] || return 1
    version=$(sed -n 's/^python //p' "$folder/stamp")
    extras=$(with_its_own "$folder" "$extras")
    [ "$(make_stamp "$version" "$extras")" = "$(cat "$folder/stamp")" ] || return 1
    if [ -n "${PYTHON:-}" ]; then
        found=$(find_python "$@" 2>/dev/null) || return 1
        [ "${found%% *}" = "$version" ] || return 1
    fi
    "$folder/bin/python" -c pass 2>/dev/null
}

# can_be_updated FOLDER VERSION: it is ours, runs, and is of this version ("": of any).
can_be_updated() {
    [ -f "$1/stamp" ] && grep -qx "python ${2:-.*}" "$1/stamp" &&
        grep -qx "root $root" "$1/stamp" && "$1/bin/python" -c pass 2>/dev/null
}

# install FOLDER VERSION EXTRAS: by uv, which takes a third of pip's time; where it cannot
# be had or fails, by pip. Both say on stderr what they do.
install() {
    local folder=$1 python=$1/bin/python status=0
    {
        "$python" -m pip install --quiet uv \
            --constraint "$root/scripts/constraints-$2.txt" &&
            pip_settings_for_uv "$python" &&
            install_with "$@" "$folder/bin/uv" pip install --python "$python"
    } >&2 </dev/null || status=$?
    [ $status -lt 128 ] || return $status # stopped by a signal: no second try
    if [ $status -ne 0 ]; then
        say "uv could not install; now by pip (some minutes)"
        # An editable install from setup.cfg needs pip 21.3; Python 3.8 may bring 20.
        if ! {
            "$python" -m pip install --quiet "pip>=21.3" &&
                install_with "$@" "$python" -m pip install
        } >&2 </dev/null; then
            say "pip could not install the package either; what it said is above"
            return 3
        fi
    fi
    # On aarch64: what libmxnet.so needs and no registry has.
    "$python" -c "from d2l_rnn import openblas; openblas.put_in_place()" || return 3
}

# install_with FOLDER VERSION EXTRAS COMMAND...: the package, editable, and all it needs.
install_with() {
    local constraints=$root/scripts/constraints-$2.txt target=$root${3:+[$3]}
    shift 3
    "$@" --constraint "$constraints" --editable "$target" || return
    # What they pin cannot be had on every Python, and d2l pins much that it never uses.
    "$@" --constraint "$constraints" --no-deps mxnet d2l
}

# pip_settings_for_uv PYTHON: uv reads none of pip's files and variables.
pip_settings_for_uv() {
    local settings
    settings=$("$1" -m pip config list 2>/dev/null) || return 0
    UV_DEFAULT_INDEX=${UV_DEFAULT_INDEX:-$(pip_setting index-url <<<"$settings")}
    SSL_CERT_FILE=${SSL_CERT_FILE:-$(pip_setting cert <<<"$settings")}
    [ -z "$UV_DEFAULT_INDEX" ] || export UV_DEFAULT_INDEX
    [ -z "$SSL_CERT_FILE" ] || export SSL_CERT_FILE
}

pip_setting() {
    sed -n "s/^[a-z:]*\.$1='\(.*\)'\$/\1/p" | tail -n 1
}

# make_whole FOLDER EXTRAS VERSION...: under the lock, so alone.
make_whole() {
    local folder=$1 extras=$2 found version status=0
    shift 2
    if is_whole "$folder" "$extras" "$@"; then # another process was quicker
        return
    fi
    found=$(find_python "$@") || status=$?
    [ $status -ne 2 ] || return 2
    version=${found%% *}
    if can_be_updated "$folder" "$version"; then
        say "updating $folder"
        version=$(sed -n 's/^python //p' "$folder/stamp")
        extras=$(with_its_own "$folder" "$extras")
        rm "$folder/stamp"
    elif [ -n "$found" ]; then
        say "setting up $folder with Python $version (about 500 MB)"
        rm -rf "$folder"
        "${found#* }" -m venv "$folder" || return 3
    else
        version=3.12
        [ $# -gt 1 ] || version=$1
        if ! make_with_uv "$folder" "$version"; then
            no_python "$@"
            return 2
        fi
    fi
    install "$folder" "$version" "$extras" || return 3
    make_stamp "$version" "$extras" >"$folder/stamp"
}

# make_with_uv FOLDER VERSION: an environment with a Python that uv finds or fetches.
make_with_uv() {
    command -v uv >/dev/null || return 1
    say "setting up $1 with Python $2 from uv (about 600 MB)"
    rm -rf "$1"
    # --seed: with pip, as the others have it.
    uv venv --seed --python "$2" "$1" >&2 </dev/null
}

# ensure_environment FOLDER EXTRAS VERSION...: a whole environment, or exit status 2
# (no Python) or 3 (no installation).
ensure_environment() {
    local lock=$1.lock
    if is_whole "$@"; then
        return
    fi
    check_platform || return
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
