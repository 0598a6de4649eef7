"""Private names of Gluon stand in two places, and nowhere else."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import List

import d2l_rnn

PACKAGE = Path(d2l_rnn.__file__).parent
#: Where they may stand.
PLACES = ("acceleration/", "models/gluon_layers.py")
#: Attributes of blocks, layers, parameters and trainers that Gluon keeps to itself.
PRIVATE = set(
    """
    _active _alias _build_cache _cached_graph _cached_op _cached_op_args _callback
    _children _clear_cached_op _collect_params_with_prefix _ctx_list _ctx_map _data
    _deferred_infer_shape _deferred_init _dir _dropout _dtype _finish_deferred_init
    _flatten _forward_hooks _forward_kernel _forward_pre_hooks _gates _grad _grad_req
    _grad_stype _hidden_size _in_units _init_grad _init_impl _input_size _layout
    _load_init _lstm_state_clip_max _lstm_state_clip_min _mode _num_layers _params
    _params_to_init _prefix _projection_size _reduce _reg_params _scope _states
    _stype _trainer _unfuse _units _update _updaters _use_sequence_length
    """.split()
)


def uses(source: str) -> List[str]:
    """Private names that are asked of something else than ``self``."""
    found = []
    for node in ast.walk(ast.parse(source)):
        name: object = None
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Attribute):
            own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
            name = None if own else node.attr
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            named = node.func.id in ("getattr", "setattr", "hasattr", "delattr")
            if named and len(node.args) > 1 and isinstance(node.args[1], ast.Constant):
                name = node.args[1].value
        if name in PRIVATE:
            found.append(f"{line}: {name}")
    return found


def test_private_names_stand_in_two_places() -> None:
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if not name.startswith(PLACES):
            found[name] = uses(path.read_text(encoding="utf-8"))
    assert len(found) > 100
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_they_are_found_where_they_may_stand() -> None:
    """The list above is no wish: the two places do use such names."""
    recognise = (PACKAGE / "acceleration" / "recognise.py").read_text(encoding="utf-8")
    assert len(uses(recognise)) > 10


def test_a_breach_is_noticed() -> None:
    code = (
        "def f(self, net):\n    self._data = net._children\n    getattr(net, '_scope')"
    )
    assert uses(code) == ["2: _children", "3: _scope"]


def test_the_model_is_the_book_s() -> None:
    source = (PACKAGE / "models" / "language_model.py").read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 100 and uses(source) == []
    assert "acceleration" not in source
