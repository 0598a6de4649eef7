"""Translation, attention, search and more: right answers, and plausible wrong ones."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any, Dict, List

import numpy
from mxnet import np, npx


def _loss_per_token(losses: Any, valid_len: Any) -> Any:
    mask = np.arange(losses.shape[1]) < valid_len.reshape(-1, 1)
    return (losses * mask).sum() / valid_len.sum()


def _mean_of_sentences(losses: Any, valid_len: Any) -> Any:
    mask = np.arange(losses.shape[1]) < valid_len.reshape(-1, 1)
    return ((losses * mask).sum(axis=1) / valid_len).mean()


def _ngrams(tokens: List[str], n: int) -> Any:
    return Counter(tuple(tokens[k : k + n]) for k in range(len(tokens) - n + 1))


def _precision(pred: List[str], label: List[str], n: int) -> float:
    matched = sum((_ngrams(pred, n) & _ngrams(label, n)).values())
    return matched / (len(pred) - n + 1)


def _matched_again(pred: List[str], label: List[str], n: int) -> float:
    there = _ngrams(label, n)
    matched = sum(c for gram, c in _ngrams(pred, n).items() if gram in there)
    return matched / (len(pred) - n + 1)


def _recall(pred: List[str], label: List[str], n: int) -> float:
    matched = sum((_ngrams(pred, n) & _ngrams(label, n)).values())
    return matched / (len(label) - n + 1)


def _decoder_input(Y: Any, bos: int) -> Any:
    return np.concatenate([np.full((len(Y), 1), bos), Y[:, :-1]], axis=1)


def _scores_of(encoder: Any, decoder: Any, enc_X: Any, dec_X: Any) -> Any:
    return decoder(dec_X, decoder.init_state(encoder(enc_X)))[0]


def _source_unread(encoder: Any, decoder: Any, enc_X: Any, dec_X: Any) -> Any:
    return decoder(dec_X, decoder.init_state(enc_X))[0]


def _targets_encoded(encoder: Any, decoder: Any, enc_X: Any, dec_X: Any) -> Any:
    return decoder(dec_X, decoder.init_state(encoder(dec_X)))[0]


def _written(
    encoder: Any, decoder: Any, source: Any, bos: int, eos: int, num_steps: int
) -> List[int]:
    state, token, tokens = decoder.init_state(encoder(source)), bos, []
    for _ in range(num_steps):
        scores, state = decoder(token, state)
        token = int(scores.argmax())
        if token == eos:
            break
        tokens.append(token)
    return tokens


def _never_ending(
    encoder: Any, decoder: Any, source: Any, bos: int, eos: int, num_steps: int
) -> List[int]:
    return _written(encoder, decoder, source, bos, -1, num_steps)


def _state_forgotten(
    encoder: Any, decoder: Any, source: Any, bos: int, eos: int, num_steps: int
) -> List[int]:
    state, token, tokens = decoder.init_state(encoder(source)), bos, []
    for _ in range(num_steps):
        token = int(decoder(token, state)[0].argmax())
        tokens.append(token)
    return tokens


def _masked(scores: Any, valid_lens: Any) -> Any:
    there = np.arange(scores.shape[1]) < valid_lens.reshape(-1, 1)
    return npx.softmax(np.where(there, scores, np.full_like(scores, -1e6)))


def _zeroed_before(scores: Any, valid_lens: Any) -> Any:
    return npx.softmax(
        scores * (np.arange(scores.shape[1]) < valid_lens.reshape(-1, 1))
    )


def _zeroed_after(scores: Any, valid_lens: Any) -> Any:
    return npx.softmax(scores) * (
        np.arange(scores.shape[1]) < valid_lens.reshape(-1, 1)
    )


def _additive(queries: Any, keys: Any, w_v: Any) -> Any:
    sums = np.expand_dims(queries, 1) + np.expand_dims(keys, 0)
    return (np.tanh(sums) * w_v).sum(axis=-1)


def _no_tanh(queries: Any, keys: Any, w_v: Any) -> Any:
    sums = np.expand_dims(queries, 1) + np.expand_dims(keys, 0)
    return (sums * w_v).sum(axis=-1)


def _tanh_too_late(queries: Any, keys: Any, w_v: Any) -> Any:
    return np.tanh(_no_tanh(queries, keys, w_v))


def _scaled(queries: Any, keys: Any) -> Any:
    return np.dot(queries, keys.T) / queries.shape[1] ** 0.5


def _greedy(log_probs: Any, num_steps: int) -> List[int]:
    tokens: List[int] = []
    for _ in range(num_steps):
        tokens.append(int(log_probs(tokens).argmax()))
    return tokens


def _total(log_probs: Any, tokens: Any) -> float:
    return float(sum(log_probs(tokens[:t])[token] for t, token in enumerate(tokens)))


def _exhaustive(log_probs: Any, num_steps: int, k: int = 0) -> Any:
    every = itertools.product(range(3), repeat=num_steps)
    return max(every, key=lambda tokens: _total(log_probs, tokens))


def _beam(log_probs: Any, num_steps: int, k: int) -> Any:
    kept = [(0.0, [])]  # type: ignore[var-annotated]
    for _ in range(num_steps):
        grown = [
            (score + float(value), [*tokens, token])
            for score, tokens in kept
            for token, value in enumerate(log_probs(tokens))
        ]
        kept = sorted(grown, key=lambda pair: -pair[0])[:k]
    return kept[0][1]


def _by_the_last_token(log_probs: Any, num_steps: int, k: int) -> Any:
    """Keeps by the last token's probability, not by the whole sequence's."""
    kept = [(0.0, [])]  # type: ignore[var-annotated]
    for _ in range(num_steps):
        grown = [
            (float(value), [*tokens, token])
            for _, tokens in kept
            for token, value in enumerate(log_probs(tokens))
        ]
        kept = sorted(grown, key=lambda pair: -pair[0])[:k]
    return kept[0][1]


def _epsilon(epoch: int, num_epochs: int, final: float) -> float:
    return 1 - (1 - final) * (epoch - 1) / (num_epochs - 1)


def _next_input(truth: Any, drawn: Any, epsilon: float, rng: Any) -> Any:
    return numpy.where(rng.random(len(truth)) < epsilon, truth, drawn)


def _one_coin(truth: Any, drawn: Any, epsilon: float, rng: Any) -> Any:
    return truth if rng.random() < epsilon else drawn


def _drawn(logits: Any, rng: Any) -> Any:
    exps = numpy.exp(logits - logits.max(1, keepdims=True))
    cumulative = numpy.cumsum(exps / exps.sum(1, keepdims=True), 1)
    return (rng.random((len(logits), 1)) > cumulative).sum(1)


def _peephole(
    X_i: Any, X_f: Any, X_o: Any, X_c: Any, C: Any, p_i: Any, p_f: Any, p_o: Any
) -> Any:
    after = npx.sigmoid(X_f + p_f * C) * C + npx.sigmoid(X_i + p_i * C) * np.tanh(X_c)
    return npx.sigmoid(X_o + p_o * after) * np.tanh(after), after


def _old_cell(
    X_i: Any, X_f: Any, X_o: Any, X_c: Any, C: Any, p_i: Any, p_f: Any, p_o: Any
) -> Any:
    _, after = _peephole(X_i, X_f, X_o, X_c, C, p_i, p_f, p_o)
    return npx.sigmoid(X_o + p_o * C) * np.tanh(after), after


def _no_peepholes(
    X_i: Any, X_f: Any, X_o: Any, X_c: Any, C: Any, p_i: Any, p_f: Any, p_o: Any
) -> Any:
    return _peephole(X_i, X_f, X_o, X_c, C, 0, 0, 0)


def _tokens_read(images: Any, labels: Any, num_levels: int) -> Any:
    return numpy.insert(images[:, :-1], 0, num_levels + labels, axis=1)


def _differences(drawn: Any, training: Any) -> Any:
    return drawn[:, None].astype(float) - training[None]


#: check -> the right answer, and wrong ones.
ANSWERS: Dict[str, List[Any]] = {
    "check_9_6_a": [
        _scores_of,
        _source_unread,
        _targets_encoded,
        lambda encoder, decoder, enc_X, dec_X: decoder(
            dec_X, decoder.init_state(encoder(enc_X))
        ),
    ],
    "check_9_6_b": [_written, _never_ending, _state_forgotten],
    "check_9_6_c": [
        lambda cell, L, h, steps: (2 if cell == "lstm" else 1) * L * h,
        lambda cell, L, h, steps: L * h,
        lambda cell, L, h, steps: (2 if cell == "lstm" else 1) * L * h * steps,
    ],
    "check_9_7_a": [
        _loss_per_token,
        lambda losses, valid_len: losses.mean(),
        _mean_of_sentences,
    ],
    "check_9_7_b": [_precision, _matched_again, _recall],
    "check_9_7_c": [
        _decoder_input,
        lambda Y, bos: Y,
        lambda Y, bos: np.concatenate([np.full((len(Y), 1), bos), Y], axis=1),
        lambda Y, bos: np.concatenate([np.full((len(Y), 1), bos), Y[:, 1:]], axis=1),
    ],
    "check_9_8_a": [
        _greedy,
        _exhaustive,
        lambda log_probs, n: [int(log_probs([]).argmax())] * n,
    ],
    "check_9_8_b": [
        _beam,
        lambda log_probs, n, k: _greedy(log_probs, n),
        _exhaustive,
        _by_the_last_token,
    ],
    "check_9_8_c": [
        lambda log_probs, alpha: log_probs.sum() / len(log_probs) ** alpha,
        lambda log_probs, alpha: log_probs.sum() / len(log_probs),
        lambda log_probs, alpha: log_probs.sum() * len(log_probs) ** alpha,
    ],
    "check_10_4_a": [_masked, _zeroed_before, _zeroed_after],
    "check_10_4_b": [_additive, _no_tanh, _tanh_too_late],
    "check_10_4_c": [
        _scaled,
        lambda queries, keys: np.dot(queries, keys.T),
        lambda queries, keys: np.dot(queries, keys.T) / queries.shape[1],
    ],
    "check_scheduled_sampling_a": [
        _epsilon,
        lambda epoch, n, final: 1 - (1 - final) * epoch / n,
        lambda epoch, n, final: final ** ((epoch - 1) / (n - 1)),
        lambda epoch, n, final: 1 - (epoch - 1) / (n - 1),
    ],
    "check_scheduled_sampling_b": [
        _next_input,
        _one_coin,
        lambda truth, drawn, epsilon, rng: _next_input(drawn, truth, epsilon, rng),
    ],
    "check_scheduled_sampling_c": [
        _drawn,
        lambda logits, rng: logits.argmax(1),
        lambda logits, rng: rng.integers(0, 3, len(logits)),
    ],
    "check_pixels_a": [
        lambda log_probs: -log_probs.mean() / numpy.log(2),
        lambda log_probs: -log_probs.mean(),
        lambda log_probs: -numpy.log2(numpy.exp(log_probs).mean()),
        lambda log_probs: -log_probs.sum(axis=1).mean() / numpy.log(2),
    ],
    "check_pixels_b": [
        _tokens_read,
        lambda images, labels, L: numpy.insert(images[:, 1:], 0, L + labels, axis=1),
        lambda images, labels, L: numpy.insert(images[:, :-1], 0, labels, axis=1),
        lambda images, labels, L: images,
    ],
    "check_pixels_c": [
        lambda drawn, training: (
            (_differences(drawn, training) ** 2).sum(axis=2).argmin(axis=1)
        ),
        lambda drawn, training: (drawn @ training.T).argmax(axis=1),
        lambda drawn, training: abs(_differences(drawn, training).sum(axis=2)).argmin(
            axis=1
        ),
    ],
    "check_peephole_a": [_peephole, _old_cell, _no_peepholes],
    "check_peephole_b": [
        lambda num_hiddens: 3 * num_hiddens,
        lambda num_hiddens: 4 * num_hiddens,
        lambda num_hiddens: 3 * num_hiddens**2,
    ],
    "check_peephole_c": [-2, 2, -4, 0.5],
}
