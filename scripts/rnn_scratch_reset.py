"""The same as `d2l-rnn run rnn-scratch-reset`."""

import sys

from d2l_rnn.cli import main

sys.exit(main(["run", "rnn-scratch-reset", *sys.argv[1:]]))
