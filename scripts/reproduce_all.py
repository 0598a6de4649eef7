"""The same as `d2l-rnn reproduce`: all experiments, unless some are named."""

import sys

from d2l_rnn.cli import main

if __name__ == "__main__":  # the workers of a dask cluster import this file
    sys.exit(main(["reproduce", *sys.argv[1:]]))
