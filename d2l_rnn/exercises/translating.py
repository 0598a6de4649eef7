"""Exercises of Sections 9.6, 9.7 and 10.4: encoder, decoder, attention."""

from __future__ import annotations

import math
from typing import List, Tuple

import numpy

from ..arrays import Floats
from .judging import Hint, ask, exercise, given, near, numbers


class _Noting:
    """A pair without weights: the answer tells all that led to it."""

    def encoder(self, X: Floats) -> Floats:
        return numpy.multiply(X, 2.0, dtype="float64")

    def init_state(self, enc_outputs: Floats, *arguments: object) -> Floats:
        return numpy.full(1, float(numpy.asarray(enc_outputs).sum()) + 0.5)

    def __call__(self, X: Floats, state: Floats) -> Tuple[Floats, Floats]:
        state = numpy.asarray(state)
        if state.shape != (1,):
            raise ValueError(f"a state of shape {state.shape}; (1,) is accepted")
        return numpy.multiply(X, state, dtype="float64"), state + 1


@exercise("9.6 a")
def check_9_6_a(answer: object) -> None:
    """``scores_of(encoder, decoder, enc_X, dec_X)``: the decoder's, without its state.

    ``encoder(enc_X)``, ``decoder.init_state(enc_outputs)`` and
    ``decoder(dec_X, state)`` are called.
    """
    pair = _Noting()
    enc_X, dec_X = numpy.array([[1.0, 2.0]]), numpy.array([[3.0, 5.0, 7.0]])
    returned = ask(answer, pair.encoder, pair, enc_X, dec_X)
    if isinstance(returned, tuple):
        raise Hint(
            "the decoder returns scores and a state: only the scores are asked for.",
            "解码器返回分数和状态：这里只要分数。",
        )
    # The source's sum is 3, what the encoder makes of it 6, the state 6.5.
    if not near(returned, 6.5 * dec_X, 1e-6):
        raise Hint(
            "who reads what? The encoder reads the source, the decoder makes its state "
            "of the encoder's outputs and then reads its own input, once.",
            "谁读什么？编码器读源序列；解码器由编码器的输出得到状态，"
            "再读自己的输入，且只读一次。",
        )


class _Counting:
    """A decoder that says 3, 1, 4, ... by how often it was called, whatever it reads.

    Its state notes what it has read.
    """

    said = (3, 1, 4, 1, 5, 0, 2, 2)

    def init_state(self, enc_outputs: object, *arguments: object) -> Tuple[int, ...]:
        return (int(numbers(enc_outputs).sum()),)

    def __call__(
        self, token: object, state: Tuple[int, ...]
    ) -> Tuple[Floats, Tuple[int, ...]]:
        read = int(numbers(token).ravel()[-1])
        place = len(state) - 1
        # Who is not given back its last word, and <bos> first, says 6.
        expected = 7 if place == 0 else self.said[place - 1]
        right = read == expected and place < len(self.said)
        return numpy.eye(8)[self.said[place] if right else 6], (*state, read)


@exercise("9.6 b")
def check_9_6_b(answer: object) -> None:
    """``written(encoder, decoder, source, bos, eos, num_steps)``: a list of tokens.

    At most ``num_steps``, without ``eos``, where it ends. ``decoder(token, state)``
    reads one token and returns scores and the next state.
    """
    decoder = _Counting()
    for num_steps, expected in (
        (3, [3, 1, 4]),
        (8, [3, 1, 4, 1, 5]),
        (5, [3, 1, 4, 1, 5]),
    ):
        returned = ask(answer, _Noting().encoder, decoder, [1, 2], 7, 0, num_steps)
        found = numbers(returned).tolist()
        if found == expected:
            continue
        if found[: len(expected)] == expected:
            raise Hint(
                f"{len(found)} tokens with num_steps = {num_steps}: eos ends it and is "
                "no part of it, and there are never more than num_steps.",
                f"num_steps = {num_steps} 时写了{len(found)}个词元："
                "遇到 eos 就停止，eos 不属于结果，且最多写 num_steps 个。",
            )
        raise Hint(
            "the decoder does not say what it would: it reads bos first, then each "
            "token that it has just written, once, with the state that came with it.",
            "解码器的输出不对：它应先读 bos，然后把刚写出的词元各读一次，"
            "并配上随之得到的状态。",
        )


@exercise("9.6 c")
def check_9_6_c(answer: object) -> None:
    """``numbers_handed_over(cell, num_layers, num_hiddens, num_steps)``: of a state."""
    for cell, arrays in (("gru", 1), ("lstm", 2)):
        for num_layers, num_hiddens, num_steps in ((1, 16, 5), (2, 32, 10), (3, 7, 1)):
            # H, and of an LSTM C: (num_layers, 1, num_hiddens) each
            state = [numpy.zeros((num_layers, 1, num_hiddens)) for _ in range(arrays)]
            expected = sum(array.size for array in state)
            asked = (cell, num_layers, num_hiddens, num_steps)
            found = float(numbers(ask(answer, *asked), ()))
            if found != expected:
                less = found < expected
                raise Hint(
                    f"too {'few' if less else 'many'} for {asked}: which arrays does "
                    "begin_state make, and does a longer source make them longer?",
                    f"{asked} 时结果{'偏少' if less else '偏多'}："
                    "begin_state 给出哪些数组？源序列更长，它们会更长吗？",
                )


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
