"""Exercises of Sections 8.4 to 8.6: a recurrent net, from scratch and by a layer."""

from __future__ import annotations

import math
from typing import List, Optional, Sequence, Tuple

import numpy

from ..arrays import Floats
from .judging import Hint, ask, exercise, given, near, numbers, parts


@exercise("8.4 a")
def check_8_4_a(answer: object) -> None:
    """``hidden_state(X, W_xh, W_hh, b_h)``: after the last step, from zero, with tanh.

    ``X`` is (num_steps, batch_size, num_inputs).
    """
    rng = numpy.random.default_rng(41)
    for num_steps in (1, 2, 6):
        X = rng.normal(size=(num_steps, 2, 3))
        W_xh, W_hh = rng.normal(size=(3, 4)), rng.normal(size=(4, 4))
        b_h = rng.normal(size=4)
        found = numbers(ask(answer, X, W_xh, W_hh, b_h), (2, 4))
        # Each unit of each example by itself, as the equation is written.
        expected = numpy.zeros((2, 4))
        for step in X:
            before = expected.copy()
            for example, unit in numpy.ndindex(2, 4):
                total = sum(x * w for x, w in zip(step[example], W_xh[:, unit]))
                total += sum(h * w for h, w in zip(before[example], W_hh[:, unit]))
                expected[example, unit] = math.tanh(total + b_h[unit])
        if not near(found, expected, 1e-6):
            if num_steps == 1:
                raise Hint(
                    "wrong at a single step already, where no state is there yet.",
                    "只有一个时间步、还没有隐状态时就已经不对。",
                )
            raise Hint(
                f"right for one step, not for {num_steps}: what does the state of the "
                "step before add, and through which axis of W_hh?",
                f"一个时间步时正确，{num_steps}个时间步时不对："
                "上一步的隐状态是怎样经过 W_hh 加进来的？",
            )


@exercise("8.4 b")
def check_8_4_b(answer: object) -> None:
    """``stacked(W_xh, W_hh)``: ``[X, H] @ W`` is ``X @ W_xh + H @ W_hh``."""
    rng = numpy.random.default_rng(42)
    for num_inputs, num_hiddens in ((3, 2), (4, 4)):
        W_xh = rng.normal(size=(num_inputs, num_hiddens))
        W_hh = rng.normal(size=(num_hiddens, num_hiddens))
        shape = (num_inputs + num_hiddens, num_hiddens)
        W = numbers(ask(answer, W_xh, W_hh), shape)
        X, H = rng.normal(size=(5, num_inputs)), rng.normal(size=(5, num_hiddens))
        expected = numpy.add(X @ W_xh, H @ W_hh, dtype="float64")
        if not near(numpy.hstack([X, H]) @ W, expected, 1e-6):
            raise Hint(
                "the shape is right, the product is not: which rows of W meet X?",
                "形状对了，乘积不对：与 X 相乘的是 W 的哪些行？",
            )


@exercise("8.4 c")
def check_8_4_c(answer: object) -> None:
    """``last_states(states, valid_len)``: each example's after its own last token.

    ``states`` is (num_steps, batch_size, num_hiddens), ``valid_len`` (batch_size,).
    """
    states = numpy.random.default_rng(43).normal(size=(5, 3, 2))
    for lengths in ([5, 5, 5], [1, 4, 2], [3, 5, 1]):
        found = numbers(ask(answer, states, numpy.array(lengths)), (3, 2))
        expected = [states[n - 1, example] for example, n in enumerate(lengths)]
        if not near(found, numpy.array(expected), 1e-6):
            raise Hint(
                f"valid lengths {lengths}: at which step has each example read its "
                "last token, counted from 0?",
                f"有效长度为{lengths}时不对：从0数起，"
                "每个样本在第几个时间步读完自己的最后一个词元？",
            )


