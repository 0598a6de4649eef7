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
sid=
for argument in "$@"; do
    case $argument in
    -h | --help)
        usage
        exit
        ;;
    3.*) versions+=("$argument") ;;
    *) sid=$argument ;;
    esac
done
[ ${#versions[@]} -gt 0 ] || versions=(3.14 3.15)

source "$(dirname "${BASH_SOURCE[0]}")/find_python.sh" # root, say

if ! command -v mmdebstrap >/dev/null; then
    say "needs mmdebstrap: apt-get install mmdebstrap"
    exit 2
fi
if [ -n "$sid" ]; then
    mkdir -p "$sid"
    sid=$(cd "$sid" && pwd)
else
    sid=$(mktemp -d)
    # Should making it be killed, /proc is still mounted there.
    trap 'rm -rf --one-file-system "$sid"' EXIT
fi

if [ ! -f "$sid/made" ]; then
    say "making a root of sid in $sid"
    # From where this system has its own packages, if it is a Debian.
    sources=()
    if [ -s /etc/apt/sources.list.d/debian.sources ]; then
        sed '/^$/,$d; s/^Suites:.*/Suites: sid/' /etc/apt/sources.list.d/debian.sources \
            >"$sid/sid.sources"
        sources=("$sid/sid.sources")
    fi
    packages=ca-certificates,libgomp1,libquadmath0
    for version in "${versions[@]}"; do
        packages+=,python$version-venv
    done
    # A mirror may be weeks behind, and sid's lists are good for a week.
    mmdebstrap --quiet --variant=minbase --include="$packages" \
        --aptopt='Acquire::Check-Valid-Until "false"' sid "$sid/root" \
        ${sources[@]+"${sources[@]}"}
    touch "$sid/made"
fi

inside=$sid/root/d2l_rnn
mkdir -p "$inside"
(cd "$root" && git ls-files -z --cached --others --exclude-standard |
    tar --create --null --files-from - 2>/dev/null) | tar --extract -C "$inside"
# How this machine reaches the registry.
for file in /etc/resolv.conf /etc/hosts /etc/pip.conf /etc/ssl/certs/ca-certificates.crt; do
    [ ! -e "$file" ] || cp -L "$file" "$sid/root$file"
done

status=0
for version in "${versions[@]}"; do
    say "Python $version"
    # The mounts go with the namespace.
    unshare --mount bash -c '
        mount --rbind /proc "$1/proc" && mount --rbind /dev "$1/dev" &&
            exec env -u PYTHONPATH HOME=/root PYTHON="python$2" \
                PATH=/usr/sbin:/usr/bin:/sbin:/bin \
                chroot "$1" /bin/bash -c "cd /d2l_rnn &&
                    scripts/reproduce.sh lstm --corpus sample --epochs 1 --no-plot \
                        --out runs/python$2 &&
                    .venv/bin/python scripts/smoke_test.py"
    ' bash "$sid/root" "$version" || status=1
done
exit $status
