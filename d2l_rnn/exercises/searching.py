"""Exercises of Section 9.8, and of what the notes add: search, scheduled sampling."""

from __future__ import annotations

import functools
import itertools
import math
from typing import Dict, List, Sequence, Tuple

import numpy

from ..arrays import Floats
from .judging import Hint, ask, exercise, given, near, numbers

NUM_TOKENS = 3


@functools.lru_cache(maxsize=None)
def _table() -> Dict[Tuple[int, ...], Floats]:
    """Next-token probabilities after every sequence of at most three tokens.

    Greed is punished: what is likeliest first leads to what is unlikely later.
    """
    rng = numpy.random.default_rng(41)
    table: Dict[Tuple[int, ...], Floats] = {}
    for length in range(4):
        for tokens in itertools.product(range(NUM_TOKENS), repeat=length):
            flat = 0.3 if tokens[:1] == (0,) else 3.0
            table[tokens] = rng.dirichlet(numpy.ones(NUM_TOKENS) / flat)
    table[()] = numpy.array([0.5, 0.4, 0.1])
    table[(0,)] = numpy.array([0.36, 0.33, 0.31])
    return table


def _log_probs(tokens: Sequence[int]) -> Floats:
    """A model as the reader is given it: logarithms of the next token's chances."""
    chances = _table()[tuple(int(token) for token in tokens)]
    return numpy.asarray(numpy.log(chances + 1e-12))


def _total(tokens: Sequence[int]) -> float:
    return float(sum(_log_probs(tokens[:t])[token] for t, token in enumerate(tokens)))


def _all(num_steps: int) -> List[Tuple[int, ...]]:
    return list(itertools.product(range(NUM_TOKENS), repeat=num_steps))


def _found(answer: object, num_steps: int, *arguments: object) -> Tuple[int, ...]:
    tokens = numbers(ask(answer, *arguments)).ravel()
    if len(tokens) != num_steps:
        raise Hint(
            f"{num_steps} tokens are asked for, these are {len(tokens)}.",
            f"需要{num_steps}个词元，这里有{len(tokens)}个。",
        )
    return tuple(int(token) for token in tokens)


@exercise("9.8 a")
def check_9_8_a(answer: object) -> None:
    """``greedy(log_probs, num_steps)``: the tokens of greedy search.

    ``log_probs(tokens)`` gives those of the next token, (vocab_size,), after a list.
    """
    for num_steps in (1, 2, 4):
        found = _found(answer, num_steps, _log_probs, num_steps)
        for t, token in enumerate(found):
            if _log_probs(found[:t]).argmax() != token:
                raise Hint(
                    f"token {t} is not the likeliest after those before it.",
                    f"第{t}个词元不是在前面词元之后最可能的。",
                )


@exercise("9.8 b")
def check_9_8_b(answer: object) -> None:
    """``beam(log_probs, num_steps, k)``: the best of the k sequences that are kept."""
    widest = NUM_TOKENS**3
    best = max(_all(4), key=_total)
    if _found(answer, 4, _log_probs, 4, widest) != best:
        raise Hint(
            "a beam wide enough for everything misses the likeliest sequence.",
            "束宽足以容纳所有序列时，仍错过了概率最大的序列。",
        )
    greedy: Tuple[int, ...] = ()
    for _ in range(4):
        greedy += (int(_log_probs(greedy).argmax()),)
    if _found(answer, 4, _log_probs, 4, 1) != greedy:
        raise Hint("a beam of one is greedy search.", "束宽为1时应等同于贪心搜索。")
    kept: List[Tuple[int, ...]] = [()]
    for _ in range(4):
        grown = [path + (token,) for path in kept for token in range(NUM_TOKENS)]
        kept = sorted(grown, key=_total, reverse=True)[:2]
    if _found(answer, 4, _log_probs, 4, 2) != kept[0]:
        raise Hint(
            "beams of one and of everything are right, a beam of two is not: the "
            "candidates of all kept sequences compete together.",
            "束宽为1和取全部时正确，束宽为2时不对：所有保留序列的候选要放在一起比较。",
        )


@exercise("9.8 c")
def check_9_8_c(answer: object) -> None:
    """``score(log_probs, alpha)``: of a finished sequence, normalised by its length.

    ``log_probs`` (length,) are the logarithms of its tokens' probabilities.
    """
    likelihood = numpy.array([0.5, 0.25, 0.8])
    for alpha in (0.0, 0.75, 1.0):
        # (P ^ (1 / L^alpha)), as a logarithm
        expected = math.log(float(likelihood.prod()) ** (1 / 3**alpha))
        if not near(ask(answer, numpy.log(likelihood), alpha), expected, 1e-6):
            raise Hint(
                f"alpha = {alpha}: with 0 the length does not matter, with 1 it is the "
                "mean.",
                f"alpha = {alpha}时不对：取0时与长度无关，取1时是平均值。",
            )


@exercise("scheduled sampling a")
def check_scheduled_sampling_a(answer: object) -> None:
    """``epsilon(epoch, num_epochs, final)``: falls linearly from 1 to ``final``.

    ``epoch`` is 1 ... num_epochs.
    """
    for num_epochs, final in ((5, 0.25), (11, 0.5), (2, 0.1)):
        values = [
            float(numbers(ask(answer, epoch, num_epochs, final), ()))
            for epoch in range(1, num_epochs + 1)
        ]
        if abs(values[0] - 1) > 1e-6:
            raise Hint(
                f"in the first epoch it is {values[0]:.3f}.",
                f"第一个迭代周期的值是{values[0]:.3f}。",
            )
        if abs(values[-1] - final) > 1e-6:
            raise Hint(
                f"in the last epoch it is {values[-1]:.3f}, not {final}.",
                f"最后一个迭代周期的值是{values[-1]:.3f}，而不是{final}。",
            )
        if numpy.ptp(numpy.diff(values)) > 1e-6:
            raise Hint("it does not fall evenly.", "下降得不均匀。")


