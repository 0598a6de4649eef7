"""The language models of the book's edition 1.0, run by d2l 1.0.3 itself.

Data, loss, clipping, optimiser and training loop are the package's own classes. Here
stand only the file that its data set reads, and what listens to its losses.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any, Callable, Dict, Iterator, List, Mapping, Sequence, Tuple

import numpy

from ..arrays import Floats
from ..errors import DataError
from ..models.edition_one import LSTM, RNNLM, BiGRU, RNNLMScratch, d2l
from ..models.gluon_layers import named_parameters
from ..protocols import Arrays, Device
from ..results import printed
from ..seeding import epoch_seed, set_seed
from ..training.checkpoint import arrays_of, put_arrays
from ..training.divergence import read_losses
from ..training.loop import EpochRow
from .configs_sequences import EditionV1Config
from .contract import ExperimentRun, Json, Notify
from .corpus import read_text, source_of
from .prefixes import NUM_OWN, fitting
from .sizes import check_sizes


class TimeMachine(d2l.TimeMachine):
    """d2l's data set over a text that is at hand; what it does to it is its own."""

    def __init__(self, text: str, *arguments: Any) -> None:
        self._text = text
        super().__init__(*arguments)

    def _download(self) -> str:
        return self._text

    def build(self, raw_text: str, vocab: Any = None) -> Tuple[List[int], Any]:
        """The vocabulary of the whole text, and as many ids as will be read.

        Of every id d2l makes a subsequence: of a long text more than memory holds.
        """
        corpus, vocab = super().build(raw_text, vocab)
        needed = self.num_train + self.num_val + self.num_steps
        if len(corpus) < needed:
            raise DataError(
                f"corpus of {len(corpus)} characters is too short for --num-train "
                f"{self.num_train} and --num-val {self.num_val} subsequences of "
                f"{self.num_steps}: at least {needed} are needed"
            )
        self.first = [vocab.idx_to_token[i] for i in corpus[:NUM_OWN]]
        return corpus[:needed], vocab


_RNNS: Dict[str, Callable[[int, int], Any]] = {
    "rnn-scratch": d2l.RNNScratch,
    "rnn": lambda vocab_size, num_hiddens: d2l.RNN(num_hiddens),
    "gru": lambda vocab_size, num_hiddens: d2l.GRU(num_hiddens, num_layers=1),
    "lstm": lambda vocab_size, num_hiddens: LSTM(num_hiddens),
    "birnn": lambda vocab_size, num_hiddens: BiGRU(num_hiddens),
}


def build(config: EditionV1Config, vocab_size: int) -> Any:
    """The edition's model of a configuration, initialised as it initialises."""
    check_sizes(config, vocab_size)
    layer = _RNNS[config.cell](vocab_size, config.num_hiddens)
    kind = RNNLMScratch if config.cell == "rnn-scratch" else RNNLM
    return kind(layer, vocab_size=vocab_size, lr=config.lr)


def named_arrays(model: Any) -> Dict[str, Any]:
    """The parameters by names that are the same in every process."""
    parameters = model.parameters()
    if isinstance(parameters, list):
        return {f"params.{number}": array for number, array in enumerate(parameters)}
    return {name: p.data() for name, p in named_parameters(model).items()}


@dataclass(frozen=True)
class ValidatedRow(EpochRow):
    """An epoch, its seconds with the validation: the trainer does both in one.

    Attributes
    ----------
    heldout_perplexity : float
        The mean over the validation minibatches of ``exp(mean loss)``: the point that
        the book draws.
    heldout_mean_perplexity : float
        ``exp`` of the mean loss over all validation tokens, which is a little lower.
    """

    heldout_perplexity: float
    heldout_mean_perplexity: float


