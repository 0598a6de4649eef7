"""``python -m d2l_rnn`` is the command ``d2l-rnn``."""

import sys

from .cli import main

sys.exit(main())