@exercise("scheduled sampling b")
def check_scheduled_sampling_b(answer: object) -> None:
    """``next_input(truth, drawn, epsilon, rng)``: what each example reads.

    All (batch_size,): the true token with probability epsilon, else the one drawn from
    the model; ``rng`` is a ``numpy.random.Generator``.
    """
    rng = numpy.random.default_rng(42)
    truth, drawn = numpy.zeros(4000), numpy.ones(4000)
    for epsilon in (1.0, 0.0, 0.7):
        found = numbers(ask(answer, truth, drawn, epsilon, rng), (4000,))
        if not set(found) <= {0.0, 1.0}:
            raise Hint(
                "neither the true token nor the drawn one.",
                "既非真实词元，也非抽到的词元。",
            )
        share = float((found == 0).mean())
        if abs(share - epsilon) > 0.04:
            coin = share in (0.0, 1.0)
            raise Hint(
                f"epsilon = {epsilon}: {share:.2f} of the examples read the truth"
                + ("; is a coin thrown for each?" if coin else "."),
                f"epsilon = {epsilon}时，有{share:.2f}的样本读入真实词元"
                + ("；是否为每个样本各抛一次硬币？" if coin else "。"),
            )


@exercise("scheduled sampling c")
def check_scheduled_sampling_c(answer: object) -> None:
    """``drawn(logits, rng)``: a token a row from the model's probabilities."""
    logits = numpy.log(numpy.array([0.6, 0.3, 0.1])) + 5
    rows = numpy.tile(logits, (6000, 1))
    rng = numpy.random.default_rng(43)
    found = numbers(ask(answer, rows, rng), (6000,)).astype(int)
    if found.min() < 0 or found.max() > 2:
        raise Hint("there are three tokens.", "只有三个词元。")
    shares = numpy.bincount(found, minlength=3) / 6000
    if shares.max() == 1:
        raise Hint(
            "all rows have the same: is a token drawn, or chosen?",
            "每行都一样：是在抽样，还是在取最大？",
        )
    if not near(shares, numpy.array([0.6, 0.3, 0.1]), 0.05):
        raise Hint(
            f"drawn in the shares {shares.round(2).tolist()}, and the logits do not "
            "say that.",
            f"抽到的比例是{shares.round(2).tolist()}，与logits不符。",
        )


@exercise("peephole a")
def check_peephole_a(answer: object) -> None:
    """``gates(X_i, X_f, X_o, X_c, C, p_i, p_f, p_o)``: ``H, C`` with peepholes.

    The first four (batch_size, num_hiddens) are what gates and candidate are made of;
    the peepholes (num_hiddens,) show each gate a memory cell.
    """
    rng = numpy.random.default_rng(44)
    X_i, X_f, X_o, X_c, C = rng.normal(size=(5, 2, 3))
    p_i, p_f, p_o = rng.normal(size=(3, 3)) * 2

    def sigmoid(z: float) -> float:
        return 1 / (1 + math.exp(-z))

    H_new, C_new = numpy.empty((2, 2, 3))
    for n, j in itertools.product(range(2), range(3)):
        kept = sigmoid(X_f[n, j] + p_f[j] * C[n, j]) * C[n, j]
        added = sigmoid(X_i[n, j] + p_i[j] * C[n, j]) * math.tanh(X_c[n, j])
        C_new[n, j] = kept + added
        H_new[n, j] = sigmoid(X_o[n, j] + p_o[j] * C_new[n, j]) * math.tanh(C_new[n, j])
    arrays = (X_i, X_f, X_o, X_c, C, p_i, p_f, p_o)
    returned = ask(answer, *(given(array) for array in arrays))
    if not isinstance(returned, (list, tuple)) or len(returned) != 2:
        raise Hint("H and C are asked for.", "需要返回H和C。")
    if not near(returned[1], C_new, 1e-4):
        raise Hint("the memory cell is not right.", "记忆元不对。")
    if not near(returned[0], H_new, 1e-4):
        raise Hint(
            "the memory cell is right, the hidden state is not: which of the two "
            "cells can the output gate see already?",
            "记忆元对了，隐状态不对：输出门已经能看到哪一个记忆元？",
        )


@exercise("peephole b")
def check_peephole_b(answer: object) -> None:
    """``more_parameters(num_hiddens)``: that diagonal peepholes cost."""
    for num_hiddens in (1, 7, 256):
        expected = sum(numpy.zeros(num_hiddens).size for gate in ("i", "f", "o"))
        found = float(numbers(ask(answer, num_hiddens), ()))
        if found != expected:
            raise Hint(
                f"not for {num_hiddens} hidden unit(s): which gates have one, and does "
                "a unit's gate see other units' cells?",
                f"隐藏单元数为{num_hiddens}时不对：哪些门有窥视孔？"
                "一个单元的门能看到其他单元的记忆元吗？",
            )


@exercise("peephole c")
def check_peephole_c(answer: object) -> None:
    """``peephole``: the p_i that shuts the input gate as a cell fills, X_i = 4.

    The gate, sigmoid(X_i + p_i C), is to be one half where C is 2.
    """
    p = float(numbers(answer, ()))
    at_two = 1 / (1 + math.exp(-(4 + p * 2)))
    if abs(at_two - 0.5) > 1e-3:
        raise Hint(
            f"at C = 2 the gate is {at_two:.3f}.", f"C = 2时，门的值是{at_two:.3f}。"
        )
