"""Translate sentences with a run of seq2seq or seq2seq-attention."""

from __future__ import annotations

import argparse
import json
import os
from typing import Any, Dict, List, Sequence, Tuple

from ..errors import RunError, UsageError, system_errors_as
from ..files import target_of
from ..results.json_files import encode
from .parsing import (
    Parser,
    add_device,
    at_a_terminal,
    check_device,
    lines_of_stdin,
    notify,
    number,
)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="d2l-rnn translate",
        description=__doc__,
        epilog="Without TEXT the sentences are read from stdin, a line each:\n"
        '  d2l-rnn translate runs/seq2seq-attention/seed-1 "i\'m home ." --beam 4\n'
        "  d2l-rnn translate runs/seq2seq-attention/seed-1 < sentences.txt\n"
        "exit status: 0 done; 2 bad usage; 4 no usable trained model",
    )
    parser.add_argument("run", metavar="RUN", help="run directory, or a checkpoint")
    parser.add_argument("text", metavar="TEXT", nargs="*", help="a sentence each")
    search = parser.add_argument_group("search")
    whole, real = number(int), number(float)
    search.add_argument(
        "--beam", type=whole, metavar="SIZE", help="beam search (default: greedy)"
    )
    search.add_argument(
        "--n-best",
        type=whole,
        default=1,
        metavar="N",
        help="translations of a sentence, with their scores (default: 1)",
    )
    search.add_argument(
        "--alpha",
        type=real,
        metavar="EXPONENT",
        help="of the length in a beam's ranking (default: 0.75)",
    )
    draw = parser.add_argument_group("sampling, in place of search")
    draw.add_argument("--temperature", type=real, metavar="T", help="of probabilities")
    draw.add_argument("--top-k", type=whole, metavar="K", help="likeliest tokens")
    draw.add_argument("--top-p", type=real, metavar="P", help="tokens that hold P")
    draw.add_argument("--seed", type=whole, help="of the draws (default: 1)")
    parser.add_argument(
        "--show-attention",
        action="store_true",
        help="the weights as a table: a source token a column, a target token a row",
    )
    parser.add_argument(
        "--save-attention", default="", metavar="PNG", help="the weights as a picture"
    )
    add_device(parser)
    parser.add_argument(
        "--json", action="store_true", help="as JSON, a line a sentence"
    )
    return parser


def _check(options: argparse.Namespace) -> bool:
    """Refuse contradictions; return whether to sample."""
    sampling = [
        flag
        for flag in ("--temperature", "--top-k", "--top-p")
        if getattr(options, flag[2:].replace("-", "_")) is not None
    ]
    if sampling and options.beam is not None:
        raise UsageError(f"{sampling[0]} contradicts --beam: draw or search")
    if options.seed is not None and not sampling:
        raise UsageError("--seed without --temperature, --top-k or --top-p: no draws")
    if options.seed is not None and options.seed < 0:
        raise UsageError(f"--seed {options.seed}: at least 0")
    if options.alpha is not None and options.beam is None:
        raise UsageError("--alpha without --beam: nothing is ranked")
    if options.beam is not None and options.beam < 1:
        raise UsageError(f"--beam {options.beam}: at least 1")
    if options.n_best < 1:
        raise UsageError(f"--n-best {options.n_best}: at least 1")
    most = options.beam or 1
    if options.n_best > most and not sampling:
        raise UsageError(
            f"--n-best {options.n_best} contradicts --beam {most}: a beam finds as "
            "many as it is wide"
        )
    return bool(sampling)


def main(arguments: Sequence[str]) -> int:
    """Run the command line ``arguments``; return the exit status."""
    options = _parser().parse_args(arguments)
    sampling = _check(options)
    with system_errors_as(RunError, f"run {options.run}"):
        os.stat(options.run)
    picture = f"--save-attention {options.save_attention}"
    if options.save_attention:
        accepted = "a file in a folder that exists"
        with system_errors_as(UsageError, picture, accepted):
            target_of(options.save_attention)
    check_device(options.device)
    from ..experiments.trained import load_translator

    translator = load_translator(options.run)
    wants_attention = options.show_attention or options.save_attention
    if wants_attention and not translator.has_attention:
        flag = "--show-attention" if options.show_attention else "--save-attention"
        raise UsageError(f"{flag}: run {options.run} has a decoder without attention")
    lines, sentences = _sentences(options.text)
    _name_unknown_words(lines, sentences, translator)
    found = _translations(translator, sentences, options, sampling)
    maps = []
    for line, sentence, hypotheses in zip(lines, sentences, found):
        attended = None
        if wants_attention:
            attended = translator.attention(sentence, hypotheses[0])
            maps.append(attended)
        texts = [" ".join(translator.words(hypothesis)) for hypothesis in hypotheses]
        if options.json:
            answer = _as_json(line, texts, hypotheses, attended)
            print(json.dumps(encode(answer)))
            continue
        if options.n_best == 1:
            print(texts[0])
        else:
            for text, hypothesis in zip(texts, hypotheses):
                print(f"{hypothesis.score:.4f}  {text}")
        if options.show_attention and attended is not None:
            print(table(*attended))
    if options.save_attention and maps:
        from ..results.plots import save
        from ..results.plots_attention import attention_figure

        with system_errors_as(UsageError, picture):
            save(attention_figure(maps), options.save_attention)
    return 0


