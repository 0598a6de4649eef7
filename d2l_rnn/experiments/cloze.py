"""Filling the blank: five models, from both sides or from one (Section 9.4)."""

from __future__ import annotations

import time
from functools import partial
from typing import Any, Iterator, List, Mapping, Sequence, Tuple

import numpy as np

from ..arrays import Floats, Integers
from ..data.blanks import BLANKS, read_blanks
from ..data.sequences import SequenceLoader
from ..generation.asking import probabilities
from ..generation.filling import Filler, Probabilities, fill
from ..inference.hmm import predict_missing
from ..inference.ngrams import cloze_model, neighbour_probabilities, ngram_model
from ..models.both_sides import ClozeModel
from ..models.gluon_layers import named_arrays
from ..protocols import Device
from ..results import printed
from ..training.checkpoint import put_arrays
from .configs_bidirectional import ClozeConfig
from .contract import Json, Notify
from .corpus import Corpus, read_split, rows_of, score_of
from .hmm import learn
from .nets import arrays_under
from .prefixes import NUM_OWN, is_foreign, named, unknown_of
from .trained import Saved
from .two_directions import BIDIRECTIONAL, LEFT_TO_RIGHT, TwoDirections, build_both

#: Blanks to show beside the numbers; those of words are the book's (Section 9.4).
SENTENCES = {
    "word": (
        "I am ___",
        "I am ___ hungry",
        "I am ___ hungry, and I can eat half a pig",
    ),
    "char": ("the time travell_r smiled", "the t_me", "the th_ng"),
}

#: In the order of the record.
_MODELS = ("unigram", LEFT_TO_RIGHT, "hmm", "ngrams", BIDIRECTIONAL)


class OwnAnswers:
    """Minibatches in which every token is its own answer."""

    def __init__(self, train_iter: SequenceLoader) -> None:
        self.train_iter = train_iter

    def __iter__(self) -> Iterator[Tuple[Any, Any]]:
        for X, _ in self.train_iter:
            yield X, X


class ClozeRun(TwoDirections[ClozeConfig]):
    """Train the nets, learn the other models, ask all of them for blanks."""

    text = staticmethod(printed.cloze)

    usable_as = Filler

    def __init__(self, config: ClozeConfig, device: Device, notify: Notify) -> None:
        super().__init__(config, device, notify)
        self.corpus = read_split(config, notify, config.min_freq)
        self.source = self.corpus.source
        self.rows_held_out = rows_of(self.corpus.heldout, config.batch_size)
        self.train_iter = OwnAnswers(
            SequenceLoader(
                self.corpus.training, config.batch_size, config.num_steps, ctx=device
            )
        )
        size = len(self.corpus.vocab)
        self.sentences = sentences_to_fill(config, self.corpus, notify)
        self.use(build_both(ClozeModel, config, size, size, device))

    def notes(self) -> Mapping[str, Any]:
        """The vocabulary, and what a token is."""
        vocab = self.corpus.vocab
        return {"vocab": vocab.idx_to_token, "token": self.config.token}

    def result(self, epochs: Sequence[Json]) -> Json:
        """Scores of all five models, and sentences filled in."""
        began = time.perf_counter()
        config, rows, vocab = self.config, self.rows_held_out, self.corpus.vocab
        scores = {
            name: score_of(self._asked(net)(rows), rows, vocab.unk)
            for name, net in self.nets.items()
        }
        for name, given in _counted(
            config, self.corpus.training.tolist(), rows, len(vocab)
        ):
            scores[name] = score_of(given, rows, vocab.unk)
        filled = []
        for sentence, tokens, blanks in self.sentences:
            best = {
                name: fill(self._asked(net), vocab[tokens], blanks, vocab)[0].best
                for name, net in self.nets.items()
            }
            filled.append({"text": sentence, **best})
        return {
            "heldout_perplexity": scores[BIDIRECTIONAL]["perplexity"],
            "heldout_tokens": scores[BIDIRECTIONAL]["tokens"],
            "scores": {name: scores[name] for name in _MODELS},
            "parameters": {n: net.num_parameters() for n, net in self.nets.items()},
            "sentences": filled,
            "other_models_seconds": time.perf_counter() - began,
        }

    def _asked(self, net: Any) -> Probabilities:
        return partial(probabilities, net, device=self.device)

    @classmethod
    def load(cls, saved: Saved[ClozeConfig]) -> Filler:
        """The bidirectional net."""
        config, vocab = saved.config, saved.vocabulary("vocab")
        size = len(vocab)
        net = build_both(ClozeModel, config, size, size, saved.device)[BIDIRECTIONAL]
        put_arrays(named_arrays(net), arrays_under(BIDIRECTIONAL, saved.arrays))
        asked = partial(probabilities, net, device=saved.device)
        return Filler(saved.path, asked, vocab, config.token, config.clean)


def sentences_to_fill(
    config: ClozeConfig, corpus: Corpus, notify: Notify
) -> List[Tuple[str, List[str], List[int]]]:
    """Texts, their tokens and blanks: ours, or of another language the corpus's own.

    A rare word is unknown as it is meant to be, and told of.
    """
    known = corpus.vocab.token_to_idx
    read = [
        (text, *read_blanks(text, config.token, config.clean))
        for text in SENTENCES[config.token]
    ]
    given = [token for _, tokens, _ in read for token in tokens if token.strip("_ ")]
    unknown = unknown_of(given, known)
    if not is_foreign(given, known):
        if unknown:
            notify(
                f"warning: the model does not know {named(unknown)} of our sentences"
            )
        return read
    tokens = corpus.first[:NUM_OWN]
    place = len(tokens) // 2
    tokens[place] = BLANKS[config.token]
    text = ("" if config.token == "char" else " ").join(tokens)
    notify(
        f"the text has no {named(unknown)}: in place of our sentences its own {text!r} "
        "is filled in"
    )
    return [(text, tokens, [place])]


def _counted(
    config: ClozeConfig, ids: Sequence[int], rows: Integers, vocab_size: int
) -> Iterator[Tuple[str, Floats]]:
    """The models without weights: what each makes of the held-out rows."""
    model = learn(
        np.array(ids),
        config.num_states,
        vocab_size,
        config.num_restarts,
        config.trial_iterations,
        config.num_iterations,
        config.pseudo_counts,
        config.seed,
    )
    yield "hmm", predict_missing(model, rows)
    unigrams = ngram_model(1, vocab_size, smoothing=config.smoothing).fit(ids)
    yield (
        "unigram",
        np.broadcast_to(unigrams.probabilities(), (*rows.shape, vocab_size)),
    )
    ngrams = cloze_model(config.ngram_width, vocab_size, smoothing=config.smoothing)
    yield "ngrams", neighbour_probabilities(ngrams.fit(ids), rows)
