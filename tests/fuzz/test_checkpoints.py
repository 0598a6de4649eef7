"""Checkpoints that others wrote, with and without the right SHA-256."""

from __future__ import annotations

import json
import random
import shutil
import typing
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

import mxnet
import numpy
import pytest

from d2l_rnn import checkpoint_file
from d2l_rnn.errors import RunError
from d2l_rnn.experiments.loaded import load_run
from d2l_rnn.experiments.resume import load_checkpoint
from d2l_rnn.experiments.trained import (
    load_filler,
    load_language_model,
    load_translator,
)

from .driver import fuzz, sizes
from .mutations import Json, as_json, changed, flipped, mutated

KEPT = Path(__file__).parents[1] / "public" / "runs"
LOADERS: Dict[str, Callable[[Path], object]] = {
    "gluon": lambda path: load_language_model(path, mxnet.cpu()),
    "cloze": load_filler,
    "seq2seq-attention": load_translator,
}
DTYPES = ["BF16", "F8_E4M3", "F8_E5M2", "F16", "F64", "I64", "BOOL", "", "f4", 4, None]


def parts(content: bytes) -> Tuple[Dict[str, Any], bytes]:
    length = int.from_bytes(content[:8], "little")
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def joined(header: Json, data: bytes) -> bytes:
    text = as_json(header)
    return len(text).to_bytes(8, "little") + text + data


def foreign(content: bytes, generator: random.Random) -> bytes:
    """With a kind, a shape or a place in the header that another writer may put."""
    header, data = parts(content)
    name = generator.choice([name for name in header if name != "__metadata__"])
    entry = header[name]
    what = generator.randrange(5)
    if what == 0:
        entry["dtype"] = generator.choice(DTYPES)
    elif what == 1:
        entry["shape"] = [1] * generator.choice([0, 9, 40, 70]) + entry["shape"]
    elif what == 2:
        shift = generator.choice([-8, -1, 1, 4, 2**40, 2**62])
        place = generator.randrange(2)
        entry["data_offsets"][place] += shift
    elif what == 3:
        entry["shape"] = generator.choice([[0, 2**62], [2**31, 2**31], [-1], [1.5], 3])
    else:
        return joined(changed(header, generator), data)
    return joined(header, data)


def resealed(content: bytes, folder: Path, generator: random.Random) -> bytes:
    """With other notes or arrays, and the SHA-256 that they have."""
    path = folder / "resealed"
    path.write_bytes(content)
    arrays, notes = checkpoint_file.load(path)
    name = generator.choice(sorted(arrays))
    what = generator.randrange(4)
    if what == 0:
        del arrays[name]
    elif what == 1:
        arrays[name] = numpy.zeros((2, 3, 1)[: generator.randint(0, 3)], "float32")
    else:
        other: typing.Any = changed(notes, generator)
        notes = other
    checkpoint_file.save(path, arrays, notes)
    return path.read_bytes()


@pytest.mark.parametrize("tried", sizes(60, 15_000))
def test_any_checkpoint_is_answered(tried: int, tmp_path: Path) -> None:
    contents = {}
    for name in LOADERS:
        shutil.copytree(KEPT / name, tmp_path / name)
        contents[name] = (tmp_path / name / "checkpoint.safetensors").read_bytes()

    def attempt(generator: random.Random, folder: Path) -> None:
        name = generator.choice(list(LOADERS))
        path, content = folder / name / "checkpoint.safetensors", contents[name]
        what = generator.randrange(4)
        if what == 0:
            content = mutated(content, generator)
        elif what == 1:
            content = resealed(content, folder, generator)
        else:
            content = foreign(content, generator)
        path.write_bytes(content)
        load_checkpoint(path)
        if what == 1:
            LOADERS[name](path)
            load_run(path.parent).generate("time", 3)

    fuzz("checkpoints", tried, attempt, tmp_path)


def count_flips(folder: Path, tried: int) -> List[str]:
    """Flip or cut so often; what was not noticed though arrays or notes differ."""
    path = folder / "checkpoint.safetensors"
    generator = random.Random(16)
    missed, same = [], 0
    for _ in range(tried):
        name = generator.choice(list(LOADERS))
        whole = (KEPT / name / path.name).read_bytes()
        cut_off = generator.random() < 0.2
        end = generator.randrange(len(whole))
        content = whole[:end] if cut_off else flipped(whole, generator)
        path.write_bytes(content)
        try:
            arrays, notes = checkpoint_file.load(path)
        except RunError:
            continue
        path.write_bytes(whole)
        wanted, wanted_notes = checkpoint_file.load(path)
        if notes == wanted_notes and {k: a.tobytes() for k, a in arrays.items()} == {
            k: a.tobytes() for k, a in wanted.items()
        }:
            same += 1  # the header's padding, or how a letter is written
        else:
            missed.append(f"{name}: {content[:200]!r}")
    noticed = tried - same - len(missed)
    print(
        f"\nflips and cuts of checkpoints: {tried:,} tried, {noticed:,} noticed, "
        f"{same:,} without an effect"
    )
    return missed


@pytest.mark.parametrize("tried", sizes(60, 5_000))
def test_flips_and_cuts_of_a_checkpoint_are_noticed(tried: int, tmp_path: Path) -> None:
    assert count_flips(tmp_path, tried) == []
