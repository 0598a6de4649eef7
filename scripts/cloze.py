"""The same as `d2l-rnn run cloze`."""

import sys

from d2l_rnn.cli import main

sys.exit(main(["run", "cloze", *sys.argv[1:]]))
