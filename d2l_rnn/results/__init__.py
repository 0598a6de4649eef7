"""Finished numbers: what they mean, where they are kept, how they are judged.

``metrics`` names them, ``record`` writes and reads the run directory, ``book`` holds
the published ones, ``verdict`` judges, ``plots`` and ``report`` draw; what is kept of
our own runs, and the README's tables of it, are ``readme_summary``, ``readme_runs`` and
``readme_heldout``. Nothing in this room imports MXNet: it reads what a run has left
behind.
"""
