"""Which label a sequence has, by an n-gram model a label."""

from __future__ import annotations

import math
from typing import Sequence, Tuple

import numpy as np

from .ngrams import ngram_model


class NgramClassifier:
    """The label whose n-gram model gives a sequence the greatest probability.

    Parameters
    ----------
    training : sequence of (ids, label)
        Labels are 0, 1, ..., ``num_labels - 1``.
    num_labels, vocab_size, order : int
    """

    def __init__(
        self,
        training: Sequence[Tuple[Sequence[int], int]],
        num_labels: int,
        vocab_size: int,
        order: int,
    ) -> None:
        self.models = [ngram_model(order, vocab_size) for _ in range(num_labels)]
        for ids, label in training:
            self.models[label].fit(ids)

    def __call__(self, ids: Sequence[int]) -> int:
        """The label of a sequence."""
        return int(np.argmax([m.log_probabilities(ids).sum() for m in self.models]))

    def accuracy(self, labelled: Sequence[Tuple[Sequence[int], int]]) -> float:
        """The share of sequences that are given their label; NaN of none."""
        right = sum(self(ids) == label for ids, label in labelled)
        return right / len(labelled) if labelled else math.nan
