"""The same as `d2l-rnn run birnn-scratch`."""

import sys

from d2l_rnn.cli import main

sys.exit(main(["run", "birnn-scratch", *sys.argv[1:]]))
