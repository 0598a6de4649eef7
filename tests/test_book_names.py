"""The names of the book: all there, ours, with its signatures, deaf to nobody."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any, Dict, List, Set, Tuple

import pytest

import d2l_rnn as d2l
from d2l_rnn.late_binding import CALLS, book

from .reference import d2l_0_17
from .reference.book_names import NAMES, OLDER, OTHERS, RECURRENT, table

PACKAGE = Path(d2l.__file__).parent
# Labels of the 0.17 edition's sections in chapters 8 to 10.
SECTIONS = {
    "sec_text_preprocessing": "8.2",
    "sec_language_model": "8.3",
    "sec_rnn_scratch": "8.5",
    "sec_rnn-concise": "8.6",
    "sec_machine_translation": "9.5",
    "subsec_mt_data_loading": "9.5",
    "sec_encoder-decoder": "9.6",
    "sec_seq2seq": "9.7",
    "sec_seq2seq_decoder": "9.7",
    "sec_seq2seq_training": "9.7",
    "sec_attention-cues": "10.1",
    "sec_attention-scoring-functions": "10.3",
    "subsec_additive-attention": "10.3",
    "sec_seq2seq_attention": "10.4",
    "sec_multihead-attention": "10.5",
    "sec_self-attention-and-positional-encoding": "10.6",
    "sec_transformer": "10.7",
}


@pytest.fixture(scope="module")
def old(request: pytest.FixtureRequest) -> ModuleType:
    return d2l_0_17.load(Path(str(request.config.cache.mkdir("d2l-0.17.6"))))


def test_0_17_6_asks_for_packages_of_its_year(old: ModuleType) -> None:
    """The README's reason why it does not install where we do."""
    with zipfile.ZipFile(Path(str(old.__file__)).with_name(d2l_0_17.WHEEL)) as wheel:
        about = wheel.read("d2l-0.17.6.dist-info/METADATA").decode("utf-8")
    assert "Requires-Dist: numpy (==1.21.5)" in about


def test_these_are_all_that_the_chapters_save(old: ModuleType) -> None:
    saved = {"Encoder": "9.6"}  # the only one whose text does not say where
    for name, value in vars(old).items():
        if getattr(value, "__module__", None) != old.__name__:
            continue
        texts = [value.__doc__ or "", getattr(value.__init__, "__doc__", "") or ""]
        label = re.search(r"Defined in :numref:`([\w-]+)`", "".join(texts))
        if label and label.group(1) in SECTIONS:
            saved[name] = SECTIONS[label.group(1)]
    assert saved == RECURRENT
    assert len(saved) == 43


def test_every_name_of_ours_is_in_the_table() -> None:
    assert sorted(NAMES) == d2l.__all__
    assert len(table()) == len(NAMES) + 3


Parameters = List[Tuple[str, Any]]


def parts_of(function: Any) -> Tuple[Parameters, bool, bool]:
    """Named parameters with their defaults; whether *args and **kwargs are taken."""
    named: Parameters = []
    kinds: Set[Any] = set()
    for parameter in inspect.signature(function).parameters.values():
        kinds.add(parameter.kind)
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            named.append((parameter.name, parameter.default))
    return (
        named,
        inspect.Parameter.VAR_POSITIONAL in kinds,
        inspect.Parameter.VAR_KEYWORD in kinds,
    )


def departures(theirs: Any, ours: Any) -> List[str]:
    """Where a call that the book's signature takes is not taken, or means another."""
    named, args, kwargs = parts_of(theirs)
    our_named, our_args, our_kwargs = parts_of(ours)
    found = []
    for place, (name, default) in enumerate(named):
        if place >= len(our_named) or our_named[place][0] != name:
            found.append(f"{name} is not parameter {place}")
        elif default is not inspect.Parameter.empty and our_named[place][1] != default:
            found.append(f"{name} defaults to {our_named[place][1]}, not {default}")
    for name, default in our_named[len(named) :]:
        if default is inspect.Parameter.empty:
            found.append(f"{name} is needed")
    if args and not our_args:
        found.append("no *args")
    # All that a Block's own **kwargs may be.
    block = {"prefix", "params"}
    if kwargs and not our_kwargs and not block <= {name for name, _ in our_named}:
        found.append("no **kwargs")
    return found


