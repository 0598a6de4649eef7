"""The same as `d2l-rnn run bilstm-audit`."""

import sys

from d2l_rnn.cli import main

sys.exit(main(["run", "bilstm-audit", *sys.argv[1:]]))
