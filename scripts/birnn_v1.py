"""The same as `d2l-rnn run birnn-v1`."""

import sys

from d2l_rnn.cli import main

sys.exit(main(["run", "birnn-v1", *sys.argv[1:]]))
