"""Precision, recall and F1 of labels."""

from __future__ import annotations

from typing import Dict, Mapping, Sequence


def class_f1(truth: Sequence[bool], predicted: Sequence[bool]) -> Dict[str, float]:
    """How well one class was found.

    With ``hits`` the places that are of the class and were called so::

        precision = hits / called      recall = hits / support
        F1 = 2 precision recall / (precision + recall) = 2 hits / (called + support)

    Parameters
    ----------
    truth, predicted : sequence of bool
        Whether each place is of the class, and was called so.

    Returns
    -------
    dict
        ``precision``, ``recall``, ``f1`` and ``support``; a ratio is 0 where its
        denominator is.
    """
    hits = sum(1 for t, p in zip(truth, predicted) if t and p)
    called, support = sum(map(bool, predicted)), sum(map(bool, truth))
    return {
        "precision": hits / called if called else 0.0,
        "recall": hits / support if support else 0.0,
        "f1": 2 * hits / (called + support) if called + support else 0.0,
        "support": support,
    }


def macro_f1(classes: Mapping[str, Mapping[str, float]]) -> float:
    """The mean F1 of the classes that occur, each counting alike; 0 if none does."""
    occurring = [numbers["f1"] for numbers in classes.values() if numbers["support"]]
    return sum(occurring) / len(occurring) if occurring else 0.0
