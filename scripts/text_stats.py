"""The same as `d2l-rnn run text-stats`."""

import sys

from d2l_rnn.cli import main

sys.exit(main(["run", "text-stats", *sys.argv[1:]]))
