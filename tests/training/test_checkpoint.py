from __future__ import annotations

import pickle
from pathlib import Path

import numpy as onp
import pytest
from mxnet import cpu
from mxnet.gluon import rnn

from d2l_rnn.errors import RunError
from d2l_rnn.models.language_model import RNNModel
from d2l_rnn.training import checkpoint
from d2l_rnn.training.loop import initialize
from d2l_rnn.training.parameters import FlatParameters

NOTES = {"vocab": ["<unk>", "é"], "epoch": 3}


def make(num_hiddens: int = 4) -> RNNModel:
    net = RNNModel(rnn.GRU(num_hiddens), 5)
    initialize(net, cpu())
    return net


def test_round_trip(tmp_path: Path) -> None:
    net, other = make(), make()
    path = tmp_path / "checkpoint.safetensors"
    checkpoint.save(path, checkpoint.arrays_of(net), NOTES)
    arrays, notes = checkpoint.load(path)
    assert notes == NOTES
    flat = FlatParameters(other)  # put in place, so the flat vector has them too
    checkpoint.put_arrays(other, arrays)
    for name, array in checkpoint.arrays_of(net).items():
        onp.testing.assert_array_equal(checkpoint.arrays_of(other)[name], array)
    assert flat.data.sum() != 0


def test_every_flipped_bit_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.safetensors"
    checkpoint.save(path, checkpoint.arrays_of(make()), NOTES)
    content = path.read_bytes()
    generator = onp.random.default_rng(0)
    # The header's padding is the only place where a change may do no harm.
    for position in generator.choice(len(content), 60, replace=False):
        if content[position : position + 1] == b" ":
            continue
        damaged = bytearray(content)
        damaged[position] ^= 1 << int(generator.integers(8))
        path.write_bytes(bytes(damaged))
        with pytest.raises(RunError, match="unreadable|damaged|not written|other"):
            arrays, notes = checkpoint.load(path)
            assert (notes, sorted(arrays)) != (
                NOTES,
                sorted(checkpoint.arrays_of(make())),
            )
            raise RunError("other names or notes")


def test_unusable_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.safetensors"
    with pytest.raises(RunError, match="no such file"):
        checkpoint.load(path)
    path.write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(RunError, match="unreadable"):
        checkpoint.load(path)
    from safetensors.numpy import save_file

    save_file({"a": onp.zeros(1)}, str(path))
    with pytest.raises(RunError, match="not written by d2l_rnn"):
        checkpoint.load(path)
    checkpoint.save(path, checkpoint.arrays_of(make()), NOTES)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(RunError, match="unreadable"):
        checkpoint.load(path)


def test_another_model_s_checkpoint_is_refused() -> None:
    with pytest.raises(RunError, match="has shape"):
        checkpoint.put_arrays(make(4), checkpoint.arrays_of(make(6)))
    with pytest.raises(RunError, match="rnn.l0_i2h_weight|differ"):
        checkpoint.put_arrays(make(), {"a": onp.zeros(1)})
