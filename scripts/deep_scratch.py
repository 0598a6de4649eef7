"""The same as `d2l-rnn run deep-scratch`."""

import sys

from d2l_rnn.cli import main

sys.exit(main(["run", "deep-scratch", *sys.argv[1:]]))
