"""Hostile inputs with fixed seeds, at every door: ``pytest -m "" -s tests/fuzz``."""