@exercise("8.5 a")
def check_8_5_a(answer: object) -> None:
    """``perplexity(log_probs)``: of the logarithms of what each true token was given.

    ``log_probs`` has the shape (num_steps, batch_size).
    """
    uniform = numpy.full((3, 4), -math.log(28))
    if not near(ask(answer, given(uniform)), 28, 1e-4):
        raise Hint(
            "a model that gives each of 28 tokens the same probability has 28.",
            "若模型给28个词元的概率都相同，结果应是28。",
        )
    probabilities = numpy.random.default_rng(1).uniform(0.01, 1, (5, 2))
    # The number of equally likely tokens that would be as surprising: a product.
    expected = float(numpy.prod(1 / probabilities)) ** (1 / probabilities.size)
    if not near(ask(answer, given(numpy.log(probabilities))), expected, 1e-4):
        raise Hint(
            "right where all probabilities are alike, not where they differ: which "
            "kind of mean is it?",
            "概率都相同时正确，概率不同时不对：它是哪一种平均？",
        )


@exercise("8.5 b")
def check_8_5_b(answer: object) -> None:
    """``clipped(grads, theta)``: a list of arrays whose joint norm is at most theta."""
    rng = numpy.random.default_rng(2)
    grads = [rng.normal(size=shape) for shape in ((3, 4), (4,), (2, 3))]
    norm = math.sqrt(sum(float((grad**2).sum()) for grad in grads))
    for theta in (2 * norm, 0.9 * norm, 0.1 * norm):
        returned = ask(answer, [given(grad) for grad in grads], theta)
        found = [numbers(part) for part in parts(returned, len(grads))]
        if [part.shape for part in found] != [grad.shape for grad in grads]:
            raise Hint(
                "the arrays are not of the shapes that they had.",
                "数组的形状变了。",
            )
        length = math.sqrt(sum(float((part**2).sum()) for part in found))
        if theta > norm:
            if not all(near(*pair, 1e-4) for pair in zip(found, grads)):
                raise Hint(
                    "gradients that are short enough must stay as they are.",
                    "范数没有超过阈值时，梯度应保持不变。",
                )
        elif abs(length - theta) > 1e-4 * theta:
            raise Hint(
                f"all arrays together have a norm of {length / theta:.3f} theta.",
                f"所有数组合在一起的范数是 theta 的 {length / theta:.3f} 倍。",
            )
        elif _cosine(found, grads) < 1 - 1e-4:
            raise Hint(
                "the length is right; the direction of the whole has changed.",
                "长度对了，但整体的方向变了。",
            )


def _cosine(a: Sequence[Floats], b: Sequence[Floats]) -> float:
    x, y = (numpy.concatenate([part.ravel() for part in parts]) for parts in (a, b))
    return float(x @ y / (numpy.linalg.norm(x) * numpy.linalg.norm(y)))


@exercise("8.5 c")
def check_8_5_c(answer: object) -> None:
    """``num_parameters(vocab_size, num_hiddens)`` of the net of Section 8.5."""
    for vocab_size, num_hiddens in ((28, 512), (5, 3), (100, 1)):
        shapes: List[Tuple[int, ...]] = [(vocab_size, num_hiddens)]
        shapes += [(num_hiddens, num_hiddens), (num_hiddens,)]
        shapes += [(num_hiddens, vocab_size), (vocab_size,)]
        expected = sum(numpy.zeros(shape).size for shape in shapes)
        found = numbers(ask(answer, vocab_size, num_hiddens), ())
        if found != expected:
            less = "few" if found < expected else "many"
            raise Hint(
                f"too {less} for {vocab_size} tokens and {num_hiddens} hidden units: "
                "go through the list that get_params returns.",
                f"词元数{vocab_size}、隐藏单元数{num_hiddens}时，结果"
                f"{'偏少' if less == 'few' else '偏多'}："
                "请逐项核对 get_params 返回的列表。",
            )


