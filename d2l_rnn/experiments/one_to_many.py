"""One to many: a language in, a line of it out, a character at a time."""

from __future__ import annotations

from typing import Any, Dict, List, Sequence, Tuple

import numpy
from mxnet import np, npx

from ..data.lines import LANGUAGES, Line
from ..inference import decoding
from ..models.shapes import LineGenerator
from ..results.metrics import perplexity
from ..training.objectives import SummedLoss, total_loss
from ..training.translation import decoder_inputs
from .configs_sequences import OneToManyConfig
from .lines import LineData, NgramClassifier, read_lines, train_net
from .running import Run

_NUM_JUDGED = 100  # sampled lines of each language whose language is guessed


def run(config: OneToManyConfig, run: Run) -> None:
    """Train the generator, measure it with the right and the wrong label, sample."""
    data = read_lines(config)
    bos = data.vocab["<bos>"]

    def loss_of(net: LineGenerator) -> SummedLoss:
        return lambda *minibatch: cross_entropy(net, bos, *minibatch)

    net = train_net(LineGenerator, loss_of, data, config, run)

    def other_label(X: Any, valid_len: Any, language: Any) -> Tuple[Any, int]:
        return cross_entropy(net, bos, X, valid_len, 1 - language)

    loss, tokens = total_loss(data.heldout_iter, loss_of(net), run.device)
    swapped, _ = total_loss(data.heldout_iter, other_label, run.device)
    classify = NgramClassifier(data.training, data.vocab)
    texts, judged = {}, []
    for language, name in enumerate(LANGUAGES):
        greedy = generate(net, data, language, 1, config, run.device, greedy=True)
        drawn = generate(net, data, language, _NUM_JUDGED, config, run.device)
        texts[name] = {"greedy": greedy[0], "sampled": drawn[: config.num_samples]}
        judged += [Line(text, language) for text in drawn]
    run.finish(
        {
            "heldout_perplexity": perplexity(loss, tokens),
            "other_label_perplexity": perplexity(swapped, tokens),
            "heldout_tokens": tokens,
            "heldout_lines": len(data.heldout),
            "recognised": classify.accuracy(judged),
            "judge_accuracy": classify.accuracy(data.heldout),
            "lines": texts,
        }
    )
    if run.options.plot:
        run.draw_curve()


def cross_entropy(
    net: LineGenerator, bos: int, X: Any, valid_len: Any, language: Any
) -> Tuple[Any, int]:
    """Cross-entropy of lines given their language, summed, and their characters.

    Parameters
    ----------
    net : LineGenerator
    bos : int
    X : mxnet.np.ndarray, shape (batch_size, num_steps)
        Characters up to ``<eos>``, padded.
    valid_len, language : mxnet.np.ndarray, shape (batch_size,)
    """
    logits, _ = net(decoder_inputs(X, bos), net.begin_state(language))
    # (batch_size, num_steps)
    losses = -npx.pick(npx.log_softmax(logits, axis=-1), X, axis=-1)
    masked = npx.sequence_mask(losses, valid_len, True, axis=1)
    return masked.sum(), int(valid_len.sum())


def generate(
    net: LineGenerator,
    data: LineData,
    language: int,
    num_lines: int,
    config: OneToManyConfig,
    device: Any,
    greedy: bool = False,
) -> List[str]:
    """Lines of a language: the greedy one, or drawn at the configured temperature."""

    def step(tokens: numpy.ndarray, state: Any) -> Tuple[numpy.ndarray, Any]:
        X = np.array(tokens, ctx=device).reshape(-1, 1)
        logits, state = net(X, state)
        return npx.log_softmax(logits[:, 0], axis=-1).asnumpy(), state

    def select(state: Any, rows: Sequence[int]) -> Any:
        return [np.take(array, np.array(rows, ctx=device), axis=1) for array in state]

    state = net.begin_state(np.full(num_lines, language, ctx=device))
    bos, eos = data.vocab["<bos>"], data.vocab["<eos>"]
    arguments = (step, select, state, [bos] * num_lines, eos, config.num_steps)
    if greedy:
        found = decoding.greedy_search(*arguments)
    else:
        generator = numpy.random.default_rng([config.seed, language])
        found = decoding.sample(
            *arguments, generator=generator, temperature=config.temperature
        )
    return ["".join(data.vocab.to_tokens(list(line.tokens))) for line in found]


def summary(result: Dict[str, Any]) -> str:
    """Perplexities, and lines of each language."""
    lines = [
        f"held-out perplexity a character {result['heldout_perplexity']:.2f}, with the "
        f"other language's label {result['other_label_perplexity']:.2f}",
        f"{100 * result['recognised']:.0f} of 100 sampled lines recognised by trigrams "
        f"(of real lines {100 * result['judge_accuracy']:.0f})",
    ]
    for name, texts in result["lines"].items():
        lines += [f"{name}: {texts['greedy']}", *(f"  {t}" for t in texts["sampled"])]
    return "\n".join(lines)
