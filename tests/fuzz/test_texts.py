"""Hostile corpora, sentence pairs and archives: taken, or refused in a line."""

from __future__ import annotations

import gzip
import io
import random
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import Callable, List

import pytest

from d2l_rnn.data.archives import unpack
from d2l_rnn.data.corpora import SAMPLE_PAIRS, SAMPLE_TEXT, load_text
from d2l_rnn.data.lines import labelled_lines
from d2l_rnn.data.pairs import load_pairs, read_zip_member
from d2l_rnn.data.text import Vocab, clean, tokenize
from d2l_rnn.data.word_labels import labelled_words
from d2l_rnn.errors import DataError
from d2l_rnn.experiments.configs import CorpusConfig, LanguageModelConfig
from d2l_rnn.experiments.configs_translation import Seq2SeqConfig
from d2l_rnn.experiments.corpus import read_corpus
from d2l_rnn.experiments.language import fitting_prefixes
from d2l_rnn.experiments.translation import read_pairs

from .driver import fuzz, sizes
from .mutations import PIECES, mutated

SCRIPTS = (
    "The Time Traveller (for so it will be convenient to speak of him)\n",
    "想要有直升机，想要和你飞到宇宙去。\n",
    "Много лет назад жил один изобретатель.\n",
    "L'été où naquit la forêt\u202f!\n",
    "時間旅行者は私たちに\u3000説明していた\n",
    "_ <unk> <pad> \u0660\u0661 🙂\u200d \u0301\ufeff\u2028\x85\x0c\n",
)
CODECS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32-le", "gb18030", "cp1252")
MEMBER = "fra-eng/fra.txt"


def text_of(generator: random.Random) -> bytes:
    """Some lines of some scripts in some encoding, with some line ends."""
    lines = [generator.choice(SCRIPTS) for _ in range(generator.randrange(30))]
    text = "".join(lines).replace(
        "\n", generator.choice(["\n", "\r\n", "\r", "\n\n", ""])
    )
    return text.encode(generator.choice(CODECS), "replace")


def pairs_of(generator: random.Random) -> bytes:
    """Lines of some columns, most of them two."""
    lines = []
    for _ in range(generator.randrange(40)):
        columns = generator.choice([2, 2, 2, generator.randrange(5)])
        sides = (generator.choice(SCRIPTS)[:-1] for _ in range(columns))
        lines.append("\t".join(sides))
    return "\n".join(lines).encode(generator.choice(CODECS), "replace")


def content_of(generator: random.Random, good: bytes, made: bytes) -> bytes:
    """A good file damaged, one made and damaged, or nothing but noise."""
    kind = generator.random()
    if kind < 0.45:
        return mutated(good, generator)
    if kind < 0.75:
        return mutated(made, generator)
    if kind < 0.9:
        return made
    pieces = [generator.choice([*PIECES, b"a", b"\t", b" "]) for _ in range(20)]
    return b"".join(pieces)


def written(folder: Path, content: bytes) -> Path:
    path = folder / "file"
    path.write_bytes(content)
    return path


GOOD_TEXT = SAMPLE_TEXT.read_bytes()[:1500]
GOOD_PAIRS = b"".join(SAMPLE_PAIRS.read_bytes().splitlines(True)[:40])


def corpora(generator: random.Random, folder: Path) -> None:
    """Read as an experiment reads it; what it holds is what was in the file."""
    content = content_of(generator, GOOD_TEXT, text_of(generator))
    path = written(folder, content)
    config = LanguageModelConfig(
        corpus=str(path),
        clean=generator.choice(["book", "none"]),
        token=generator.choice(["char", "word"]),
        max_tokens=generator.choice([1, 100, 10000]),
    )
    told: List[str] = []
    corpus = read_corpus(config, told.append)
    ids = [*corpus.training, *corpus.heldout]
    expected = content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    # A text may have the word <unk> itself, as the Penn Treebank's has.
    assert ids and (min(ids) > 0 or "<unk>" in expected), "a token of it is unknown"
    if (config.clean, config.token) == ("none", "char"):
        text = "".join(corpus.vocab.to_tokens(ids))
        assert text == expected + "\n" * (not expected.endswith("\n")), "not the file's"
    for prefix in fitting_prefixes(config, corpus, told.append).prefixes:
        assert all(token in corpus.vocab.token_to_idx for token in prefix), prefix
    assert all("\n" not in line for line in told), told
    labelled_words(corpus.text.lines)


