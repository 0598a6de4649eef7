"""Sections 8.1 to 8.3 and 9.5: right answers, and plausible wrong ones."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, Dict, List

import numpy


def _windows(x: Any, tau: int) -> Any:
    rows = [x[t : t + tau] for t in range(len(x) - tau)]
    return numpy.array(rows), x[tau:]


def _reversed(x: Any, tau: int) -> Any:
    features, labels = _windows(x, tau)
    return features[:, ::-1], labels


def _own_label(x: Any, tau: int) -> Any:
    return _windows(x, tau)[0], x[tau - 1 : -1]


def _ahead(predict: Any, window: Any, k: int) -> float:
    for _ in range(k):
        window = numpy.append(window[1:], predict(window))
    return float(window[-1])


def _same_window(predict: Any, window: Any, k: int) -> float:
    return [predict(window) for _ in range(k)][-1]


def _one_more(predict: Any, window: Any, k: int) -> float:
    return _ahead(predict, window, k + 1)


def _cleaned(line: str) -> str:
    return re.sub("[^A-Za-z]+", " ", line).strip().lower()


def _vocabulary(tokens: List[str], min_freq: int) -> List[str]:
    counts = Counter(tokens).most_common()
    return ["<unk>"] + [token for token, count in counts if count >= min_freq]


def _above(tokens: List[str], min_freq: int) -> List[str]:
    counts = Counter(tokens).most_common()
    return ["<unk>"] + [token for token, count in counts if count > min_freq]


def _by_name(tokens: List[str], min_freq: int) -> List[str]:
    return ["<unk>"] + sorted(_vocabulary(tokens, min_freq)[1:])


def _covered(tokens: List[str], n: int) -> float:
    return sum(c for _, c in Counter(tokens).most_common(n)) / len(tokens)


def _goes_on(batches: Any) -> bool:
    return all((b[:, 0] == a[:, -1] + 1).all() for a, b in zip(batches, batches[1:]))


def _flat(batches: Any) -> bool:
    return bool(
        (numpy.diff(numpy.concatenate([b.ravel() for b in batches])) == 1).all()
    )


def _first_row(batches: Any) -> bool:
    return all(b[0, 0] == a[0, -1] + 1 for a, b in zip(batches, batches[1:]))


def _exponent(tokens: List[str], first_rank: int = 1) -> float:
    counts = sorted(Counter(tokens).values(), reverse=True)
    ranks = numpy.arange(first_rank, first_rank + len(counts))
    return -float(numpy.polyfit(numpy.log(ranks), numpy.log(counts), 1)[0])


#: check -> the right answer, and wrong ones.
ANSWERS: Dict[str, List[Any]] = {
    "check_8_1_a": [_windows, _reversed, _own_label],
    "check_8_1_b": [_ahead, _same_window, _one_more],
    "check_8_1_c": [0.02, 0.04, 0.2],
    "check_8_2_a": [
        _cleaned,
        lambda line: re.sub("[^A-Za-z]", "", line).lower(),
        lambda line: re.sub("[^A-Za-z]+", " ", line).lower(),
        lambda line: re.sub("[^a-z]+", " ", line).strip(),
    ],
    "check_8_2_b": [_vocabulary, _above, _by_name],
    "check_8_2_c": [
        _covered,
        lambda tokens, n: n / len(set(tokens)),
        lambda tokens, n: Counter(tokens).most_common(n)[-1][1] / len(tokens),
    ],
    "check_8_3_a": [
        lambda tokens, batch, steps: (tokens - 1) // batch // steps,
        lambda tokens, batch, steps: tokens // batch // steps,
        lambda tokens, batch, steps: (tokens - 1) // batch,
    ],
    "check_8_3_b": [_goes_on, _flat, _first_row, lambda batches: True],
    "check_8_3_c": [
        _exponent,
        lambda tokens: -_exponent(tokens),
        lambda tokens: _exponent(tokens, 2),
    ],
    "check_9_5_a": [
        lambda ids, n, pad: ids[:n] + [pad] * (n - len(ids)),
        lambda ids, n, pad: ids + [pad] * (n - len(ids)),
        lambda ids, n, pad: [pad] * (n - len(ids)) + ids[:n],
    ],
    "check_9_5_b": [
        lambda ids, pad: (ids != pad).sum(1),
        lambda ids, pad: (ids != pad).sum(0),
        lambda ids, pad: (ids == pad).sum(1),
    ],
    "check_9_5_c": [
        lambda text: re.sub(r"(?<=\S)([,.!?])", r" \1", text.lower()),
        lambda text: re.sub(r"([,.!?])", r" \1", text.lower()),
        lambda text: re.sub(r"(?<=\S)([,.!?])", r" \1", text),
    ],
}
