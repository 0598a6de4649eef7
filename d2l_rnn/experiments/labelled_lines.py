"""What both experiments with single lines share: their data, and a model to beat."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Callable, Iterator, List, Mapping, Sequence, Tuple, TypeVar

from mxnet import init, np

from ..data.lines import Line, labelled_lines
from ..data.pairs import LANGUAGES
from ..data.translation import PairLoader, build_array_nmt, build_vocab_nmt
from ..inference.ngram_classifier import NgramClassifier
from ..protocols import Device
from ..seeding import epoch_seed, set_seed
from ..training.loop import EpochRow, train
from ..training.objectives import Examples
from ..training.optimisers import Adam
from ..training.parameters import Parameters
from .configs_sequences import LinesConfig
from .contract import Notify
from .corpus import read_pairs_file, source_of
from .nets import NetRun
from .sizes import check_sizes

L = TypeVar("L", bound=LinesConfig)

_NGRAM_ORDER = 3


class LinesRun(NetRun[L]):
    """A net over the characters of labelled lines, trained with Adam.

    Minibatches are ``(X, valid_len, language)``; X is (batch_size, num_steps + 1):
    characters, ``<eos>``, padding.

    Attributes
    ----------
    kind : callable
        Class attribute: ``(vocab_size, embed_size, num_hiddens, num_classes) -> net``.
    vocab : Vocab
        Of the lines to train on.
    training, heldout : list of Line
    train_iter, heldout_iter : PairLoader
    """

    kind: Callable[[int, int, int, int], Any]
    unit = "lines"

    def __init__(self, config: L, device: Device, notify: Notify) -> None:
        super().__init__(config, device, notify)
        pairs = read_pairs_file(config, notify)
        self.training, self.heldout = labelled_lines(
            pairs.text, config.num_examples, config.num_steps, config.heldout_fraction
        )
        self.source = source_of(pairs, len(self.training))
        self.vocab = build_vocab_nmt([list(line.text) for line in self.training])
        self.train_iter = self._minibatches(self.training, True)
        self.heldout_iter = self._minibatches(self.heldout, False)
        check_sizes(config, len(self.vocab))
        set_seed(epoch_seed(config.seed, 0))
        sizes = (len(self.vocab), config.embed_size, config.num_hiddens, len(LANGUAGES))
        self.net = type(self).kind(*sizes)
        self.net.initialize(init.Xavier(), ctx=device)
        self.nets = {"": self.net}
        self.adams = {"": Adam(Parameters.of(self.net), config.lr, config.theta)}

    def _minibatches(self, lines: List[Line], shuffle: bool) -> PairLoader:
        X, valid_len = build_array_nmt(
            [list(line.text) for line in lines], self.vocab, self.config.num_steps + 1
        )
        languages = np.array([line.language for line in lines])
        return PairLoader([X, valid_len, languages], self.config.batch_size, shuffle)

    @abstractmethod
    def summed_loss(self, X: Any, valid_len: Any, language: Any) -> Tuple[Any, int]:
        """The loss of a minibatch, summed, and of how many terms."""

    def rows(self, first_epoch: int) -> Iterator[EpochRow]:
        """Adam on the mean loss."""
        return train(
            Examples(self.summed_loss, self.device),
            self.train_iter,
            self.adams[""],
            self.config.num_epochs,
            seed=self.config.seed,
            first_epoch=first_epoch,
        )

    def trigrams(self) -> Callable[[Sequence[Line]], float]:
        """What the net is held against, a trigram model a language: its accuracy."""

        def ids_of(line: Line) -> List[int]:
            ids: List[int] = self.vocab[["<bos>", *line.text, "<eos>"]]
            return ids

        def labelled(lines: Sequence[Line]) -> List[Tuple[List[int], int]]:
            return [(ids_of(line), line.language) for line in lines]

        classify = NgramClassifier(
            labelled(self.training), len(LANGUAGES), len(self.vocab), _NGRAM_ORDER
        )
        return lambda lines: classify.accuracy(labelled(lines))

    def notes(self) -> Mapping[str, Any]:
        """The characters."""
        return {"vocab": self.vocab.idx_to_token}

    def extendable(self, old_epochs: int, new_epochs: int) -> str:
        """Always: no epoch knows how many there are."""
        return ""
