"""The same as `d2l-rnn compare`."""

import sys

from d2l_rnn.cli import main

sys.exit(main(["compare", *sys.argv[1:]]))
