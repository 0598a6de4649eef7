"""The same as `d2l-rnn run gru-scratch`."""

import sys

from d2l_rnn.cli import main

sys.exit(main(["run", "gru-scratch", *sys.argv[1:]]))
