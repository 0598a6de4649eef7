"""Many to one: a line's characters in, its language out."""

from __future__ import annotations

from typing import Any, List, Sequence, Tuple

from mxnet import gluon

from ..data.pairs import LANGUAGES
from ..models.shapes import LineClassifier
from ..results import printed
from .configs_sequences import LinesConfig
from .contract import Json
from .labelled_lines import LinesRun

_NUM_MISTAKES = 5


class ManyToOneRun(LinesRun[LinesConfig]):
    """Train the classifier, ask it about the held-out lines."""

    text = staticmethod(printed.classifier)

    kind = LineClassifier

    def summed_loss(self, X: Any, valid_len: Any, language: Any) -> Tuple[Any, int]:
        """Cross-entropy of the languages."""
        cross_entropy = gluon.loss.SoftmaxCrossEntropyLoss()
        return cross_entropy(self.net(X, valid_len), language).sum(), len(X)

    def predict(self) -> List[int]:
        """The likeliest language of every held-out line."""
        predicted: List[int] = []
        for X, valid_len, _ in self.heldout_iter:
            X, valid_len = X.as_in_ctx(self.device), valid_len.as_in_ctx(self.device)
            languages = self.net(X, valid_len).argmax(axis=1)
            predicted += languages.astype("int32").tolist()
        return predicted

    def result(self, epochs: Sequence[Json]) -> Json:
        """Accuracy on held-out lines beside simpler models', and mistakes."""
        predicted = self.predict()
        wrong = [
            line
            for line, language in zip(self.heldout, predicted)
            if line.language != language
        ]
        languages = [line.language for line in self.heldout]
        commonest = max(languages.count(k) for k in range(len(LANGUAGES)))
        return {
            "heldout_lines": len(self.heldout),
            "heldout_accuracy": 1 - len(wrong) / len(predicted),
            "commonest_accuracy": commonest / len(predicted),
            "trigram_accuracy": self.trigrams()(self.heldout),
            "mistakes": [
                [line.text, LANGUAGES[line.language]] for line in wrong[:_NUM_MISTAKES]
            ],
        }
