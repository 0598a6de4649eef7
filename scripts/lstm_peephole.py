"""The same as `d2l-rnn run lstm-peephole`."""

import sys

from d2l_rnn.cli import main

sys.exit(main(["run", "lstm-peephole", *sys.argv[1:]]))
