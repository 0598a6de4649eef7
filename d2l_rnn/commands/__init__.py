"""The commands of ``d2l-rnn``, a module each with ``main(arguments) -> exit status``.

``parsing`` holds what they share. A module is imported when its command is called.
"""
