#!/usr/bin/env bash
# The documentation's site, from nothing: environment, pages, HTML.
set -euo pipefail

usage() {
    cat <<'END'
usage: scripts/docs.sh [FOLDER]

Sets up .venv-docs (first call only, about 500 MB), then builds docs/ into FOLDER
(build/docs unless given; emptied first, so it must be one that this script made, an
empty one, or none). Every warning is an error: a link that leads nowhere, a page that no table of
contents has, a public name without a docstring.

Exit status: 0 built; 1 something is wrong with a page; 2 bad usage, or no Python
serves; 3 the installation fails.
END
}

case ${1:-} in
-h | --help)
    usage
    exit
    ;;
-*)
    usage >&2
    exit 2
    ;;
esac

source "$(dirname "${BASH_SOURCE[0]}")/setup_environment.sh"

folder=${1:-$root/build/docs}
if [ -e "$folder" ] && [ ! -f "$folder/.buildinfo" ] &&
    ! { [ -d "$folder" ] && [ -z "$(ls -A "$folder")" ]; }; then
    say "$folder: not a site that this script built; name another folder"
    exit 2
fi
# The newest Sphinx asks for 3.11 at least; older Pythons build with older ones.
ensure_environment "$root/.venv-docs" docs "${python_versions[@]}"
rm -rf "$folder"
# Only what is read anew is warned of, so nothing is kept from the last time.
"$root/.venv-docs/bin/python" -m sphinx --quiet --fail-on-warning --keep-going \
    --fresh-env --doctree-dir "$root/build/doctrees" "$root/docs" "$folder" || {
    say "not built: what is wrong stands above"
    exit 1
}
say "$folder/index.html"
