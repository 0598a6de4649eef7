"""Translation: the experiments of Sections 9.7 and 10.4."""

from __future__ import annotations

import importlib.util
from typing import Any, Dict, Iterable, List, Optional, Tuple

import numpy

from ..acceleration.translation import TracedTranslation
from ..data.pairs import PairsFile, load_pairs
from ..data.translation import (
    Pairs,
    build_vocab_nmt,
    load_arrays_nmt,
    preprocess_nmt,
    split_pairs,
    tokenize_nmt,
)
from ..models.gluon_layers import named_arrays
from ..results import record
from ..results.metrics import loss_line, perplexity
from ..results.translation_metrics import bleu, corpus_bleu
from ..seeding import epoch_seed, set_seed
from ..training import checkpoint
from ..training.initialisation import initialize_seq2seq
from ..training.losses import coverage
from ..training.optimisers import Adam
from ..training.parameters import Parameters
from ..training.translation import (
    TranslationRow,
    decoder_inputs,
    train_translation,
)
from .configs_translation import Seq2SeqAttentionConfig, TranslationConfig
from .running import Run
from .translating import Attended, Translator, build

Json = Dict[str, Any]

#: The book's four sentences with the translation that each is held against.
DEMONSTRATION = {
    "go .": "va !",
    "i lost .": "j'ai perdu .",
    "he's calm .": "il est calme .",
    "i'm home .": "je suis chez moi .",
}

_COVERAGE_EDGES = [0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0]


def read_pairs(config: TranslationConfig) -> Tuple[PairsFile, Pairs, Pairs]:
    """Read a configuration's sentence pairs, and hold some out.

    Returns
    -------
    file : PairsFile
    training, heldout : (source, target)
        No source sentence is in both; which are held out does not depend on the seed.
    """
    file = load_pairs(config.corpus, config.data_dir or None)
    text, last = file.text, config.num_examples
    if last:  # the other lines need not be preprocessed
        text = "\n".join(text.split("\n", last + 1)[: last + 1])
    source, target = tokenize_nmt(preprocess_nmt(text), config.num_examples)
    training, heldout = split_pairs(source, target, config.num_heldout)
    return file, training, heldout


def run(config: TranslationConfig, run: Run) -> None:
    """Train, translate, evaluate on the sentences held out, record."""
    file, training, heldout = read_pairs(config)
    src_vocab, tgt_vocab = [build_vocab_nmt(side, config.min_freq) for side in training]
    vocabs, sizes = (src_vocab, tgt_vocab), (config.batch_size, config.num_steps)
    train_iter = load_arrays_nmt(*training, *vocabs, *sizes)
    heldout_iter = None
    if heldout[0]:
        heldout_iter = load_arrays_nmt(*heldout, *vocabs, *sizes, shuffle=False)
        if importlib.util.find_spec("sacrebleu") is None:
            run.notify(
                "sacrebleu is not installed: no corpus BLEU of the held-out sentences "
                "(pip install 'd2l_rnn[bleu]')"
            )
    set_seed(epoch_seed(config.seed, 0))
    net = build(config, len(src_vocab), len(tgt_vocab))
    initialize_seq2seq(net, config.num_steps, run.device)
    adam = Adam(Parameters.of(net), config.lr, config.theta)
    kept: List[record.Row] = []
    if run.options.resume and run.checkpoint.exists():
        arrays, saved = checkpoint.load(run.checkpoint)
        checkpoint.put_arrays(named_arrays(net), arrays, adam)
        kept = record.read_run(run.directory).epochs[: saved["epoch"]]
    tokens = int(train_iter.arrays[3].sum())
    run.begin({"name": file.name, "sha1": file.sha1, "tokens": tokens}, kept)
    objective = TracedTranslation(
        net,
        tgt_vocab["<bos>"],
        run.device,
        train_iter,
        num_epochs=config.num_epochs,
        schedule=config.schedule,
        final_probability=config.final_probability,
        penalty=getattr(config, "attention_penalty", 0.0),
        tau=getattr(config, "tau", 1.0),
    )
    rows = train_translation(
        objective,
        train_iter,
        adam,
        config.num_epochs,
        seed=config.seed,
        first_epoch=len(kept) + 1,
        heldout_iter=heldout_iter,
    )
    notes = {
        "src_vocab": src_vocab.idx_to_token,
        "tgt_vocab": tgt_vocab.idx_to_token,
        "corpus": {"name": file.name, "sha1": file.sha1},
    }

    def save(epoch: int) -> None:
        arrays = checkpoint.arrays_of(named_arrays(net), adam)
        checkpoint.save(run.checkpoint, arrays, {**notes, "epoch": epoch})

    run.follow(rows, save, metrics_of)
    translator = Translator(net, *vocabs, config.num_steps, run.device)
    result: Json = {
        "book_loss": run.epochs[-1]["book_loss"],
        "pairs": len(training[0]),
        "vocabulary": [len(src_vocab), len(tgt_vocab)],
        **_demonstration(translator),
    }
    if heldout_iter is not None:
        result["heldout_perplexity"] = run.epochs[-1]["heldout_perplexity"]
        result["heldout"] = evaluate(translator, heldout, config)
    if isinstance(config, Seq2SeqAttentionConfig):
        data_iter = heldout_iter or train_iter
        result["coverage"] = coverage_histogram(net, data_iter, translator, config.tau)
    run.finish(result)
    if run.options.plot:
        run.draw_curve()
        if translator.has_attention:
            _draw_attention(translator, run)


