"""The same as `d2l-rnn run rnn`."""

import sys

from d2l_rnn.cli import main

sys.exit(main(["run", "rnn", *sys.argv[1:]]))
