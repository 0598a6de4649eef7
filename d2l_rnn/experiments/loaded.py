"""A finished run in the reader's hands: its record, its vocabulary, its net."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import (
    Any,
    Callable,
    Dict,
    Iterator,
    List,
    Mapping,
    Optional,
    Sequence,
    Tuple,
)

import numpy

from ..arrays import Floats
from ..data.pairs import LANGUAGES
from ..data.text import Vocab, clean
from ..errors import RunError, UsageError
from ..files import PathLike
from ..generation.choosing import Choice, Chosen, Steps, beam_of, continuation
from ..inference.cells import ElmanCell, Gate
from ..inference.hmm import HiddenMarkovModel
from ..inference.hmm_steps import HMMSteps
from ..inference.network import Network, of_gluon, of_scratch
from ..protocols import Arrays
from ..results import record
from ..results.record_fields import Row
from .configs import ChineseConfig, LanguageModelConfig
from .configs_bidirectional import HMMConfig
from .configs_sequences import EditionV1Config, HandwrittenConfig, OneToManyConfig
from .prefixes import named, unknown_of
from .resume import checkpoint_of
from .settings import from_record
from .table import Experiment, find

# Gluon's own default for ``rnn.RNN``, which the book uses, is relu.
_MODES = {"rnn": "rnn_relu", "gru": "gru", "lstm": "lstm", "birnn": "gru"}


def configured(trained: record.RunRecord) -> Tuple[Experiment, Any]:
    """The experiment of a run, and the configuration that it was trained with.

    Raises
    ------
    RunError
        If there is no such experiment, or its settings are of another version.
    """
    try:
        experiment = find(trained.experiment)
    except UsageError as error:
        raise RunError(f"run {trained.directory}: {error}") from None
    try:
        return experiment, from_record(experiment.config, trained.config)
    except UsageError as error:
        raise RunError(f"{trained.directory / record.CONFIG}: {error}") from None


@dataclass(frozen=True, eq=False)
class LoadedRun:
    """A finished run whose model continues texts, without MXNet.

    Attributes
    ----------
    directory : pathlib.Path
    experiment : str
    config : Config
        The settings that it was trained with.
    history : list of dict
        Its rows, an epoch each: ``perplexity``, ``loss``, ``tokens``, ``seconds``, ...
    vocab : Vocab
    steps : Network or HMMSteps
        ``step(tokens, state) -> (log_probs, state)`` in NumPy.
    """

    directory: Path
    experiment: str
    config: Any
    history: List[Row]
    vocab: Vocab
    steps: Steps
    _arrays: Arrays
    _from_corpus: Sequence[str]

    @property
    def of_words(self) -> bool:
        """Whether a token is a word."""
        return getattr(self.config, "token", "char") == "word"

    @property
    def labels(self) -> Sequence[str]:
        """What a text can be asked to be; none, for most."""
        return LANGUAGES if isinstance(self.config, OneToManyConfig) else ()

    def prefixes(self) -> List[str]:
        """Those of the run itself; where lines begin from nothing, the empty one."""
        if isinstance(self.config, OneToManyConfig):
            return [""]
        if self._from_corpus:
            return list(self._from_corpus)
        if hasattr(self.config, "prefix_list"):
            how = getattr(self.config, "clean", "book")
            return [line.strip() for line in clean(self.config.prefix_list(), how)]
        # A hidden Markov model: as the commonest token, a space, is not seen alone.
        return [self.vocab.to_tokens(min(2, len(self.vocab) - 1))]

    def ids(self, prefix: str) -> List[int]:
        """A prefix as the model reads it: cleaned as its text was, where it has to be.

        Raises
        ------
        UsageError
            If it is empty, or has tokens outside of the vocabulary: names them.
        """
        tokens = self._tokens(prefix)
        unknown = unknown_of(tokens, self.vocab.token_to_idx)
        if unknown and getattr(self.config, "clean", "none") == "book":
            cleaned = self._tokens(clean([prefix])[0])
            if cleaned and len(cleaned) == len(tokens):  # a case, not letters, went
                tokens, unknown = cleaned, unknown_of(cleaned, self.vocab.token_to_idx)
        if not tokens:
            raise UsageError(f"prefix {prefix!r}: at least one token is needed")
        if unknown:
            raise UsageError(
                f"prefix {prefix!r}: {named(unknown)} not among the {len(self.vocab)} "
                f"tokens of the vocabulary of {self.directory}"
            )
        return self.vocab[tokens]

    def _tokens(self, prefix: str) -> List[str]:
        if isinstance(self.config, OneToManyConfig):
            return ["<bos>", *prefix]
        return prefix.split() if self.of_words else list(prefix)

    def joined(self, tokens: Sequence[int]) -> str:
        """Ids as a text."""
        return (" " if self.of_words else "").join(self.vocab.to_tokens(list(tokens)))

    def chosen(
        self,
        prefix: str,
        num_preds: int,
        choice: Choice,
        sample: int = 0,
        label: str = "",
    ) -> Iterator[Chosen]:
        """The tokens that follow a prefix, as they come, with their probabilities."""
        return continuation(
            self.steps,
            self.ids(prefix),
            num_preds,
            choice,
            sample,
            self._begin(label),
            self._eos,
        )

    def generate(
        self,
        prefix: str,
        num_preds: int = 50,
        temperature: Optional[float] = None,
        top_k: Optional[int] = None,
        top_p: Optional[float] = None,
        beam: Optional[int] = None,
        seed: int = 1,
        label: str = "",
    ) -> str:
        """Continue a text.

        Parameters
        ----------
        prefix : str
        num_preds : int
            Tokens to append.
        temperature, top_k, top_p, beam, seed : optional
            As of :class:`~d2l_rnn.generation.choosing.Choice`; without any of them the
            likeliest token, again and again.
        label : str
            What it is to be, where the model can be asked (``labels``).

        Returns
        -------
        str
            The prefix, and what follows.

        Raises
        ------
        UsageError
            If an argument is out of its range, or a token unknown.
        """
        choice = Choice(temperature, top_k, top_p, beam, seed)
        ids, state = self.ids(prefix), self._begin(label)
        if choice.beam is not None:
            found = beam_of(self.steps, ids, num_preds, choice.beam, state, self._eos)
        elif isinstance(self.steps, Network) and not choice.draws and not self.labels:
            found = self.steps.continue_greedily(ids, num_preds)
        else:
            found = [c.token for c in self.chosen(prefix, num_preds, choice, 0, label)]
        separator = " " if self.of_words and found else ""
        return prefix + separator + self.joined(found)

    def net(self) -> Any:
        """The Gluon net, or net from scratch, with its weights: needs MXNet."""
        from ..devices import device_from
        from .trained import load_language_model

        return load_language_model(self.directory, device_from("cpu")).net

    @property
    def _eos(self) -> Optional[int]:
        return self.vocab.token_to_idx.get("<eos>") if self.labels else None

    def _begin(self, label: str) -> Any:
        if not self.labels:
            if label:
                raise UsageError(f"class {label!r}: {self.experiment} knows no classes")
            return None
        label = label or self.labels[0]
        if label not in self.labels:
            raise UsageError(
                f"class {label!r} is unknown; accepted are {', '.join(self.labels)}"
            )
        row = self._arrays["classes.weight"][self.labels.index(label)]
        return [numpy.tanh(row)[None]]


def load_run(path: PathLike) -> LoadedRun:
    """Load a finished run of a language model.

    Parameters
    ----------
    path : path
        A run directory.

    Returns
    -------
    LoadedRun

    Raises
    ------
    RunError
        If it is no run directory, is not finished, was changed after it was written,
        has no checkpoint, or is of an experiment that continues no texts.
    """
    trained = record.read_run(Path(path))
    trained.verify()
    experiment, config = configured(trained)
    made = _MADE.get(type(config))
    if made is None:
        raise RunError(
            f"run {path}: {experiment.name} continues no texts; our language models, "
            "one-to-many and hmm do"
        )
    arrays, notes = checkpoint_of(trained, Path(path) / record.CHECKPOINT)
    try:
        vocab, steps = made(config, arrays, list(notes["vocab"]))
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise RunError(
            f"checkpoint of run {path} does not fit its settings ({error})"
        ) from None
    # What it continued in place of its settings' prefixes, where these did not fit.
    own: Any = (trained.result or {}).get("prefixes", [])
    return LoadedRun(
        Path(path), experiment.name, config, trained.epochs, vocab, steps, arrays, own
    )


def continues_texts(path: PathLike) -> bool:
    """Whether a run directory is of an experiment that :func:`load_run` loads."""
    try:
        _, config = configured(record.read_run(Path(path)))
    except RunError:
        return False
    return type(config) in _MADE


def _language_model(
    config: LanguageModelConfig, arrays: Arrays, tokens: List[str]
) -> Tuple[Vocab, Steps]:
    structure = config.num_layers, 1 + config.bidirectional
    if config.implementation == "scratch":
        params = [arrays[f"params.{number}"] for number in range(len(arrays))]
        steps = of_scratch(config.cell, *structure, params)
    else:
        steps = of_gluon(_MODES[config.cell], *structure, arrays)
    return Vocab.from_tokens(tokens), steps


def _handwritten(
    config: HandwrittenConfig, arrays: Arrays, tokens: List[str]
) -> Tuple[Vocab, Steps]:
    """Its arrays stand as columns: ``s = U x + W h + b``, ``o = V h + c``."""
    U, W, b, V, c = (arrays[name] for name in "UWbVc")
    cell = ElmanCell(Gate(U.T, W.T, b[:, 0]), relu=config.activation == "relu")
    return Vocab.from_tokens(tokens), Network([[cell]], V.T, c[:, 0])


def _one_to_many(
    config: OneToManyConfig, arrays: Arrays, tokens: List[str]
) -> Tuple[Vocab, Steps]:
    return Vocab.from_tokens(tokens), of_gluon("gru", 1, 1, arrays)


def _edition_v1(
    config: EditionV1Config, arrays: Arrays, tokens: List[str]
) -> Tuple[Vocab, Steps]:
    """Its vocabulary is in the order of the alphabet; ours begin with ``<unk>``."""
    order = sorted(range(len(tokens)), key=lambda i: tokens[i] != "<unk>")
    moved = dict(arrays)
    for name, array in arrays.items():
        if name.startswith("linear."):
            moved[name] = array[order]
        elif name.endswith("_i2h_weight"):
            moved[name] = array[:, order]
    directions = 1 + (config.cell == "birnn")
    steps = of_gluon(_MODES[config.cell], 1, directions, moved, "rnn.rnn", "linear")
    return Vocab.from_tokens([tokens[i] for i in order]), steps


def _hmm(config: HMMConfig, arrays: Arrays, tokens: List[str]) -> Tuple[Vocab, Steps]:
    tables = (arrays[name] for name in ("initial", "transition", "emission"))
    return Vocab.from_tokens(tokens), HMMSteps(HiddenMarkovModel(*tables))


_Made = Callable[[Any, Mapping[str, Floats], List[str]], Tuple[Vocab, Steps]]
_MADE: Dict[type, _Made] = {
    LanguageModelConfig: _language_model,
    ChineseConfig: _language_model,
    HandwrittenConfig: _handwritten,
    OneToManyConfig: _one_to_many,
    EditionV1Config: _edition_v1,
    HMMConfig: _hmm,
}
