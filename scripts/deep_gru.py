"""The same as `d2l-rnn run deep-gru`."""

import sys

from d2l_rnn.cli import main

sys.exit(main(["run", "deep-gru", *sys.argv[1:]]))
