"""Exercises of Section 8.7: backpropagation through time."""

from __future__ import annotations

import math

import numpy

from ..arrays import Floats
from .judging import Hint, ask, exercise, near, numbers


def _states(w: float, xs: Floats, h: float) -> Floats:
    """``h_0, h_1, ..., h_T`` of ``h_t = tanh(w h_{t-1} + x_t)``."""
    states = [h]
    for x in xs:
        states.append(math.tanh(w * states[-1] + x))
    return numpy.array(states)


def _difference(w: float, xs: Floats, h: float) -> float:
    """``dh_T/dw`` by central differences."""
    return float((_states(w + 1e-5, xs, h)[-1] - _states(w - 1e-5, xs, h)[-1]) / 2e-5)


@exercise("8.7 a")
def check_8_7_a(answer: object) -> None:
    """``gradient(w, xs)``: ``dh_T/dw`` of ``h_t = tanh(w h_{t-1} + x_t)``, h_0 = 0."""
    rng = numpy.random.default_rng(4)
    for num_steps in (1, 2, 3, 8):
        w, xs = 0.9, rng.normal(0, 0.5, num_steps)
        if not near(ask(answer, w, xs), _difference(w, xs, 0.0), 1e-5):
            raise Hint(
                f"with {num_steps} steps it is not what a small change of w says; "
                "w acts at every step, and through every later one.",
                f"{num_steps}个时间步时，与稍稍改变w得到的结果不符；"
                "w在每个时间步都起作用，并影响其后的每一步。",
            )


@exercise("8.7 b")
def check_8_7_b(answer: object) -> None:
    """``truncated(w, xs, length)``: the same, but only the last steps are looked at.

    The state before the last ``length`` steps is taken as a constant.
    """
    xs = numpy.random.default_rng(5).normal(0, 0.5, 9)
    w = 1.1
    states = _states(w, xs, 0.0)
    for length in (9, 1, 2, 5):
        # The state before is a constant: only what comes after it moves with w.
        expected = _difference(w, xs[9 - length :], float(states[9 - length]))
        if not near(ask(answer, w, xs, length), expected, 1e-5):
            raise Hint(
                f"of 9 steps, the last {length}: how many terms of the sum are left? "
                "The states themselves come from all steps, as before.",
                f"9个时间步中只看最后{length}个：求和式中还剩几项？"
                "隐状态本身仍由全部时间步得出。",
            )


@exercise("8.7 c")
def check_8_7_c(answer: object) -> None:
    """``factors(num_steps, p, rng)``: of randomised truncation, (num_steps,).

    Each lets the gradient pass with the probability ``p``; their mean is one.
    ``rng`` is a ``numpy.random.Generator``.
    """
    rng = numpy.random.default_rng(6)
    for p in (0.9, 0.25):
        drawn = numbers(ask(answer, 20000, p, rng), (20000,))
        if len(set(drawn.round(6))) != 2 or drawn.min() != 0:
            raise Hint(
                "a factor stops the gradient, or lets it pass: two values, one of "
                "them zero.",
                "每个因子要么截断梯度，要么让它通过：只有两个值，其中一个是0。",
            )
        if abs((drawn > 0).mean() - p) > 0.02:
            raise Hint(
                f"the gradient passes in {(drawn > 0).mean():.2f} of the steps, and "
                f"should in {p}.",
                f"梯度在{(drawn > 0).mean():.2f}的时间步通过，应为{p}。",
            )
        if abs(drawn.mean() - 1) > 0.05:
            raise Hint(
                f"on average the factor is {drawn.mean():.2f}: the estimate is biased.",
                f"因子的平均值是{drawn.mean():.2f}：估计是有偏的。",
            )
    if near(numbers(ask(answer, 50, 0.5, rng)), numbers(ask(answer, 50, 0.5, rng)), 0):
        raise Hint("two calls draw the same.", "两次调用抽到的完全一样。")


