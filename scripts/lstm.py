"""The same as `d2l-rnn run lstm`."""

import sys

from d2l_rnn.cli import main

sys.exit(main(["run", "lstm", *sys.argv[1:]]))
