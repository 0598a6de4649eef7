"""Exercises of Sections 9.5 to 9.7 and 10.4: pairs, encoder, decoder, attention."""

from __future__ import annotations

import math
from typing import List

import numpy

from ..arrays import Floats
from .judging import Hint, ask, exercise, given, near, numbers


@exercise("9.7 a")
def check_9_7_a(answer: object) -> None:
    """``loss_per_token(losses, valid_len)``: the mean over what is no padding.

    ``losses`` (batch_size, num_steps) are cross-entropies, padding's among them;
    ``valid_len`` is (batch_size,).
    """
    losses = numpy.random.default_rng(31).uniform(1, 5, (3, 4))
    for lengths in ([4, 4, 4], [1, 4, 2], [3, 1, 1]):
        kept = [value for row, n in zip(losses, lengths) for value in row[:n]]
        found = ask(answer, given(losses), given(numpy.array(lengths)))
        if not near(found, sum(kept) / len(kept), 1e-4):
            if near(found, float(losses.mean()), 1e-4):
                raise Hint("padding counts.", "填充词元也被算进去了。")
            raise Hint(
                f"valid lengths {lengths}: every token that is no padding counts the "
                "same, also one in a short sentence.",
                f"有效长度为{lengths}时不对：每个非填充词元的分量都相同，"
                "短句里的也一样。",
            )


@exercise("9.7 b")
def check_9_7_b(answer: object) -> None:
    """``precision(pred, label, n)``: BLEU's ``p_n`` of two lists of tokens."""
    cases = (
        ("A B B C D", "A B C D E F", (4 / 5, 3 / 4, 1 / 3, 0)),
        ("A A A A", "A B A", (2 / 4, 0)),
        ("A B", "A B C D", (1, 1)),
    )
    for pred, label, expected in cases:
        for n, value in enumerate(expected, 1):
            if not near(ask(answer, pred.split(), label.split(), n), value, 1e-6):
                raise Hint(
                    f"prediction {pred}, label {label}, n = {n}: each n-gram of the "
                    "label can be matched once, and it is the prediction's n-grams of "
                    "which a share is asked for.",
                    f"预测序列{pred}、标签序列{label}、n = {n}时不对："
                    "标签序列中的每个n元语法只能匹配一次，"
                    "求的是它占预测序列n元语法的比例。",
                )


@exercise("9.7 c")
def check_9_7_c(answer: object) -> None:
    """``decoder_input(Y, bos)``: what teacher forcing feeds, of the shape of ``Y``."""
    Y = numpy.array([[5, 6, 7, 3], [8, 3, 1, 1]])
    found = numbers(ask(answer, given(Y), 2), Y.shape)
    for t in range(Y.shape[1]):
        # At step t all that is known is <bos> and the targets before t.
        known = [2 if t == 0 else row[t - 1] for row in Y]
        if found[:, t].tolist() != known:
            raise Hint(
                f"at step {t} the decoder must read what stands before the token that "
                "it is to predict there.",
                f"在时间步{t}，解码器应读入待预测词元的前一个词元。",
            )


@exercise("10.4 a")
def check_10_4_a(answer: object) -> None:
    """``masked(scores, valid_lens)``: attention weights, (num_queries, num_keys).

    The first ``valid_lens[i]`` keys are there for query i.
    """
    scores = numpy.random.default_rng(32).normal(0, 2, (3, 5))
    lengths = [2, 5, 1]
    found = numbers(ask(answer, given(scores), given(numpy.array(lengths))), (3, 5))
    for row, weights, n in zip(scores, found, lengths):
        if abs(weights[n:]).max(initial=0) > 1e-5:
            raise Hint("padding gets weight.", "填充处得到了权重。")
        if abs(weights.sum() - 1) > 1e-4:
            raise Hint(
                f"a row of weights sums to {weights.sum():.3f}.",
                f"有一行权重之和是{weights.sum():.3f}。",
            )
        exps = [math.exp(score) for score in row[:n]]
        if not near(weights[:n], numpy.array(exps) / sum(exps), 1e-4):
            raise Hint(
                "the weights that are left are no softmax of their scores.",
                "剩下的权重不是相应分数的softmax。",
            )


@exercise("10.4 b")
def check_10_4_b(answer: object) -> None:
    """``additive(queries, keys, w_v)``: scores (num_queries, num_keys).

    Both are projected already, (num_queries, num_hiddens) and (num_keys, num_hiddens);
    ``w_v`` is (num_hiddens,).
    """
    rng = numpy.random.default_rng(33)
    queries, keys, w_v = (
        rng.normal(size=(2, 3)),
        rng.normal(size=(4, 3)),
        rng.normal(size=3),
    )
    expected: List[List[float]] = [
        [sum(w * math.tanh(a + b) for w, a, b in zip(w_v, q, k)) for k in keys]
        for q in queries
    ]
    found = numbers(ask(answer, given(queries), given(keys), given(w_v)), (2, 4))
    if not near(found, numpy.array(expected, dtype="float64"), 1e-4):
        linear = numpy.add(queries @ w_v[:, None], keys @ w_v, dtype="float64")
        squeezed: Floats = numpy.tanh(linear)
        if near(found, linear, 1e-4) or near(found, squeezed, 1e-4):
            raise Hint(
                "query and key do not meet: a score like this orders the keys alike "
                "for all queries.",
                "查询和键没有真正相互作用：对任何查询，键的次序都一样。",
            )
        raise Hint(
            "every query meets every key: is each sum passed through tanh before the "
            "weights are put to it?",
            "每个查询都要和每个键相加：先经过tanh，再乘权重，对吗？",
        )


@exercise("10.4 c")
def check_10_4_c(answer: object) -> None:
    """``scaled(queries, keys)``: dot products whose spread does not grow with size.

    (num_queries, d) and (num_keys, d) of independent entries of variance 1.
    """
    rng = numpy.random.default_rng(34)
    for d in (1, 16, 400):
        queries, keys = rng.normal(size=(2, 60, d))
        found = numbers(ask(answer, given(queries), given(keys)), (60, 60))
        plain: Floats = queries @ keys.T
        correlation = numpy.corrcoef(found.ravel(), plain.ravel())[0, 1]
        if not correlation > 1 - 1e-6:
            raise Hint(
                "the scores are no multiples of the dot products.",
                "分数不是点积的倍数。",
            )
        if not near(found.std() / plain.std(), 1 / math.sqrt(d), 1e-3):
            raise Hint(
                f"with d = {d} the scores have the standard deviation "
                f"{found.std():.3f}; it should be about 1 for every d.",
                f"d = {d}时，分数的标准差是{found.std():.3f}；对任何d都应约为1。",
            )
