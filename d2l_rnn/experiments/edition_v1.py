"""The language models of the book's edition 1.0, run by d2l 1.0.3 itself.

Data, loss, clipping, optimiser and training loop are the package's own classes. Here
stand only the file that its data set reads, the models that its MXNet part lacks, and
what listens to its losses.
"""

from __future__ import annotations

import math
import time
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Tuple

import numpy
from mxnet import autograd, np
from mxnet.gluon import rnn

from ..data.corpora import load_text
from ..errors import D2lRnnError, DataError
from ..models.gluon_layers import named_parameters
from ..results import record
from ..seeding import epoch_seed, set_seed
from ..training import checkpoint
from ..training.divergence import read_losses
from ..training.loop import EpochRow
from .configs_sequences import EditionV1Config
from .running import Run

try:
    from d2l import mxnet as d2l
except ImportError as error:
    raise D2lRnnError(
        "the experiments of edition 1.0 need the package d2l 1.0.3, which installs on "
        f"Python 3.8 to 3.11 ({error})"
    ) from error


class TimeMachine(d2l.TimeMachine):
    """d2l's data set over a text that is at hand; what it does to it is its own."""

    def __init__(self, text: str, *arguments: Any) -> None:
        self._text = text
        super().__init__(*arguments)

    def _download(self) -> str:
        return self._text


class LSTM(d2l.RNN):
    """As in the book (1.0, section 10.1); d2l's MXNet part does not have it."""

    def __init__(self, num_hiddens: int) -> None:
        d2l.Module.__init__(self)
        self.save_hyperparameters()
        self.rnn = rnn.LSTM(num_hiddens)

    def forward(self, inputs: Any, H_C: Any = None) -> Tuple[Any, Any]:
        """Outputs (num_steps, batch_size, num_hiddens), and the state (H, C)."""
        if H_C is None:
            H_C = self.rnn.begin_state(inputs.shape[1], ctx=inputs.ctx)
        return self.rnn(inputs, H_C)


class BiGRU(d2l.RNN):
    """As in the book (1.0.0-alpha0, section 10.4): both directions, one GRU layer."""

    def __init__(self, num_hiddens: int) -> None:
        d2l.Module.__init__(self)
        self.save_hyperparameters()
        self.rnn = rnn.GRU(num_hiddens, bidirectional=True)


class _BatchLoss(NamedTuple):
    mean: Any
    tokens: int
    training: bool


class _Listening:
    """Keeps every minibatch's loss where the book draws it."""

    heard: List[_BatchLoss]

    def loss(self, Y_hat: Any, Y: Any, averaged: bool = True) -> Any:
        """The model's loss, kept besides."""
        value = super().loss(Y_hat, Y, averaged)  # type: ignore[misc]
        if not hasattr(self, "heard"):
            self.heard = []
        self.heard.append(_BatchLoss(value, Y.size, autograd.is_recording()))
        return value

    def plot(self, key: str, value: Any, train: bool) -> None:
        """Draw nothing."""


class RNNLM(_Listening, d2l.RNNLM):
    """d2l's language model over a Gluon layer."""


class RNNLMScratch(_Listening, d2l.RNNLMScratch):
    """d2l's language model from scratch."""


_RNNS: Dict[str, Callable[[int, int], Any]] = {
    "rnn-scratch": d2l.RNNScratch,
    "rnn": lambda vocab_size, num_hiddens: d2l.RNN(num_hiddens),
    "gru": lambda vocab_size, num_hiddens: d2l.GRU(num_hiddens, num_layers=1),
    "lstm": lambda vocab_size, num_hiddens: LSTM(num_hiddens),
    "birnn": lambda vocab_size, num_hiddens: BiGRU(num_hiddens),
}


def build(config: EditionV1Config, vocab_size: int) -> Any:
    """The edition's model of a configuration, initialised as it initialises."""
    layer = _RNNS[config.cell](vocab_size, config.num_hiddens)
    kind = RNNLMScratch if config.cell == "rnn-scratch" else RNNLM
    return kind(layer, vocab_size=vocab_size, lr=config.lr)