def metrics_of(row: TranslationRow) -> Json:
    """What a translation row has beside the common metrics."""
    metrics: Json = {
        "book_loss": row.book_loss,
        "teacher_probability": row.teacher_probability,
    }
    if row.coverage_penalty is not None:
        metrics["coverage_penalty"] = row.coverage_penalty
    if row.heldout_loss is not None and row.heldout_tokens:
        metrics["heldout_perplexity"] = perplexity(row.heldout_loss, row.heldout_tokens)
    return metrics


def _demonstration(translator: Translator) -> Json:
    """The book's four sentences, their mean BLEU, and the same as lines of text.

    A decoder with the encoder's context is also asked with the 0.17 edition's, which
    takes its own last state: its published translations were made like that.
    """
    decoder = translator.net.decoder
    answer: Json = {"translations": _translations(translator)}
    if not getattr(decoder, "book_context", True) and decoder.bridge != "cell":
        decoder.book_context = True
        answer["translations_with_book_context"] = _translations(translator)
        decoder.book_context = False
    rows = answer["translations"]
    answer["mean_bleu"] = sum(row["bleu"] for row in rows) / len(rows)
    answer["texts"] = [
        f"{row['source']} => {row['translation']},  bleu {row['bleu']:.3f}"
        for row in rows
    ]
    return answer


def _translations(translator: Translator) -> List[Json]:
    sentences = [source.split(" ") for source in DEMONSTRATION]
    rows = []
    for source, hypothesis in zip(DEMONSTRATION, translator.greedy(sentences)):
        translation = " ".join(translator.words(hypothesis))
        score = bleu(translation, DEMONSTRATION[source], k=2)
        rows.append({"source": source, "translation": translation, "bleu": score})
    return rows


def evaluate(
    translator: Translator, heldout: Pairs, config: TranslationConfig
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
    for size in config.beams():
        found = translator.beam(sentences, size, config.alpha)
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
    net: Any, data_iter: Iterable[Any], translator: Translator, tau: float
) -> Json:
    """How much attention source positions got, summed over the true target.

    Returns
    -------
    dict
        ``edges`` and ``counts`` of the histogram, the last bin open; the number of
        ``positions``; ``mean``; and ``stray``, the mean of (tau - coverage)^2.
    """
    values: List[Any] = []
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


def _draw_attention(translator: Translator, run: Run) -> None:
    from ..results.plots import save
    from ..results.plots_attention import attention_figure

    sentences = [source.split(" ") for source in DEMONSTRATION]
    maps: List[Attended] = [
        translator.attention(sentence, hypothesis)
        for sentence, hypothesis in zip(sentences, translator.greedy(sentences))
    ]
    save(attention_figure(maps), run.directory / "attention.png")


def summary(result: Json) -> str:
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
