"""The sides that we are measured beside.

Each is a script run by its path, in any interpreter: importing this package would
already choose MXNet's engine and threads, and a reader of the book has not got it.
"""
