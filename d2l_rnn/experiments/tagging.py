"""Restoring capitals and punctuation: token annotation, where the future decides."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any, DefaultDict, Iterator, List, Mapping, Sequence, Tuple

from mxnet import np as mx_np

from ..data.sequences import SequenceLoader
from ..data.text import Vocab
from ..data.word_labels import MARKS, labelled_words, restore, split_label
from ..generation.asking import probabilities
from ..models.both_sides import Tagger
from ..protocols import Device
from ..results import printed
from ..results.metrics import class_f1, macro_f1
from .configs_bidirectional import TaggingConfig
from .contract import Json, Notify
from .corpus import bounded, read_text, rows_of, source_of, split_tokens
from .two_directions import BIDIRECTIONAL, LEFT_TO_RIGHT, TwoDirections, build_both

LOOKUP = "lookup"
_MODELS = (LOOKUP, LEFT_TO_RIGHT, BIDIRECTIONAL)
_EXCERPT = 40  # words


class Labelled:
    """Minibatches of (words, labels) from a loader of positions in the text."""

    def __init__(
        self,
        words: Sequence[int],
        labels: Sequence[int],
        config: TaggingConfig,
        ctx: Device,
    ) -> None:
        self.words = mx_np.array(words, ctx=ctx)
        self.labels = mx_np.array(labels, ctx=ctx)
        positions = range(len(words))
        self.loader = SequenceLoader(
            positions, config.batch_size, config.num_steps, ctx=ctx
        )

    def __iter__(self) -> Iterator[Tuple[Any, Any]]:
        for positions, _ in self.loader:
            yield mx_np.take(self.words, positions), mx_np.take(self.labels, positions)


class TaggingRun(TwoDirections[TaggingConfig]):
    """Train both taggers, score them on the held-out text."""

    text = staticmethod(printed.tagging)

    def __init__(self, config: TaggingConfig, device: Device, notify: Notify) -> None:
        super().__init__(config, device, notify)
        text = read_text(config, notify)
        labelled = list(zip(*labelled_words(text.lines)))
        self.training, following = split_tokens(labelled, config.max_tokens)
        self.heldout = bounded(following, config, len(following), notify)
        self.source = source_of(text, len(self.training))
        words, labels = [list(side) for side in zip(*self.training)]
        self.vocab, self.label_vocab = Vocab(words, config.min_freq), Vocab(labels)
        self.train_iter = Labelled(
            self.vocab[words], self.label_vocab[labels], config, device
        )
        sizes = len(self.vocab), len(self.label_vocab)
        self.use(build_both(Tagger, config, *sizes, device))

    def notes(self) -> Mapping[str, Any]:
        """The vocabularies of words and of labels."""
        return {
            "vocab": self.vocab.idx_to_token,
            "labels": self.label_vocab.idx_to_token,
        }

    def result(self, epochs: Sequence[Json]) -> Json:
        """Scores of both nets and of a lookup table, and an excerpt restored."""
        words = [word for word, _ in self.heldout]
        rows = rows_of(self.vocab[words], self.config.batch_size)
        words = words[: rows.size]
        predicted = {
            name: [
                self.label_vocab.to_tokens(int(i))
                for i in probabilities(net, rows, self.device).argmax(-1).reshape(-1)
            ]
            for name, net in self.nets.items()
        }
        predicted[LOOKUP] = commonest_labels(self.training, words)
        truth = [label for _, label in self.heldout[: rows.size]]
        shown = (truth, predicted[BIDIRECTIONAL], predicted[LEFT_TO_RIGHT])
        return {
            "heldout_tokens": len(truth),
            "scores": {name: f1_scores(truth, predicted[name]) for name in _MODELS},
            "parameters": {n: net.num_parameters() for n, net in self.nets.items()},
            "texts": [restore(words[:_EXCERPT], labels[:_EXCERPT]) for labels in shown],
        }


def commonest_labels(
    training: Sequence[Tuple[str, str]], words: Sequence[str]
) -> List[str]:
    """The label that each word had most often; unknown words get the commonest."""
    seen: DefaultDict[str, Counter[str]] = defaultdict(Counter)
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
