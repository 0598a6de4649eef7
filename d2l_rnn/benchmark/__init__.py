"""How fast it is, beside whom, and against what the processor can do.

::

    workloads    what is timed: the book's networks at the book's sizes
    workers      one process for each side, asked in turns
    ours         the side of this package
    hidden_markov  our recursion and hmmlearn's
    peers/       the other sides, d2l, PyTorch and the floor of a step's matrix
                 products alone: scripts for interpreters that lack this package
    measuring    which side is asked when
    spreads      medians, spreads, ratios, slopes
    reporting    table, JSON and pictures

Every side is a process of its own that stays, and they run in turns (A B A B ...), so
that a noisy moment hits all of them. Nothing here passes or fails on seconds.
"""
