"""The same as `d2l-rnn run rnn-scratch`."""

import sys

from d2l_rnn.cli import main

sys.exit(main(["run", "rnn-scratch", *sys.argv[1:]]))
