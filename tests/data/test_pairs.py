"""Archives of sentence pairs: the right member, and nothing that could do harm."""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
from pathlib import Path
from typing import Optional, Union

import pytest

from d2l_rnn.data.corpora import SampleCorpusWarning
from d2l_rnn.data.pairs import load_pairs, read_zip_member
from d2l_rnn.errors import DataError

TEXT = "Go.\tVa !\nI see.\tJe vois.\n"


def archive(
    text: Union[bytes, str] = TEXT,
    member: str = "fra-eng/fra.txt",
    compression: int = zipfile.ZIP_DEFLATED,
) -> bytes:
    content = text if isinstance(text, bytes) else text.encode()
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as writer:
        writer.writestr("fra-eng/_about.txt", "about")
        writer.writestr(member, content)
    return file.getvalue()


def read(content: bytes, **limits: int) -> Optional[bytes]:
    return read_zip_member(content, "fra-eng/fra.txt", "pairs.zip", **limits)


def test_the_member_is_read_in_place(tmp_path: Path) -> None:
    path = tmp_path / "pairs.zip"
    path.write_bytes(archive())
    pairs = load_pairs(str(path))
    assert pairs.text == TEXT
    assert pairs.name == "pairs.zip"
    assert pairs.sha1 == hashlib.sha1(archive()).hexdigest()
    assert [p.name for p in tmp_path.iterdir()] == ["pairs.zip"]


def test_a_text_file_does_as_well(tmp_path: Path) -> None:
    path = tmp_path / "pairs.tsv"
    path.write_text("\ufeff" + TEXT, encoding="utf-8")
    assert load_pairs(str(path)).text == TEXT


def test_the_sample_is_offline_and_large_enough() -> None:
    lines = load_pairs("sample").text.splitlines()
    assert sum(line.count("\t") == 1 for line in lines) >= 600
    assert len(lines) == sum(line.count("\t") == 1 for line in lines)


def test_without_the_book_file_auto_goes_on_and_strict_does_not(
    no_network: Path,
) -> None:
    with pytest.warns(SampleCorpusWarning, match="not comparable"):
        assert load_pairs("auto").name == "sample"
    with pytest.raises(DataError, match="fra-eng is not to be had"):
        load_pairs("fra-eng")


def test_every_truncation_is_an_error() -> None:
    content = archive()
    for length in range(2, len(content)):
        with pytest.raises(DataError, match="pairs.zip"):
            read(content[:length])


def test_a_flipped_bit_is_never_read_as_if_nothing_were() -> None:
    content = archive("".join(f"word {i}\tmot {i}\n" for i in range(40)))
    original = read(content)
    for i in range(len(content)):
        flipped = bytearray(content)
        flipped[i] ^= 1 << (i % 8)
        try:
            text = read(bytes(flipped))
        except DataError:
            continue
        assert text == original  # a date, a comment, the other member


def test_a_member_elsewhere_is_not_found() -> None:
    with pytest.raises(DataError, match="no fra-eng/fra.txt in the archive, but "):
        read(archive(member="../fra.txt"))


def test_sizes_are_limited_declared_and_real() -> None:
    bomb = archive("\0" * 100_000)
    with pytest.raises(
        DataError, match="unpacks to 100,000 bytes, at most 5,700 are accepted, 50"
    ):
        read(bomb)
    with pytest.raises(DataError, match="at most 10 are accepted"):
        read(archive(), largest=10)
    # The same archive, declaring 25 bytes in the central directory.
    liar = bytearray(bomb)
    entry = liar.rindex(b"PK\x01\x02")
    struct.pack_into("<I", liar, entry + 24, 25)
    with pytest.raises(DataError, match="pairs.zip"):
        read(bytes(liar))


def test_an_encrypted_member_is_refused() -> None:
    content = bytearray(archive())
    entry = content.rindex(b"PK\x01\x02")
    content[entry + 8] |= 1
    local = struct.unpack_from("<I", content, entry + 42)[0]
    content[local + 6] |= 1
    with pytest.raises(DataError, match="encrypted"):
        read(bytes(content))


def test_what_is_not_utf8_says_where(tmp_path: Path) -> None:
    path = tmp_path / "pairs.zip"
    path.write_bytes(archive(b"ab\xff"))
    with pytest.raises(DataError, match="not UTF-8 text \\(byte 2"):
        load_pairs(str(path))


@pytest.mark.parametrize(
    "text, reason",
    [
        ("no tab\nnor here\n", "most have no tab$"),
        (
            "Go.\tVa !\tCC-BY 2.0\nHi.\tSalut !\tCC-BY\n",
            "most have 2 tabs; 'cut -f 1,2",
        ),
        ("a\t\n\tb\n", "most have an empty side$"),
        ("a\tb\tc\td\n" * 2 + "one\n", "most have 3 tabs"),
    ],
)
def test_without_any_pair_the_reason_is_told(
    text: str, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "pairs.tsv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=reason):
        load_pairs(str(path))
    path.write_bytes(archive(text))
    with pytest.raises(
        DataError, match=f"fra-eng/fra.txt: no sentence pairs.*{reason}"
    ):
        load_pairs(str(path))


def test_lines_that_are_no_pairs_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "pairs.tsv"
    path.write_text(TEXT + "\n \none\na\tb\tc\n", encoding="utf-8")
    assert load_pairs(str(path)).passed_over == 2
    assert load_pairs("sample").passed_over == 0


def test_a_text_may_begin_as_archives_do(tmp_path: Path) -> None:
    path = tmp_path / "pairs.tsv"
    path.write_text("PK\tUn nom\n", encoding="utf-8")
    assert load_pairs(str(path)).text == "PK\tUn nom\n"


def test_other_methods_of_packing_are_refused() -> None:
    with pytest.raises(DataError, match="neither stored nor deflated"):
        read(archive(compression=zipfile.ZIP_BZIP2))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere.zip: no such file; accepted are"):
        load_pairs(str(tmp_path / "nowhere.zip"))
