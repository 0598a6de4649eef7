"""Exercises of Section 9.4: both directions, hidden Markov models, filling blanks."""

from __future__ import annotations

import functools
import itertools
from typing import Callable, Dict

import numpy

from ..arrays import Floats, Integers
from .judging import Hint, ask, exercise, near, numbers, parts

Layer = Callable[[Floats], Floats]


def _layers() -> Dict[str, Layer]:
    """Functions of a sequence (num_steps,) to one of as many, and what they look at."""
    return {
        "the past": lambda X: numpy.tanh(numpy.cumsum(X)),
        "the future": lambda X: numpy.tanh(numpy.cumsum(X[::-1])[::-1]),
        "the next step": lambda X: numpy.append(X[1:], 0.0) + X,
        "the step itself": numpy.tanh,
        "the step before": lambda X: numpy.append(0.0, X[:-1]),
        "all": lambda X: X * 0 + X.sum(),
        "the last, at the first": lambda X: numpy.append(X[-1], X[1:]),
    }


LOOKS_AHEAD = ("the future", "the next step", "all", "the last, at the first")


@exercise("9.4 a")
def check_9_4_a(answer: object) -> None:
    """``looks_ahead(layer, num_steps)``: whether any output depends on a later input.

    ``layer`` maps an array (num_steps,) to one of the same shape.
    """
    for name, layer in _layers().items():
        found = ask(answer, layer, 6)
        truth = name in LOOKS_AHEAD
        if bool(numbers(found, ())) != truth:
            raise Hint(
                f"a layer whose outputs see {'more than ' * truth}"
                f"{'what came before' if truth else 'no later step'} is judged "
                "wrongly: change one input at a time, and look at the outputs before "
                "it.",
                f"对一个{'能' if truth else '不能'}看到后面时间步的层判断错了："
                "每次只改一个输入，看它之前的输出。",
            )


@exercise("9.4 b")
def check_9_4_b(answer: object) -> None:
    """``both(forward, backward, X)``: a bidirectional layer's outputs.

    ``X`` is (num_steps, num_inputs); both layers map such an array to (num_steps,
    num_hiddens), from the first row to the last. The result is (num_steps,
    2 * num_hiddens), the forward layer first.
    """
    X = numpy.random.default_rng(21).normal(size=(5, 2))

    def forward(X: Floats) -> Floats:
        return numpy.cumsum(X, 0)

    def backward(X: Floats) -> Floats:
        return 10 * numpy.cumsum(X, 0)

    found = numbers(ask(answer, forward, backward, X.copy()), (5, 4))
    if not near(found[:, :2], forward(X), 1e-9):
        raise Hint("the forward half is not right.", "前向的一半不对。")
    # Row t of the other half has seen the rows from t on.
    expected = numpy.array([10 * X[t:].sum(0) for t in range(5)])
    if near(found[::-1, 2:], expected, 1e-9):
        raise Hint(
            "the backward half is there, but its rows stand beside the wrong steps.",
            "后向的一半有了，但各行没有和时间步对齐。",
        )
    if not near(found[:, 2:], expected, 1e-9):
        raise Hint(
            "the backward half: its first row must have seen all of X, its last row "
            "only the last one.",
            "后向的一半：第一行应看过整个X，最后一行只看过最后一步。",
        )


@exercise("9.4 c")
def check_9_4_c(answer: object) -> None:
    """``blanked(ids, blank)``: ``(inputs, targets)``, one row for each position.

    Row j is the text with ``blank`` in the place of its token j, which is target j.
    """
    ids = [4, 2, 7, 2]
    inputs, targets = parts(ask(answer, list(ids), 9), 2)
    rows = numbers(inputs, (4, 4))
    if numbers(targets, (4,)).tolist() != ids:
        raise Hint(
            "target j is the token that stands in position j.",
            "第j个目标就是位置j上的词元。",
        )
    for j, row in enumerate(rows.tolist()):
        if row[j] == ids[j]:
            raise Hint(
                f"row {j} still shows what is to be guessed.",
                f"第{j}行仍然能看到要猜的词元。",
            )
        if row != [9 if k == j else token for k, token in enumerate(ids)]:
            raise Hint(
                f"row {j} hides more than its own token, or changes another.",
                f"第{j}行遮住或改动了其他词元。",
            )


@functools.lru_cache(maxsize=None)
def _tables() -> Dict[str, Floats]:
    """A hidden Markov model of 3 states and 4 symbols."""
    rng = numpy.random.default_rng(22)
    return {
        "initial": rng.dirichlet(numpy.ones(3)),
        "transition": rng.dirichlet(numpy.ones(3), 3),
        "emission": rng.dirichlet(numpy.ones(4), 3),
    }


def _joint(path: Integers, x: Integers) -> float:
    """``P(x, h)`` of one hidden path, term by term."""
    initial, transition, emission = _tables().values()
    value = float(initial[path[0]])
    for before, after in zip(path, path[1:]):
        value *= float(transition[before, after])
    for state, symbol in zip(path, x):
        value *= float(emission[state, symbol])
    return value


def _paths(num_steps: int) -> Integers:
    return numpy.array(list(itertools.product(range(3), repeat=num_steps)))


@exercise("hmm a")
def check_hmm_a(answer: object) -> None:
    """``likelihood(initial, transition, emission, x)``: ``P(x)``, of any length."""
    tables = _tables()
    for x in ([2], [0, 3], [1, 1, 2, 0, 3]):
        expected = sum(_joint(path, numpy.array(x)) for path in _paths(len(x)))
        if not near(ask(answer, *tables.values(), numpy.array(x)), expected, 1e-6):
            raise Hint(
                f"for {len(x)} observation(s) it is not the sum over all hidden paths.",
                f"观测长度为{len(x)}时，不等于对所有隐路径求和。",
            )


