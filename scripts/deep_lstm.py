"""The same as `d2l-rnn run deep-lstm`."""

import sys

from d2l_rnn.cli import main

sys.exit(main(["run", "deep-lstm", *sys.argv[1:]]))
