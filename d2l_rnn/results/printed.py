"""Results as they are printed: what ``d2l-rnn run`` shows when a run has finished."""

from __future__ import annotations

import math
from typing import Any, Callable, List, Mapping, Sequence, Tuple

from .metrics import loss_line, three_lines

Json = Mapping[str, Any]

STEPS_AHEAD = (1, 4, 16, 64)  # those that the book draws
_GRAMS = ("unigram", "bigram", "trigram")
_REACHES = (0, 1, 2, 3, 5, 10, 20)  # tokens of right context
_TWO_NETS = ("bidirectional", "left_to_right")
_PIXEL_MODELS = {
    "unigram": "unigrams of each position",
    "markov": "left and upper pixel and position",
    "ngrams": "n-grams",
    "positions": "the net without recurrence, told the position",
}
_MODELS = {
    "unigram": "unigrams",
    "left_to_right": "LSTM from left to right",
    "hmm": "hidden Markov model",
    "ngrams": "n-grams on both sides",
    "bidirectional": "bidirectional LSTM",
    "lookup": "each word's commonest label",
}


def series(result: Json) -> str:
    """The loss, and how the error grows with the number of steps."""
    root = result["rmse_ahead"]  # of a record of before, all that there is
    error = result.get("mse_ahead", {k: value**2 for k, value in root.items()})
    known = [k for k in STEPS_AHEAD if str(k) in error]
    ahead = ", ".join(f"{k}: {error[str(k)]:.4f}" for k in known)
    return "\n".join(
        [
            f"loss {result['loss']:.6f} (noise alone {result['noise_floor']:.6f})",
            f"mean squared error by steps ahead: {ahead}",
            "continued from its own predictions: mean squared error "
            f"{result['rmse_continued'] ** 2:.4f}; "
            f"constant at {result['continued_ends_at']:.2f} from "
            f"{result['continued_constant_from']} on",
        ]
    )


def text_statistics(result: Json) -> str:
    """Counts and top n-grams of words and characters; the models' perplexities."""
    lines = [f"{result['lines']} lines"]
    for kind, counted in result["counts"].items():
        lines.append(
            f"{kind}: {counted['tokens']} tokens, vocabulary of {counted['vocab']}"
        )
        for name in _GRAMS:
            grams = counted[name]
            top = ", ".join(
                f"{_gram(gram, kind)} {many}" for gram, many in grams["top"]
            )
            alpha = grams["zipf_exponent"]
            slope = "" if alpha is None else f", Zipf exponent {alpha:.2f}"
            lines += [f"  {grams['distinct']} {name}s{slope}", f"    {top}"]
    lines.append(
        f"n-gram models of the first {result['training_tokens']} {result['token']} "
        f"tokens, {result['heldout_tokens']} held out"
    )
    for model in result["ngram_models"]:
        held = model["heldout_perplexity"]
        lines.append(
            f"  n = {model['n']}: perplexity {model['perplexity']:.2f} in training, "
            + ("nothing held out" if held is None else f"{held:.2f} held out")
        )
    return "\n".join(lines)


def hidden_markov_model(result: Json) -> str:
    """Perplexities, the cloze task, and a text drawn from the model."""
    return "\n".join(
        [
            f"perplexity {result['perplexity']:.2f} in training, "
            f"{result['heldout_perplexity']:.2f} held out "
            f"(unigrams: {result['unigram_perplexity']:.2f})",
            f"P(x_j | x_-j) held out: perplexity {result['cloze_perplexity']:.2f}, "
            f"likeliest token right in {100 * result['cloze_accuracy']:.1f} of 100",
            *result["texts"],
        ]
    )


