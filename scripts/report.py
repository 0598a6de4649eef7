"""The same as `d2l-rnn report`."""

import sys

from d2l_rnn.cli import main

sys.exit(main(["report", *sys.argv[1:]]))
