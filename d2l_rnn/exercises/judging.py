"""How an answer is judged: asked a few questions, held against another computation.

A check calls :func:`ask` with arguments of its own, computes what should come out in
another way, and raises :class:`Hint` where the two differ. A hint says what property
the answer lacks, in English and in Chinese; it never shows the right answer.
"""

from __future__ import annotations

import functools
from typing import Callable, NamedTuple, Optional, Sequence, Union

import numpy

from ..arrays import Floats

Number = Union[int, float]


class Hint(Exception):
    """What an answer lacks, in two languages."""

    def __init__(self, english: str, chinese: str) -> None:
        super().__init__(english)
        self.english, self.chinese = english, chinese


class Verdict(NamedTuple):
    """What a check says of an answer.

    Attributes
    ----------
    exercise : str
        Such as ``8.5 a``.
    right : bool
    hint, hint_in_chinese : str
        Empty where the answer is right.
    """

    exercise: str
    right: bool
    hint: str = ""
    hint_in_chinese: str = ""

    def __str__(self) -> str:
        if self.right:
            return f"{self.exercise}: right / 正确"
        return (
            f"{self.exercise}: not yet: {self.hint}\n"
            f"{' ' * len(self.exercise)}  还不对：{self.hint_in_chinese}"
        )


def exercise(name: str) -> Callable[[Callable[[object], None]], Check]:
    """Make a check of a function that raises :class:`Hint` at a wrong answer.

    Parameters
    ----------
    name : str
        As the verdict shows it.

    Returns
    -------
    callable
        A decorator: ``check(answer) -> Verdict``. It raises nothing: an answer that
        raises is told what it raised.
    """

    def decorate(check: Callable[[object], None]) -> Check:
        @functools.wraps(check)
        def judged(answer: object) -> Verdict:
            try:
                check(answer)
            except Hint as hint:
                return Verdict(name, False, hint.english, hint.chinese)
            return Verdict(name, True)

        return judged

    return decorate


Check = Callable[[object], Verdict]

UNANSWERED = Hint("there is no answer yet.", "还没有作答。")


def ask(answer: object, *arguments: object) -> object:
    """What a reader's function returns for these arguments.

    Raises
    ------
    Hint
        If it is no function, raises, or returns nothing.
    """
    if answer is None or answer is Ellipsis:
        raise UNANSWERED
    if not callable(answer):
        raise Hint(
            f"a function is asked for, this is {type(answer).__name__}.",
            f"需要一个函数，这里却是 {type(answer).__name__}。",
        )
    try:
        returned: object = answer(*arguments)
    except Exception as error:  # whatever a reader's code may raise
        raise Hint(
            f"it raised {type(error).__name__}: {error}",
            f"运行时出错：{type(error).__name__}: {error}",
        ) from error
    if returned is None or returned is Ellipsis:
        raise UNANSWERED
    return returned


def numbers(value: object, shape: Optional[Sequence[int]] = None) -> Floats:
    """An answer's array as one of NumPy's float64, whoever made it.

    Parameters
    ----------
    value : number, array of NumPy or MXNet, or nested lists of numbers
    shape : sequence of int, optional
        What it must have.

    Raises
    ------
    Hint
        If it is nothing of this, not finite, or of another shape.
    """
    if value is None or value is Ellipsis:
        raise UNANSWERED
    to_numpy = getattr(value, "asnumpy", None)
    try:
        plain = to_numpy() if callable(to_numpy) else _of_arrays(value)
        array = numpy.asarray(plain, dtype="float64")
    except (TypeError, ValueError) as error:
        raise Hint(
            f"numbers are asked for, this is {type(value).__name__}.",
            f"需要的是数，这里却是 {type(value).__name__}。",
        ) from error
    if not numpy.isfinite(array).all():
        raise Hint("there are numbers that are not finite.", "有的数不是有限数。")
    if shape is not None and array.shape != tuple(shape):
        raise Hint(
            f"the shape is {array.shape}: which axes should there be?",
            f"形状是 {array.shape}：应该有哪些轴？",
        )
    return array


def _of_arrays(value: object) -> object:
    """Lists of MXNet's arrays as lists of NumPy's."""
    if isinstance(value, (list, tuple)):
        return [_of_arrays(item) for item in value]
    to_numpy = getattr(value, "asnumpy", None)
    return to_numpy() if callable(to_numpy) else value


def parts(value: object, number: int) -> Sequence[object]:
    """An answer of several parts, a list or a tuple.

    Raises
    ------
    Hint
        If there are not as many.
    """
    if value is None or value is Ellipsis:
        raise UNANSWERED
    if not isinstance(value, (list, tuple)) or len(value) != number:
        raise Hint(
            f"a list or tuple of {number} is asked for.",
            f"需要一个含 {number} 项的列表或元组。",
        )
    return value


def near(value: object, expected: Union[Number, Floats], tolerance: float) -> bool:
    """Whether an answer is what another computation gave, shapes alike.

    Parameters
    ----------
    value : as of :func:`numbers`
    expected : number or numpy.ndarray
    tolerance : float
        Relative to the largest number expected.
    """
    wanted = numpy.asarray(expected, dtype="float64")
    found = numbers(value, wanted.shape)
    limit = tolerance * max(1e-6, float(numpy.abs(wanted).max()))
    return bool((numpy.abs(found - wanted) <= limit).all())


def given(array: Floats) -> object:
    """An array as the book's code is given it: MXNet's, of float32."""
    from ..compatibility import prepare_mxnet

    return prepare_mxnet().np.array(array, dtype="float32")