def cloze(result: Json) -> str:
    """A table of the models, worst first, and the sentences filled in."""
    scores = result["scores"]
    lines = [f"{'':24}  accuracy  perplexity"]
    for name in sorted(scores, key=lambda name: -scores[name]["perplexity"]):
        score = scores[name]
        lines.append(
            f"{_MODELS[name]:24}  {100 * score['accuracy']:6.1f} %  "
            f"{score['perplexity']:10.2f}"
        )
    lines.append(f"{result['heldout_tokens']} held-out blanks")
    for sentence in result["sentences"]:
        lines += ["", sentence["text"]]
        for name in _TWO_NETS:
            lines.append(f"  {_MODELS[name]:24} {_guesses(sentence[name])}")
    return "\n".join(lines)


def tagging(result: Json) -> str:
    """F1 by class and model, and an excerpt as it was and as it was restored."""
    scores, names = result["scores"], ("lookup", *reversed(_TWO_NETS))

    def line(title: str, score: Callable[[Json], float]) -> str:
        cells = (f"{score(scores[name]):29.3f}" for name in names)
        return f"{title:19}" + "".join(cells)

    heads = "".join(f"{_MODELS[name]:>29}" for name in names)
    lines = [f"{'F1':10}{'held out':>9}{heads}"]
    classes = scores[names[0]]["classes"]
    for kind in sorted(classes, key=lambda c: -classes[c]["support"]):
        support = classes[kind]["support"]
        if support:
            title = f"{kind:10}{support:9}"
            lines.append(line(title, _f1_of(kind)))
    lines.append(line("mean", lambda s: s["macro_f1"]))
    lines.append(line("labels right", lambda s: s["accuracy"]))
    titles = ("as it was", "bidirectional", "left to right")
    for title, text in zip(titles, result["texts"]):
        lines += ["", f"{title}: {text}"]
    return "\n".join(lines)


def _f1_of(kind: str) -> Callable[[Json], float]:
    return lambda score: float(score["classes"][kind]["f1"])


def truncation(result: Json) -> str:
    """A table of the strategies, and of what eigenvalues and clipping do."""
    lines = [
        f"{'':12}{'perplexity':>12}{'cosine':>9}{'bias':>9}{'+-':>8}{'deviation':>11}"
        f"{'ms/update':>11}{'kept':>7}"
    ]
    for name, found in result["gradients"].items():
        lines.append(
            f"{name:12}{result['perplexities'][name]:12.2f}{found['cosine']:9.3f}"
            f"{found['relative_bias']:9.3f}{found['relative_standard_error']:8.3f}"
            f"{found['relative_deviation']:11.3f}"
            f"{1000 * found['seconds_per_update']:11.1f}{found['longest_segment']:7.1f}"
        )
    lines.append(
        "bias and deviation relative to the full gradient; kept: steps at once"
    )
    flow = result["gradient_flow"]
    norms = ", ".join(f"{n} {v:.2g}" for n, v in flow["jacobian_norms"].items())
    lines.append(f"norm of the Jacobian over all steps: {norms}")
    for name, run in flow["training"].items():
        end = "overflow" if run["exploded"] else f"loss {run['loss']:.2f}"
        lines.append(
            f"linear net, {name}: {end} after {run['updates']} updates, largest "
            f"gradient {run['largest_norm'] or math.inf:.2g}"
        )
    return "\n".join(lines)


def edition_v1(result: Json) -> str:
    """Validation perplexity beside the training one, and the texts."""
    return "\n".join(
        [
            f"validation perplexity {result['heldout_perplexity']:.2f}, training "
            f"{result['perplexity']:.2f}, {result['tokens_per_sec']:.1f} tokens/sec on "
            f"{result['device']}",
            *result["texts"],
        ]
    )


def classifier(result: Json) -> str:
    """Accuracy on held-out lines beside simpler models', and mistakes."""
    return "\n".join(
        [
            f"right about {100 * result['heldout_accuracy']:.1f} of 100 held-out lines "
            f"({result['heldout_lines']}); trigrams: "
            f"{100 * result['trigram_accuracy']:.1f}, the commonest language: "
            f"{100 * result['commonest_accuracy']:.1f}",
            *(f"mistaken: {text} ({name})" for text, name in result["mistakes"]),
        ]
    )


