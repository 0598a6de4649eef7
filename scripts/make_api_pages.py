"""Write docs/api/: a page for each room of the public names, from their docstrings.

scripts/make_api_pages.py [FOLDER]

docs/conf.py does it whenever the site is built. A public name without a docstring is
named, and ends the build.
"""

from __future__ import annotations

import importlib
import inspect
import shutil
import sys
from pathlib import Path
from typing import Dict, List, Optional, Tuple

import d2l_rnn
from d2l_rnn.files import write_bytes

# The pages, in the order of the book: a title, and the homes of its names.
PAGES: Dict[str, Tuple[str, Tuple[str, ...]]] = {
    "training": (
        "Training and predicting",
        ("chapters", "history", "training.losses", "training.parameters", "devices"),
    ),
    "data": (
        "Text and minibatches",
        (
            "chapters_text",
            "data.text",
            "data.sequences",
            "chapters_data",
            "chapters_download",
            "data.hub",
        ),
    ),
    "models": ("Recurrent nets", ("models.language_model", "models.scratch_model")),
    "translation": (
        "Translation",
        (
            "chapters_translation",
            "data.translation",
            "models.encoder_decoder",
            "models.seq2seq",
            "models.attention_decoder",
            "results.translation_metrics",
        ),
    ),
    "attention": (
        "Attention and the transformer",
        (
            "models.attention",
            "models.multihead_attention",
            "models.transformer",
        ),
    ),
    "softmax": ("Classification (Section 3.6)", ("chapters_softmax",)),
    "pictures": ("Pictures", ("results.plots_live", "results.plots_book")),
    "runs": ("Recorded runs", ("experiments.recorded", "experiments.loaded")),
    "older": ("Names of older editions", ("chapters_aliases",)),
}
# What is public beside the book's names.
BESIDE: Dict[str, Tuple[str, ...]] = {
    "training": ("acceleration.explain",),
    "runs": (
        "experiments.loaded.LoadedRun",
        "experiments.contract.ExperimentRun",
        "experiments.table.Experiment",
    ),
}
# Values that have no docstring of their own.
CONSTANTS = {
    "d2l_rnn.data.hub.DATA_HUB": "Name -> (address, SHA-1 or None) of what "
    ":func:`download` knows: the 0.17 edition's, yours to change and to add to.",
    "d2l_rnn.data.hub.DATA_URL": "Where the book keeps its data.",
}


def names_of(page: str) -> List[str]:
    """The full names that a page documents."""
    homes = d2l_rnn._HOMES
    found = [
        f"d2l_rnn.{home}.{name}" for home in PAGES[page][1] for name in homes[home]
    ]
    return found + [f"d2l_rnn.{name}" for name in BESIDE.get(page, ())]


def homeless() -> List[str]:
    """Homes of public names that no page has."""
    placed = {home for _, homes in PAGES.values() for home in homes}
    return sorted(set(d2l_rnn._HOMES) - placed)


def undocumented(name: str) -> List[str]:
    """A full name, and those of its public methods, that have no docstring."""
    module, _, attribute = name.rpartition(".")
    value = getattr(importlib.import_module(module), attribute)
    if not callable(value):
        return [] if name in CONSTANTS else [name]
    found = [] if (value.__doc__ or "").strip() else [name]
    for method, member in vars(value).items() if inspect.isclass(value) else ():
        told = inspect.isfunction(member) or isinstance(member, property)
        if told and not method.startswith("_"):
            # An overriding method may leave it to the one that it overrides.
            if not inspect.getdoc(getattr(value, method)):
                found.append(f"{name}.{method}")
    return found


def directive(name: str) -> str:
    """What has Sphinx document a name."""
    module, _, attribute = name.rpartition(".")
    value = getattr(importlib.import_module(module), attribute)
    if inspect.isclass(value):
        return f".. autoclass:: {name}\n   :members:\n   :show-inheritance:\n"
    if callable(value):
        return f".. autofunction:: {name}\n"
    return f".. py:data:: {name}\n\n   {CONSTANTS[name]}\n"


def pages() -> Dict[str, str]:
    """The files of the folder, by their names.

    Raises
    ------
    LookupError
        If a public name has no docstring or no page.
    """
    missing = [
        n for page in PAGES for name in names_of(page) for n in undocumented(name)
    ]
    if missing:
        raise LookupError(f"without a docstring: {', '.join(missing)}")
    if homeless():
        raise LookupError(f"on no page: the names of {', '.join(homeless())}")
    intro = (
        "API reference\n=============\n\n"
        "All of it is found as ``d2l_rnn.NAME`` (``import d2l_rnn as d2l``), but for "
        "what is shown\nunder a longer name. Made from the docstrings when the site "
        "is built.\n\n.. toctree::\n\n"
    )
    files = {"index.rst": intro + "".join(f"   {page}\n" for page in PAGES)}
    for page, (title, _) in PAGES.items():
        parts = [f"{title}\n{'=' * len(title)}\n"]
        parts += [directive(name) for name in names_of(page)]
        files[f"{page}.rst"] = "\n".join(parts)
    return files


def write(folder: Path) -> None:
    """Make the folder anew."""
    files = pages()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, text in files.items():
        write_bytes(folder / name, text.encode("utf-8"))


def main(arguments: Optional[List[str]] = None) -> int:
    arguments = sys.argv[1:] if arguments is None else arguments
    if len(arguments) > 1 or any(word.startswith("-") for word in arguments):
        print(__doc__, file=sys.stdout if arguments == ["--help"] else sys.stderr)
        return 0 if arguments == ["--help"] else 2
    default = Path(__file__).resolve().parents[1] / "docs" / "api"
    try:
        write(Path(arguments[0]) if arguments else default)
    except LookupError as error:
        print(f"make_api_pages: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
