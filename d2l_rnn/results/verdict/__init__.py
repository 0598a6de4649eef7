"""Our runs against the published numbers.

``comparable`` tells which runs can be held against a number, ``grouping`` which belong
together. ``judge`` has the statistical rules (``permutation`` and ``mixed`` are two of
them) and ``power`` what they tell; ``compare`` applies them, ``against`` to any run
whatever its settings, and ``rendering`` shows the verdicts.
"""
