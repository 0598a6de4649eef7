"""The same as `d2l-rnn run rnn-v1`."""

import sys

from d2l_rnn.cli import main

sys.exit(main(["run", "rnn-v1", *sys.argv[1:]]))
