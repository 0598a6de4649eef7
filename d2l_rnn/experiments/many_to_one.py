"""Many to one: a line's characters in, its language out."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

from mxnet import gluon

from ..data.lines import LANGUAGES
from ..models.shapes import LineClassifier
from ..training.objectives import SummedLoss
from .configs_sequences import LinesConfig
from .lines import LineData, NgramClassifier, read_lines, train_net
from .running import Run

_NUM_MISTAKES = 5


def run(config: LinesConfig, run: Run) -> None:
    """Train the classifier, ask it about the held-out lines, record."""
    data = read_lines(config)
    net = train_net(LineClassifier, _loss_of, data, config, run)
    predicted = predict(net, data, run.device)
    wrong = [
        line
        for line, language in zip(data.heldout, predicted)
        if line.language != language
    ]
    languages = [line.language for line in data.heldout]
    commonest = max(languages.count(k) for k in range(len(LANGUAGES)))
    run.finish(
        {
            "heldout_lines": len(data.heldout),
            "heldout_accuracy": 1 - len(wrong) / len(predicted),
            "commonest_accuracy": commonest / len(predicted),
            "trigram_accuracy": NgramClassifier(data.training, data.vocab).accuracy(
                data.heldout
            ),
            "mistakes": [
                [line.text, LANGUAGES[line.language]] for line in wrong[:_NUM_MISTAKES]
            ],
        }
    )
    if run.options.plot:
        run.draw_curve()


def _loss_of(net: LineClassifier) -> SummedLoss:
    cross_entropy = gluon.loss.SoftmaxCrossEntropyLoss()

    def summed_loss(X: Any, valid_len: Any, language: Any) -> Tuple[Any, int]:
        return cross_entropy(net(X, valid_len), language).sum(), len(X)

    return summed_loss


def predict(net: LineClassifier, data: LineData, device: Any) -> List[int]:
    """The likeliest language of every held-out line."""
    predicted: List[int] = []
    for X, valid_len, _ in data.heldout_iter:
        logits = net(X.as_in_ctx(device), valid_len.as_in_ctx(device))
        predicted += logits.argmax(axis=1).astype("int32").tolist()
    return predicted


def summary(result: Dict[str, Any]) -> str:
    """Accuracy on held-out lines beside simpler models', and mistakes."""
    return "\n".join(
        [
            f"right about {100 * result['heldout_accuracy']:.1f} of 100 held-out lines "
            f"({result['heldout_lines']}); trigrams: "
            f"{100 * result['trigram_accuracy']:.1f}, the commonest language: "
            f"{100 * result['commonest_accuracy']:.1f}",
            *(f"mistaken: {text} ({name})" for text, name in result["mistakes"]),
        ]
    )
