"""How good a trained translator is: the book's sentences, BLEU, attention's spread."""

from __future__ import annotations

import importlib.util
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

import numpy

from ..data.translation import Pairs
from ..generation.live_translations import LiveTranslator
from ..results.translation_metrics import bleu, corpus_bleu
from ..training.losses import coverage
from ..training.translation import decoder_inputs
from .contract import Json, Notify
from .prefixes import is_foreign, named, unknown_of

#: The book's four sentences with the translation that each is held against.
DEMONSTRATION = {
    "go .": "va !",
    "i lost .": "j'ai perdu .",
    "he's calm .": "il est calme .",
    "i'm home .": "je suis chez moi .",
}

_COVERAGE_EDGES = [0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0]


def sentences_to_show(
    translator: LiveTranslator, training: Pairs, notify: Notify
) -> Dict[str, str]:
    """The book's four sentences, or of pairs in other languages the first four.

    Both languages must be the book's: English pairs with another target are held
    against their own translations. A rare word is unknown as it is meant to be, and
    told of.
    """
    known = translator.src_vocab.token_to_idx
    words = [word for source in DEMONSTRATION for word in source.split()]
    answers = [word for target in DEMONSTRATION.values() for word in target.split()]
    unknown = unknown_of(words, known)
    if not is_foreign(words, known):
        if not is_foreign(answers, translator.tgt_vocab.token_to_idx):
            if unknown:
                notify(f"warning: the vocabulary has no {named(unknown)} to translate")
            return DEMONSTRATION
        unknown = unknown_of(answers, translator.tgt_vocab.token_to_idx)
    found: Dict[str, str] = {}
    for source, target in zip(*training):
        if all(word in known for word in source):
            found.setdefault(" ".join(source), " ".join(target))
        if len(found) == len(DEMONSTRATION):
            break
    found = found or {" ".join(training[0][0]): " ".join(training[1][0])}
    notify(
        f"the vocabulary has no {named(unknown)}: in place of the book's sentences the "
        f"first of the corpus are translated, {next(iter(found))!r} and so on"
    )
    return found


def demonstration(translator: LiveTranslator, shown: Mapping[str, str]) -> Json:
    """Some sentences translated, their mean BLEU, and the same as lines of text.

    A decoder with the encoder's context is also asked with the 0.17 edition's, which
    takes its own last state: its published translations were made like that.
    """
    decoder = translator.net.decoder
    answer: Json = {"translations": _translations(translator, shown)}
    if not getattr(decoder, "book_context", True) and decoder.bridge != "cell":
        decoder.book_context = True
        answer["translations_with_book_context"] = _translations(translator, shown)
        decoder.book_context = False
    rows = answer["translations"]
    answer["mean_bleu"] = sum(row["bleu"] for row in rows) / len(rows)
    answer["texts"] = [
        f"{row['source']} => {row['translation']},  bleu {row['bleu']:.3f}"
        for row in rows
    ]
    return answer


def _translations(translator: LiveTranslator, shown: Mapping[str, str]) -> List[Json]:
    sentences = [source.split(" ") for source in shown]
    rows = []
    for source, hypothesis in zip(shown, translator.greedy(sentences)):
        translation = " ".join(translator.words(hypothesis))
        score = bleu(translation, shown[source], k=2)
        rows.append({"source": source, "translation": translation, "bleu": score})
    return rows


def corpus_bleu_held_out(
    translator: LiveTranslator, heldout: Pairs, beams: Sequence[int], alpha: float
) -> Optional[Json]:
    """Corpus BLEU of held-out sentences, greedy and by beams; None without sacrebleu.

    Each source sentence is translated once; all of its translations are references,
    with the words as they are, those outside the vocabulary too.
    """
    if importlib.util.find_spec("sacrebleu") is None:
        return None
    references: Dict[Tuple[str, ...], List[str]] = {}
    for source, target in zip(*heldout):
        references.setdefault(tuple(source), []).append(" ".join(target))
    sentences, answers = list(references), list(references.values())
    searched = {"greedy": translator.greedy(sentences)}
    for size in beams:
        found = translator.beam(sentences, size, alpha)
        searched[f"beam {size}"] = [best[0] for best in found]
    texts = {
        name: [" ".join(translator.words(hypothesis)) for hypothesis in found]
        for name, found in searched.items()
    }
    examples = [
        {
            "source": " ".join(sentence),
            "references": answer,
            **{name: found[i] for name, found in texts.items()},
        }
        for i, (sentence, answer) in enumerate(zip(sentences[:5], answers))
    ]
    return {
        "sentences": len(sentences),
        "references": len(heldout[0]),
        "bleu": {name: corpus_bleu(found, answers) for name, found in texts.items()},
        "examples": examples,
    }


def coverage_histogram(
    translator: LiveTranslator, data_iter: Iterable[Any], tau: float
) -> Json:
    """How much attention source positions got, summed over the true target.

    Returns
    -------
    dict
        ``edges`` and ``counts`` of the histogram, the last bin open; the number of
        ``positions``; ``mean``; and ``stray``, the mean of (tau - coverage)^2.
    """
    net, values = translator.net, []
    for batch in data_iter:
        X, X_valid_len, Y, Y_valid_len = [x.as_in_ctx(translator.device) for x in batch]
        net(X, decoder_inputs(Y, translator.tgt_vocab["<bos>"]), X_valid_len)
        covered = coverage(net.decoder.attention_matrix, Y_valid_len).asnumpy()
        valid = numpy.arange(X.shape[1]) < X_valid_len.asnumpy()[:, None]
        values.append(covered[valid])
    # (number of source positions,)
    flat = numpy.concatenate(values).astype("float64")
    counts, _ = numpy.histogram(flat, _COVERAGE_EDGES + [numpy.inf])
    return {
        "edges": _COVERAGE_EDGES,
        "counts": [int(count) for count in counts],
        "positions": int(flat.size),
        "mean": float(flat.mean()),
        "stray": float(((tau - flat) ** 2).mean()),
    }
