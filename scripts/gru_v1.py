"""The same as `d2l-rnn run gru-v1`."""

import sys

from d2l_rnn.cli import main

sys.exit(main(["run", "gru-v1", *sys.argv[1:]]))
