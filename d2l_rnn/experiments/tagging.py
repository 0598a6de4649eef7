"""Restoring capitals and punctuation: token annotation, where the future decides."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any, DefaultDict, Dict, Iterator, List, Sequence, Tuple

from mxnet import np as mx_np

from ..data.corpora import load_text
from ..data.sequences import SequenceLoader
from ..data.tagging import MARKS, labelled_words, restore, split_label
from ..data.text import Vocab
from ..models.both_sides import Tagger
from ..results.metrics import class_f1, macro_f1
from .both_sides import (
    BIDIRECTIONAL,
    LEFT_TO_RIGHT,
    build_both,
    probabilities,
    train_both,
)
from .configs_bidirectional import TaggingConfig
from .heldout import rows_of, split_tokens
from .running import Run

Json = Dict[str, Any]
Labels = List[Tuple[bool, str]]

LOOKUP = "lookup"
_MODELS = {
    LOOKUP: "each word's commonest label",
    LEFT_TO_RIGHT: "LSTM from left to right",
    BIDIRECTIONAL: "bidirectional LSTM",
}
_EXCERPT = 40  # words


class _Labelled:
    """Minibatches of (words, labels) from a loader of positions in the text."""

    def __init__(
        self,
        words: Sequence[int],
        labels: Sequence[int],
        config: TaggingConfig,
        ctx: Any,
    ) -> None:
        self.words, self.labels = (
            mx_np.array(words, ctx=ctx),
            mx_np.array(labels, ctx=ctx),
        )
        positions = range(len(words))
        self.loader = SequenceLoader(
            positions, config.batch_size, config.num_steps, ctx=ctx
        )

    def __iter__(self) -> Iterator[Tuple[Any, Any]]:
        for positions, _ in self.loader:
            yield mx_np.take(self.words, positions), mx_np.take(self.labels, positions)


def run(config: TaggingConfig, run: Run) -> None:
    """Train both taggers, score them on the held-out text, record."""
    text = load_text(config.corpus, config.data_dir or None)
    words, labels = labelled_words(text.lines)
    training, heldout = split_tokens(list(zip(words, labels)), config.max_tokens)
    vocab = Vocab([word for word, _ in training], config.min_freq)
    label_vocab = Vocab([label for _, label in training])
    train_iter = _Labelled(
        vocab[[word for word, _ in training]],
        label_vocab[[label for _, label in training]],
        config,
        run.device,
    )
    nets = build_both(Tagger, config, len(vocab), len(label_vocab), run.device)
    notes = {"vocab": vocab.idx_to_token, "labels": label_vocab.idx_to_token}
    corpus = {"name": text.name, "sha1": text.sha1, "tokens": len(training)}
    train_both(nets, train_iter, config, run, corpus, notes)

    rows = rows_of(vocab[[word for word, _ in heldout]], config.batch_size)
    heldout = heldout[: rows.size]
    predicted = {
        name: [
            label_vocab.to_tokens(int(i))
            for i in probabilities(net, rows, run.device).argmax(-1).reshape(-1)
        ]
        for name, net in nets.items()
    }
    predicted[LOOKUP] = commonest_labels(training, [word for word, _ in heldout])
    truth = [label for _, label in heldout]
    excerpt = [word for word, _ in heldout[:_EXCERPT]]
    run.finish(
        {
            "heldout_tokens": len(truth),
            "scores": {name: f1_scores(truth, predicted[name]) for name in _MODELS},
            "parameters": {name: net.num_parameters() for name, net in nets.items()},
            "texts": [
                restore(excerpt, labels[:_EXCERPT])
                for labels in (
                    truth,
                    predicted[BIDIRECTIONAL],
                    predicted[LEFT_TO_RIGHT],
                )
            ],
        }
    )
    if run.options.plot:
        run.draw_curve()


def commonest_labels(
    training: Sequence[Tuple[str, str]], words: Sequence[str]
) -> List[str]:
    """The label that each word had most often; unknown words get the commonest."""
    seen: DefaultDict[str, Counter] = defaultdict(Counter)
    for word, label in training:
        seen[word][label] += 1
    usual = Counter(label for _, label in training).most_common(1)[0][0]
    return [seen[w].most_common(1)[0][0] if w in seen else usual for w in words]


def f1_scores(truth: Sequence[str], predicted: Sequence[str]) -> Json:
    """F1 of capitals and of each mark, and their mean over what occurs.

    A label holds two answers: capital or not, and which mark. Each mark is a class of
    its own, a mere space is none. A capital that is asked for "i", which always has
    one, counts like any other.
    """
    pairs = [(_split(t), _split(p)) for t, p in zip(truth, predicted)]
    classes = {"capital": class_f1([t[0] for t, _ in pairs], [p[0] for _, p in pairs])}
    for mark in MARKS[1:]:
        classes[mark] = class_f1(
            [t[1] == mark for t, _ in pairs], [p[1] == mark for _, p in pairs]
        )
    return {
        "accuracy": sum(t == p for t, p in pairs) / len(pairs),
        "macro_f1": macro_f1(classes),
        "classes": classes,
    }


def _split(label: str) -> Tuple[bool, str]:
    # The unknown label is an answer that no word has.
    return split_label(label) if label != "<unk>" else (False, label)


def summary(result: Json) -> str:
    """F1 by class and model, and an excerpt as it was and as it was restored."""
    scores = result["scores"]
    names = list(_MODELS)
    classes = scores[names[0]]["classes"]
    lines = [f"{'F1':10}{'held out':>9}" + "".join(f"{_MODELS[n]:>29}" for n in names)]
    for name in sorted(classes, key=lambda c: -classes[c]["support"]):
        if classes[name]["support"]:
            cells = (scores[n]["classes"][name]["f1"] for n in names)
            support = classes[name]["support"]
            lines.append(
                f"{name:10}{support:9}" + "".join(f"{cell:29.3f}" for cell in cells)
            )
    lines.append(
        f"{'mean':19}" + "".join(f"{scores[n]['macro_f1']:29.3f}" for n in names)
    )
    lines.append(
        f"{'labels right':19}"
        + "".join(f"{scores[n]['accuracy']:29.3f}" for n in names)
    )
    titles = ("as it was", "bidirectional", "left to right")
    for title, text in zip(titles, result["texts"]):
        lines += ["", f"{title}: {text}"]
    return "\n".join(lines)
