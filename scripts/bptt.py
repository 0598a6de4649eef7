"""The same as `d2l-rnn run bptt`."""

import sys

from d2l_rnn.cli import main

sys.exit(main(["run", "bptt", *sys.argv[1:]]))
