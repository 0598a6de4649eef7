"""The kinds of experiments, each imported when it is run and not before."""

from __future__ import annotations

from typing import Any, Type

from .contract import ExperimentRun

Kind = Type[ExperimentRun[Any]]


def language() -> Kind:
    from .language import LanguageModelRun

    return LanguageModelRun


def handwritten() -> Kind:
    from .handwritten import HandwrittenRun

    return HandwrittenRun


def bptt() -> Kind:
    from .bptt import BpttRun

    return BpttRun


def edition_v1() -> Kind:
    from .edition_v1 import EditionV1Run

    return EditionV1Run


def sequence() -> Kind:
    from .sequence import SequenceRun

    return SequenceRun


def text_stats() -> Kind:
    from .text_stats import TextStatsRun

    return TextStatsRun


def many_to_one() -> Kind:
    from .many_to_one import ManyToOneRun

    return ManyToOneRun


def one_to_many() -> Kind:
    from .one_to_many import OneToManyRun

    return OneToManyRun


def audit() -> Kind:
    from .audit import AuditRun

    return AuditRun


def hmm() -> Kind:
    from .hmm import HMMRun

    return HMMRun


def cloze() -> Kind:
    from .cloze import ClozeRun

    return ClozeRun


def tagging() -> Kind:
    from .tagging import TaggingRun

    return TaggingRun


def pixels() -> Kind:
    from .pixels import PixelsRun

    return PixelsRun


def translation() -> Kind:
    from .translation import TranslationRun

    return TranslationRun