def generator(result: Json) -> str:
    """Perplexities, and lines of each language."""
    lines = [
        f"held-out perplexity a character {result['heldout_perplexity']:.2f}, with the "
        f"other language's label {result['other_label_perplexity']:.2f}",
        f"{100 * result['recognised']:.0f} of 100 sampled lines recognised by trigrams "
        f"(of real lines {100 * result['judge_accuracy']:.0f})",
    ]
    for name, texts in result["lines"].items():
        lines += [
            f"{name}: {texts['greedy']}",
            *(f"  {t}" for t in texts["sampled"]),
        ]
    return "\n".join(lines)


def pixels(result: Json) -> str:
    """Bits per pixel beside what has to be beaten, and what the drawings are."""
    baselines = result["baselines"]
    others = ", ".join(
        f"{_PIXEL_MODELS[name]} {baselines[name]:.3f}"
        for name in sorted(baselines, key=lambda name: -float(baselines[name]))
    )
    lines = [
        f"held-out bits per pixel {result['heldout_bits']:.3f} "
        f"({result['heldout_images']} images); {others}"
    ]
    for temperature, found in result["samples"].items():
        line = (
            f"temperature {temperature}: {found['images']} images, "
            f"{found['distance_to_training']:.2f} levels from the nearest training "
            f"image, {found['copies']} copies"
        )
        if "recognised" in found:
            line += f"; {100 * found['recognised']:.1f} of 100 are seen as their class"
        lines.append(line)
    line = (
        f"held-out images: {result['heldout_distance_to_training']:.2f} levels, "
        f"{result['heldout_copies']} copies"
    )
    if "judge_accuracy" in result:
        line += f"; {100 * result['judge_accuracy']:.1f} of 100 seen as their class"
    return "\n".join([*lines, line])


def translation(result: Json) -> str:
    """The book's lines: the loss, and the four sentences; then held-out BLEU."""
    lines = [loss_line(result["book_loss"], result["tokens_per_sec"], result["device"])]
    lines += result["texts"]
    if "heldout_perplexity" in result:
        lines.append(f"held-out perplexity {result['heldout_perplexity']:.2f}")
    if result.get("heldout"):
        scores = result["heldout"]["bleu"].items()
        found = ", ".join(f"{name} {score:.2f}" for name, score in scores)
        lines.append(f"corpus BLEU of {result['heldout']['sentences']}: {found}")
    return "\n".join(lines)


def language_model(result: Json) -> str:
    """The book's three lines; before them what it prints of the untrained net."""
    lines = three_lines(
        result["perplexity"],
        result["tokens_per_sec"],
        result["device"],
        result["texts"],
    )
    if "untrained" in result:
        return f"untrained: {result['untrained']}\n{lines}"
    return lines


def audit(result: Json) -> str:
    """Verdict, and perplexity by visible right context."""
    lines = [result["verdict"], ""]
    texts = [name for name in ("training", "heldout") if result[name]]
    lines.append("visible after t  " + "  ".join(f"{name:>10}" for name in texts))
    curves = [result[name]["by_right_context"] for name in texts]
    last = len(curves[0]) - 1
    for reach in range(last + 1):
        if reach in _REACHES or reach == last:
            cells = "  ".join(f"{curve[reach]:10.2f}" for curve in curves)
            label = f"{reach} (all)" if reach == last else str(reach)
            lines.append(f"{label:15}  {cells}")
    lines += [
        "",
        "largest gradient of a prediction with respect to a later input: "
        f"{result['gradient_of_future']:.3g}",
    ]
    return "\n".join(lines)


def _gram(gram: List[str], kind: str) -> str:
    return " ".join(gram) if kind == "word" else repr("".join(gram))


def _guesses(best: Sequence[Tuple[str, float]]) -> str:
    parts: List[str] = [
        f"{token if token.strip() else 'space'} {probability:.2f}"
        for token, probability in best
    ]
    return "  ".join(parts)
