"""The same as `d2l-rnn run many-to-one`."""

import sys

from d2l_rnn.cli import main

sys.exit(main(["run", "many-to-one", *sys.argv[1:]]))