@exercise("8.6 a")
def check_8_6_a(answer: object) -> None:
    """``targets(Y)``: of (batch_size, num_steps) as a row beside the net's logits."""
    Y = numpy.arange(12.0).reshape(3, 4)
    found = numbers(ask(answer, given(Y)))
    if found.shape != (12,):
        raise Hint(
            f"one axis is asked for, the shape is {found.shape}.",
            f"应只有一个轴，现在的形状是{found.shape}。",
        )
    # The net's rows: all examples of the first step, then all of the second, ...
    expected = [Y[example, step] for step in range(4) for example in range(3)]
    if found.tolist() != expected:
        raise Hint(
            "the rows of the logits come step by step: what stands in the first "
            "batch_size of them?",
            "logits的各行是按时间步排列的：前batch_size行对应什么？",
        )


@exercise("8.6 b")
def check_8_6_b(answer: object) -> None:
    """``probabilities(logits, temperature)``: (vocab_size,) that sum to one."""
    logits = numpy.random.default_rng(3).normal(0, 3, 7)
    for temperature in (1.0, 0.5, 2.0):
        found = numbers(ask(answer, given(logits), temperature), (7,))
        if abs(found.sum() - 1) > 1e-4 or found.min() < 0:
            raise Hint(
                f"at temperature {temperature} these are no probabilities: they sum "
                f"to {found.sum():.3f}.",
                f"温度为{temperature}时结果不是概率：总和为{found.sum():.3f}。",
            )
        # Odds are raised to the power of 1 / temperature: (p_i / p_j)^(1 / T).
        odds = numpy.exp(logits - logits[0]) ** (1 / temperature)
        if not near(found / found[0], odds, 1e-3):
            raise Hint(
                f"at temperature {temperature}: a low one must make the likeliest "
                "token likelier still, a high one must bring all closer.",
                f"温度为{temperature}时不对：低温应使最可能的词元更可能，"
                "高温应使各词元的概率更接近。",
            )
    huge = numbers(ask(answer, given(numpy.array([1000.0, 0.0])), 1.0), (2,))
    if not near(huge, numpy.array([1.0, 0.0]), 1e-4):
        raise Hint("large logits overflow.", "logits很大时会溢出。")


@exercise("8.6 c")
def check_8_6_c(answer: object) -> None:
    """``continued(step, prefix, num_preds)``: ids, by ``step(id, state)``.

    ``step(id, state) -> (scores, state)`` reads one id; the first state is None. The
    likeliest next id is taken each time; what is returned begins with the prefix.
    """
    for prefix, num_preds in (([3, 1, 4], 6), ([2], 3), ([5, 5], 0)):
        state: Optional[Tuple[int, ...]] = None
        scores: Floats = numpy.zeros(0)
        for token in prefix:
            scores, state = _summing(token, state)
        expected = list(prefix)
        for _ in range(num_preds):
            expected.append(int(scores.argmax()))
            scores, state = _summing(expected[-1], state)
        found = numbers(ask(answer, _summing, list(prefix), num_preds)).tolist()
        if len(found) != len(expected):
            raise Hint(
                f"a prefix of {len(prefix)} and {num_preds} predictions make "
                f"{len(expected)} ids, not {len(found)}.",
                f"前缀{len(prefix)}个、预测{num_preds}个，"
                f"应有{len(expected)}个id，而不是{len(found)}个。",
            )
        if found[: len(prefix)] != prefix:
            raise Hint("it does not begin with the prefix.", "结果没有以前缀开头。")
        if found != expected:
            raise Hint(
                "the prefix is there, what follows is not what this model says: has "
                "the state read all of the prefix, each id once?",
                "前缀对了，后面的却不是这个模型的输出："
                "隐状态是否把前缀的每个id恰好读过一次？",
            )


def _summing(token: object, state: object) -> Tuple[Floats, Tuple[int, ...]]:
    """A model that remembers all it has read: the score peaks at a sum of it."""
    number = int(numbers(token).ravel()[0])
    read = (*(state if isinstance(state, tuple) else ()), number)
    peak = sum((place + 1) * value for place, value in enumerate(read)) % 7
    return numpy.eye(7)[peak], read
