#!/usr/bin/env bash
# Does the array of Slurm jobs do what it says? Slurm on this machine alone, tried and ended.
set -euo pipefail

usage() {
    cat <<'END'
usage: scripts/check_slurm.sh [FOLDER]

Starts munged, slurmctld and slurmd with a configuration, keys and state of their own in
FOLDER, on ports of the loopback; submits small runs by scripts/slurm_sweep.sh, tells one to end as
Slurm does before the time is over, cancels another in the middle, submits again, and holds
what is there then against the same runs that nothing disturbed. Ends what it has started.
Exit status 1 where something was lost, done twice, or has not ended in ten minutes.

Needs root, Debian's slurm-wlm and munge, and .venv (scripts/reproduce.sh), or D2L_RNN with
the path of another d2l-rnn. Without FOLDER in a temporary one, removed at the end.
END
}

case ${1:-} in
-h | --help)
    usage
    exit
    ;;
esac

scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$scripts/find_python.sh" # root, say
source "$scripts/working_folder.sh"

for command in munged slurmctld slurmd sbatch; do
    if ! PATH=$PATH:/usr/sbin command -v "$command" >/dev/null; then
        say "needs Debian's slurm-wlm and munge: apt-get install slurm-wlm munge"
        exit 2
    fi
done
export PATH=$PATH:/usr/sbin
export D2L_RNN=${D2L_RNN:-$root/.venv/bin/d2l-rnn}
use_folder "${1:-}"

started=()
finish() {
    for process in "${started[@]}"; do
        kill "$process" 2>/dev/null || true
    done
    wait || true
    [ -n "${1:-}" ] || rm -rf --one-file-system "$folder"
}
trap 'finish "${1:-}"' EXIT

mkdir -p "$folder"/{munge,state,spool,sweep,undisturbed}
chmod 711 "$folder" "$folder/munge" # what munge asks of a socket's folder
dd if=/dev/urandom of="$folder/munge/key" bs=1024 count=1 status=none
chmod 400 "$folder/munge/key"
port=$((20000 + RANDOM % 10000))
export SLURM_CONF=$folder/slurm.conf
cat >"$SLURM_CONF" <<END
ClusterName=check
SlurmctldHost=localhost(127.0.0.1)
SlurmUser=root
SlurmctldPort=$port
SlurmdPort=$((port + 1))
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
AuthInfo=socket=$folder/munge/socket
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
PlugStackConfig=/dev/null
ReturnToService=2
SlurmdParameters=config_overrides
NodeName=localhost NodeAddr=127.0.0.1 CPUs=2 RealMemory=16000
PartitionName=all Nodes=localhost Default=YES
END

munged --foreground --key-file="$folder/munge/key" --socket="$folder/munge/socket" \
    --pid-file="$folder/munge/pid" --seed-file="$folder/munge/seed" \
    --log-file="$folder/munge/log" &
started+=($!)
# until_true COMMAND...: waits for it, but no longer than ten minutes.
until_true() {
    local end=$((SECONDS + 600))
    until "$@"; do
        if [ $SECONDS -gt $end ]; then
            say "has not come within ten minutes: $*"
            exit 1
        fi
        sleep 0.2
    done
}
is_idle() { [ "$(sinfo --noheader --format=%T 2>/dev/null)" = idle ]; }
is_empty() { [ -z "$(squeue --noheader 2>/dev/null)" ]; }
trains() { [ "$(wc -l <"runs/rnn/seed-$1/epochs.jsonl" 2>/dev/null || echo 0)" -gt 20 ]; }

until_true test -S "$folder/munge/socket"
slurmctld -D &
started+=($!)
slurmd -D -N localhost &
started+=($!)
until_true is_idle

# settings of tiny runs, long enough to be caught in the middle
small=(--corpus sample --num-hiddens 16 --max-tokens 2000 --num-preds 1 --no-plot)
sweep=(rnn --seeds 3 --)
sweep+=("${small[@]}" --epochs 400)
cd "$folder/undisturbed"
"$D2L_RNN" reproduce --quiet "${sweep[@]}" >/dev/null 2>&1
cd "$folder/sweep"
job=$("$scripts/slurm_sweep.sh" "${sweep[@]}" | awk '{print $NF}')
until_true trains 1
scancel --batch --signal=TERM "${job}_1"
until_true trains 2
scancel "${job}_2"
until_true is_empty
"$D2L_RNN" reproduce --list "${sweep[@]}" 2>/dev/null
left=$("$scripts/slurm_sweep.sh" --numbers "${sweep[@]}" 2>/dev/null)
if [ "$left" != 1,2 ]; then
    say "the first two of three runs were stopped, and left are: ${left:-none}"
    exit 1
fi
"$scripts/slurm_sweep.sh" "${sweep[@]}"
until_true is_empty
"$scripts/slurm_sweep.sh" "${sweep[@]}"
"$D2L_RNN" compare

without_times() { sed -E 's/"(seconds|tokens_per_sec)": [^,}]*,?//g' "$1"; }
for run in seed-1 seed-2 seed-3; do
    if ! cmp <(without_times "runs/rnn/$run/epochs.jsonl") \
        <(without_times "$folder/undisturbed/runs/rnn/$run/epochs.jsonl"); then
        say "$run is not the run that nothing disturbed"
        exit 1
    fi
done
say "three runs, two of them stopped and resumed: equal to those that nothing disturbed"