@exercise("hmm b")
def check_hmm_b(answer: object) -> None:
    """``missing(pi, rho, emission)``: ``P(x_j | all other x)``, (num_symbols,).

    ``pi`` and ``rho`` (num_states,) are the two recursions at ``j``, up to a factor.
    """
    initial, transition, emission = _tables().values()
    x, j = numpy.array([1, 3, 0, 2]), 2
    joint = numpy.zeros(4)
    for symbol in range(4):
        changed = numpy.where(numpy.arange(4) == j, symbol, x)
        joint[symbol] = sum(_joint(path, changed) for path in _paths(4))
    expected = joint / joint.sum()
    pi = initial
    for symbol in x[:j]:
        pi = (pi * emission[:, symbol]) @ transition
    rho = numpy.ones(3)
    for symbol in x[:j:-1]:
        rho = transition @ (emission[:, symbol] * rho)
    found = numbers(ask(answer, 5 * pi, 3 * rho, emission), (4,))
    if abs(found.sum() - 1) > 1e-6:
        raise Hint(
            f"the probabilities sum to {found.sum():.4f}.",
            f"概率之和是{found.sum():.4f}。",
        )
    if not near(found, expected, 1e-6):
        raise Hint(
            "they sum to one, and are not what the sum over all paths gives: does each "
            "state count with what both sides say of it?",
            "和为1，但与对所有路径求和的结果不同：每个状态是否兼顾了两边的信息？",
        )


@exercise("hmm c")
def check_hmm_c(answer: object) -> None:
    """``best_path(initial, transition, emission, x)``: the likeliest hidden path."""
    tables = _tables()
    differs = False
    for seed in range(6):
        x = numpy.random.default_rng(seed).integers(0, 4, 5)
        joint = numpy.array([_joint(path, x) for path in _paths(5)])
        best = _paths(5)[joint.argmax()]
        found = numbers(ask(answer, *tables.values(), x), (5,))
        if found.tolist() == best.tolist():
            continue
        differs = True
        if not set(found.tolist()) <= {0.0, 1.0, 2.0}:
            raise Hint("states are 0, 1 and 2.", "状态只有0、1、2。")
    if differs:
        raise Hint(
            "there is a path that is likelier as a whole: the likeliest state of each "
            "step need not make the likeliest path.",
            "还有整体概率更大的路径：每步各取最可能的状态，未必得到最可能的路径。",
        )


@exercise("cloze a")
def check_cloze_a(answer: object) -> None:
    """``from_both(left, right, unigram)``: a missing token's probabilities.

    ``left`` is P(x | what stands before), ``right`` P(x | what stands after),
    ``unigram`` P(x), each (vocab_size,); given x, both sides are taken as independent.
    """
    rng = numpy.random.default_rng(24)
    unigram = rng.dirichlet(numpy.ones(5))
    # P(a | x) and P(b | x) of one certain context on each side.
    before, after = rng.uniform(size=(2, 5))
    left = unigram * before / (unigram * before).sum()
    right = unigram * after / (unigram * after).sum()
    expected = unigram * before * after / (unigram * before * after).sum()
    found = numbers(ask(answer, left, right, unigram), (5,))
    if abs(found.sum() - 1) > 1e-6:
        raise Hint(f"they sum to {found.sum():.4f}.", f"总和是{found.sum():.4f}。")
    if not near(found, expected, 1e-6):
        raise Hint(
            "both sides know already how common a token is: how often is it counted "
            "if they are put together?",
            "两边都已包含词元本身的频率：合在一起时它被算了几次？",
        )


@exercise("cloze b")
def check_cloze_b(answer: object) -> None:
    """``accuracy(probabilities, targets, k)``: share of targets among the k likeliest.

    ``probabilities`` is (num_blanks, vocab_size).
    """
    probabilities = numpy.random.default_rng(25).dirichlet(numpy.ones(6), 40)
    targets = numpy.random.default_rng(26).integers(0, 6, 40)
    for k in (1, 3, 6):
        hits = 0
        for row, target in zip(probabilities, targets):
            hits += int((row > row[target]).sum() < k)
        if not near(ask(answer, probabilities, targets, k), hits / 40, 1e-6):
            raise Hint(
                f"k = {k}: a target counts if fewer than k tokens are likelier.",
                f"k = {k}时不对：若比目标更可能的词元少于k个，就算命中。",
            )


@exercise("cloze c")
def check_cloze_c(answer: object) -> None:
    """``states_about(num_steps, j)``: ``(f, b)``, the states that may speak about j.

    The last position that the forward state has read and the first that the backward
    state has read, so that neither has seen position ``j``; -1 and ``num_steps`` stand
    for states that have read nothing.
    """
    for num_steps, j in ((5, 2), (5, 0), (5, 4), (1, 0)):
        f, b = (
            float(numbers(part, ())) for part in parts(ask(answer, num_steps, j), 2)
        )
        if f >= j or b <= j:
            raise Hint(
                f"of {num_steps} positions, position {j} has been seen.",
                f"共{num_steps}个位置，位置{j}已经被看到了。",
            )
        if f != j - 1 or b != j + 1:
            raise Hint(
                f"of {num_steps} positions and j = {j}: more of the text could be "
                "used, or there is no such state.",
                f"共{num_steps}个位置、j = {j}：还有文本没有用上，或没有这样的状态。",
            )
