"""A finished run in the reader's hands: its record, its vocabulary, its net."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Iterator, List, Optional, Sequence, Tuple

from ..arrays import Floats
from ..data.pairs import LANGUAGES
from ..data.text import Vocab, clean
from ..errors import RunError, UsageError
from ..files import PathLike
from ..generation.choosing import Choice, Chosen, Steps, beam_of, continuation
from ..history import RecordedHistory
from ..inference.network import Network, Tokens
from ..protocols import Arrays
from ..results import record
from .configs_sequences import OneToManyConfig, TextStatsConfig
from .networks import first_state, maker_of, steps_of
from .prefixes import named, unknown_of
from .resume import checkpoint_of
from .settings import from_record
from .table import Experiment, find, is_ours


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
    history : RecordedHistory
        Its rows, a dict an epoch: ``perplexity``, ``loss``, ``tokens``, ``seconds``,
        ...; all ``perplexities``, ``to_pandas()`` and ``plot()``.
    vocab : Vocab
    steps : Network, HMMSteps or NgramSteps
        The model in NumPy: ``begin_state(rows)``, ``step``, ``select(state, rows)``.
        A reader's own net is asked by MXNet in their place.
    """

    directory: Path
    experiment: str
    config: Any
    history: RecordedHistory
    vocab: Vocab
    steps: Steps
    _arrays: Arrays
    _from_corpus: Sequence[str]

    def step(self, tokens: Tokens, state: Any) -> Tuple[Floats, Any]:
        """Read a token a row: log-probabilities (rows, vocab_size), and the state."""
        return self.steps.step(tokens, state)

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
        # An HMM, or n-grams: as the commonest token, a space, is not seen alone.
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
        return first_state(self._arrays, self.labels.index(label), 1)


def finished_run(path: PathLike) -> Tuple[record.RunRecord, Experiment, Any]:
    """A finished run's record, its experiment and its configuration.

    Raises
    ------
    RunError
        If it is no run directory, is not finished, was changed after it was written,
        or is of an experiment that is not known here.
    """
    found = record.read_run(Path(path))
    found.verify()
    return (found, *configured(found))


def load_run(path: PathLike) -> LoadedRun:
    """Load a finished run of a language model.

    Runs of every version are read whose ``config.json`` has a format that is known.

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

    Examples
    --------
    >>> run = d2l.load_run("runs/lstm/seed-1")  # doctest: +SKIP
    >>> run.generate("time traveller", 200, temperature=0.7)  # doctest: +SKIP
    """
    return of_finished(path, *finished_run(path))


def of_finished(
    path: PathLike, trained: record.RunRecord, experiment: Experiment, config: Any
) -> LoadedRun:
    """As :func:`load_run`, of what :func:`finished_run` has read."""
    checkpoint = Path(path) / record.CHECKPOINT
    # A reader's own experiment has a net of its own, whatever its configuration.
    made_here = is_ours(experiment)
    if made_here and maker_of(config) is None:
        raise RunError(
            f"run {path}: {experiment.name} continues no texts; our language models, "
            "one-to-many, hmm and text-stats do"
        )
    if isinstance(config, TextStatsConfig) and not checkpoint.exists():
        raise RunError(
            f"run {path}: has no {record.CHECKPOINT}; text-stats keeps its counts for "
            "this now: run it again"
        )
    arrays, notes = checkpoint_of(trained, checkpoint)
    if made_here:
        try:
            vocab, steps = steps_of(config, arrays, list(notes["vocab"]))
        except (
            LookupError,
            TypeError,
            ValueError,
            AttributeError,
            UsageError,
        ) as error:
            raise RunError(
                f"checkpoint of run {path} does not fit its settings ({error})"
            ) from None
    else:
        vocab, steps = _asked(Path(path))
    # What it continued in place of its settings' prefixes, where these did not fit.
    own: Any = (trained.result or {}).get("prefixes", [])
    history = RecordedHistory(trained.epochs, experiment.name)
    return LoadedRun(
        Path(path), experiment.name, config, history, vocab, steps, arrays, own
    )


def _asked(path: Path) -> Tuple[Vocab, Steps]:
    """A reader's own net, asked by MXNet token by token."""
    from ..devices import device_from
    from ..generation.asking import NetSteps
    from .trained import load_language_model

    device = device_from("cpu")
    model = load_language_model(path, device)
    return model.vocab, NetSteps(model.net, len(model.vocab), device)


def continues_texts(experiment: Experiment, config: object) -> bool:
    """Whether a run of an experiment is one that :func:`load_run` is made for."""
    return is_ours(experiment) and maker_of(config) is not None


def newest_run(
    wanted: Callable[[Experiment, Any], bool], runs: Path = Path(record.RUNS)
) -> Optional[Path]:
    """The run directory that was finished last, of those that are wanted.

    Parameters
    ----------
    wanted : callable
        ``wanted(experiment, config)``. Damaged runs, and those of experiments that are
        not known here, are passed over.
    runs : path
        Where run directories are looked for, ``runs/NAME/seed-1``.
    """
    finished = runs.glob(f"*/*/{record.RESULT}")
    for path in sorted(finished, key=lambda path: -path.stat().st_mtime):
        with suppress(RunError):
            if wanted(*configured(record.read_run(path.parent))):
                return path.parent
    return None
