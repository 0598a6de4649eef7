#!/usr/bin/env bash
# Where no registry of images is in reach: is the Dockerfile built, and does it train?
set -euo pipefail

usage() {
    cat <<'END'
usage: scripts/check_dockerfile.sh [FOLDER]

Builds the Dockerfile with buildah on a base image made here of Debian's packages (bookworm
with its Python 3.11, in the place of python:3.11-slim, which is not fetched), then runs
in the image, as its user, what it runs by itself, for three epochs, and the doctor. Exit
status 1 where a step fails.

Needs root, mmdebstrap and buildah, Debian's and a package registry, and 4 GB in FOLDER,
where a second call finds the base image again; without FOLDER a temporary one, removed at
the end.
END
}

case ${1:-} in
-h | --help)
    usage
    exit
    ;;
esac

scripts=$(dirname "${BASH_SOURCE[0]}")
source "$scripts/find_python.sh" # root, say
source "$scripts/debian_root.sh"
source "$scripts/working_folder.sh"

for program in mmdebstrap buildah; do
    if ! command -v "$program" >/dev/null; then
        say "needs $program: apt-get install mmdebstrap buildah"
        exit 2
    fi
done
use_folder "${1:-}"

# No daemon, no store of the system's, no namespaces of a container's.
storage=(--root "$folder/images" --runroot "$folder/run" --storage-driver vfs)
isolation=(--isolation chroot)
base=$(sed -n 's/^FROM //p' "$root/Dockerfile")

if [ ! -f "$folder/made" ]; then
    say "making a base image in $folder"
    make_root bookworm "$folder/base" --variant=minbase \
        --include=ca-certificates,python3,python3-venv
    tell_of_registry "$folder/base"
    container=$(buildah "${storage[@]}" from scratch)
    buildah "${storage[@]}" copy --quiet "$container" "$folder/base" / >&2
    buildah "${storage[@]}" commit --quiet "$container" "docker.io/library/$base" >&2
    buildah "${storage[@]}" rm "$container" >/dev/null
    touch "$folder/made"
fi

say "building the Dockerfile"
buildah "${storage[@]}" build "${isolation[@]}" --pull-never --tag d2l_rnn \
    --file "$root/Dockerfile" "$root" >&2

say "running the image"
container=$(buildah "${storage[@]}" from --pull-never d2l_rnn)
in_image() {
    buildah "${storage[@]}" run "${isolation[@]}" "$container" -- "$@"
}
status=0
# As docker runs it: the image's own user, folder and PATH, and its command with a flag.
command=$(sed -n 's/^CMD \[\(.*\)\]$/\1/p' "$root/Dockerfile" | tr -d '",')
[ "$(in_image id -un)" != root ] || { say "runs as root"; status=1; }
in_image $command --epochs 3 --corpus sample --no-plot || status=1
in_image d2l-rnn doctor || status=1
in_image python -c 'import d2l_rnn; print(d2l_rnn.RNNModel, d2l_rnn.Residual)' || status=1
buildah "${storage[@]}" rm "$container" >/dev/null
exit $status
