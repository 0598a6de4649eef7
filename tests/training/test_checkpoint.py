from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any, Callable, Dict

import numpy as onp
import pytest
from mxnet import cpu
from mxnet.gluon import rnn

from d2l_rnn import checkpoint_file
from d2l_rnn.acceleration.epochs import next_token, parameters_of
from d2l_rnn.arrays import Floats
from d2l_rnn.cli import main
from d2l_rnn.data.sequences import SequenceLoader
from d2l_rnn.errors import RunError, UsageError
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
    checkpoint_file.save(path, saved(net), NOTES)
    arrays, notes = checkpoint_file.load(path)
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
    checkpoint_file.save(path, saved(make()), NOTES)
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
            arrays, notes = checkpoint_file.load(path)
            assert (notes, sorted(arrays)) != (
                NOTES,
                sorted(saved(make())),
            )
            raise RunError("other names or notes")


def test_unusable_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.safetensors"
    with pytest.raises(RunError, match="no such file"):
        checkpoint_file.load(path)
    path.write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(RunError, match="unreadable"):
        checkpoint_file.load(path)
    from safetensors.numpy import save_file

    save_file({"a": onp.zeros(1)}, str(path))
    with pytest.raises(RunError, match="not written by d2l_rnn"):
        checkpoint_file.load(path)
    checkpoint_file.save(path, saved(make()), NOTES)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(RunError, match="unreadable"):
        checkpoint_file.load(path)


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
    assert checkpoint_file.current_name(OLD_NAMES[name]) == name
    assert checkpoint_file.current_name(name) == name


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
    checkpoint_file.save(tmp_path / "old", old, NOTES)
    arrays, _ = checkpoint_file.load(tmp_path / "old")
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
    checkpoint_file.save(path, saved(trained), NOTES)
    checkpoint.put_arrays(named_arrays(other), checkpoint_file.load(path)[0])
    for name, array in saved(trained).items():
        onp.testing.assert_array_equal(saved(other)[name], array)


@pytest.mark.slow
def test_the_command_takes_eleven_layers(tmp_path: Path) -> None:
    out = tmp_path / "run"
    options = "--num-layers 11 --num-hiddens 2 --epochs 1 --batch-size 4 --num-steps 8"
    arguments = ["run", "lstm", *options.split(), "--max-tokens", "200"]
    assert main([*arguments, "--corpus", "sample", "--quiet", "--out", str(out)]) == 0
    (path,) = out.rglob("checkpoint.safetensors")
    arrays, _ = checkpoint_file.load(path)
    assert arrays["rnn.l10_h2h_weight"].shape == (8, 2)


def with_header(path: Path, change: Callable[[Dict[str, Any]], object]) -> None:
    """Change the JSON header of a checkpoint, and leave its numbers."""
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    change(header)
    text = json.dumps(header).encode()
    rest = content[8 + length :]
    path.write_bytes(len(text).to_bytes(8, "little") + text + rest)


@pytest.mark.parametrize(
    "change, reason",
    [
        (lambda h: h["a"].update(dtype="BF16"), "dtype 'BF16', accepted are F64"),
        (lambda h: h["a"].update(dtype="F8_E4M3"), "dtype 'F8_E4M3'"),
        (lambda h: h["a"].update(dtype=5), "dtype 5: accepted is a text"),
        (lambda h: h["a"].update(shape=[1] * 40 + [6]), "41 dimensions, accepted"),
        (lambda h: h["a"].update(shape=[6.0]), "shape .*whole number"),
        (lambda h: h["a"].update(shape=[2**62, 2**62]), "does not fill"),
        (lambda h: h["a"].update(shape=[-2, -3]), "is none"),
        (lambda h: h["a"].update(data_offsets=[0, 2**62]), "does not fill"),
        (lambda h: h["a"].update(data_offsets=[-24, 0]), "is none"),
        (lambda h: h["a"].update(data_offsets=[0]), "is none"),
        (lambda h: h["a"].update(data_offsets=[0, 24]), "gap or overlap"),
        (lambda h: h["a"].update(data_offsets=[9, 33]), "gap or overlap"),
        (lambda h: h.pop("a"), "are of 8 bytes, and 32 are there"),
        (lambda h: h["a"].update(more=1), "has not the fields of one"),
        (lambda h: h.update(a=[1]), "has not the fields of one"),
        (lambda h: h.update(__metadata__={"notes": 1}), "__metadata__ .*an object"),
        (lambda h: h["__metadata__"].update(notes="[" * 700), "damaged"),
    ],
)
def test_what_another_writer_may_put_is_named(
    tmp_path: Path, change: Callable[[Dict[str, Any]], object], reason: str
) -> None:
    path = tmp_path / "checkpoint.safetensors"
    arrays = {"a": onp.ones((2, 3), "float32"), "b": onp.ones(1, "int64")}
    checkpoint_file.save(path, arrays, NOTES)
    with_header(path, lambda header: None)
    found, _ = checkpoint_file.load(path)
    assert {k: v.tolist() for k, v in found.items()} == {
        k: v.tolist() for k, v in arrays.items()
    }
    with_header(path, change)
    with pytest.raises(RunError, match=reason) as error:
        checkpoint_file.load(path)
    assert "\n" not in str(error.value) and len(str(error.value)) < 500


def test_it_reads_as_the_library_of_the_format_does(tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    kinds = "f8 f4 f2 i8 i4 i2 i1 u8 u4 u2 u1 ?".split()
    arrays = {kind: onp.arange(6).reshape(2, 3).astype(kind) for kind in kinds}
    arrays.update(none=onp.zeros((0, 4)), one=onp.array(2.5))
    checkpoint_file.save(tmp_path / "c", arrays, NOTES)
    ours, theirs = (
        checkpoint_file.load(tmp_path / "c")[0],
        load_file(str(tmp_path / "c")),
    )
    assert set(ours) == set(theirs)
    for name, array in theirs.items():
        assert (ours[name].dtype, ours[name].shape) == (array.dtype, array.shape)
        assert ours[name].tobytes() == array.tobytes() and ours[name].flags.writeable


@pytest.mark.parametrize("notes", [[1], "text", None])
def test_odd_notes_are_one_line(tmp_path: Path, notes: Any) -> None:
    checkpoint_file.save(tmp_path / "c", {"a": onp.ones(1)}, notes)
    with pytest.raises(RunError, match="notes are no JSON object"):
        checkpoint_file.load(tmp_path / "c")


def test_notes_that_are_no_json_are_refused_when_they_are_saved(tmp_path: Path) -> None:
    for value in (float("nan"), {1, 2}):
        with pytest.raises(UsageError, match="notes of a checkpoint"):
            checkpoint_file.save(tmp_path / "c", {"a": onp.ones(1)}, {"x": value})
    assert not list(tmp_path.iterdir())
