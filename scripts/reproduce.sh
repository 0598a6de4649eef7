#!/usr/bin/env bash
# Train an experiment of the book from nothing: environment, training, run directory.
set -euo pipefail

usage() {
    cat <<'END'
usage: scripts/reproduce.sh [EXPERIMENT] [flags]

Sets up .venv (first call only), then does 'd2l-rnn run EXPERIMENT [flags]'.
EXPERIMENT is bilstm unless given; the flags are those of d2l-rnn run. Training begins
with the weights of the book's builds where the book has them (--initial-weights auto).

  scripts/reproduce.sh                        the bidirectional LSTM, 500 epochs
  scripts/reproduce.sh lstm --epochs 50       another experiment, shorter
  scripts/reproduce.sh bilstm --help          every flag of an experiment
  scripts/reproduce.sh pixels                 installs scikit-learn too: its digits
  PYTHON=python3.10 scripts/reproduce.sh      with this Python (3.8 to 3.15 serve)

Exit status: that of d2l-rnn run; 2 if no Python serves or mxnet has no wheel for this
machine, 3 if the installation fails.
END
}

case ${1:-} in
-h | --help)
    usage
    exit
    ;;
esac

source "$(dirname "${BASH_SOURCE[0]}")/setup_environment.sh"

experiment=bilstm
if [ $# -gt 0 ] && [ "${1#-}" = "$1" ]; then
    experiment=$1
    shift
fi

extras=
[ "$experiment" != pixels ] || extras=digits # its images are scikit-learn's
ensure_environment "$root/.venv" "$extras" "${python_versions[@]}"
# The experiments that have the field begin as the book's builds did, if they can.
if [[ $("$root/.venv/bin/d2l-rnn" run "$experiment" --help 2>&1) = *--initial-weights* ]]; then
    set -- --initial-weights auto "$@"
fi
exec "$root/.venv/bin/d2l-rnn" run "$experiment" "$@"
