"""Exercises of Sections 9.1 to 9.3: gates, memory cells, layers on top of another."""

from __future__ import annotations

import math
from typing import Callable, List, Tuple

import numpy

from ..arrays import Floats
from .judging import Hint, ask, exercise, given, near, numbers, parts


def _sigmoid(z: Floats) -> Floats:
    return numpy.asarray(1 / (1 + numpy.exp(-z)))


@exercise("9.1 a")
def check_9_1_a(answer: object) -> None:
    """``(z, r)``: gates, the same number everywhere, that make of a GRU a plain RNN."""
    z, r = (float(numbers(part, ())) for part in parts(answer, 2))
    rng = numpy.random.default_rng(11)
    X, H = rng.normal(size=(2, 3, 4))
    W = rng.normal(size=(4, 4))
    gru = z * H + (1 - z) * numpy.tanh(X + (r * H) @ W)
    if near(gru, numpy.tanh(X + H @ W), 1e-9):
        return
    if near(gru, H, 1e-9):
        raise Hint(
            "with these the state never changes.", "这样取值时，隐状态永远不变。"
        )
    if near(gru, numpy.tanh(X), 1e-9):
        raise Hint(
            "with these nothing is remembered from one step to the next.",
            "这样取值时，前一时间步的信息完全没有保留。",
        )
    raise Hint("with these a GRU is no plain RNN.", "这样取值时，它不是普通的RNN。")


@exercise("9.1 b")
def check_9_1_b(answer: object) -> None:
    """``candidate(X_h, R, H, W_hh, b_hh)``: of the GRU that Gluon and cuDNN compute.

    ``X_h`` (batch_size, num_hiddens) is ``X W_xh + b_xh``; ``R`` and ``H`` are of the
    same shape.
    """
    rng = numpy.random.default_rng(12)
    X_h, H = rng.normal(size=(2, 3, 4))
    R, W_hh, b_hh = (
        rng.uniform(size=(3, 4)),
        rng.normal(size=(4, 4)),
        rng.normal(size=4),
    )

    def expected(R: Floats) -> Floats:
        rows = []
        for x, r, h in zip(X_h, R, H):
            inner = [sum(h[i] * W_hh[i, j] for i in range(4)) for j in range(4)]
            rows.append(
                [math.tanh(x[j] + r[j] * (inner[j] + b_hh[j])) for j in range(4)]
            )
        return numpy.array(rows)

    def found(R: Floats) -> Floats:
        arguments = [given(array) for array in (X_h, R, H, W_hh, b_hh)]
        return numbers(ask(answer, *arguments), (3, 4))

    if not near(found(numpy.ones((3, 4))), expected(numpy.ones((3, 4))), 1e-4):
        raise Hint(
            "even with an open reset gate it is not the candidate.",
            "即使重置门全开，也不是候选隐状态。",
        )
    if not near(found(R), expected(R), 1e-4):
        raise Hint(
            "right with an open reset gate. With others: what does the gate multiply, "
            "the state or what has been made of it, and with the bias or without?",
            "重置门全开时正确。其他情况：门乘的是隐状态，还是由它算出的东西？"
            "偏置在不在里面？",
        )


@exercise("9.1 c")
def check_9_1_c(answer: object) -> None:
    """``half_life(z)``: steps until half of a state is left, the update gate at z."""
    for z in (0.5, 0.9, 0.99):
        steps = float(numbers(ask(answer, z), ()))
        # By walking: the share that is left after whole steps lies around one half.
        whole, share = 0, 1.0
        while share * z > 0.5 + 1e-12:
            whole, share = whole + 1, share * z
        if not whole - 1e-6 <= steps <= whole + 1 + 1e-6 or steps <= 0:
            raise Hint(
                f"at z = {z}, after {whole} steps more than half is left, and after "
                f"{whole + 1} no more than half; {steps:.2f} is not between.",
                f"z = {z}时，{whole}步后还剩一半以上，{whole + 1}步后不到一半；"
                f"{steps:.2f}不在其间。",
            )
        if abs(z**steps - 0.5) > 1e-3:
            raise Hint(
                "a fraction of a step is asked for, not a whole number.",
                "需要的是可带小数的步数，不必取整。",
            )


@exercise("9.2 a")
def check_9_2_a(answer: object) -> None:
    """``step(X_i, X_f, X_o, X_c, C)``: the new ``H, C`` of an LSTM.

    The first four are what the gates and the candidate are made of, before sigmoid and
    tanh; all are (batch_size, num_hiddens).
    """
    arrays = numpy.random.default_rng(13).normal(0, 2, (5, 2, 3))
    H, C = parts(ask(answer, *(given(array) for array in arrays)), 2)
    i, f, o = (_sigmoid(z) for z in arrays[:3])
    expected_C = numpy.array(
        [
            [
                f[n, j] * arrays[4][n, j] + i[n, j] * math.tanh(arrays[3][n, j])
                for j in range(3)
            ]
            for n in range(2)
        ]
    )
    if not near(C, expected_C, 1e-4):
        if near(H, expected_C, 1e-4):
            raise Hint("is the order H, C?", "返回的顺序是 H, C 吗？")
        raise Hint(
            "the memory cell is not right: two gates, each with its own task.",
            "记忆元不对：两个门各管各的。",
        )
    if not near(H, o * numpy.tanh(expected_C), 1e-4):
        raise Hint(
            "the memory cell is right, the hidden state is not.",
            "记忆元对了，隐状态不对。",
        )