def _sentences(texts: Sequence[str]) -> Tuple[List[str], List[List[str]]]:
    """The sentences as they came, and as tokens."""
    from ..data.translation import preprocess_nmt

    # Nobody at a terminal waits without a word.
    lines = list(texts) or ([] if at_a_terminal() else lines_of_stdin())
    lines = [line.strip() for line in lines if line.strip()]
    if not lines:
        raise UsageError(
            "no sentence: give one as TEXT, as in d2l-rnn translate RUN 'go .', or on "
            "stdin, a line each"
        )
    return lines, [preprocess_nmt(line).split() for line in lines]


def _name_unknown_words(
    lines: Sequence[str], sentences: Sequence[Sequence[str]], translator: Any
) -> None:
    vocab = translator.src_vocab
    for line, sentence in zip(lines, sentences):
        unknown = [word for word in sentence if vocab[word] == vocab.unk]
        if unknown:
            names = ", ".join(dict.fromkeys(unknown))
            notify(f"warning: {line!r}: not in the vocabulary: {names}")
        if len(sentence) >= translator.num_steps:
            notify(
                f"warning: {line!r}: {len(sentence)} tokens, cut to "
                f"{translator.num_steps} without its end"
            )


def _translations(
    translator: Any,
    sentences: Sequence[Sequence[str]],
    options: argparse.Namespace,
    sampling: bool,
) -> List[List[Any]]:
    """Of each sentence ``--n-best`` hypotheses, those of a beam best first."""
    if options.beam is not None:
        alpha = 0.75 if options.alpha is None else options.alpha
        found: List[List[Any]] = translator.beam(
            sentences, options.beam, alpha, options.n_best
        )
        return found
    if not sampling:
        return [[hypothesis] for hypothesis in translator.greedy(sentences)]
    import numpy

    generator = numpy.random.default_rng(1 if options.seed is None else options.seed)
    temperature = 1.0 if options.temperature is None else options.temperature
    repeated = [sentence for sentence in sentences for _ in range(options.n_best)]
    drawn = translator.sample(
        repeated, generator, temperature, options.top_k, options.top_p
    )
    return [drawn[i : i + options.n_best] for i in range(0, len(drawn), options.n_best)]


def _as_json(
    line: str, texts: Sequence[str], hypotheses: Sequence[Any], attended: Any
) -> Dict[str, Any]:
    answer: Dict[str, Any] = {
        "source": line,
        "translations": [
            {
                "text": text,
                "log_prob": hypothesis.log_prob,
                "score": hypothesis.score,
                "finished": hypothesis.finished,
            }
            for text, hypothesis in zip(texts, hypotheses)
        ],
    }
    if attended is not None:
        answer["attention"] = {
            "source": attended.source,
            "target": attended.target,
            "weights": [[float(w) for w in row] for row in attended.weights],
        }
    return answer


def table(source: Sequence[str], target: Sequence[str], weights: Any) -> str:
    """Attention weights as aligned text: a source token a column, a target token a row.

    Parameters
    ----------
    source, target : sequence of str
    weights : array_like, shape (len(target), len(source))
    """
    margin = max(map(len, target))
    widths = [max(len(token), 4) for token in source]
    head = "  ".join(token.rjust(width) for token, width in zip(source, widths))
    lines = [" " * margin + "  " + head]
    for token, row in zip(target, weights):
        cells = "  ".join(f"{w:.2f}".rjust(width) for w, width in zip(row, widths))
        lines.append(f"{token.ljust(margin)}  {cells}")
    return "\n".join(lines)
