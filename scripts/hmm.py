"""The same as `d2l-rnn run hmm`."""

import sys

from d2l_rnn.cli import main

sys.exit(main(["run", "hmm", *sys.argv[1:]]))
