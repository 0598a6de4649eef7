"""The same as `d2l-rnn run seq2seq`."""

import sys

from d2l_rnn.cli import main

sys.exit(main(["run", "seq2seq", *sys.argv[1:]]))
