"""The same as `d2l-rnn run rnn-zh`."""

import sys

from d2l_rnn.cli import main

sys.exit(main(["run", "rnn-zh", *sys.argv[1:]]))
