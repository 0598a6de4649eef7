#!/usr/bin/env bash
# Many runs as one array of Slurm jobs, a run each; a second call does only the rest.
#SBATCH --job-name=d2l-rnn
#SBATCH --output=slurm-%A_%a.out
#SBATCH --open-mode=append
#SBATCH --cpus-per-task=1
#SBATCH --mem=4G
#SBATCH --time=04:00:00
#SBATCH --signal=B:TERM@180
#SBATCH --requeue
set -euo pipefail

usage() {
    cat <<'END'
usage: scripts/slurm_sweep.sh [--numbers] [NAME ...] [flags of d2l-rnn reproduce]

Submits an array job (sbatch): an element for each run that 'd2l-rnn reproduce' with these
arguments would do and that has not finished. Each element does its run and ends; the run
directories are where 'reproduce' puts them, so the folder has to be on a disk that the
nodes share. The same call again submits only what is left: runs go on where they stopped.

  scripts/slurm_sweep.sh rnn lstm --seeds 3        six runs
  scripts/slurm_sweep.sh rnn -- --epochs 50        with settings
  d2l-rnn compare                                  afterwards

180 seconds before its time is over an element is told to save its state. Partition, time
and the like by sbatch's own variables (SBATCH_PARTITION, SBATCH_TIMELIMIT), or with --numbers,
which prints the elements and submits nothing:

  sbatch --partition=long --array="$(scripts/slurm_sweep.sh --numbers rnn lstm)%4" \
      scripts/slurm_sweep.sh rnn lstm

Runs .venv/bin/d2l-rnn, or the d2l-rnn of the PATH; D2L_RNN names another.
END
}

case ${1:-} in
-h | --help)
    usage
    exit
    ;;
esac

program=${D2L_RNN:-.venv/bin/d2l-rnn}
[ -x "$program" ] || program=d2l-rnn

if [ -n "${SLURM_ARRAY_TASK_ID:-}" ]; then
    export OMP_NUM_THREADS=${SLURM_CPUS_PER_TASK:-1}
    # exec: the signal before the end of the time goes to the batch script alone
    exec "$program" reproduce --only "$SLURM_ARRAY_TASK_ID" "$@"
fi

asked=submit
if [ "${1:-}" = --numbers ]; then
    asked=numbers
    shift
fi
list=$("$program" reproduce --list "$@")
numbers=$(awk '$4 != "finished" {print $1}' <<<"$list" | paste -sd,)
if [ "$asked" = numbers ]; then
    echo "$numbers"
elif [ -z "$numbers" ]; then
    echo "slurm_sweep: all $(wc -l <<<"$list") runs have finished" >&2
else
    exec sbatch --array="$numbers" "${BASH_SOURCE[0]}" "$@"
fi