def named_arrays(model: Any) -> Dict[str, Any]:
    """The parameters by names that are the same in every process."""
    parameters = model.parameters()
    if isinstance(parameters, list):
        return {f"params.{number}": array for number, array in enumerate(parameters)}
    named = named_parameters(model)
    return {name: parameter.data() for name, parameter in named.items()}


def run(config: EditionV1Config, run: Run) -> None:
    """Train with d2l's Trainer, validate after each epoch, generate, record."""
    text = load_text(config.corpus, config.data_dir or None)
    data = TimeMachine(
        "\n".join(text.lines),
        config.batch_size,
        config.num_steps,
        config.num_train,
        config.num_val,
    )
    if len(data.X) < config.num_train + config.num_val:
        raise DataError(
            f"corpus {text.name} has {len(data.X)} subsequences of {config.num_steps} "
            f"tokens: too few for --num-train {config.num_train} and --num-val "
            f"{config.num_val}"
        )
    set_seed(epoch_seed(config.seed, 0))
    model = build(config, len(data.vocab))
    trainer = d2l.Trainer(
        config.num_epochs,
        num_gpus=int(run.device.device_type == "gpu"),
        gradient_clip_val=config.theta,
    )
    trainer.prepare_data(data)
    trainer.prepare_model(model)
    X = data.X[:1].as_in_ctx(run.device)
    model(X)  # settles the shapes that Gluon leaves open
    arrays = named_arrays(model)
    kept: List[Dict[str, Any]] = []
    if run.options.resume and run.checkpoint.exists():
        saved, notes = checkpoint.load(run.checkpoint)
        for name, array in arrays.items():
            array[:] = np.array(saved[name], ctx=run.device)
        kept = record.read_run(run.directory).epochs[: notes["epoch"]]
    trainer.optim = model.configure_optimizers()
    source = {"name": text.name, "sha1": text.sha1, "tokens": config.num_train}
    run.begin(source, kept)
    validated: Dict[str, float] = {}

    def rows() -> Iterator[EpochRow]:
        for epoch in range(len(kept) + 1, config.num_epochs + 1):
            set_seed(epoch_seed(config.seed, epoch))
            row, validation = fit_epoch(trainer, model, epoch)
            validated.update(validation)
            yield row

    def save(epoch: int) -> None:
        notes = {"vocab": data.vocab.idx_to_token, "epoch": epoch}
        values = {name: array.asnumpy() for name, array in named_arrays(model).items()}
        checkpoint.save(run.checkpoint, values, notes)

    run.follow(rows(), save, lambda row: dict(validated))
    last = run.epochs[-1]
    run.finish(
        {
            "heldout_perplexity": last["heldout_perplexity"],
            "heldout_mean_perplexity": last["heldout_mean_perplexity"],
            "heldout_tokens": config.num_val * config.num_steps,
            "texts": [
                model.predict(prefix, config.num_preds, data.vocab, run.device)
                for prefix in config.prefix_list()
            ],
        }
    )
    if run.options.plot:
        run.draw_curve()


def fit_epoch(
    trainer: Any, model: Any, epoch: int
) -> Tuple[EpochRow, Dict[str, float]]:
    """One epoch of d2l's ``Trainer``, and what the losses were.

    Returns
    -------
    row : EpochRow
        Of the training minibatches; its seconds hold the validation too, as the
        trainer does both in one.
    validation : dict
        ``heldout_perplexity``, the mean over the validation minibatches of
        ``exp(mean loss)``: the point that the book draws; ``heldout_mean_perplexity``,
        ``exp`` of the mean loss over all validation tokens, which is a little lower.

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
    totals = means * tokens
    row = EpochRow(
        epoch, float(totals[training].sum()), int(tokens[training].sum()), seconds
    )
    held = ~training
    return row, {
        "heldout_perplexity": float(numpy.exp(means[held]).mean()),
        "heldout_mean_perplexity": math.exp(totals[held].sum() / tokens[held].sum()),
    }


def summary(result: Dict[str, Any]) -> str:
    """Validation perplexity beside the training one, and the texts."""
    return "\n".join(
        [
            f"validation perplexity {result['heldout_perplexity']:.2f}, training "
            f"{result['perplexity']:.2f}, {result['tokens_per_sec']:.1f} tokens/sec on "
            f"{result['device']}",
            *result["texts"],
        ]
    )
