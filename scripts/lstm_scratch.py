"""The same as `d2l-rnn run lstm-scratch`."""

import sys

from d2l_rnn.cli import main

sys.exit(main(["run", "lstm-scratch", *sys.argv[1:]]))
