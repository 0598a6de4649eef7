#!/usr/bin/env bash
# Does d2l-rnn launch train on several hosts? On three network namespaces of this machine.
set -euo pipefail

usage() {
    cat <<'END'
usage: scripts/check_hosts.sh [FOLDER]

Makes three network namespaces that see one another by a bridge alone, with an sshd in two
of them, and launches a training of three workers and two servers over ssh from the third.
Its curve has to be that of one process. Then a worker and a server on a host are killed, a
host's cable is drawn, and the training is interrupted: each time all processes have to end
within 30 seconds, and at last --resume has to give the curve of one process.

Needs root, ip (iproute2), ssh, sshd and ssh-keygen (openssh-server), and the set-up's
.venv (PYTHON=/path/to/python names another). What it makes lies in FOLDER, or in a
temporary one that is removed; namespaces and processes are removed in any case. It takes
some ten minutes. Exit status 1 where something is not as it should be.
END
}

case ${1:-} in
-h | --help)
    usage
    exit
    ;;
esac

scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$scripts")
source "$scripts/working_folder.sh"

say() { printf '%s: %s\n' check_hosts.sh "$*" >&2; }

for program in ip ssh sshd ssh-keygen; do
    if ! command -v "$program" >/dev/null; then
        say "needs $program: apt-get install iproute2 openssh-server"
        exit 2
    fi
done
if [ "$(id -u)" != 0 ]; then
    say "needs root, for network namespaces"
    exit 2
fi
use_folder "${1:-}"
python=${PYTHON:-$root/.venv/bin/python}
ssh=$(command -v ssh)
sshd=$(command -v sshd) # called by its full path
export PYTHONPATH=$root${PYTHONPATH:+:$PYTHONPATH}
export D2L_RNN_SEED= OMP_NUM_THREADS=1
unset D2L_RNN_SEED

net=10.213.57
home=d2l-$$-home hosts=(d2l-$$-a d2l-$$-b)
daemons=()
clean_up() {
    local pid
    for pid in "${daemons[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in $(ours); do kill -9 "$pid" 2>/dev/null || true; done
    for name in "$home" "${hosts[@]}"; do ip netns delete "$name" 2>/dev/null || true; done
    [ -n "${kept:-}" ] || rm -rf --one-file-system "$folder"
}
kept=${1:-}
trap clean_up EXIT

# The trainings' processes in our namespaces: Python's, by their ids.
ours() {
    local name pid
    for name in "$home" "${hosts[@]}"; do
        for pid in $(ip netns pids "$name" 2>/dev/null); do
            if tr '\0' '\n' <"/proc/$pid/cmdline" 2>/dev/null | grep -q d2l_rnn; then
                echo "$pid"
            fi
        done
    done
}

say "three namespaces, two sshd"
mkdir -p "$folder/bin" /run/sshd
ip netns add "$home"
ip -n "$home" link set lo up
ip -n "$home" link add bridge type bridge
ip -n "$home" address add "$net.1/24" dev bridge
ip -n "$home" link set bridge up
ssh-keygen -q -t ed25519 -N '' -f "$folder/key"
ssh-keygen -q -t ed25519 -N '' -f "$folder/host_key"
cp "$folder/key.pub" "$folder/authorized"
cat >"$folder/sshd_config" <<END
HostKey $folder/host_key
AuthorizedKeysFile $folder/authorized
StrictModes no
UsePAM no
PidFile none
PermitRootLogin prohibit-password
PasswordAuthentication no
LogLevel ERROR
END
cat >"$folder/ssh_config" <<END
Host *
    User root
    IdentityFile $folder/key
    IdentitiesOnly yes
    UserKnownHostsFile $folder/known
    StrictHostKeyChecking yes
END
number=2
for name in "${hosts[@]}"; do
    ip netns add "$name"
    ip -n "$name" link set lo up
    ip -n "$home" link add "to-$number" type veth peer name cable netns "$name"
    ip -n "$home" link set "to-$number" master bridge up
    ip -n "$name" address add "$net.$number/24" dev cable
    ip -n "$name" link set cable up
    ip netns exec "$name" "$sshd" -D -e -f "$folder/sshd_config" 2>>"$folder/sshd.log" &
    daemons+=($!)
    echo "$net.$number $(cut -d ' ' -f 1,2 "$folder/host_key.pub")" >>"$folder/known"
    printf 'Host host-%s\n    HostName %s\n' "$number" "$net.$number" >>"$folder/ssh_config"
    echo "host-$number" >>"$folder/hosts.txt"
    number=$((number + 1))
