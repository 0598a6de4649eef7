"""The Chinese path from end to end: train, record, load, continue, translate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, List

import pytest

import d2l_rnn as d2l
from d2l_rnn.cli import main
from d2l_rnn.data.corpora import SAMPLE_CHINESE, load_text, sha1_of
from d2l_rnn.experiments.exported import load_trained
from d2l_rnn.experiments.loaded import load_run
from d2l_rnn.experiments.table import find
from d2l_rnn.experiments.translation_quality import DEMONSTRATION, sentences_to_show

TINY = "--max-tokens 400 --num-hiddens 16 --batch-size 4 --num-steps 10 --num-preds 6"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("zh") / "run"
    words = ["run", "rnn-zh", *TINY.split(), "--epochs", "3", "--quiet", "--no-plot"]
    assert main([*words, "--out", str(folder)]) == 0
    return folder


def test_rnn_zh_trains_on_the_embedded_text(run: Path) -> None:
    result = json.loads((run / "result.json").read_text(encoding="utf-8"))
    assert result["corpus"] == "sample-zh"
    assert result["corpus_sha1"] == sha1_of(SAMPLE_CHINESE)
    rows = [
        json.loads(line) for line in (run / "epochs.jsonl").read_text().splitlines()
    ]
    perplexities = [row["perplexity"] for row in rows]
    assert perplexities == sorted(perplexities, reverse=True)  # it learns
    characters = set("".join(load_text("sample-zh").lines)) | {"\n", "<unk>"}
    for prefix, text in zip(["小镇的钟", "河水"], result["texts"]):
        assert text.startswith(prefix) and set(text) <= characters


def test_a_finished_run_is_loaded_and_continues_chinese(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = json.loads((run / "result.json").read_text(encoding="utf-8"))
    loaded = load_run(run)
    assert len(loaded.vocab) == len(set("".join(load_text("sample-zh").lines))) + 2
    said = loaded.generate("小镇的钟", num_preds=6)
    assert said == result["texts"][0]
    assert len(load_trained(run).vocabularies["vocab"]) == len(loaded.vocab)
    capsys.readouterr()
    command = ["generate", str(run), "--prefix", "河水", "--num-preds", "6"]
    assert main(command) == 0
    assert capsys.readouterr().out.rstrip("\n") == result["texts"][1].rstrip("\n")
    assert main([*command[:2], "--prefix", "xyz"]) == 2
    assert "'x'" in capsys.readouterr().err


def test_its_settings_are_the_first_editions() -> None:
    """Section 6.5 of the printed book: 256, 32, 35, 100, 0.01, 250 epochs, 50 ahead."""
    config = find("rnn-zh").config
    assert (config.cell, config.num_hiddens, config.num_layers) == ("rnn", 256, 1)
    assert (config.batch_size, config.num_steps, config.max_tokens) == (32, 35, 10000)
    assert (config.lr, config.theta, config.num_epochs) == (100.0, 0.01, 250)
    assert (config.num_preds, config.clean, config.token) == (50, "none", "char")
    text = "".join(load_text("sample-zh").lines)
    assert all(set(prefix) <= set(text) for prefix in config.prefix_list())


PAIRS = """\
go .	走 。
i am here .	我 在 这 。
go home .	回 家 。
i am home .	我 到 家 。
you go .	你 走 。
"""


def test_own_pairs_are_shown_with_their_own_sentences(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """English as in the book, but the target is Chinese: no French reference."""
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text(PAIRS, encoding="utf-8")
    sizes = "--num-hiddens 16 --embed-size 16 --num-layers 1 --batch-size 5 --dropout 0"
    words = ["run", "seq2seq", "--corpus", str(pairs), *sizes.split()]
    words += ["--num-examples", "0", "--min-freq", "1", "--lr", "0.02", "--no-plot"]
    words += ["--epochs", "60", "--quiet", "--out", str(tmp_path / "run")]
    assert main(words) == 0
    printed = capsys.readouterr()
    assert "in place of the book's sentences" in printed.err
    assert printed.out.splitlines()[1:] == [
        f"{source} => {target},  bleu 1.000"
        for source, target in (line.split("\t") for line in PAIRS.splitlines()[:4])
    ]


class _Known:
    """A translator as far as its vocabularies."""

    def __init__(self, source: str, target: str) -> None:
        self.src_vocab = d2l.Vocab([source.split()])
        self.tgt_vocab = d2l.Vocab([target.split()])


def test_the_books_sentences_need_both_of_its_languages() -> None:
    english, french = " ".join(DEMONSTRATION), " ".join(DEMONSTRATION.values())
    training: Any = ([["go", "."]], [["走", "。"]])
    for source, target, is_book_s in (
        (english, french, True),
        (english, "走 。 .", False),
        ("走 。", french, False),
    ):
        told: List[str] = []
        translator: Any = _Known(source, target)
        shown = sentences_to_show(translator, training, told.append)
        assert (shown == DEMONSTRATION) == is_book_s
        assert bool(told) != is_book_s
