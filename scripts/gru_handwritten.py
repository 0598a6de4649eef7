"""The same as `d2l-rnn run gru-handwritten`."""

import sys

from d2l_rnn.cli import main

sys.exit(main(["run", "gru-handwritten", *sys.argv[1:]]))
