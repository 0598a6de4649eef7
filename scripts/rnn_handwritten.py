"""The same as `d2l-rnn run rnn-handwritten`."""

import sys

from d2l_rnn.cli import main

sys.exit(main(["run", "rnn-handwritten", *sys.argv[1:]]))
