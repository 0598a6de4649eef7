"""A trained language model, from its checkpoint and the record beside it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Dict, List, Mapping, Tuple

from ..data.corpora import TextFile, load_text
from ..data.text import Vocab, clean, tokenize
from ..errors import RunError, UsageError
from ..models.gluon_layers import named_arrays
from ..results import record
from ..training import checkpoint
from .configs import LanguageModelConfig
from .table import Experiment, find

_NO_LANGUAGE_MODEL = "it is no language model"


@dataclass(frozen=True, eq=False)
class Trained:
    """What a checkpoint holds, ready to be used.

    Attributes
    ----------
    path : pathlib.Path
        The checkpoint.
    experiment : str
    config : LanguageModelConfig
        What the model was trained with.
    net : callable
    vocab : Vocab
    corpus : dict
        ``name`` and ``sha1`` of the text that it was trained on.
    """

    path: Path
    experiment: str
    config: LanguageModelConfig
    net: Any
    vocab: Vocab
    corpus: Dict[str, Any]

    def texts(self, data_dir: str = "") -> Tuple[TextFile, List[int], List[int]]:
        """The text that the model was trained on, and what follows it, as ids.

        Raises
        ------
        RunError
            If the corpus in reach is another one than it was trained on.
        """
        folder = data_dir or self.config.data_dir or None
        text = load_text(self.config.corpus, folder)
        if self.corpus.get("sha1", text.sha1) != text.sha1:
            raise RunError(
                f"checkpoint {self.path}: trained on {self.corpus.get('name')}, and "
                f"the corpus in reach is {text.name}; name its folder with --data-dir"
            )
        lines = tokenize(clean(text.lines, self.config.clean), self.config.token)
        ids = self.vocab[[token for line in lines for token in line]]
        return text, ids[: self.config.max_tokens], ids[self.config.max_tokens :]


def checkpoint_of(path: Any) -> Path:
    """The checkpoint file of a checkpoint's path or a run directory."""
    path = Path(path)
    return path / record.CHECKPOINT if path.is_dir() else path


def load_trained(path: Any, device: Any) -> Trained:
    """Load a language model.

    Parameters
    ----------
    path : path
        A run directory, or the checkpoint in it.
    device : mxnet.Context

    Raises
    ------
    RunError
        If it is no checkpoint of ours, the record beside it is missing, or what was
        trained is no language model.
    """
    path = checkpoint_of(path)
    arrays, notes = checkpoint.load(path)
    experiment, config = trained_config(path, LanguageModelConfig, _NO_LANGUAGE_MODEL)
    family = import_module(f"{__package__}.{experiment.family}")
    if not hasattr(family, "build"):
        raise RunError(f"checkpoint {path}: of {experiment.name}; {_NO_LANGUAGE_MODEL}")
    vocab = vocabulary(path, notes, "vocab")
    net = family.build(config, len(vocab), device)
    checkpoint.put_arrays(named_arrays(net), arrays)
    corpus = notes.get("corpus", {})
    return Trained(path, experiment.name, config, net, vocab, corpus)


def trained_config(path: Path, kind: type, needed: str) -> Tuple[Experiment, Any]:
    """What a checkpoint was trained as, from the record beside it.

    Parameters
    ----------
    path : pathlib.Path
        The checkpoint.
    kind : type
        Of the configurations that will do.
    needed : str
        What to say where it is another.

    Raises
    ------
    RunError
        If the record is missing, of another experiment or of another version.
    """
    trained = record.read_run(path.parent)
    try:
        experiment = find(trained.experiment)
    except UsageError as error:
        raise RunError(f"checkpoint {path}: {error}") from None
    if not isinstance(experiment.config, kind):
        raise RunError(f"checkpoint {path}: of {experiment.name}; {needed}")
    names = [field.name for field in dataclasses.fields(experiment.config)]
    # A field that came after the run was made has the default that goes on as before.
    fields: Dict[str, Any] = {
        name: trained.config[name] for name in names if name in trained.config
    }
    try:
        return experiment, dataclasses.replace(experiment.config, **fields)
    except (TypeError, UsageError) as error:
        raise RunError(
            f"checkpoint {path}: its record is of another version ({error})"
        ) from None


def vocabulary(path: Path, notes: Mapping[str, Any], name: str) -> Vocab:
    """A vocabulary that a checkpoint holds; :class:`RunError` where it holds none."""
    try:
        return Vocab.from_tokens(notes[name])
    except (KeyError, TypeError, UsageError) as error:
        raise RunError(f"checkpoint {path}: no vocabulary ({error})") from None
