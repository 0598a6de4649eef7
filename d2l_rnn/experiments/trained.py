"""What a finished run has learnt, ready to be used: to audit, to fill, to translate."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Generic,
    Iterator,
    Mapping,
    Tuple,
    Type,
    TypeVar,
)

from ..data.text import Vocab
from ..errors import RunError, UsageError
from ..files import PathLike
from ..generation.filling import Filler
from ..generation.translations import Translator
from ..protocols import Arrays, Device
from ..results import record
from .configs_bidirectional import ClozeConfig
from .configs_translation import TranslationConfig
from .contract import C
from .loaded import configured
from .networks import filler_network, translation_network
from .resume import checkpoint_of
from .table import find, is_ours

if TYPE_CHECKING:
    from .language import TrainedLanguageModel

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Opened(Generic[C]):
    """A checkpoint, and what the record beside it says.

    Attributes
    ----------
    path : pathlib.Path
        The checkpoint.
    experiment : str
    config : Config
        What was trained.
    arrays : mapping of str to numpy.ndarray
    notes : mapping
        The experiment's own (:meth:`.contract.ExperimentRun.notes`), and the runner's.
    """

    path: Path
    experiment: str
    config: C
    arrays: Arrays
    notes: Mapping[str, Any]

    def vocabulary(self, name: str) -> Vocab:
        """A vocabulary among the notes; RunError where there is none."""
        tokens = self.notes.get(name)
        try:
            if not isinstance(tokens, list) or not all(
                isinstance(token, str) for token in tokens
            ):
                raise UsageError(f"{name} is no list of texts")
            return Vocab.from_tokens(tokens)
        except UsageError as error:
            raise RunError(f"checkpoint {self.path}: no vocabulary ({error})") from None


@dataclass(frozen=True, eq=False)
class Saved(Opened[C]):
    """What a net of MXNet's is made of again.

    Attributes
    ----------
    device : mxnet.Context
        Where the net is wanted.
    """

    device: Device


def load(path: PathLike, wanted: Type[T], device: Device, otherwise: str) -> T:
    """What a run has learnt, as its experiment makes it usable.

    Parameters
    ----------
    path : path
        A run directory, or the checkpoint in it.
    wanted : type
        What it is to be used as.
    device : mxnet.Context
    otherwise : str
        What to say of a run of another kind.

    Raises
    ------
    RunError
        If it is no checkpoint of ours, of another kind, or the record beside it is
        missing or of another version.
    """
    saved, _ = _opened(path)
    return _as_it_says(saved, wanted, device, otherwise)


def _as_it_says(
    saved: Opened[Any], wanted: Type[T], device: Device, otherwise: str
) -> T:
    family = find(saved.experiment).family()
    if not issubclass(family.usable_as, wanted):
        raise _of_another_kind(saved, otherwise)
    usable: T = family.load(Saved(**vars(saved), device=device))
    return usable


def load_language_model(path: PathLike, device: Device) -> TrainedLanguageModel:
    """The net of a run of a language model, with its vocabulary and its texts."""
    from .language import TrainedLanguageModel

    return load(path, TrainedLanguageModel, device, "it is no language model")


def load_translator(path: PathLike) -> Translator:
    """The model of a run of ``seq2seq`` or ``seq2seq-attention``, in NumPy.

    A reader's own experiment is loaded as it says, by MXNet.
    """

    def made(saved: Opened[TranslationConfig]) -> Translator:
        vocabs = saved.vocabulary("src_vocab"), saved.vocabulary("tgt_vocab")
        with _fitting(saved):
            network = translation_network(saved.config, saved.arrays, *map(len, vocabs))
        return Translator(network, *vocabs, saved.config.num_steps)

    otherwise = "a run of seq2seq or seq2seq-attention translates"
    return _in_numpy(path, Translator, TranslationConfig, made, otherwise)


def load_filler(path: PathLike) -> Filler:
    """The bidirectional net of a run of ``cloze`` or ``cloze-word``, in NumPy.

    A reader's own experiment is loaded as it says, by MXNet.
    """

    def made(saved: Opened[ClozeConfig]) -> Filler:
        config, vocab = saved.config, saved.vocabulary("vocab")
        with _fitting(saved):
            network = filler_network(config, saved.arrays, len(vocab))
        return Filler(
            saved.path, network.probabilities, vocab, config.token, config.clean
        )

    otherwise = "blanks are filled by a run of cloze or cloze-word"
    return _in_numpy(path, Filler, ClozeConfig, made, otherwise)


def _in_numpy(
    path: PathLike,
    wanted: Type[T],
    kind: type,
    made: Callable[[Opened[Any]], T],
    otherwise: str,
) -> T:
    """What a run of ours has learnt, ``made`` of its arrays; a reader's as it says."""
    saved, ours = _opened(path)
    if not ours:
        return _as_it_says(saved, wanted, _cpu(), otherwise)
    if not isinstance(saved.config, kind):
        raise _of_another_kind(saved, otherwise)
    return made(saved)


def _opened(path: PathLike) -> Tuple[Opened[Any], bool]:
    """A checkpoint with what its record says, and whether its experiment is ours.

    Raises
    ------
    RunError
        As :func:`load`.
    """
    path = Path(path)
    path = path / record.CHECKPOINT if os.path.isdir(path) else path
    if not os.path.exists(path):
        raise RunError(f"checkpoint {path}: no such file")
    trained = record.read_run(path.parent)
    arrays, notes = checkpoint_of(trained, path)
    experiment, config = configured(trained)
    saved = Opened(path, experiment.name, config, arrays, notes)
    return saved, is_ours(experiment)


def _of_another_kind(saved: Opened[Any], otherwise: str) -> RunError:
    return RunError(f"checkpoint {saved.path}: of {saved.experiment}; {otherwise}")


@contextmanager
def _fitting(saved: Opened[Any]) -> Iterator[None]:
    """RunError where arrays do not fit their settings and vocabularies."""
    try:
        yield
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise RunError(
            f"checkpoint {saved.path}: does not fit its settings ({error})"
        ) from None


def _cpu() -> Device:
    from ..devices import device_from

    return device_from("cpu")
