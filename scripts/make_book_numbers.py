#!/usr/bin/env python3
"""Write d2l_rnn/results/book.json from the survey of the book's executed notebooks.

    python scripts/make_book_numbers.py --reference DIR

DIR holds ``reference.json`` (every printed run, with its source) and
``reference_curves.json`` (the training curve of every build). Run once; the result is
committed.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
from collections import Counter
from pathlib import Path
from typing import Any, Dict, List

OUTPUT = Path(__file__).resolve().parents[1] / "d2l_rnn" / "results" / "book.json"

PERPLEXITY = (
    "training perplexity exp(sum of the cross-entropy / tokens) of the last epoch; "
    "no validation set"
)
TRANSLATION = (
    "training loss of the last epoch: the masked cross-entropy is averaged over the "
    "num_steps = 10 positions and then divided by the valid target tokens, so it is "
    "one tenth of the loss per token"
)
VALIDATION = "validation perplexity exp(loss) of the last epoch, read off the plot"
SEQUENCE = "training loss of the last epoch, half the squared error of one step"

LANGUAGE = {
    "corpus": "time-machine",
    "corpus_sha1": "090b5e7e70c295757f55df93cb0a180b9691891a",
    "clean": "book",
    "token": "char",
    "max_tokens": 10000,
    "theta": 1,
    "batch_size": 32,
    "num_steps": 35,
    "num_epochs": 500,
}
PAIRS = {
    "corpus": "fra-eng",
    "corpus_sha1": "94646ad1522d915e7b0f9296181140edcf86a4f5",
    "num_examples": 600,
    "batch_size": 64,
    "num_steps": 10,
    "embed_size": 32,
    "num_hiddens": 32,
    "num_layers": 2,
    "lr": 0.005,
}
V1 = {
    "corpus": "time-machine",
    "corpus_sha1": LANGUAGE["corpus_sha1"],
    "batch_size": 1024,
    "num_steps": 32,
    "num_hiddens": 32,
}


def language(
    hiddens: int, layers: int, lr: float, sampling: str = "sequential"
) -> Dict[str, Any]:
    return dict(
        LANGUAGE, num_hiddens=hiddens, num_layers=layers, lr=lr, sampling=sampling
    )


RNN_CHAPTER = "chapter_recurrent-neural-networks/"
MODERN = "chapter_recurrent-modern/"

# our name: (book key, section, title, notebook, metric, what makes a run comparable)
BOOK_0_17: Dict[str, Any] = {
    "rnn-scratch": (
        "rnn_scratch_sequential",
        "8.5",
        "RNN from scratch, sequential partitioning",
        RNN_CHAPTER + "rnn-scratch.ipynb",
        language(512, 1, 1),
    ),
    "rnn-scratch-reset": (
        "rnn_scratch_random",
        "8.5",
        "RNN from scratch, state reset at every minibatch ('random sampling')",
        RNN_CHAPTER + "rnn-scratch.ipynb",
        language(512, 1, 1, "reset"),
    ),
    "rnn": (
        "rnn_concise",
        "8.6",
        "RNN, concise",
        RNN_CHAPTER + "rnn-concise.ipynb",
        language(256, 1, 1),
    ),
    "gru-scratch": (
        "gru_scratch",
        "9.1",
        "GRU from scratch",
        MODERN + "gru.ipynb",
        language(256, 1, 1),
    ),
    "gru": (
        "gru_concise",
        "9.1",
        "GRU, concise",
        MODERN + "gru.ipynb",
        language(256, 1, 1),
    ),
    "lstm-scratch": (
        "lstm_scratch",
        "9.2",
        "LSTM from scratch",
        MODERN + "lstm.ipynb",
        language(256, 1, 1),
    ),
    "lstm": (
        "lstm_concise",
        "9.2",
        "LSTM, concise",
        MODERN + "lstm.ipynb",
        language(256, 1, 1),
    ),
    "deep-lstm": (
        "deep_rnn",
        "9.3",
        "deep LSTM, two layers",
        MODERN + "deep-rnn.ipynb",
        language(256, 2, 2),
    ),
    "bilstm": (
        "bi_rnn",
        "9.4",
        "bidirectional LSTM, two layers",
        MODERN + "bi-rnn.ipynb",
        language(256, 2, 1),
    ),
    "seq2seq": (
        "seq2seq_gru",
        "9.7",
        "sequence to sequence, GRU",
        MODERN + "seq2seq.ipynb",
        dict(PAIRS, num_epochs=300),
    ),
    "seq2seq-attention": (
        "seq2seq_bahdanau",
        "10.4",
        "sequence to sequence with additive attention",
        "chapter_attention-mechanisms/bahdanau-attention.ipynb",
        dict(PAIRS, num_epochs=250),
    ),
}

BOOK_1_0: Dict[str, Any] = {
    "rnn-v1": (
        "d2l1_rnn_concise",
        "9.6",
        "RNN, concise",
        RNN_CHAPTER + "rnn-concise.ipynb",
        dict(V1, num_epochs=100, lr=1),
    ),
    "gru-v1": (
        "d2l1_gru_concise",
        "10.2",
        "GRU, concise",
        MODERN + "gru.ipynb",
        dict(V1, num_epochs=50, lr=4),
    ),
    "lstm-v1": (
        "d2l1_lstm_concise",
        "10.1",
        "LSTM, concise",
        MODERN + "lstm.ipynb",
        dict(V1, num_epochs=50, lr=4),
    ),
    "birnn-v1": (
        "d2l1_bigru_concise",
        "10.4",
        "bidirectional GRU, concise",
        MODERN + "bi-rnn.ipynb",
        dict(V1, num_epochs=50, lr=2),
    ),
}


def summary(values: List[float]) -> Dict[str, float]:
    return {
        "median": round(statistics.median(values), 4),
        "mean": round(statistics.mean(values), 4),
        "sd": round(statistics.stdev(values), 4),
        "min": round(min(values), 4),
        "max": round(max(values), 4),
    }


def commit_of(entry: Dict[str, Any]) -> str:
    """'en 2a4d379010' from a source such as 'd2l-ai/d2l-en-colab:path@<sha> (...)'."""
    match = re.match(r"d2l-ai/d2l-(\w+)-colab:\S+@(\w{10})", entry["source"])
    if match is None:
        raise SystemExit(f"no commit in {entry['source']!r}")
    return " ".join(match.groups())


def texts_of(entries: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
    """The most frequent continuation of each prefix, and in how many builds it is."""
    found = [entry["generated_text"] for entry in entries if "generated_text" in entry]
    texts = []
    for column in zip(*found):
        text, count = Counter(column).most_common(1)[0]
        texts.append({"text": text, "builds": count, "of": len(column)})
    return texts


def printed_texts_of(entries: List[Dict[str, Any]]) -> List[Dict[str, int]]:
    """For each prefix (sentence, in translation) every text, and in how many builds."""
    found = [entry["generated_text"] for entry in entries if "generated_text" in entry]
    found += [
        [f"{cell['src']} => {cell['pred']}" for cell in entry["bleu"]]
        for entry in entries
        if "bleu" in entry
    ]
    return [dict(Counter(column).most_common()) for column in zip(*found)]


def bleu_of(entries: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
    """For each of the four sentences the mean BLEU and the exact translations."""
    rows = []
    for column in zip(*(entry["bleu"] for entry in entries if "bleu" in entry)):
        scores = [cell["bleu"] for cell in column]
        rows.append(
            {
                "source": column[0]["src"],
                "mean": round(statistics.mean(scores), 3),
                "exact": sum(score == 1 for score in scores),
                "of": len(scores),
            }
        )
    return rows


def book_0_17(reference: Dict[str, Any], curves: Dict[str, Any]) -> Dict[str, Any]:
    aggregates = {
        (row["experiment"], row["framework"]): row for row in reference["aggregates"]
    }
    book = {}
    for name, (key, section, title, notebook, requires) in BOOK_0_17.items():
        entries = [
            entry
            for entry in reference["entries"]
            if (entry["experiment"], entry["framework"], entry.get("era"))
            == (key, "mxnet", "M2")
        ]
        aggregate, curve = aggregates[key, "mxnet"], curves[key + "|mxnet"]
        other, other_curve = aggregates[key, "pytorch"], curves[key + "|pytorch"]
        translation = "seq2seq" in name
        book[name] = {
            "book_key": key,
            "edition": "0.17",
            "section": section,
            "title": title,
            "framework": "mxnet",
            "device": "gpu(0), Tesla V100",
            "metric": "loss_over_num_steps" if translation else "perplexity",
            "meaning": TRANSLATION if translation else PERPLEXITY,
            "notebook": notebook,
            "printed": aggregate["printed_counts"],
            "final": summary([build["values"][-1] for build in curve["builds"]]),
            "tokens_per_sec": aggregate["tokens_per_sec"],
            "texts": texts_of(entries),
            "printed_texts": printed_texts_of(entries),
            "bleu": bleu_of(entries),
            "requires": requires,
            "epochs": [round(epoch) for epoch in curve["epochs"]],
            "builds": [
                {
                    "source": (f"{build['repo'].split('-')[2]} {build['commit'][:10]}"),
                    "values": [round(value, 4) for value in build["values"]],
                }
                for build in curve["builds"]
            ],
            "pytorch": {
                "n_builds": other["n_builds"],
                "printed": other["printed_counts"],
                "final": {
                    k: v for k, v in other["digitised_final"].items() if k != "n"
                },
                "tokens_per_sec": other["tokens_per_sec"],
                "epochs": [round(epoch) for epoch in other_curve["epochs"]],
                "median": other_curve["median"],
                "min": other_curve["min"],
                "max": other_curve["max"],
            },
        }
    return book


def sequence(reference: Dict[str, Any]) -> Dict[str, Any]:
    entries = [
        entry
        for entry in reference["entries"]
        if (entry["experiment"], entry["framework"]) == ("sequence_sine_mlp", "mxnet")
    ]
    finals = [entry["loss_per_epoch"][-1] for entry in entries]
    return {
        "book_key": "sequence_sine_mlp",
        "edition": "0.17",
        "section": "8.1",
        "title": "sequence model on a noisy sine",
        "framework": "mxnet",
        "device": "cpu(0)",
        "metric": "loss",
        "meaning": SEQUENCE,
        "notebook": RNN_CHAPTER + "sequence.ipynb",
        "printed": {},
        "final": summary(finals),
        "requires": {"batch_size": 16, "lr": 0.01, "num_epochs": 5},
        "drawn_alike": True,
        "epochs": [1, 2, 3, 4, 5],
        "builds": [
            {"source": commit_of(entry), "values": entry["loss_per_epoch"]}
            for entry in entries
        ],
    }


def book_1_0(reference: Dict[str, Any]) -> Dict[str, Any]:
    book = {}
    for name, (key, section, title, notebook, requires) in BOOK_1_0.items():
        entries = [
            entry
            for entry in reference["entries"]
            if (entry["experiment"], entry["framework"]) == (key, "mxnet")
            and "val_ppl_digitised" in entry
        ]
        finals = [entry["val_ppl_digitised"] for entry in entries]
        book[name] = {
            "book_key": key,
            "edition": "1.0",
            "section": section,
            "title": title,
            "framework": "mxnet",
            "device": "gpu(0)",
            "metric": "heldout_perplexity",
            "meaning": VALIDATION,
            "notebook": notebook,
            "printed": {},
            "final": summary(finals),
            "requires": requires,
            "epochs": [requires["num_epochs"]],
            "builds": [
                {"source": commit_of(entry), "values": [entry["val_ppl_digitised"]]}
                for entry in entries
            ],
        }
    return book


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reference", type=Path, required=True, metavar="DIR")
    directory = parser.parse_args().reference
    reference = json.loads((directory / "reference.json").read_text("utf-8"))
    curves = json.loads((directory / "reference_curves.json").read_text("utf-8"))
    book = book_0_17(reference, curves)
    book["sequence"] = sequence(reference)
    book.update(book_1_0(reference))
    lines = []
    for name, entry in book.items():
        text = json.dumps(entry, ensure_ascii=False, separators=(",", ":"))
        lines.append(f"{json.dumps(name)}:{text}")
    OUTPUT.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
