"""Our runs against the published numbers.

``comparable`` tells which runs can be held against a number, ``judge`` is the
statistical rule, ``compare`` groups the runs, judges them and renders the verdicts.
"""
