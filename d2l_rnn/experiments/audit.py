"""What a language model sees when it predicts: an audit in numbers and pictures."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from ..data.sequences import sequential_partition
from ..errors import DataError, UsageError
from ..models.inputs import logits_of_inputs
from ..protocols import Device, Ids
from ..results import printed
from ..training.visibility import VisibleLosses, input_gradients, visible_losses
from .configs import Config, LanguageModelConfig
from .configs_bidirectional import AuditConfig
from .contract import ExperimentRun, Json, Notify
from .corpus import read_corpus
from .language import TrainedLanguageModel, fitting_prefixes
from .settings import settings_with
from .trained import load_language_model

_MODEL = "model"  # the folder that it is trained in
_SHOWN = (0, 1, 2, 3, 5, 10, 20)  # tokens of right context in the summary
_GRADIENT_WINDOWS = 8
_LARGEST_ONE_HOT = 1 << 24  # numbers; a large vocabulary gets fewer windows


def audit(
    trained: TrainedLanguageModel, audit_tokens: int, device: Device, data_dir: str = ""
) -> Json:
    """Measure what a trained language model sees, and what that is worth to it.

    Parameters
    ----------
    trained : TrainedLanguageModel
    audit_tokens : int
        Tokens of each text to evaluate at most.
    device : mxnet.Context
    data_dir : str
        Folder to look in first for the corpus.

    Returns
    -------
    dict
        ``training`` and ``heldout`` (None where the text is too short), each with
        ``perplexity`` (of whole windows, as the book prints it), ``honest`` (position
        t sees nothing after t), ``by_right_context`` (perplexity where 0, 1, 2, ...
        tokens after t are visible) and ``tokens``; ``gradient``, the norms of
        :func:`~d2l_rnn.training.visibility.input_gradients`, and ``window``, the
        tokens of the first of its windows; ``gradient_of_future``, the largest norm
        with respect to an input after t; ``causal`` and ``verdict``.

    Raises
    ------
    DataError
        If the training text does not fill one minibatch.
    """
    config, net = trained.config, trained.net
    _, training, heldout = trained.texts(data_dir)
    result: Json = {}
    for name, ids in (("training", training), ("heldout", heldout)):
        batches = sequential_partition(
            ids[:audit_tokens], config.batch_size, config.num_steps, ctx=device
        )
        carry_state = config.sampling == "sequential"
        try:
            losses = visible_losses(net, batches, device, carry_state)
        except DataError:
            if name == "training":
                raise
            result[name] = None
            continue
        result[name] = _numbers(losses)
    gradient, window = _gradient(trained, training, device)
    future = float(np.triu(gradient, 1).max())
    result.update(
        gradient=gradient.tolist(),
        window=window,
        gradient_of_future=future,
        causal=future == 0,
    )
    result["verdict"] = verdict(result["training"], result["causal"])
    return result


def _numbers(losses: VisibleLosses) -> Json:
    by_right_context = [losses.perplexity(r) for r in range(len(losses.losses))]
    return {
        "perplexity": losses.perplexity(),
        "honest": by_right_context[0],
        "by_right_context": by_right_context,
        "tokens": losses.num_tokens,
    }


def _gradient(trained: TrainedLanguageModel, ids: Ids, device: Device) -> Any:
    config, vocab_size = trained.config, len(trained.vocab)
    num_steps = config.num_steps
    windows = _LARGEST_ONE_HOT // (num_steps**2 * vocab_size)
    windows = max(1, min(_GRADIENT_WINDOWS, windows, (len(ids) - 1) // num_steps))
    X, Y = next(sequential_partition(ids, windows, num_steps, ctx=device))
    gradient = input_gradients(
        trained.net,
        lambda inputs, state: logits_of_inputs(trained.net, inputs, state),
        X,
        Y,
        vocab_size,
    )
    return gradient, trained.vocab.to_tokens(list(ids[:num_steps]))


def verdict(numbers: Json, causal: bool) -> str:
    """One plain sentence about the perplexities of a text."""
    if causal:
        return (
            f"this model is causal: {numbers['perplexity']:.1f}, and no prediction "
            "depends on a later token"
        )
    seen, honest = numbers["perplexity"], numbers["honest"]
    digits = 1
    while f"{seen:.{digits}f}" == f"{honest:.{digits}f}" and digits < 6:
        digits += 1  # a net that has learnt little differs late
    return (
        f"this model sees the future: {seen:.{digits}f} with it, "
        f"{honest:.{digits}f} without"
    )


class AuditRun(ExperimentRun[AuditConfig]):
    """Train a model, or take the checkpoint that is named, and audit it."""

    text = staticmethod(printed.audit)

    def __init__(self, config: AuditConfig, device: Device, notify: Notify) -> None:
        super().__init__(config, device, notify)
        self.audited: Optional[TrainedLanguageModel] = None
        if config.checkpoint:
            self.audited = load_language_model(config.checkpoint, device)
            _refuse_contradictions(config, self.audited)
            self.source, _, _ = self.audited.texts(config.data_dir)
        else:
            corpus = read_corpus(config, notify)
            self.source = corpus.source
            # Refused here already; the run inside tells nobody what it continues.
            fitting_prefixes(config, corpus, notify)

    def needs(self) -> Mapping[str, Tuple[str, Config]]:
        """The model, where no checkpoint is named."""
        if self.audited is not None:
            return {}
        fields = dataclasses.fields(LanguageModelConfig)
        settings = {field.name: getattr(self.config, field.name) for field in fields}
        return {_MODEL: ("bilstm", LanguageModelConfig(**settings))}

    def result(self, epochs: Sequence[Json]) -> Json:
        """The audit's numbers, and of what model they are."""
        config = self.config
        path = config.checkpoint or str(self.inner[_MODEL])
        if self.audited is None:
            self.audited = load_language_model(path, self.device)
        self.found = audit(
            self.audited, config.audit_tokens, self.device, config.data_dir
        )
        heldout = self.found["heldout"]
        return {
            "audited": {
                **dataclasses.asdict(self.audited.config),
                "experiment": self.audited.experiment,
                "checkpoint": path,
            },
            "perplexity": self.found["training"]["perplexity"],
            "honest_perplexity": self.found["training"]["honest"],
            "heldout_perplexity": heldout and heldout["perplexity"],
            "heldout_honest_perplexity": heldout and heldout["honest"],
            **self.found,
        }

    def draw(self, directory: Path) -> None:
        """Perplexity against visible right context, and the gradient's reach."""
        draw(self.found, directory)

    def extendable(self, old_epochs: int, new_epochs: int) -> str:
        """Never: there are no epochs of its own."""
        return "an audit is of one model"