class EditionV1Run(ExperimentRun[EditionV1Config]):
    """Train with d2l's Trainer, validate after each epoch, continue the prefixes."""

    text = staticmethod(printed.edition_v1)

    def __init__(self, config: EditionV1Config, device: Device, notify: Notify) -> None:
        super().__init__(config, device, notify)
        text = read_text(config, notify)
        self.source = source_of(text, config.num_train)
        self.data = TimeMachine(
            "\n".join(text.lines),
            config.batch_size,
            config.num_steps,
            config.num_train,
            config.num_val,
        )
        known = self.data.vocab.token_to_idx
        self.prefixes = fitting(config, known, self.data.first, notify)
        set_seed(epoch_seed(config.seed, 0))
        self.model = build(config, len(self.data.vocab))
        self.trainer = d2l.Trainer(
            config.num_epochs,
            num_gpus=int(device.device_type == "gpu"),
            gradient_clip_val=config.theta,
        )
        self.trainer.prepare_data(self.data)
        self.trainer.prepare_model(self.model)
        X = self.data.X[:1].as_in_ctx(device)
        self.model(X)  # settles the shapes that Gluon leaves open

    def rows(self, first_epoch: int) -> Iterator[ValidatedRow]:
        """The trainer's epochs, each from a seed of its own."""
        self.trainer.optim = self.model.configure_optimizers()
        for epoch in range(first_epoch, self.config.num_epochs + 1):
            set_seed(epoch_seed(self.config.seed, epoch))
            yield fit_epoch(self.trainer, self.model, epoch)

    def metrics(self, row: ValidatedRow) -> Mapping[str, float]:
        """Both validation perplexities."""
        return {
            "heldout_perplexity": row.heldout_perplexity,
            "heldout_mean_perplexity": row.heldout_mean_perplexity,
        }

    def arrays(self) -> Dict[str, Floats]:
        """The model's parameters."""
        return arrays_of(named_arrays(self.model))

    def restore(self, arrays: Arrays) -> None:
        """Take the parameters over."""
        put_arrays(named_arrays(self.model), arrays)

    def notes(self) -> Mapping[str, Any]:
        """The vocabulary."""
        return {"vocab": self.data.vocab.idx_to_token}

    def sample(self) -> Json:
        """How the model continues the prefixes now."""
        return {"texts": self._texts()}

    def _texts(self) -> List[str]:
        length, vocab = self.config.num_preds, self.data.vocab
        return [
            self.model.predict(prefix, length, vocab, self.device)
            for prefix in self.prefixes.prefixes
        ]

    def result(self, epochs: Sequence[Json]) -> Json:
        """The last validation, and how the model continues the prefixes."""
        config, last = self.config, epochs[-1]
        return {
            "heldout_perplexity": last["heldout_perplexity"],
            "heldout_mean_perplexity": last["heldout_mean_perplexity"],
            "heldout_tokens": config.num_val * config.num_steps,
            "texts": self._texts(),
            **self.prefixes.recorded,
        }

    def extendable(self, old_epochs: int, new_epochs: int) -> str:
        """Always: no epoch knows how many there are."""
        return ""


def fit_epoch(trainer: Any, model: Any, epoch: int) -> ValidatedRow:
    """One epoch of d2l's ``Trainer``: of the training minibatches, and validated.

    Raises
    ------
    DivergenceError
        If a loss is not finite.
    """
    model.heard = []
    trainer.epoch = epoch - 1
    trainer.train_batch_idx = trainer.val_batch_idx = 0
    start = time.perf_counter()
    trainer.fit_epoch()
    means = read_losses([batch.mean for batch in model.heard], epoch)
    seconds = time.perf_counter() - start
    tokens = numpy.array([batch.tokens for batch in model.heard])
    training = numpy.array([batch.training for batch in model.heard])
    totals, held = means * tokens, ~training
    return ValidatedRow(
        epoch,
        float(totals[training].sum()),
        int(tokens[training].sum()),
        seconds,
        float(numpy.exp(means[held]).mean()),
        math.exp(totals[held].sum() / tokens[held].sum()),
    )
