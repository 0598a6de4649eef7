"""The same as `d2l-rnn run one-to-many`."""

import sys

from d2l_rnn.cli import main

sys.exit(main(["run", "one-to-many", *sys.argv[1:]]))
