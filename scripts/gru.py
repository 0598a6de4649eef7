"""The same as `d2l-rnn run gru`."""

import sys

from d2l_rnn.cli import main

sys.exit(main(["run", "gru", *sys.argv[1:]]))
