"""The fields of a run's files that are known by name, with their types."""

from __future__ import annotations

from typing import Dict, List, Optional, TypedDict


class Corpus(TypedDict, total=False):
    """What a run was trained on, as its environment names it."""

    name: str
    sha1: str
    tokens: int


class Environment(TypedDict, total=False):
    """``environment.json``: what a run ran on, and from what."""

    d2l_rnn: str
    python: str
    mxnet: str
    device: str
    path: str
    processor: str
    cores: int
    threads: int
    commit: Optional[str]
    corpus: Corpus
    command: str
    started: str


class Row(TypedDict, total=False):
    """A line of ``epochs.jsonl``; an experiment's own fields come beside these."""

    epoch: int
    loss: float  # summed, in nats
    tokens: int
    seconds: float
    perplexity: float
    tokens_per_sec: float
    heldout_perplexity: Optional[float]


class Heldout(TypedDict, total=False):
    """What translating held-out sentences gave."""

    sentences: int
    bleu: Dict[str, float]


class Coverage(TypedDict, total=False):
    """How far the attention that source positions got strays from one."""

    stray: Optional[float]


class Result(TypedDict, total=False):
    """``result.json``; an experiment's own fields come beside these."""

    experiment: str
    seed: int
    status: str
    epochs: int
    perplexity: Optional[float]
    heldout_perplexity: Optional[float]
    tokens_per_sec: Optional[float]
    wall_seconds: float
    device: str
    corpus: str
    corpus_sha1: str
    texts: List[str]
    untrained: str
    pairs: int
    heldout: Optional[Heldout]
    coverage: Optional[Coverage]
    digest: str
    files: Dict[str, str]


class Settings(TypedDict, total=False):
    """Of ``config.json`` what every experiment has."""

    format: int
    experiment: str
    seed: int
