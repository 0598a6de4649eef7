"""Named experiments: a frozen configuration each, and one way to run them all.

``configs`` says what can be set, ``table`` which experiments there are, ``running``
gives each run its directory; a module a family does the work. Only ``configs`` and
``table`` are read for ``--help`` and ``list``: they import nothing heavy.
"""
