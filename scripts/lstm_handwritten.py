"""The same as `d2l-rnn run lstm-handwritten`."""

import sys

from d2l_rnn.cli import main

sys.exit(main(["run", "lstm-handwritten", *sys.argv[1:]]))