@exercise("9.2 b")
def check_9_2_b(answer: object) -> None:
    """``to_gluon(W_i, W_f, W_o, W_c)``: the book's matrices as Gluon stacks them.

    Each is (num_inputs, num_hiddens); Gluon's layer keeps one array
    (4 * num_hiddens, num_inputs).
    """
    num_inputs, num_hiddens = 2, 3
    i, f, o, c = numpy.random.default_rng(14).normal(size=(4, num_inputs, num_hiddens))
    found = numbers(
        ask(answer, *(given(W) for W in (i, f, o, c))), (4 * num_hiddens, num_inputs)
    )
    blocks = [found[k * num_hiddens : (k + 1) * num_hiddens] for k in range(4)]
    if not all(any(near(block, W.T, 1e-5) for W in (i, f, o, c)) for block in blocks):
        raise Hint(
            "a block of num_hiddens rows must be one gate, its inputs in columns.",
            "每num_hiddens行应是一个门，各列对应输入。",
        )
    # What Gluon computes with it: input, forget, candidate, output.
    if not all(near(*pair, 1e-5) for pair in zip(blocks, (i.T, f.T, c.T, o.T))):
        raise Hint(
            "every gate is there. In which order does Gluon want them? rnn.LSTM's "
            "documentation, or a layer with one hidden unit, will say.",
            "四个门都在。Gluon要求的顺序是什么？"
            "rnn.LSTM的文档，或只有一个隐藏单元的层，会告诉你。",
        )


@exercise("9.2 c")
def check_9_2_c(answer: object) -> None:
    """``forget_bias(num_steps)``: with it half of a memory is left after as many steps.

    Inputs and states are zero, and the input gate is shut.
    """
    for num_steps in (1, 10, 100):
        bias = float(numbers(ask(answer, num_steps), ()))
        C = 1.0
        for _ in range(num_steps):
            C *= float(_sigmoid(numpy.array(bias)))
        if abs(C - 0.5) > 1e-3:
            raise Hint(
                f"after {num_steps} steps {C:.3f} of the memory is left.",
                f"{num_steps}步之后，记忆元还剩{C:.3f}。",
            )


@exercise("9.3 a")
def check_9_3_a(answer: object) -> None:
    """``num_parameters(num_inputs, num_hiddens, num_layers)`` of a stack of LSTMs.

    As the book writes them, one bias a gate; without the output product.
    """
    for num_inputs, num_hiddens, num_layers in ((28, 256, 1), (28, 256, 2), (5, 3, 4)):
        expected, size = 0, num_inputs
        for _ in range(num_layers):
            for _ in range(4):
                expected += size * num_hiddens + num_hiddens**2 + num_hiddens
            size = num_hiddens
        found = float(numbers(ask(answer, num_inputs, num_hiddens, num_layers), ()))
        if found != expected:
            raise Hint(
                f"with {num_layers} layer(s) it is too "
                f"{'large' if found > expected else 'small'}: what does each layer "
                "read?",
                f"{num_layers}层时结果{'偏大' if found > expected else '偏小'}："
                "每一层的输入是什么？",
            )


@exercise("9.3 b")
def check_9_3_b(answer: object) -> None:
    """``deep(layers, inputs, states)``: outputs of the last layer, and all new states.

    A layer is ``layer(inputs, state) -> (outputs, state)``.
    """
    inputs = numpy.arange(1.0, 4.0)
    calls: List[Callable[[Floats, float], Tuple[Floats, float]]] = [
        lambda X, s: (X * 2 + s, s + 1),
        lambda X, s: (X**2 + s, s * 10),
        lambda X, s: (X[::-1] + s, s - 1),
    ]
    states = [5.0, 7.0, 11.0]
    outputs, after = parts(ask(answer, calls, inputs.copy(), list(states)), 2)
    expected = ((inputs * 2 + 5) ** 2 + 7)[::-1] + 11
    if not near(outputs, expected, 1e-9):
        raise Hint(
            "the outputs are not those of the last layer over the one below, each "
            "with its own state.",
            "输出不对：每一层读下一层的输出，并用自己的状态；结果取最后一层。",
        )
    found = [float(numbers(state, ())) for state in parts(after, 3)]
    if found != [6.0, 70.0, 10.0]:
        raise Hint("the outputs are right, the states are not.", "输出对了，状态不对。")


@exercise("9.3 c")
def check_9_3_c(answer: object) -> None:
    """``cells_on_the_way(num_layers, num_steps)``: of a gradient through a deep net.

    How many cells does the gradient pass, counting both ends, between the loss at the
    last step, above the last layer, and the input of the first step?
    """
    for num_layers, num_steps in ((1, 1), (1, 5), (3, 1), (2, 7)):
        # From the last cell back: it was reached from below, or from the step before.
        layer, step, length = num_layers, num_steps, 1
        while (layer, step) != (1, 1):
            layer, step = (layer - 1, step) if layer > 1 else (layer, step - 1)
            length += 1
        found = float(numbers(ask(answer, num_layers, num_steps), ()))
        if found != length:
            raise Hint(
                f"{num_layers} layer(s) and {num_steps} step(s): draw the grid of "
                "cells, and walk from the one corner to the other.",
                f"{num_layers}层、{num_steps}个时间步：画出单元的网格，"
                "从一角走到另一角。",
            )
