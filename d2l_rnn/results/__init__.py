"""Finished numbers: what they mean, where they are kept, how they are judged.

``metrics`` names them, ``record`` writes and reads the run directory, ``book`` holds
the published ones, ``compare`` judges, ``plots`` and ``report`` draw. Nothing in this
room imports MXNet: it reads what a run has left behind.
"""
