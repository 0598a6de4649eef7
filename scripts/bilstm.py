"""The same as `d2l-rnn run bilstm`."""

import sys

from d2l_rnn.cli import main

sys.exit(main(["run", "bilstm", *sys.argv[1:]]))
