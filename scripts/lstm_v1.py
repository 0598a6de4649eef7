"""The same as `d2l-rnn run lstm-v1`."""

import sys

from d2l_rnn.cli import main

sys.exit(main(["run", "lstm-v1", *sys.argv[1:]]))
