"""What a finished run has learnt, ready to be used: to audit, to fill, to translate."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Mapping, Type, TypeVar

from ..data.text import Vocab
from ..errors import RunError, UsageError
from ..files import PathLike
from ..generation.filling import Filler
from ..generation.translations import Translator
from ..protocols import Arrays, Device
from ..results import record
from .contract import C
from .loaded import configured
from .resume import checkpoint_of

if TYPE_CHECKING:
    from .language import TrainedLanguageModel

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Saved(Generic[C]):
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
    device : mxnet.Context
        Where the net is wanted.
    """

    path: Path
    experiment: str
    config: C
    arrays: Arrays
    notes: Mapping[str, Any]
    device: Device

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
    path = Path(path)
    path = path / record.CHECKPOINT if os.path.isdir(path) else path
    if not os.path.exists(path):
        raise RunError(f"checkpoint {path}: no such file")
    trained = record.read_run(path.parent)
    arrays, notes = checkpoint_of(trained, path)
    experiment, config = configured(trained)
    family = experiment.family()
    if not issubclass(family.usable_as, wanted):
        raise RunError(f"checkpoint {path}: of {experiment.name}; {otherwise}")
    saved = Saved(path, experiment.name, config, arrays, notes, device)
    usable: T = family.load(saved)
    return usable


def load_language_model(path: PathLike, device: Device) -> TrainedLanguageModel:
    """The net of a run of a language model, with its vocabulary and its texts."""
    from .language import TrainedLanguageModel

    return load(path, TrainedLanguageModel, device, "it is no language model")


def load_translator(path: PathLike, device: Device) -> Translator:
    """The model of a run of ``seq2seq`` or ``seq2seq-attention``."""
    return load(
        path, Translator, device, "a run of seq2seq or seq2seq-attention translates"
    )


def load_filler(path: PathLike, device: Device) -> Filler:
    """The bidirectional net of a run of ``cloze`` or ``cloze-word``."""
    return load(
        path, Filler, device, "blanks are filled by a run of cloze or cloze-word"
    )


def latest_cloze(token: str, runs: Path = Path("runs")) -> Path:
    """The newest finished run of ``cloze`` or ``cloze-word`` for a kind of token.

    Raises
    ------
    RunError
        If there is none; says how to make one.
    """
    finished = [
        path
        for path in runs.glob(f"cloze*/seed-*/{record.RESULT}")
        if record.read_run(path.parent).config.get("token") == token
    ]
    if not finished:
        name = "cloze" if token == "char" else "cloze-word"
        raise RunError(
            f"no finished run of {name} in {runs}/: train one with 'd2l-rnn run "
            f"{name}', or name its directory with --run"
        )
    return max(finished, key=lambda path: path.stat().st_mtime).parent
