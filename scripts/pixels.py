"""The same as `d2l-rnn run pixels`."""

import sys

from d2l_rnn.cli import main

sys.exit(main(["run", "pixels", *sys.argv[1:]]))
