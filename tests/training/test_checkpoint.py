from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any, Dict

import numpy as onp
import pytest
from mxnet import cpu
from mxnet.gluon import rnn

from d2l_rnn.acceleration.epochs import next_token, parameters_of
from d2l_rnn.arrays import Floats
from d2l_rnn.cli import main
from d2l_rnn.data.sequences import SequenceLoader
from d2l_rnn.errors import RunError
from d2l_rnn.models.gluon_layers import named_arrays
from d2l_rnn.models.language_model import RNNModel
from d2l_rnn.training import checkpoint
from d2l_rnn.training.initialisation import initialize
from d2l_rnn.training.loop import train
from d2l_rnn.training.optimisers import Sgd

NOTES = {"vocab": ["<unk>", "é"], "epoch": 3}


def make(num_hiddens: int = 4) -> RNNModel:
    net = RNNModel(rnn.GRU(num_hiddens), 5)
    initialize(net, cpu())
    return net


def saved(net: Any) -> Dict[str, Floats]:
    return checkpoint.arrays_of(named_arrays(net))


def test_round_trip(tmp_path: Path) -> None:
    net, other = make(), make()
    path = tmp_path / "checkpoint.safetensors"
    checkpoint.save(path, saved(net), NOTES)
    arrays, notes = checkpoint.load(path)
    assert notes == NOTES
    before = {name: id(array) for name, array in named_arrays(other).items()}
    checkpoint.put_arrays(named_arrays(other), arrays)
    # Put in place: whoever holds the net's arrays has them too.
    assert {name: id(a) for name, a in named_arrays(other).items()} == before
    for name, array in saved(net).items():
        onp.testing.assert_array_equal(saved(other)[name], array)
    assert any(array.any() for array in arrays.values())


def test_every_flipped_bit_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.safetensors"
    checkpoint.save(path, saved(make()), NOTES)
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
                sorted(saved(make())),
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
    checkpoint.save(path, saved(make()), NOTES)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(RunError, match="unreadable"):
        checkpoint.load(path)


def test_another_model_s_checkpoint_is_refused() -> None:
    with pytest.raises(RunError, match="has shape"):
        checkpoint.put_arrays(named_arrays(make(4)), saved(make(6)))
    with pytest.raises(RunError, match="rnn.l0_i2h_weight|differ"):
        checkpoint.put_arrays(named_arrays(make()), {"a": onp.zeros(1)})


OLD_NAMES = {
    "rnn.l0_i2h_weight": "rnn._unfused.0.i2h_weight",
    "rnn.l1_h2h_bias": "rnn._unfused.1.h2h_bias",
    "rnn.l10_i2h_bias": "rnn._unfused.10.i2h_bias",
    "encoder.rnn.r1_h2h_weight": "encoder.rnn._unfused.1.r_cell.h2h_weight",
    "encoder.rnn.l0_i2h_bias": "encoder.rnn._unfused.0.l_cell.i2h_bias",
    "dense.weight": "dense.weight",
    "adam.mean": "adam.mean",
    "params.3": "params.3",
}


@pytest.mark.parametrize("name", OLD_NAMES)
def test_names_of_version_0_1_0_are_read(name: str) -> None:
    assert checkpoint.current_name(OLD_NAMES[name]) == name
    assert checkpoint.current_name(name) == name


@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_checkpoint_of_version_0_1_0_is_read(
    tmp_path: Path, bidirectional: bool
) -> None:
    """Its names are those that ``save_parameters`` of mxnet 1.9.1 writes."""
    nets = []
    for _ in range(2):
        net = RNNModel(rnn.LSTM(3, 2, bidirectional=bidirectional), 5)
        initialize(net, cpu())
        nets.append(net)
    written, read = nets
    old = {
        name: parameter.data().asnumpy()
        for name, parameter in written._collect_params_with_prefix().items()
    }
    assert all("_unfused" in name for name in old if name.startswith("rnn."))
    checkpoint.save(tmp_path / "old", old, NOTES)
    arrays, _ = checkpoint.load(tmp_path / "old")
    checkpoint.put_arrays(named_arrays(read), arrays)
    for one, other in zip(
        read.collect_params().values(), written.collect_params().values()
    ):
        onp.testing.assert_array_equal(one.data().asnumpy(), other.data().asnumpy())


@pytest.mark.parametrize("bidirectional", [False, True])
def test_eleven_layers_are_trained_and_saved(
    tmp_path: Path, bidirectional: bool
) -> None:
    """Gluon's own names know the layers 0 to 9 only."""
    vocab_size = 5
    corpus = [i * i % vocab_size for i in range(40)]
    loader = SequenceLoader(corpus, 2, 4)
    nets = []
    for _ in range(2):
        net = RNNModel(rnn.RNN(2, 11, bidirectional=bidirectional), vocab_size)
        initialize(net, cpu())
        nets.append(net)
    trained, other = nets
    before = saved(trained)
    parameters = parameters_of(trained, loader)
    objective = next_token(trained, parameters, cpu())
    rows = list(train(objective, loader, Sgd(parameters, 1.0), 2, seed=1))
    assert len(rows) == 2 and parameters.path == "packed"
    assert len(before) == len(trained.collect_params().keys())
    assert "rnn.l10_i2h_weight" in before
    assert any((before[name] != array).any() for name, array in saved(trained).items())
    path = tmp_path / "checkpoint.safetensors"
    checkpoint.save(path, saved(trained), NOTES)
    checkpoint.put_arrays(named_arrays(other), checkpoint.load(path)[0])
    for name, array in saved(trained).items():
        onp.testing.assert_array_equal(saved(other)[name], array)


@pytest.mark.slow
def test_the_command_takes_eleven_layers(tmp_path: Path) -> None:
    out = tmp_path / "run"
    options = "--num-layers 11 --num-hiddens 2 --epochs 1 --batch-size 4 --num-steps 8"
    arguments = ["run", "lstm", *options.split(), "--max-tokens", "200"]
    assert main([*arguments, "--corpus", "sample", "--quiet", "--out", str(out)]) == 0
    (path,) = out.rglob("checkpoint.safetensors")
    arrays, _ = checkpoint.load(path)
    assert arrays["rnn.l10_h2h_weight"].shape == (8, 2)
