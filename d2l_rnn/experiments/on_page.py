"""Finished runs as a page shows them: to the room page."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence

from ..errors import RunError
from ..page.contents import RunOnPage, run_on_page
from ..results.samples import samples_of
from .exported import load_trained
from .loaded import LoadedRun, continues_texts, finished_run, load_run

# A page is given away: nothing of the machine that trained goes with it.
_UNTOLD = ("experiment", "data_dir", "corpus", "device", "images")
_FROM_RESULT = ("epochs", "perplexity", "heldout_perplexity", "texts", "bleu")


def runs_on_page(
    paths: Sequence[Path], dtype: str = "float32", titles: Mapping[str, str] = {}
) -> List[RunOnPage]:
    """Finished runs, loaded for a page.

    Parameters
    ----------
    paths : sequence of path
        Run directories.
    dtype : "float32" or "float16"
        Of the weights on the page.

    Raises
    ------
    RunError
        If one is no finished run, was changed, or leaves no net that a page shows;
        names it.
    """
    records = [finished_run(path)[0] for path in paths]
    names = _names([record.config for record in records])
    return [_run(path, name, dtype) for path, name in zip(paths, names)]


def _run(path: Path, name: str, dtype: str) -> RunOnPage:
    record, experiment, config = finished_run(path)
    trained = load_trained(path)
    result: Mapping[str, Any] = record.result or {}
    told: Dict[str, Any] = {
        **trained.facts,
        "experiment": experiment.name,
        "section": experiment.section,
        "settings": {k: v for k, v in record.config.items() if k not in _UNTOLD},
        **{key: result[key] for key in _FROM_RESULT if key in result},
    }
    if continues_texts(experiment, config):
        told.update(_of_texts(load_run(path)))
        samples, _ = samples_of(record)
        told["samples"] = [s for s in samples if "texts" in s]
    try:
        return run_on_page(name, trained, told, dtype)
    except RunError as error:
        raise RunError(f"run {path}: {error}") from None


def _of_texts(run: LoadedRun) -> Dict[str, Any]:
    return {
        "prefixes": run.prefixes(),
        "of_words": run.of_words,
        "labels": list(run.labels),
    }


def _names(configs: Sequence[Mapping[str, Any]]) -> List[str]:
    """What tells runs apart: the experiment, and what its runs differ in."""
    names = []
    for config in configs:
        alike = [c for c in configs if c.get("experiment") == config.get("experiment")]
        apart = [
            key
            for key in config
            if key not in _UNTOLD and any(c.get(key) != config[key] for c in alike)
        ]
        words = [f"{key.replace('_', ' ')} {config[key]}" for key in apart]
        names.append(", ".join([str(config.get("experiment", "?")), *words]))
    return names
