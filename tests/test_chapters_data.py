"""The data sets of chapters 14 and 15 on made files, against d2l 0.17.6."""

from __future__ import annotations

import random
from pathlib import Path
from types import ModuleType
from typing import Any, Callable, List, Tuple

import numpy as onp
import pytest

import d2l_rnn as d2l

from .reference import d2l_0_17

WORDS = "the of and to in a is that was he for it with as his on be at by i".split()


@pytest.fixture(scope="module")
def old(request: pytest.FixtureRequest) -> ModuleType:
    return d2l_0_17.load(Path(str(request.config.cache.mkdir("d2l-0.17.6"))))


@pytest.fixture
def new() -> ModuleType:
    pytest.importorskip("d2l", reason="d2l is not installed here")
    from d2l import mxnet

    return mxnet


def sentence(length: int = 12) -> str:
    """Words whose frequencies fall; some too rare for any vocabulary."""
    weights = [1 / (rank + 1) for rank in range(len(WORDS))]
    rare = [f"rare{random.randrange(100)}"] if random.random() < 0.3 else []
    return " ".join(random.choices(WORDS, weights, k=length) + rare)


def make_imdb(folder: Path) -> None:
    for part in ("train", "test"):
        for label in ("pos", "neg"):
            (folder / part / label).mkdir(parents=True)
            for i in range(6):
                path = folder / part / label / f"{i}.txt"
                path.write_text(sentence(), encoding="utf-8")


def make_snli(folder: Path) -> None:
    labels = ["entailment", "contradiction", "neutral", "-"]
    for part in ("train", "test"):
        rows = ["gold_label\tsentence1_binary_parse\tsentence2_binary_parse"]
        for i in range(12):
            rows.append(f"{labels[i % 4]}\t( {sentence()} )\t( ( {sentence()} ) . )")
        path = folder / f"snli_1.0_{part}.txt"
        path.write_text("\n".join(rows) + "\n", encoding="utf-8")


def make_ptb(folder: Path) -> None:
    lines = [sentence() for _ in range(300)]  # few words are kept of them
    (folder / "ptb.train.txt").write_text("\n".join(lines), encoding="utf-8")


def make_wiki(folder: Path) -> None:
    lines = [" . ".join(sentence(6) for _ in range(3)) for _ in range(8)]
    path = folder / "wiki.train.tokens"
    path.write_text("\n".join([*lines, " = Title = "]), encoding="utf-8")


CASES = {
    "load_data_imdb": (make_imdb, (5, 10)),
    "load_data_snli": (make_snli, (4, 9)),
    "load_data_ptb": (make_ptb, (7, 3, 2)),
    "load_data_wiki": (make_wiki, (4, 32)),
}
Case = Tuple[str, Callable[[Path], None], Tuple[int, ...]]


@pytest.fixture(params=CASES)
def case(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    old: ModuleType,
    new: ModuleType,
) -> Tuple[str, Tuple[int, ...]]:
    """A function's name and its arguments; what it reads lies in a folder, made."""
    make, arguments = CASES[request.param]
    make(tmp_path)
    for package in (old, new, d2l):
        monkeypatch.setattr(
            package, "download_extract", lambda name, folder=None: str(tmp_path)
        )
        monkeypatch.setattr(package, "get_dataloader_workers", lambda: 0)
    return request.param, arguments


def flat(value: Any) -> List[Any]:
    """The arrays of a minibatch, in order."""
    if isinstance(value, (list, tuple)):
        return [array for part in value for array in flat(part)]
    return [value.asnumpy()]


def loaded(package: Any, name: str, arguments: Any, seed: int) -> Any:
    """The vocabulary, and all minibatches of all iterators."""
    random.seed(seed)
    *iterators, vocab = getattr(package, name)(*arguments)
    onp.random.seed(seed)  # of the loaders' shuffling
    return vocab, [flat(batch) for data_iter in iterators for batch in data_iter]


def test_ids_are_those_of_0_17(
    old: ModuleType,
    case: Tuple[str, Any],
    seed: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    expected_vocab, expected = loaded(old, case[0], case[1], seed)
    printed = capsys.readouterr().out
    vocab, batches = loaded(d2l, case[0], case[1], seed)
    assert capsys.readouterr().out == printed
    assert type(vocab) is d2l.Vocab
    assert vocab.idx_to_token == expected_vocab.idx_to_token
    assert len(vocab) > 3
    assert len(batches) == len(expected) > 1
    for batch, expected_batch in zip(batches, expected):
        assert len(batch) == len(expected_batch)
        for array, expected_array in zip(batch, expected_batch):
            assert array.dtype == expected_array.dtype
            onp.testing.assert_array_equal(array, expected_array)


def test_packages_side_by_side_do_not_disturb_one_another(
    new: ModuleType, case: Tuple[str, Any], seed: int
) -> None:
    before = dict(vars(new))
    vocab, batches = loaded(d2l, case[0], case[1], seed)
    assert vars(new) == before
    their_vocab, _ = loaded(new, case[0], case[1], seed)
    assert type(their_vocab) is new.Vocab
    again, same = loaded(d2l, case[0], case[1], seed)
    assert again.idx_to_token == vocab.idx_to_token
    for batch, expected in zip(same, batches):
        for array, expected_array in zip(batch, expected):
            onp.testing.assert_array_equal(array, expected_array)


def test_a_reader_s_vocab_is_heard(
    case: Tuple[str, Any], seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Mine(d2l.Vocab):
        pass

    monkeypatch.setattr(d2l, "Vocab", Mine)
    vocab, _ = loaded(d2l, case[0], case[1], seed)
    assert type(vocab) is Mine


def test_a_reader_s_functions_are_heard(
    new: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: List[str] = []

    def read(data_dir: str, is_train: bool) -> Any:
        asked.append(data_dir)
        return ["so good " * 5, "so bad " * 5], [1, 0]

    monkeypatch.setattr(d2l, "download_extract", lambda *names: "/".join(names))
    monkeypatch.setattr(d2l, "read_imdb", read)
    monkeypatch.setattr(d2l, "tokenize", lambda lines, token: [list(s) for s in lines])
    monkeypatch.setattr(d2l, "truncate_pad", lambda line, num_steps, pad: line[:2])
    train_iter, _, vocab = d2l.load_data_imdb(2)
    assert asked == ["aclImdb/aclImdb"] * 2
    assert vocab["good"] == vocab.unk != vocab["g"]
    assert next(iter(train_iter))[0].shape == (2, 2)


def test_a_dataset_makes_a_vocabulary_or_takes_one(old: ModuleType) -> None:
    texts = [sentence() for _ in range(12)], [sentence() for _ in range(12)], [0] * 12
    ours, theirs = d2l.SNLIDataset(texts, 7), old.SNLIDataset(texts, 7)
    assert type(ours.vocab) is d2l.Vocab
    assert ours.vocab.idx_to_token == theirs.vocab.idx_to_token
    assert len(ours) == len(theirs) == 12
    for i in (0, 11, -1):
        for array, expected in zip(flat(ours[i]), flat(theirs[i])):
            onp.testing.assert_array_equal(array, expected)
    vocab = d2l.Vocab(["the"])
    assert d2l.SNLIDataset(texts, 7, vocab).vocab is vocab
