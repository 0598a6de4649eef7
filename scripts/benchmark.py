"""The same as `d2l-rnn benchmark`."""

import sys

from d2l_rnn.cli import main

sys.exit(main(["benchmark", *sys.argv[1:]]))