@exercise("bptt a")
def check_bptt_a(answer: object) -> None:
    """``score_gradient(scores, targets)``: of the mean cross-entropy after a softmax.

    ``scores`` (num_steps, vocab_size) and ``targets`` (num_steps,) ids; the result has
    the shape of the scores.
    """
    rng = numpy.random.default_rng(7)
    scores, targets = rng.normal(size=(4, 5)), rng.integers(0, 5, 4)

    def loss(scores: Floats) -> float:
        log_sums = numpy.log(numpy.exp(scores).sum(1))
        return float((log_sums - scores[numpy.arange(4), targets]).mean())

    expected = numpy.empty_like(scores)
    for place in numpy.ndindex(*scores.shape):
        step = numpy.zeros_like(scores)
        step[place] = 1e-5
        expected[place] = (loss(scores + step) - loss(scores - step)) / 2e-5
    found = numbers(ask(answer, scores.copy(), targets.copy()), scores.shape)
    if numpy.abs(found.sum(1)).max() > 1e-6:
        raise Hint(
            "adding the same to all scores of a step changes no probability: what "
            "must the gradient of a step sum to?",
            "给某一步的所有分数加上同一个数，概率不变：这一步的梯度之和应是多少？",
        )
    if not near(found, expected, 1e-5):
        raise Hint(
            "the direction may be right, the size or the sign is not what a small "
            "change of the scores says. The loss is a mean.",
            "方向也许对了，但大小或符号与稍稍改变分数得到的结果不符。损失是平均值。",
        )


@exercise("bptt b")
def check_bptt_b(answer: object) -> None:
    """``state_gradients(W, states, from_outputs)``: ``dL/dz_t`` of all steps.

    ``z_t = W s_{t-1} + ...``, ``s_t = tanh(z_t)``; ``states`` (num_steps, num_hiddens)
    are ``s_1 ... s_T``, ``from_outputs`` of the same shape what the loss says to each
    state by way of that step's output alone.
    """
    rng = numpy.random.default_rng(8)
    num_steps, num_hiddens = 5, 3
    W = rng.normal(0, 0.8, (num_hiddens, num_hiddens))
    inputs, weights = rng.normal(size=(2, num_steps, num_hiddens))

    def run(moved: Floats) -> Floats:
        s, states = numpy.zeros(num_hiddens), []
        for z in inputs + moved:
            s = numpy.tanh(W @ s + z)
            states.append(s)
        return numpy.array(states)

    expected = numpy.empty_like(inputs)
    for place in numpy.ndindex(*inputs.shape):
        step = numpy.zeros_like(inputs)
        step[place] = 1e-5
        # A loss that is linear in the states: its gradient by them is ``weights``.
        expected[place] = (weights * (run(step) - run(-step))).sum() / 2e-5
    states = run(numpy.zeros_like(inputs))
    found = numbers(ask(answer, W, states, weights), states.shape)
    if not near(found[-1], expected[-1], 1e-5):
        raise Hint("the last step is wrong.", "最后一个时间步就不对。")
    if not near(found, expected, 1e-5):
        raise Hint(
            "the last step is right, those before are not: a state speaks to the loss "
            "through its output and through the next step, and the second way goes "
            "backwards through W.",
            "最后一步对了，之前的不对：隐状态既经过本步的输出，"
            "也经过下一步影响损失；后一条路要沿W反向走。",
        )


@exercise("bptt c")
def check_bptt_c(answer: object) -> None:
    """``numerical(loss, w)``: the gradient of ``loss(w)`` by central differences."""
    w = numpy.random.default_rng(9).normal(size=(2, 3))
    before = w.copy()

    def loss(w: Floats) -> float:
        return float((w**3).sum())

    found = numbers(ask(answer, loss, w), w.shape)
    if not (w == before).all():
        raise Hint("it leaves w changed.", "运行之后w变了。")
    # Central differences err by the square of a small step, forward ones by the step.
    if not near(found, 3 * before**2, 1e-3):
        raise Hint(
            "it is not the gradient of the sum of cubes.", "对立方和，结果不是梯度。"
        )
    if not near(found, 3 * before**2, 1e-7):
        raise Hint(
            "close, but not as close as it can be: what remains if the step is taken "
            "to both sides? And is the step neither large nor tiny?",
            "很接近，但还可以更准：向两边各走一步，还剩下什么误差？步长是否合适？",
        )
