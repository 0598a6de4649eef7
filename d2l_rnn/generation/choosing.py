"""What follows a prefix, by NumPy steps: the likeliest, drawn, or a beam's best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterator, List, NamedTuple, Optional, Protocol, Sequence, Tuple

import numpy

from ..arrays import Floats
from ..errors import UsageError
from ..inference.beam import beam_search
from ..inference.decoding import advance, check_limits, restrict


class Steps(Protocol):
    """What is asked of a model: ``inference.network.Network``, or an HMM's steps."""

    vocab_size: int

    def begin_state(self, rows: int) -> Any: ...
    def select(self, state: Any, rows: Sequence[int]) -> Any: ...
    def step(self, tokens: Any, state: Any) -> Tuple[Floats, Any]: ...


@dataclass(frozen=True)
class Choice:
    """How the next token is chosen; as it stands, the likeliest.

    Attributes
    ----------
    temperature, top_k, top_p : optional
        Given any of them, tokens are drawn: see :func:`~..inference.decoding.restrict`.
    beam : int, optional
        Width of a beam search, in place of choosing step by step.
    seed : int
        Of the draws.

    Raises
    ------
    UsageError
        If a value is out of its range, or two contradict.
    """

    temperature: Optional[float] = None
    top_k: Optional[int] = None
    top_p: Optional[float] = None
    beam: Optional[int] = None
    seed: int = 1

    def __post_init__(self) -> None:
        temperature = 1.0 if self.temperature is None else self.temperature
        check_limits(temperature, self.top_k, self.top_p)
        if self.beam is not None and self.beam < 1:
            raise UsageError(f"beam {self.beam}: at least 1")
        if self.beam is not None and self.draws:
            raise UsageError(
                "beam contradicts temperature, top_k and top_p: search or draw"
            )
        if self.seed < 0:
            raise UsageError(f"seed {self.seed}: at least 0")

    @property
    def draws(self) -> bool:
        """Whether tokens are drawn."""
        return not (self.temperature is self.top_k is self.top_p is None)


class Chosen(NamedTuple):
    """A token, and the log-probabilities (vocab_size,) that it was chosen from."""

    token: int
    log_probs: Floats


def continuation(
    steps: Steps,
    prefix: Sequence[int],
    num_preds: int,
    choice: Choice,
    sample: int = 0,
    state: Any = None,
    eos: Optional[int] = None,
) -> Iterator[Chosen]:
    """Tokens after a prefix, as they come.

    Parameters
    ----------
    steps : Steps
    prefix : sequence of int
        At least one id.
    num_preds : int
        At most so many; fewer where ``eos`` comes before.
    choice : Choice
        Without a beam.
    sample : int
        Which of several draws: each has a generator of its own.
    state : optional
        Before the prefix; default the model's own.
    eos : int, optional
        Ends the sequence, and is not given.
    """
    generator = numpy.random.default_rng([choice.seed, sample])
    state, token = _before_the_last(steps, prefix, state), prefix[-1]
    for _ in range(num_preds):
        log_probs, state = advance(steps.step, [token], state)
        if choice.draws:
            limits = choice.temperature or 1.0, choice.top_k, choice.top_p
            cumulative = numpy.exp(restrict(log_probs, *limits))[0].cumsum()
            # scaled, since rounding may leave the sum below 1
            token = int((cumulative <= generator.random() * cumulative[-1]).sum())
        else:
            token = int(log_probs[0].argmax())
        if token == eos:
            return
        yield Chosen(token, log_probs[0])


def beam_of(
    steps: Steps,
    prefix: Sequence[int],
    num_preds: int,
    width: int,
    state: Any = None,
    eos: Optional[int] = None,
) -> List[int]:
    """The likeliest ``num_preds`` tokens after a prefix that a beam finds."""
    state = _before_the_last(steps, prefix, state)
    [[best]] = beam_search(
        steps.step, steps.select, state, [prefix[-1]], eos, num_preds, width, alpha=0
    )
    return list(best.tokens)


def _before_the_last(steps: Steps, prefix: Sequence[int], state: object) -> object:
    """The state in which the last token of a prefix is read."""
    state = steps.begin_state(1) if state is None else state
    for token in prefix[:-1]:
        _, state = steps.step(numpy.array([token]), state)
    return state
