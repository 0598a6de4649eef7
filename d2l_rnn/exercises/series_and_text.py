"""Exercises of Sections 8.1 to 8.3 and 9.5: a series, a text, pairs of sentences."""

from __future__ import annotations

import string
from collections import Counter
from typing import Callable, Dict, List, Tuple

import numpy

from ..arrays import Floats
from .judging import UNANSWERED, Hint, ask, exercise, near, numbers, parts


@exercise("8.1 a")
def check_8_1_a(answer: object) -> None:
    """``windows(x, tau)``: features (num_points - tau, tau), labels beside them."""
    x = numpy.random.default_rng(51).normal(size=9)
    for tau in (1, 3):
        features, labels = parts(ask(answer, x.copy(), tau), 2)
        rows = numbers(features, (9 - tau, tau))
        found = numbers(numpy.ravel(numbers(labels)), (9 - tau,))
        for t, (row, label) in enumerate(zip(rows, found)):
            if label != x[t + tau]:
                raise Hint(
                    f"tau = {tau}: label {t} is not the value right after the first "
                    "window moved by as much.",
                    f"tau = {tau}：第{t}个标签不是相应窗口之后的那个值。",
                )
            if row.tolist() != x[t : t + tau].tolist():
                raise Hint(
                    f"tau = {tau}: row {t} is not the {tau} value(s) before its label, "
                    "the oldest first.",
                    f"tau = {tau}：第{t}行不是标签之前的{tau}个值（最早的在前）。",
                )


@exercise("8.1 b")
def check_8_1_b(answer: object) -> None:
    """``ahead(predict, window, k)``: k steps after a window, built on predictions.

    ``predict(window)`` gives the next value after (tau,) values.
    """
    window = numpy.array([3.0, -1.0, 2.0])

    def predict(values: Floats) -> float:
        return float(numbers(values, (3,)) @ numpy.array([0.2, -0.5, 0.9]))

    values = window.tolist()
    for k in (1, 2, 6):
        while len(values) < 3 + k:
            values.append(predict(numpy.array(values[-3:])))
        if not near(ask(answer, predict, window.copy(), k), values[2 + k], 1e-9):
            raise Hint(
                f"k = {k}: each prediction becomes the newest value of the window for "
                "the next one, and the oldest falls out.",
                f"k = {k}：每次预测都成为下一个窗口里最新的值，最早的值移出窗口。",
            )


@exercise("8.1 c")
def check_8_1_c(answer: object) -> None:
    """``floor``: the least mean of Gluon's L2Loss with noise of deviation 0.2."""
    noise = numpy.random.default_rng(52).normal(0, 0.2, 200000)
    # The best prediction is the series without its noise; what is left is the noise.
    expected = float((noise**2 / 2).mean())
    found = float(numbers(answer, ()))
    if abs(found - expected) > 0.03 * expected:
        raise Hint(
            "the best predictor is wrong by the noise alone: what does L2Loss make of "
            "an error?",
            "最好的预测也会差一个噪声：L2Loss如何由误差算出损失？",
        )


@exercise("8.2 a")
def check_8_2_a(answer: object) -> None:
    """``cleaned(line)``: lower-case letters, all else a space, none at the ends."""
    cases: Dict[str, List[str]] = {
        "The Time Machine, by H. G.": ["the", "time", "machine", "by", "h", "g"],
        "  I\tsaid: 'No!'  ": ["i", "said", "no"],
        "42": [],
    }
    for line, words in cases.items():
        found = ask(answer, line)
        if not isinstance(found, str):
            raise Hint("a text is asked for.", "需要返回字符串。")
        letters = {*string.ascii_lowercase, " "}
        if found != found.strip() or not set(found) <= letters:
            raise Hint(
                f"of {line!r} something is left that is neither a lower-case letter "
                "nor a space within.",
                f"{line!r}中还留有小写字母和中间空格以外的字符。",
            )
        if found.split() != words:
            raise Hint(
                f"of {line!r}: two words have grown together, or letters are gone.",
                f"{line!r}：有两个单词连在了一起，或丢了字母。",
            )


@exercise("8.2 b")
def check_8_2_b(answer: object) -> None:
    """``vocabulary(tokens, min_freq)``: by id, ``<unk>`` first, then by count."""
    tokens = list("bbbbaaaccd")
    for min_freq, kept in ((0, "bacd"), (2, "bac"), (5, "")):
        found = ask(answer, list(tokens), min_freq)
        if not isinstance(found, (list, tuple)):
            raise Hint("a list is asked for.", "需要返回列表。")
        if list(found[:1]) != ["<unk>"]:
            raise Hint("id 0 is the unknown token.", "id 0应是未知词元。")
        if sorted(found[1:]) != sorted(kept):
            raise Hint(
                f"min_freq = {min_freq}: not the tokens that occur so often or more.",
                f"min_freq = {min_freq}：不是出现次数不少于它的那些词元。",
            )
        if list(found[1:]) != list(kept):
            raise Hint("the commonest comes first.", "最常见的应排在最前。")


@exercise("8.2 c")
def check_8_2_c(answer: object) -> None:
    """``covered(tokens, n)``: the share of a text that its n commonest types make."""
    tokens = list("aaaabbbccd")
    for n, share in ((1, 0.4), (2, 0.7), (4, 1.0), (9, 1.0)):
        if not near(ask(answer, list(tokens), n), share, 1e-9):
            raise Hint(
                f"n = {n}: every place in the text counts, not every type.",
                f"n = {n}：按文本中的每个位置计，而不是按词的种类计。",
            )


