"""Language models: the experiments of chapters 8 and 9 that end in three lines."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import (
    Any,
    Dict,
    Iterator,
    List,
    Mapping,
    Optional,
    Sequence,
    Tuple,
    TypeVar,
    Union,
)

from mxnet.gluon import rnn

from ..acceleration.epochs import next_token, parameters_of, path_of
from ..acceleration.generation import Asked
from ..arrays import Integers
from ..data.encoding import renumbered
from ..data.sequences import SequenceLoader, sequential_partition
from ..data.text import Vocab
from ..errors import RunError
from ..generation.continuation import continue_text
from ..models import gluon_layers, scratch
from ..models.gluon_layers import named_arrays
from ..models.language_model import RNNModel
from ..models.scratch_model import RNNModelScratch
from ..models.scratch_stacks import bidirectional, deep, language_model
from ..protocols import Device, Ids, LanguageModel
from ..results import printed
from ..results.metrics import perplexity
from ..seeding import epoch_seed, set_seed
from ..training import checkpoint
from ..training.distributed import Sharded, SummedGradients
from ..training.initialisation import initialize
from ..training.loop import EpochRow, evaluate, train
from ..training.objectives import Objective
from ..training.optimisers import Optimiser, Sgd
from .book_weights import draw_language_model
from .configs import LanguageModelConfig
from .configs_sequences import ByHandConfig
from .contract import ExperimentRun, Json, Notify, Source
from .corpus import Corpus, encoded_text, read_corpus, read_text, source_of
from .initial_weights import nearest
from .nets import NetRun
from .placing import placed, why_not_with_dropout
from .prefixes import NUM_OWN, Prefixes, fitting
from .sizes import check_sizes
from .trained import Saved

_GLUON = {"rnn": rnn.RNN, "gru": rnn.GRU, "lstm": rnn.LSTM}
_WITH_DROPOUT = {
    "rnn": gluon_layers.RNN,
    "gru": gluon_layers.GRU,
    "lstm": gluon_layers.LSTM,
}
_SCRATCH = {
    "rnn": scratch.RNN,
    "gru": scratch.GRU,
    "lstm": scratch.LSTM,
    "lstm-peephole": scratch.LSTM_PEEPHOLE,
}


def build(config: LanguageModelConfig, vocab_size: int, device: Device) -> Any:
    """An initialised language model of a configuration."""
    net = _make(config, vocab_size, device)
    initialize(net, device)
    return net


def build_as_the_book(
    config: LanguageModelConfig, vocab: Vocab, device: Device
) -> Tuple[Any, str]:
    """A language model with the builds' weights; what it says untrained."""
    net = _make(config, len(vocab), device)
    name, _ = nearest(config)
    return net, draw_language_model(name, net, vocab, device)


def _make(config: LanguageModelConfig, vocab_size: int, device: Device) -> Any:
    """Of Gluon's layers: not initialised."""
    check_sizes(config, vocab_size)
    if config.implementation == "scratch":
        return _make_scratch(config, vocab_size, device)
    options: Dict[str, Any] = {"bidirectional": config.bidirectional}
    if config.dropout:  # Gluon's own layers ignore it on a CPU
        layers, options["dropout"] = _WITH_DROPOUT, config.dropout
    else:
        layers = _GLUON
    layer = layers[config.cell](config.num_hiddens, config.num_layers, **options)
    return RNNModel(layer, vocab_size)


def _make_scratch(config: LanguageModelConfig, vocab_size: int, device: Any) -> Any:
    layer = _SCRATCH[config.cell]
    if config.bidirectional:
        layer = bidirectional(layer)
    if config.num_layers > 1:
        layer = deep(layer, config.num_layers)
    functions = language_model(layer)
    return RNNModelScratch(vocab_size, config.num_hiddens, device, *functions)


@dataclass(frozen=True, eq=False)
class TrainedLanguageModel:
    """A language model of a finished run.

    Attributes
    ----------
    path : pathlib.Path
        Its checkpoint.
    experiment : str
    config : LanguageModelConfig
        What it was trained with.
    net : LanguageModel
    vocab : Vocab
    corpus : dict
        ``name`` and ``sha1`` of the text that it was trained on.
    """

    path: Path
    experiment: str
    config: LanguageModelConfig
    net: Any
    vocab: Vocab
    corpus: Mapping[str, Any]

    def texts(self, data_dir: str = "") -> Tuple[Source, Integers, Integers]:
        """The text that the model was trained on, and what follows it, as ids.

        Raises
        ------
        RunError
            If the corpus in reach is another one than it was trained on.
        """
        config = self.config
        text = read_text(config, data_dir=data_dir)
        if self.corpus.get("sha1", text.sha1) != text.sha1:
            raise RunError(
                f"checkpoint {self.path}: trained on {self.corpus.get('name')}, and "
                f"the corpus in reach is {text.name}; name its folder with --data-dir"
            )
        encoded = encoded_text(text, config)
        ids = renumbered(encoded, encoded.ids, self.vocab)
        training, heldout = ids[: config.max_tokens], ids[config.max_tokens :]
        return source_of(text, len(training)), training, heldout


T = TypeVar("T", bound=Union[LanguageModelConfig, ByHandConfig])