def calls_of(value: Any) -> Dict[str, Any]:
    """A function, or a class with what can be called of it by name."""
    if not inspect.isclass(value):
        return {"": value}
    methods = {
        name: method
        for name, method in vars(value).items()
        if inspect.isfunction(method)
        and (name == "__call__" or not name.startswith("_"))
    }
    return {"": value, **methods}


@pytest.mark.parametrize(
    "name",
    [name for name in {**RECURRENT, **OTHERS} if not name.startswith("DATA_")],
)
def test_signatures_are_those_of_0_17(old: ModuleType, name: str) -> None:
    ours = getattr(d2l, name)
    found = {
        call: departures(theirs, getattr(ours, call) if call else ours)
        for call, theirs in calls_of(getattr(old, name)).items()
    }
    assert {call: breach for call, breach in found.items() if breach} == {}


# As d2l 0.15.1 has them.
OLDER_SIGNATURES = {
    "MLPAttention": lambda units, dropout, **kwargs: None,
    "predict_s2s_ch9": (
        lambda model, src_sentence, src_vocab, tgt_vocab, num_steps, device: None
    ),
    "train_s2s_ch9": (lambda model, data_iter, lr, num_epochs, tgt_vocab, device: None),
    "translate": (
        lambda engs, fras, model, src_vocab, tgt_vocab, num_steps, device: None
    ),
}


def test_signatures_of_the_older_names_are_those_of_0_15() -> None:
    assert sorted(OLDER_SIGNATURES) == sorted(OLDER)
    for name, signature in OLDER_SIGNATURES.items():
        assert departures(signature, getattr(d2l, name)) == []

    def forward(self: Any, query: Any, key: Any, value: Any, valid_len: Any) -> None:
        pass

    assert departures(forward, d2l.MLPAttention.forward) == []


def test_a_departure_is_noticed() -> None:
    def book_s(a: Any, b: Any = 1, *args: Any, **kwargs: Any) -> None: ...

    def other(b: Any, a: Any = 2, c: Any = 3) -> None: ...

    def wrong_default(a: Any, b: Any = 2, *args: Any, **kwargs: Any) -> None: ...

    def more(a: Any, b: Any = 1, *args: Any, c: Any = 2, **kwargs: Any) -> None: ...

    def needs(a: Any, b: Any = 1, *args: Any, c: Any, **kwargs: Any) -> None: ...

    assert departures(book_s, more) == []
    assert departures(book_s, other) == [
        "a is not parameter 0",
        "b is not parameter 1",
        "no *args",
        "no **kwargs",
    ]
    assert departures(book_s, wrong_default) == ["b defaults to 2, not 1"]
    assert departures(book_s, needs) == ["c is needed"]


def test_our_names_need_no_d2l() -> None:
    """Only those that read by d2l's help do, and say so when they are called."""
    code = """
import sys
sys.modules["d2l"] = None
import d2l_rnn
for name in d2l_rnn.__all__:
    getattr(d2l_rnn, name)
try:
    d2l_rnn.load_data_snli(2)
except ImportError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, check=True
    )
    assert b"'get_dataloader_workers' is not one of d2l_rnn's own names" in done.stdout


def looked_up(path: Path) -> Dict[str, Set[str]]:
    """Public function or class of a file -> names of the book that it asks for.

    What a private function asks for is asked by those that use it.
    """
    asked: Dict[str, Set[str]] = {}
    used: Dict[str, Set[str]] = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            inside = list(ast.walk(node))
            used[node.name] = {n.id for n in inside if isinstance(n, ast.Name)}
            asked[node.name] = {
                ast.literal_eval(call.args[0])
                for call in inside
                if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "book"
            }
    for _ in asked:  # a helper may have helpers
        for owner in asked:
            for helper in used[owner] & set(asked):
                if helper.startswith("_"):
                    asked[owner] |= asked[helper]
    return {
        owner: names
        for owner, names in asked.items()
        if names and not owner.startswith("_")
    }


def test_the_list_of_who_calls_whom_is_true() -> None:
    found: Dict[str, Set[str]] = {}
    for path in PACKAGE.glob("chapters*.py"):
        found.update(looked_up(path))
    assert found == {owner: set(names) for owner, names in CALLS.items()}


def test_a_replaced_name_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    def mine() -> None: ...

    monkeypatch.setattr(d2l, "tokenize", mine)
    assert book("tokenize") is mine
