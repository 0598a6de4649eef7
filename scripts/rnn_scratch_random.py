"""The same as `d2l-rnn run rnn-scratch-random`."""

import sys

from d2l_rnn.cli import main

sys.exit(main(["run", "rnn-scratch-random", *sys.argv[1:]]))