class TextModelRun(ExperimentRun[T]):
    """A model of a text: evaluated on what follows it, and made to continue prefixes.

    Attributes
    ----------
    corpus : Corpus
    prefixes : Prefixes
    model : LanguageModel
        What is trained, as it is called. Set by the constructor.
    """

    text = staticmethod(printed.language_model)
    model: Any

    def __init__(self, config: T, device: Device, notify: Notify) -> None:
        super().__init__(config, device, notify)
        self.corpus = read_corpus(config, notify)
        self.source = self.corpus.source
        self.prefixes = fitting_prefixes(config, self.corpus, notify)

    def notes(self) -> Mapping[str, Any]:
        """The vocabulary, and what a token is."""
        vocab = self.corpus.vocab
        return {"vocab": vocab.idx_to_token, "token": self.config.token}

    def sample(self) -> Json:
        """How the model continues the prefixes now."""
        return {"texts": self._texts()}

    def _texts(self) -> List[str]:
        length, vocab = self.config.num_preds, self.corpus.vocab
        return [
            continue_text(prefix, length, self.model, vocab, self.device)
            for prefix in self.prefixes.prefixes
        ]

    def result(self, epochs: Sequence[Json]) -> Json:
        """Held-out perplexity, and how the model continues the prefixes."""
        config, heldout = self.config, self.corpus.heldout
        return {
            "heldout_perplexity": heldout_perplexity(
                self.model, heldout, config.batch_size, config.num_steps, self.device
            ),
            "heldout_tokens": len(heldout),
            "texts": self._texts(),
            **self.prefixes.recorded,
        }

    def extendable(self, old_epochs: int, new_epochs: int) -> str:
        """Always: no epoch knows how many there are."""
        return ""


class LanguageModelRun(TextModelRun[LanguageModelConfig], NetRun[LanguageModelConfig]):
    """A net of Gluon's layers, or from scratch, trained as in the book's train_ch8.

    A reader's own net takes the place of :func:`build` in a subclass.
    """

    usable_as = TrainedLanguageModel
    build = staticmethod(build)

    def __init__(
        self, config: LanguageModelConfig, device: Device, notify: Notify
    ) -> None:
        super().__init__(config, device, notify)
        self.train_iter = SequenceLoader(
            self.corpus.training,
            config.batch_size,
            config.num_steps,
            config.sampling == "random",
            device,
        )
        set_seed(epoch_seed(config.seed, 0))
        self.untrained = ""
        if config.initial_weights == "book":
            vocab = self.corpus.vocab
            self.model, self.untrained = build_as_the_book(config, vocab, device)
            set_seed(epoch_seed(config.seed, 0))
        else:
            self.model = self.build(config, len(self.corpus.vocab), device)
        self.nets = {"": self.model}
        self.devices = placed(config, device)
        self.replicas = [
            self.build(config, len(self.corpus.vocab), other)
            for other in self.devices[1:]
        ]

    def rows(self, first_epoch: int) -> Iterator[EpochRow]:
        """Clipped gradient descent, on the fast path where the net allows it."""
        config = self.config
        fresh_state = config.sampling != "sequential"
        objectives: List[Objective] = []
        optimisers: List[Optimiser] = []
        for net, device in zip([self.model, *self.replicas], self.devices):
            if net is not self.model:
                checkpoint.put_arrays(named_arrays(net), self.arrays())
            parameters = parameters_of(net, self.train_iter, dense=self.is_shared)
            objectives.append(next_token(net, parameters, device, fresh_state))
            optimisers.append(Sgd(parameters, config.lr, config.theta))
        objective, optimiser = objectives[0], optimisers[0]
        if self.is_shared:
            objective = sharded = Sharded(
                objectives, self.devices, workers=self.workers
            )
            optimiser = SummedGradients(optimisers, sharded)
        return train(
            objective,
            self.train_iter,
            optimiser,
            config.num_epochs,
            seed=config.seed,
            first_epoch=first_epoch,
        )

    @classmethod
    def why_one_device(cls, config: LanguageModelConfig) -> str:
        """None, but for dropout, whose draws differ with the shards."""
        if cls.rows is not LanguageModelRun.rows:  # a reader's own training
            return super().why_one_device(config)
        return why_not_with_dropout(config)

    def result(self, epochs: Sequence[Json]) -> Json:
        """And, from the builds' weights, what the net said before it was trained."""
        untrained = {"untrained": self.untrained} if self.untrained else {}
        return {**super().result(epochs), **untrained}

    def path(self) -> str:
        """Packed, a graph, or plain and why."""
        return path_of(self.model, self.train_iter, dense=self.is_shared)

    @classmethod
    def load(cls, saved: Saved[LanguageModelConfig]) -> TrainedLanguageModel:
        """The trained net with its vocabulary."""
        vocab = saved.vocabulary("vocab")
        net = cls.build(saved.config, len(vocab), saved.device)
        checkpoint.put_arrays(named_arrays(net), saved.arrays)
        return TrainedLanguageModel(
            saved.path,
            saved.experiment,
            saved.config,
            net,
            vocab,
            saved.notes.get("corpus", {}),
        )


def heldout_perplexity(
    net: LanguageModel,
    corpus: Ids,
    batch_size: int,
    num_steps: int,
    device: Device,
) -> Optional[float]:
    """Perplexity on text that was not trained on, or None where there is too little.

    The text is cut into ``batch_size`` rows and read in windows of ``num_steps`` with
    the state carried over, as in training, but from its first token on.
    """
    batches = sequential_partition(corpus, batch_size, num_steps, ctx=device)
    loss, tokens = evaluate(Asked(net), batches, device)
    return perplexity(loss, int(tokens)) if tokens else None


def fitting_prefixes(config: Any, corpus: Corpus, notify: Notify) -> Prefixes:
    """What a model of a corpus is to continue; see :mod:`.prefixes`."""
    vocab = corpus.vocab
    first = corpus.first[:NUM_OWN]
    return fitting(config, vocab.token_to_idx, first, notify)
