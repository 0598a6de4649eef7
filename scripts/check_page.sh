#!/usr/bin/env bash
# The page's JavaScript: types, format and lint. Needs node and npm; the page does not.
set -euo pipefail

usage() {
    cat <<'END'
usage: scripts/check_page.sh [--fix]

Installs the tools that tests/page/package-lock.json pins (first call only), then runs
tsc --checkJs, prettier and eslint over d2l_rnn/page/static.

  --fix   format in place of complaining
END
}

fix=no
for argument in "$@"; do
    case $argument in
    -h | --help)
        usage
        exit
        ;;
    --fix) fix=yes ;;
    *)
        usage >&2
        exit 2
        ;;
    esac
done

cd "$(dirname "${BASH_SOURCE[0]}")/.."
if ! command -v npm >/dev/null; then
    echo "check_page: npm is not installed; the page needs it for these checks only" >&2
    exit 2
fi
tools=tests/page/node_modules
if [ ! -d $tools ] || [ tests/page/package-lock.json -nt $tools ]; then
    (cd tests/page && npm ci --no-audit --no-fund --ignore-scripts --silent)
    touch $tools
fi
files=(d2l_rnn/page/static/*.mjs d2l_rnn/page/static/*.css tests/page/*.mjs)
prettier=($tools/.bin/prettier --config tests/page/.prettierrc.json --log-level warn)
if [ "$fix" = yes ]; then
    "${prettier[@]}" --write "${files[@]}"
fi
"${prettier[@]}" --check "${files[@]}"
$tools/.bin/tsc --project tests/page
$tools/.bin/eslint --config tests/page/eslint.config.mjs d2l_rnn/page/static
