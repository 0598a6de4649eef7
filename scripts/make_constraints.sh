#!/usr/bin/env bash
# Pins, for each Python, what setup.cfg asks for: scripts/constraints-3.X.txt.
set -euo pipefail

usage() {
    cat <<'END'
usage: scripts/make_constraints.sh [VERSION...] [flags]

Writes scripts/constraints-VERSION.txt (3.8 to 3.15 unless some are named) with the uv
of .venv, which scripts/test.sh installs. None of these Pythons need be there: uv judges
the markers for the version named, where pip judges them for the Python that runs it.

What is pinned already stays while setup.cfg allows it. The flags are those of
'uv pip compile': --upgrade for the newest of all, --upgrade-package numpy for one.
END
}

source "$(dirname "${BASH_SOURCE[0]}")/find_python.sh"

versions=()
flags=()
while [ $# -gt 0 ]; do
    case $1 in
    -h | --help)
        usage
        exit
        ;;
    3.*) versions+=("$1") ;;
    *) flags+=("$1") ;;
    esac
    shift
done
[ ${#versions[@]} -gt 0 ] || versions=("${python_versions[@]}")

cd "$root"
for version in "${versions[@]}"; do
    file=scripts/constraints-$version.txt
    # Needed by the set-up, or on other machines, though setup.cfg does not ask here.
    openblas=0.3.31
    case $version in 3.8 | 3.9) openblas=0.3.29 ;; esac
    printf 'uv\ncmeel-openblas==%s\n' "$openblas" |
        .venv/bin/uv pip compile --quiet --all-extras --no-header --no-annotate \
            --python-version "$version" --python-platform linux \
            ${flags[@]+"${flags[@]}"} --output-file "$file" setup.cfg -
    # Installed without what they pin, so not resolved.
    echo "d2l==1.0.3" >>"$file"
    grep -q '^mxnet==' "$file" || echo "mxnet==1.9.1" >>"$file"
    LC_ALL=C sort --ignore-case --output "$file" "$file"
done
