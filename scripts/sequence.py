"""The same as `d2l-rnn run sequence`."""

import sys

from d2l_rnn.cli import main

sys.exit(main(["run", "sequence", *sys.argv[1:]]))