@exercise("8.3 a")
def check_8_3_a(answer: object) -> None:
    """``num_minibatches(num_tokens, batch_size, num_steps)``: without an offset.

    Of sequential partitioning: every token needs one after it as its target.
    """
    for num_tokens, batch_size, num_steps in (
        (35, 2, 5),
        (41, 2, 5),
        (40, 2, 5),
        (9, 2, 5),
    ):
        # A row a sequence: how often does a window fit, all targets there?
        row = (num_tokens - 1) // batch_size
        expected = len([start for start in range(row) if (start + 1) % num_steps == 0])
        found = float(numbers(ask(answer, num_tokens, batch_size, num_steps), ()))
        if found != expected:
            raise Hint(
                f"{num_tokens} tokens, batch_size {batch_size}, num_steps {num_steps}: "
                f"not {found:g}. What do targets need, and what is left over in a row?",
                f"{num_tokens}个词元、批量大小{batch_size}、时间步数{num_steps}："
                f"不是{found:g}。目标需要什么？每行剩下多少？",
            )


def _iterators() -> Dict[str, Tuple[bool, List[Floats]]]:
    """Minibatches of two rows of three ids; whether the rows go on."""
    rows = numpy.arange(24).reshape(2, 12)
    batches = [rows[:, start : start + 3] for start in range(0, 12, 3)]
    swapped = [batches[0], batches[1][::-1], batches[2], batches[3]]
    jump = [batches[0], batches[1] + numpy.array([[0], [1]]), batches[2]]
    return {
        "rows that go on": (True, batches),
        "a minibatch left out": (False, [batches[0], *batches[2:]]),
        "rows exchanged": (False, swapped),
        "one row that jumps": (False, jump),
        "one after another": (False, [*numpy.arange(24).reshape(4, 2, 3)]),
    }


@exercise("8.3 b")
def check_8_3_b(answer: object) -> None:
    """``goes_on(batches)``: whether a state may be carried from each to the next.

    A list of arrays (batch_size, num_steps); all ids of the text are different here and
    count up.
    """
    for name, (truth, batches) in _iterators().items():
        found = ask(answer, [batch.copy() for batch in batches])
        if bool(numbers(found, ())) != truth:
            raise Hint(
                f"judged wrongly: {name}. A state belongs to a row: where must that "
                "row go on?",
                "判断错了一种情况：隐状态属于某一行，那么该行应从哪里继续？"
                f"（{'能' if truth else '不能'}传递的例子。）",
            )


@exercise("8.3 c")
def check_8_3_c(answer: object) -> None:
    """``exponent(tokens)``: alpha of Zipf's law, by least squares of the logarithms."""
    for alpha in (1.0, 0.5):
        counts = [round(2000 / rank**alpha) for rank in range(1, 41)]
        tokens = [f"w{k}" for k, count in enumerate(counts) for _ in range(count)]
        numpy.random.default_rng(53).shuffle(tokens)
        ordered = sorted(Counter(tokens).values(), reverse=True)
        x, y = numpy.log(numpy.arange(1, 41)), numpy.log(ordered)
        expected = -float(((x - x.mean()) * (y - y.mean())).sum() / x.var() / 40)
        found = ask(answer, list(tokens))
        if near(found, -expected, 0.01):
            raise Hint("the sign: alpha is positive.", "符号：alpha是正数。")
        if not near(found, expected, 0.01):
            slope = float(numbers(found, ()))
            raise Hint(
                f"counts that fall as 1 / rank^{alpha} give {slope:.2f}: which rank "
                "has the commonest, and of what is the line drawn?",
                f"次数按 1 / 排名^{alpha} 下降时，得到{slope:.2f}："
                "最常见的词排名是几？直线是对什么拟合的？",
            )


@exercise("9.5 a")
def check_9_5_a(answer: object) -> None:
    """``fitted(ids, num_steps, pad)``: cut or padded to the length."""
    for ids, num_steps in (([5, 6, 7], 5), ([5, 6, 7], 2), ([], 2), ([4], 1)):
        found = numbers(ask(answer, list(ids), num_steps, 1)).tolist()
        if len(found) != num_steps:
            raise Hint(
                f"{len(ids)} ids, num_steps {num_steps}: {len(found)} came out.",
                f"{len(ids)}个id、时间步数{num_steps}：得到{len(found)}个。",
            )
        kept = min(len(ids), num_steps)
        if found != [*ids[:kept]] + [1] * (num_steps - kept):
            raise Hint(
                "the sentence stands first and in order, padding behind it.",
                "句子按原来的次序在前，填充在后。",
            )


@exercise("9.5 b")
def check_9_5_b(answer: object) -> None:
    """``valid_lengths(ids, pad)``: of (batch_size, num_steps), padding at the end."""
    rows = numpy.array([[4, 5, 1, 1], [4, 5, 6, 7], [1, 1, 1, 1], [9, 1, 1, 1]])
    found = numbers(ask(answer, rows.copy(), 1), (4,))
    if found.tolist() != [2, 4, 0, 1]:
        raise Hint(
            "for each sentence, the tokens that are no padding are counted.",
            "对每个句子，数一数非填充的词元。",
        )


@exercise("9.5 c")
def check_9_5_c(answer: object) -> None:
    """``spaced(text)``: lower case, a space before ``,.!?`` where there is none."""
    cases = {
        "Go.": "go .",
        "Oh, no!": "oh , no !",
        "Already done .": "already done .",
        "What?!": "what ? !",
        "plain": "plain",
    }
    ask_of: Callable[[str], object] = lambda text: ask(answer, text)  # noqa: E731
    for text, expected in cases.items():
        found = ask_of(text)
        if not isinstance(found, str):
            raise UNANSWERED
        if found != expected:
            raise Hint(f"{text!r} becomes {found!r}.", f"{text!r}变成了{found!r}。")