def pairs(generator: random.Random, folder: Path) -> None:
    """Read as the translation experiments and those of single lines read them."""
    path = written(folder, content_of(generator, GOOD_PAIRS, pairs_of(generator)))
    config = Seq2SeqConfig(
        corpus=str(path),
        num_examples=generator.choice([0, 5, 600]),
        num_heldout=generator.choice([0, 1, 4]),
    )
    file, training, heldout = read_pairs(config)
    assert training[0] and len(training[0]) == len(training[1])
    assert "\r" not in file.text and "\0" not in file.text
    for source, target in (training, heldout):
        assert not any("\t" in word for line in source + target for word in line)
    labelled_lines(file.text, 10, 40, 0.5)


def archive_of(generator: random.Random, text: bytes) -> bytes:
    """A zip archive with the member, or with another, or a bomb of it."""
    buffer = io.BytesIO()
    method = generator.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for _ in range(generator.randrange(3)):
            archive.writestr(generator.choice(["_about.txt", "../x", "/x", "é"]), b"x")
        kind = generator.random()
        if kind < 0.8:
            archive.writestr(MEMBER, text)
        elif kind < 0.9:
            archive.writestr(MEMBER, text[:9] + b"a\tb\n" * 200_000)
    return buffer.getvalue()


def zips(generator: random.Random, folder: Path) -> None:
    """An archive of pairs, damaged: what is read of it passes its own checksum."""
    text = generator.choice([GOOD_PAIRS, pairs_of(generator)])
    content = archive_of(generator, text)
    if generator.random() < 0.8:
        content = mutated(content, generator)
    path = written(folder, content)
    file = load_pairs(str(path))
    if not content.startswith(b"PK"):
        return
    raw = read_zip_member(content, MEMBER, "archive")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert zlib.crc32(raw) == archive.getinfo(MEMBER).CRC, "not what was packed"
    assert file.text


def tape_of(generator: random.Random) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for _ in range(generator.randrange(1, 4)):
            names = ["set/a", "set/b", "../evil", "/evil", "set/../../evil", "set"]
            entry = tarfile.TarInfo(generator.choice(names))
            entry.type = generator.choice(
                [tarfile.REGTYPE] * 5 + [tarfile.DIRTYPE, tarfile.SYMTYPE]
            )
            entry.linkname = "/etc"
            content = b"content" * generator.randrange(50) if entry.isfile() else b""
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    content = buffer.getvalue()
    return gzip.compress(content) if generator.random() < 0.5 else content


def unpacked(generator: random.Random, folder: Path) -> None:
    """Unpacked inside its folder, whole, or nothing of it."""
    place = folder / "outer" / f"data-{generator.getrandbits(64):x}"
    place.mkdir(parents=True)
    zipped = generator.random() < 0.5
    made = archive_of(generator, GOOD_PAIRS) if zipped else tape_of(generator)
    name = "set.zip" if zipped else generator.choice(["set.tar", "set.tar.gz"])
    path = place / name
    path.write_bytes(mutated(made, generator) if generator.random() < 0.7 else made)
    try:
        unpack(path, place)
    except DataError:
        assert list(place.iterdir()) == [path], "something is left of it"
        raise
    finally:
        outside = [item.name for item in folder.iterdir()]
        assert set(outside) <= {"outer", "file"}, outside


@pytest.mark.parametrize(
    "attempt, weight",
    [(corpora, 4), (pairs, 4), (zips, 6), (unpacked, 2)],
    ids=["corpora", "pairs", "zips", "unpacked"],
)
@pytest.mark.parametrize("tried", sizes(quick=15, slow=2500))
@pytest.mark.filterwarnings("ignore:Duplicate name")  # made on purpose
def test_hostile_texts(
    attempt: Callable[[random.Random, Path], None],
    weight: int,
    tried: int,
    tmp_path: Path,
) -> None:
    fuzz(attempt.__name__, tried * weight, attempt, tmp_path)


def test_what_is_made_is_read_where_it_is_sound(tmp_path: Path) -> None:
    """The doors are not merely shut: sound inputs come through."""
    taken = 0
    for number in range(40):
        generator = random.Random(number)
        path = written(tmp_path, text_of(generator))
        try:
            lines = load_text(str(path)).lines
        except DataError:
            continue
        taken += 1
        vocab = Vocab(tokenize(clean(lines, "none"), "char"))
        assert len(vocab) > 1
    assert 8 < taken < 32
    assert len(read_corpus(CorpusConfig(corpus=str(SAMPLE_TEXT))).training)
