# Sourced by the checks that make something large: where they make it.

# use_folder [FOLDER]: sets folder, which is made; without FOLDER a temporary one, removed
# when the script ends. One file system only: should what is made in it be killed, the
# system's own may still be mounted there.
use_folder() {
    if [ -n "${1:-}" ]; then
        mkdir -p "$1"
        folder=$(cd "$1" && pwd)
    else
        folder=$(mktemp -d)
        trap 'rm -rf --one-file-system "$folder"' EXIT
    fi
}
