"""What is continued has no unknown token; what a cleaning takes away is told."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, List

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mxnet import cpu

from d2l_rnn import chapters
from d2l_rnn.data.encoding import lost_letters
from d2l_rnn.data.sequences import SequenceLoader
from d2l_rnn.data.text import Vocab, clean, tokenize
from d2l_rnn.errors import DataError, UsageError
from d2l_rnn.experiments.configs import LanguageModelConfig
from d2l_rnn.experiments.configs_bidirectional import (
    AuditConfig,
    ClozeConfig,
    HMMConfig,
    TaggingConfig,
)
from d2l_rnn.experiments.configs_sequences import (
    BpttConfig,
    EditionV1Config,
    HandwrittenConfig,
    HandwrittenGatedConfig,
    TextStatsConfig,
)
from d2l_rnn.experiments.configs_translation import Seq2SeqConfig
from d2l_rnn.experiments.corpus import read_corpus
from d2l_rnn.experiments.loaded import load_run
from d2l_rnn.experiments.prefixes import fitting
from d2l_rnn.experiments.runner import Options, run_experiment
from d2l_rnn.experiments.table import find

CHINESE = "想要有直升机\n想要和你飞到宇宙去\n想要和你融化在一起\n" * 20
RUSSIAN = "Много лет назад жил один изобретатель по имени X.\n" * 40
VIETNAMESE = "Tôi đã nhìn thấy người du hành thời gian trở về hôm qua.\n" * 40
FRENCH = "Le voyageur était revenu du futur et nous parlait très lentement.\n"

Config = LanguageModelConfig


def fit(config: Any, text: str, told: List[str]) -> Any:
    cleaning, token = getattr(config, "clean", "book"), getattr(config, "token", "char")
    lines = tokenize(clean(text.split("\n"), cleaning), token)
    tokens = [token for line in lines for token in line]
    return fitting(config, set(tokens), tokens, told.append)


@given(
    st.text("aAbBzZ éêЖ想,.-_", min_size=1, max_size=12).filter(
        lambda text: "," not in text and text == text.strip()
    ),
    st.sampled_from(["book", "none"]),
    st.sampled_from(["char", "word"]),
)
@settings(max_examples=60, deadline=None)
def test_what_is_continued_is_all_known(typed: str, how: str, token: str) -> None:
    """Cleaned as the text is, or refused: never with an unknown token in it."""
    text = "Ab éz, 想\nzB a- b.\n"
    config = Config(prefixes=typed, clean=how, token=token)
    lines = tokenize(clean(text.split("\n"), how), token)
    known = {token for line in lines for token in line}
    wanted = clean([typed], how)[0].strip()
    parts = wanted.split() if token == "word" else list(wanted)
    try:
        found = fit(config, text, [])
    except UsageError as error:
        unknown = [part for part in parts if part not in known]
        named = unknown or list(typed)
        assert (unknown or not wanted) and repr(named[0]) in str(error)
    else:
        assert [list(prefix) for prefix in found.prefixes] == [parts]
        assert set(parts) <= known and not found.recorded


@pytest.mark.parametrize(
    "token, first", [("char", "想要有直升机\n想要和"), ("word", None)]
)
def test_the_texts_own_first_tokens_stand_in_for_a_default(
    token: str, first: str
) -> None:
    told: List[str] = []
    found = fit(Config(clean="none", token=token), CHINESE, told)
    words = CHINESE.split()[:10]
    assert found.prefixes == [first if token == "char" else words]
    assert found.recorded == {"prefixes": [first or " ".join(words)]}
    (line,) = told
    assert "the text has no 't'" in line or "'time'" in line
    assert repr(first or " ".join(words)) in line and "\n" not in line


def test_a_default_that_fits_is_left_alone() -> None:
    told: List[str] = []
    found = fit(Config(), "The time traveller", told)
    assert found.prefixes == ["time traveller", "traveller"]
    assert not told and found.recorded == {}


def test_letters_that_a_prefix_loses_are_told() -> None:
    told: List[str] = []
    assert fit(Config(prefixes="Été"), "t e\n", told).prefixes == ["t"]
    assert "'Été': read as 't'" in told[0]
    told.clear()
    assert fit(Config(prefixes="It's T!"), "it st", told).prefixes == ["it s t"]
    assert not told


def test_letters_that_the_cleaning_removes() -> None:
    assert lost_letters("The Time Machine, 1898") == 0
    assert lost_letters("1898\n!") == lost_letters(CHINESE) == 1
    assert 0 < lost_letters(FRENCH) < 0.1 < lost_letters(VIETNAMESE) < 0.4
    assert 0.9 < lost_letters(RUSSIAN) < 1
    assert lost_letters("aé\né1b") == 0.5


@pytest.mark.parametrize("text, share", [(RUSSIAN, "97.5"), (VIETNAMESE, "")])
def test_a_cleaning_that_removes_much_says_so(
    text: str, share: str, tmp_path: Path
) -> None:
    path = tmp_path / "songs.txt"
    told: List[str] = []
    path.write_text(text, encoding="utf-8")
    read_corpus(Config(corpus=str(path)), told.append)
    assert len(told) == 1 and "songs.txt" in told[0] and "--clean none" in told[0]
    assert f"removes {share}" in told[0]
    told.clear()
    read_corpus(Config(corpus=str(path), clean="none"), told.append)
    assert told == []


OF_TEXTS = [
    ("lstm", Config),
    ("rnn-handwritten", HandwrittenConfig),
    ("gru-handwritten", HandwrittenGatedConfig),
    ("bptt", BpttConfig),
    ("bilstm-audit", AuditConfig),
    ("text-stats", TextStatsConfig),
    ("hmm", HMMConfig),
    ("cloze", ClozeConfig),
    ("tagging", TaggingConfig),
    pytest.param("rnn-v1", EditionV1Config, marks=pytest.mark.slow),
]


@pytest.mark.parametrize("name, kind", OF_TEXTS)
def test_a_text_of_which_nothing_would_be_left_is_refused(
    name: str, kind: type, tmp_path: Path
) -> None:
    """By every experiment that reads a text, and before anything is written."""
    if name.endswith("-v1"):
        pytest.importorskip("d2l")
    path, out = tmp_path / "songs.txt", tmp_path / "run"
    path.write_text(CHINESE, encoding="utf-8")
    config = dataclasses.replace(find(name).config, corpus=str(path))
    with pytest.raises(UsageError, match="songs.txt: its cleaning keeps the letters"):
        run_experiment(find(name), config, Options(str(out), quiet=True))
    assert not out.exists()


CONTINUING = ["lstm", "bilstm", "rnn-scratch", "rnn-handwritten", "bilstm-audit"]


@pytest.mark.parametrize("name", CONTINUING)
def test_a_typed_prefix_is_refused_before_training(name: str, tmp_path: Path) -> None:
    path, out = tmp_path / "songs.txt", tmp_path / "run"
    path.write_text(CHINESE, encoding="utf-8")
    config = dataclasses.replace(
        find(name).config,
        corpus=str(path),
        clean="none",
        prefixes="想要,喜欢",
        batch_size=1,
    )
    with pytest.raises(
        UsageError, match="--prefixes '喜欢': the text has no '喜', '欢'"
    ):
        run_experiment(find(name), config, Options(str(out), quiet=True))
    assert not out.exists()


def tiny(name: str, corpus: Path, **changes: object) -> Any:
    fields = {field.name for field in dataclasses.fields(find(name).config)}
    small = {
        "clean": "none",
        "max_tokens": 300,
        "num_hiddens": 4,
        "embed_size": 4,
        "batch_size": 4,
        "num_steps": 8,
        "num_preds": 3,
        "num_epochs": 1,
        "num_states": 2,
        "num_restarts": 1,
        "trial_iterations": 1,
        "num_iterations": 1,
        "audit_tokens": 100,
    }
    kept = {key: value for key, value in small.items() if key in fields}
    return dataclasses.replace(find(name).config, corpus=str(corpus), **kept, **changes)


@pytest.mark.parametrize("name", ["gru-scratch", "rnn-handwritten"])
def test_a_run_records_what_it_continued(name: str, tmp_path: Path) -> None:
    path = tmp_path / "songs.txt"
    told: List[str] = []
    path.write_text(CHINESE, encoding="utf-8")
    options = Options(str(tmp_path / "run"), quiet=True, plot=False)
    run = run_experiment(find(name), tiny(name, path), options, told.append)
    run.verify()
    assert run.result is not None
    (prefix,), (text,) = run.result["prefixes"], run.result["texts"]
    assert prefix == CHINESE[:10] and text.startswith(prefix) and "<unk>" not in text
    assert len([line for line in told if repr(prefix) in line]) == 1
    loaded = load_run(run.directory)
    assert loaded.prefixes() == [prefix]
    assert loaded.generate(prefix, 3) == text
    config = dataclasses.replace(tiny(name, path), clean="book", prefixes="The End!")
    as_cleaned = dataclasses.replace(loaded, config=config, _from_corpus=[])
    assert as_cleaned.prefixes() == ["the end"]


@pytest.mark.slow
def test_the_edition_1_0_and_the_audit_too(tmp_path: Path) -> None:
    pytest.importorskip("d2l")
    path = tmp_path / "songs.txt"
    told: List[str] = []
    path.write_text("ABCDE " * 200, encoding="utf-8")
    config = tiny("rnn-v1", path, num_train=64, num_val=16)
    options = Options(str(tmp_path / "v1"), quiet=True, plot=False)
    run = run_experiment(find("rnn-v1"), config, options, told.append)
    assert run.result is not None and run.result["prefixes"] == ["abcde abcd"]
    assert run.result["texts"][0].startswith("abcde abcd") and len(told) == 1
    told.clear()
    path.write_text(CHINESE, encoding="utf-8")
    options = Options(str(tmp_path / "audit"), quiet=True, plot=False)
    run_experiment(
        find("bilstm-audit"), tiny("bilstm-audit", path), options, told.append
    )
    assert len(told) == 1 and repr(CHINESE[:10]) in told[0]


@pytest.mark.slow
def test_sentences_of_ours_give_way_in_other_languages(tmp_path: Path) -> None:
    path = tmp_path / "songs.txt"
    told: List[str] = []
    path.write_text(CHINESE, encoding="utf-8")
    options = Options(str(tmp_path / "cloze"), quiet=True, plot=False)
    run = run_experiment(find("cloze"), tiny("cloze", path), options, told.append)
    assert run.result is not None
    (filled,) = run.result["sentences"]
    assert filled["text"] == CHINESE[:5] + "_" + CHINESE[6:10]
    assert repr(filled["text"]) in told[0]
    told.clear()
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("走 吧 。\tVa !\n走 。\tVa !\n看 吧 。\tVois !\n" * 20, "utf-8")
    config = tiny("seq2seq", pairs, num_layers=1)
    options = Options(str(tmp_path / "seq2seq"), quiet=True, plot=False)
    run = run_experiment(find("seq2seq"), config, options, told.append)
    assert run.result is not None
    sources = [row["source"] for row in run.result["translations"]]
    assert sources == ["走 吧 。", "走 。", "看 吧 。"] and "'走 吧 。'" in told[0]


@pytest.mark.parametrize("name", ["seq2seq", "many-to-one"])
def test_lines_that_are_passed_over_are_told(name: str, tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.tsv"
    told: List[str] = []
    lines = [f"go {i} .\tva {i} !" for i in range(60)]
    pairs.write_text("\n".join([*lines, "none", "a\tb\tc"]), encoding="utf-8")
    config = tiny(name, pairs)
    find(name).family()(config, cpu(), told.append)
    assert "pairs pairs.tsv: 2 lines are passed over" in told[0]


def test_of_lines_at_the_beginning_none_may_be_a_pair(tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("heading\n" * 700 + "go\tva\n", encoding="utf-8")
    config = Seq2SeqConfig(corpus=str(pairs))
    with pytest.raises(DataError, match="none of the first 601 lines is source, tab"):
        find("seq2seq").family()(config, cpu(), lambda line: None)


@pytest.mark.parametrize("has_corpus", [True, False])
def test_train_ch8_continues_its_own_text_too(
    has_corpus: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """As in the book where the prefixes fit; never <unk> without a word elsewhere."""
    vocab = Vocab(list(CHINESE))
    loader = SequenceLoader(vocab[list(CHINESE)], 4, 8)
    batches = loader if has_corpus else list(loader)
    with_own = chapters._prefixes_for(vocab, batches)
    line = capsys.readouterr().err
    assert line.startswith("d2l_rnn: the vocabulary has no 't', 'i'")
    assert with_own == ([CHINESE[:10]] if has_corpus else chapters.PREFIXES)
    assert ("<unk> stands for them" in line) == (not has_corpus)
    english = Vocab(list("the time traveller"))
    assert chapters._prefixes_for(english, batches) == chapters.PREFIXES
    words = Vocab("the time traveller".split())
    loader = SequenceLoader([1, 2, 3] * 20, 1, 2)
    assert chapters._prefixes_for(words, loader)[0][:3] == ["the", "time", "traveller"]
    assert "'t'" in capsys.readouterr().err
