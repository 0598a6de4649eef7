#!/usr/bin/env bash
# Does it run on Pythons that are newer than this system's? In a root of Debian sid.
set -euo pipefail

usage() {
    cat <<'END'
usage: scripts/check_sid.sh [VERSION...] [FOLDER]

Makes a root of Debian sid with the Pythons 3.14 and 3.15 (or those named), copies the
working tree into it, and runs scripts/smoke_test.py there under each, in an environment
made as on any machine. Exit status 1 where one fails.

Needs root, mmdebstrap, Debian's and a package registry, and 2 GB. The root is made in
FOLDER, where a second call finds it again; without FOLDER in a temporary one, removed at
the end.
END
}

versions=()
folder=
for argument in "$@"; do
    case $argument in
    -h | --help)
        usage
        exit
        ;;
    3.*) versions+=("$argument") ;;
    *) folder=$argument ;;
    esac
done
[ ${#versions[@]} -gt 0 ] || versions=(3.14 3.15)

scripts=$(dirname "${BASH_SOURCE[0]}")
source "$scripts/find_python.sh" # root, say
source "$scripts/debian_root.sh"
source "$scripts/working_folder.sh"

if ! command -v mmdebstrap >/dev/null; then
    say "needs mmdebstrap: apt-get install mmdebstrap"
    exit 2
fi
use_folder "$folder"

if [ ! -f "$folder/made" ]; then
    say "making a root of sid in $folder"
    packages=ca-certificates,libgomp1,libquadmath0
    for version in "${versions[@]}"; do
        packages+=,python$version-venv
    done
    make_root sid "$folder/root" --variant=minbase --include="$packages"
    touch "$folder/made"
fi

fill_root "$folder/root"

status=0
for version in "${versions[@]}"; do
    say "Python $version"
    unshare --mount bash -c "$IN_ROOT" bash "$folder/root" "
        export PYTHON=python$version
        scripts/reproduce.sh lstm --corpus sample --epochs 1 --no-plot \
            --out runs/python$version && .venv/bin/python scripts/smoke_test.py
    " || status=1
done
exit $status
