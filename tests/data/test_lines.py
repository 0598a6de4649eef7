"""Single lines out of pairs: none twice, none on both sides, none too long."""

from __future__ import annotations

import pytest

from d2l_rnn.data.lines import labelled_lines
from d2l_rnn.data.pairs import LANGUAGES, load_pairs
from d2l_rnn.errors import DataError


def test_no_line_is_on_both_sides_or_twice() -> None:
    training, heldout = labelled_lines(load_pairs("sample").text, 10**6, 30, 0.2)
    lines = training + heldout
    assert len(set(lines)) == len(lines)
    assert max(len(line.text) for line in lines) == 30
    for language in range(len(LANGUAGES)):
        sizes = [
            sum(line.language == language for line in side)
            for side in (training, heldout)
        ]
        assert sizes[1] == int(0.2 * sum(sizes)) > 50


def test_lines_are_what_the_pairs_say() -> None:
    text = "Go on!\tVa !\nI see.\tJe vois.\nno pair\nGo on!\tAvance !\n"
    training, heldout = labelled_lines(text, 10, 20, 0.5)
    assert sorted(training + heldout) == [
        ("avance !", 1),
        ("go on !", 0),
        ("i see .", 0),
        ("je vois .", 1),
        ("va !", 1),
    ]
    again = labelled_lines(text, 10, 20, 0.5)
    assert (training, heldout) == again


def test_as_many_as_asked_for_from_all_over_the_file() -> None:
    text = "\n".join(f"line {i:03}\tligne {i:03}" for i in range(500))
    training, heldout = labelled_lines(text, 40, 20, 0.25)
    assert (len(training), len(heldout)) == (60, 20)
    numbers = [int(line.text[-3:]) for line in training]
    assert min(numbers) < 100 and max(numbers) > 400


def test_too_few_lines_are_refused() -> None:
    with pytest.raises(DataError, match="1 English lines of at most 20 characters"):
        labelled_lines("a\tb\na\tc\na\td", 10, 20, 0.5)