done
# A user's own configuration lies in ~/.ssh/config; ours is not to touch it.
printf '#!/bin/sh\nexec %s -F %s/ssh_config "$@"\n' "$ssh" "$folder" >"$folder/bin/ssh"
chmod +x "$folder/bin/ssh"

cd "$folder"
training=(run lstm --corpus sample --num-hiddens 16 --max-tokens 3000 --batch-size 8
    --num-preds 5 --no-plot --quiet)
at_home() { ip netns exec "$home" env PATH="$folder/bin:$PATH" "$python" -m d2l_rnn "$@"; }
launch() { at_home launch --workers 3 --servers 2 --hosts hosts.txt "${training[@]}" "$@"; }

status=0
fail() {
    say "FAILED: $*"
    status=1
}

same_curve() {
    "$python" - "$1" one <<'END' || fail "$1: another curve than that of one process"
import json, sys
one, other = ([json.loads(line)["loss"] for line in open(f"{d}/epochs.jsonl")] for d in sys.argv[1:])
apart = max(abs(a / b - 1) for a, b in zip(one, other))
print(f"{len(one)} epochs, at most {apart:.1e} apart")
sys.exit(len(one) != len(other) or apart > 1e-5)
END
}

say "one process"
at_home "${training[@]}" --epochs 60 --out one >/dev/null

say "three workers, two servers"
launch --epochs 60 --out several >/dev/null || fail "exit status $?"
same_curve several

# end_by HOW OUT: launches, waits for an epoch, does HOW, and sees that all ends.
end_by() {
    local how=$1 out=$2 launcher began
    say "$how"
    launch --out "$out" --epochs "${3:-100000}" >/dev/null 2>"$out.err" &
    launcher=$!
    until [ -s "$out/epochs.jsonl" ]; do
        kill -0 "$launcher" 2>/dev/null || { fail "$(cat "$out.err")" && return; }
        sleep 0.2
    done
    case $how in
    "a worker is killed") kill -9 "$(in_namespace "${hosts[0]}" d2l_rnn.cli)" ;;
    "a server is killed") kill -9 "$(in_namespace "${hosts[1]}" parameter_server)" ;;
    "a cable is drawn") ip -n "${hosts[0]}" link set cable down ;;
    "Ctrl-C")
        say "it listens at:"
        for name in "$home" "${hosts[@]}"; do
            ip netns exec "$name" ss -ltnH | awk '{ print "  " $4 }' | grep -v ':22$'
        done
        kill -INT "$(in_namespace "$home" "^launch$")"
        ;;
    esac
    began=$SECONDS
    wait "$launcher" && fail "exit status 0"
    while [ -n "$(ours)" ] && [ $((SECONDS - began)) -lt 30 ]; do sleep 0.2; done
    say "after $((SECONDS - began)) s: $(cat "$out.err")"
    [ -z "$(ours)" ] || fail "left: $(ours)"
    [ "$(wc -l <"$out.err")" = 1 ] || fail "not one line"
    ip -n "${hosts[0]}" link set cable up
}

# in_namespace NAME PATTERN: the id of a Python whose words have it.
in_namespace() {
    local pid
    for pid in $(ip netns pids "$1"); do
        if [ "$(readlink "/proc/$pid/exe")" = "$(readlink -f "$python")" ] &&
            tr '\0' '\n' <"/proc/$pid/cmdline" | grep -q "$2"; then
            echo "$pid"
            return
        fi
    done
}

end_by "a server is killed" server
end_by "a cable is drawn" cable
end_by "Ctrl-C" interrupted

end_by "a worker is killed" worker 60
say "and goes on"
launch --epochs 60 --out worker --resume >/dev/null || fail "exit status $?"
same_curve worker
[ "$status" = 0 ] && say "all is as it should be"
exit "$status"
