#!/usr/bin/env bash
# Does all of it run on aarch64? Set up and trained under emulation, beside x86-64.
set -euo pipefail

usage() {
    cat <<'END'
usage: scripts/check_arm.sh [FOLDER] [flags of d2l-rnn run]

Makes an arm64 root out of Debian's packages, copies the working tree into it, sets it up
there as on any machine, under qemu-aarch64-static, and trains rnn, gru, lstm and bilstm
for 3 epochs; the same here. Prints the curves beside each other; exit status 1 where two
are further apart than 2e-5 of their size.

Emulated, MXNet is imported in a minute and reckons a hundred times slower: so the nets
have 32 hidden units and read 2400 characters of the text that comes with d2l_rnn. With
hours of patience: scripts/check_arm.sh FOLDER --num-hiddens 256 --corpus time-machine

Needs root, Debian or Ubuntu with mmdebstrap and qemu-user-static, a kernel from 6.7 on,
.venv of this machine (scripts/reproduce.sh), Debian's and a package registry, 1.5 GB and
a quarter of an hour. The emulator is registered for what runs here, not for the whole machine.
The root is made in FOLDER, where a second call finds it again; without FOLDER in a
temporary folder, removed at the end.
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

emulator=/usr/lib/binfmt.d/qemu-aarch64.conf
if ! command -v mmdebstrap >/dev/null || [ ! -e "$emulator" ]; then
    say "needs mmdebstrap and qemu-user-static: apt-get install them"
    exit 2
fi
if [ ! -x "$root/.venv/bin/d2l-rnn" ]; then
    say "needs .venv to compare with: run scripts/reproduce.sh first"
    exit 2
fi

if [ $# -gt 0 ] && [[ $1 != -* ]]; then
    use_folder "$1"
    shift
else
    use_folder
fi

if [ ! -f "$folder/made" ]; then
    say "making an arm64 root in $folder"
    # Unpacked only: what would be run in it to configure it is not needed here.
    make_root bookworm "$folder/root" --variant=extract --architectures=arm64 \
        --include=bash,coreutils,diffutils,findutils,gawk,grep,sed,util-linux \
        --include=ca-certificates,libgomp1,libstdc++6,python3,python3-venv
    touch "$folder/made"
fi

fill_root "$folder/root"
inside=$folder/root/d2l_rnn

# on_arm COMMAND: in the root, by its own programs. What the kernel is told of the
# emulator holds in this user namespace alone (since Linux 6.7) and ends with it.
on_arm() {
    unshare --user --map-root-user --mount bash -c '
        mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc &&
            cat "$3" >/proc/sys/fs/binfmt_misc/register || exit
    '"$IN_ROOT" bash "$folder/root" "$1" "$emulator"
}

say "setting up"
on_arm "scripts/reproduce.sh rnn --help" >/dev/null

# So high a rate that the recurrences, and not only the biases, learn in twelve steps.
flags=(--epochs 3 --seed 1 --num-hiddens 32 --batch-size 16 --lr 8 --corpus sample)
flags+=(--max-tokens 2400 "$@")
say "training: ${flags[*]}"
rm -rf "$inside/runs/arm" "$folder/here"
on_arm ".venv/bin/python scripts/check_arm.py train runs/arm ${flags[*]}" >&2
"$root/.venv/bin/python" "$root/scripts/check_arm.py" train "$folder/here" "${flags[@]}" >&2
"$root/.venv/bin/python" "$root/scripts/check_arm.py" compare "$inside/runs/arm" \
    "$folder/here"
