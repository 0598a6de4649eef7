"""The same as `d2l-rnn run cloze-word`."""

import sys

from d2l_rnn.cli import main

sys.exit(main(["run", "cloze-word", *sys.argv[1:]]))
