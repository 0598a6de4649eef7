"""The same as `d2l-rnn run tagging`."""

import sys

from d2l_rnn.cli import main

sys.exit(main(["run", "tagging", *sys.argv[1:]]))