def _refuse_contradictions(config: AuditConfig, trained: TrainedLanguageModel) -> None:
    """Flags that describe the model must not say what the checkpoint denies."""
    default = AuditConfig()
    of_the_run = settings_with(config, "seed", "weights", "device", "folder")
    for field in dataclasses.fields(trained.config):
        asked = getattr(config, field.name, None)
        had = getattr(trained.config, field.name)
        unset = asked == getattr(default, field.name, None)
        if field.name not in of_the_run and not unset and asked != had:
            raise UsageError(
                f"--{field.name.replace('_', '-')} {asked} and --checkpoint "
                f"{trained.path}: that model was made with {had}"
            )


def draw(result: Json, directory: Path) -> List[Path]:
    """Draw perplexity against visible right context, and the gradient's reach."""
    from ..results.plots import heatmap_figure, lines_figure, save

    series = {
        label: (
            range(len(result[name]["by_right_context"])),
            result[name]["by_right_context"],
        )
        for name, label in (("training", "training text"), ("heldout", "held out"))
        if result[name]
    }
    paths = [directory / "right_context.png", directory / "gradient.png"]
    figure = lines_figure(
        series,
        "tokens visible after t",
        "perplexity",
        yscale="log",
        title=result["verdict"],
    )
    save(figure, paths[0])
    labels = ["space" if token == " " else token for token in result["window"]]
    gradient = np.array(result["gradient"])
    shares = gradient / np.maximum(gradient.sum(axis=1, keepdims=True), 1e-30)
    figure = heatmap_figure(
        shares,
        labels,
        labels,
        title="which inputs move the prediction made at t",
        xlabel="input at s (share of the gradient's norm)",
        ylabel="prediction at t",
    )
    save(figure, paths[1])
    return paths
