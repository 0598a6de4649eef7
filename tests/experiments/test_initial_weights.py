"""A run may begin with the very weights that the book's builds began with.

What their untrained nets print, 41 builds of 41, is what ours say.
"""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, Dict, List

import mxnet
import numpy
import pytest
from mxnet import cpu, init, np
from mxnet.gluon import rnn

from d2l_rnn import curand
from d2l_rnn.arrays import Floats
from d2l_rnn.cli import main
from d2l_rnn.errors import D2lRnnError
from d2l_rnn.experiments import book_weights, language
from d2l_rnn.experiments.contract import ExperimentRun
from d2l_rnn.experiments.initial_weights import OF_THE_BUILDS, settled
from d2l_rnn.experiments.table import EXPERIMENTS, Experiment, find
from d2l_rnn.results import initial_weights
from d2l_rnn.results.record import read_run
from d2l_rnn.seeding import epoch_seed, set_seed

from ..reference import book_decoders, d2l_0_17

SCRATCH = ("rnn-scratch", "rnn-scratch-reset", "gru-scratch", "lstm-scratch")
GLUON = {
    "rnn": lambda: rnn.RNN(256),
    "gru": lambda: rnn.GRU(256),
    "lstm": lambda: rnn.LSTM(256),
    "deep-lstm": lambda: rnn.LSTM(256, 2),
    "bilstm": lambda: rnn.LSTM(256, 2, bidirectional=True),
}


@pytest.fixture(scope="module")
def old(request: pytest.FixtureRequest) -> ModuleType:
    """The book's own code (d2l 0.17.6)."""
    assert request.config.cache
    return d2l_0_17.load(Path(str(request.config.cache.mkdir("d2l-0.17.6"))))


@pytest.fixture(autouse=True)
def _data(book_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("D2L_RNN_DATA", str(book_data.resolve()))


def begun(name: str, seed: int = 1) -> Any:
    """A run of an experiment from the builds' weights, before its first epoch."""
    np.random.normal(size=(seed,))  # what was drawn before has no effect
    config = dataclasses.replace(find(name).config, seed=seed, initial_weights="book")
    run: ExperimentRun[Any] = find(name).family()(config, cpu(), lambda line: None)
    return run


def weights(run: Any) -> List[Floats]:
    """In the order in which they are made; Adam's moments are not among them."""
    net = run.nets[""]
    if hasattr(net, "collect_params"):
        return [p.data().asnumpy() for p in net.collect_params().values()]
    return [param.asnumpy() for param in net.params]


def weights_of_the_book(net: Any) -> List[Floats]:
    return [p.data().asnumpy() for p in net.collect_params().values()]


def same_bits(found: List[Floats], expected: List[Floats]) -> None:
    assert [a.shape for a in found] == [a.shape for a in expected]
    for ours, theirs in zip(found, expected):
        numpy.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    "name, line",
    [
        ("rnn", "time travellervmoopwrrrr"),
        ("rnn-scratch", "time traveller iiiiiiiiii"),
    ],
)
def test_untrained_nets_say_what_41_of_the_41_builds_print(
    name: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert begun(name).untrained == line == initial_weights.UNTRAINED[name]
    # Weights that are drawn in another way say another thing, and are refused.
    if name == "rnn":
        monkeypatch.setattr(book_weights, "_UNSEEDED", 1)
    else:
        monkeypatch.setattr(book_weights, "_GPU", 1)
    with pytest.raises(D2lRnnError, match="these are not the weights of the builds"):
        begun(name)


@pytest.mark.parametrize("name", GLUON)
def test_gluon_nets_are_those_of_the_notebooks_cells(
    old: ModuleType, name: str
) -> None:
    """The cells that draw, with d2l 0.17.6's own functions, in a fresh MXNet."""
    mxnet.random.seed(0)
    layer = GLUON[name]()
    if name == "rnn":  # Section 8.6 shows the layer first, and the net untrained
        layer.initialize()
        layer(np.random.uniform(size=(35, 32, 28)), layer.begin_state(batch_size=32))
    net = old.RNNModel(layer, 28)
    if name == "rnn":
        net.initialize(force_reinit=True, ctx=cpu())
        net(np.zeros((1, 1)), net.begin_state(batch_size=1, ctx=cpu()))
    # train_ch8, up to its first minibatch
    net.initialize(ctx=cpu(), force_reinit=True, init=init.Normal(0.01))
    net(np.zeros((32, 35)), net.begin_state(batch_size=32, ctx=cpu()))
    same_bits(weights(begun(name)), weights_of_the_book(net))


@pytest.mark.parametrize("name", ["seq2seq", "seq2seq-attention"])
def test_translators_are_those_of_the_notebooks_cells(
    old: ModuleType, name: str
) -> None:
    run = begun(name, seed=3)
    sizes = [len(run.translator.src_vocab), len(run.translator.tgt_vocab)]
    attends = name == "seq2seq-attention"
    decoder_class = (
        book_decoders.attention_decoder(old) if attends else book_decoders.decoder(old)
    )
    shapes = {"embed_size": 8, "num_hiddens": 16, "num_layers": 2}
    X = np.zeros((4, 7))
    mxnet.random.seed(0)
    encoder = old.Seq2SeqEncoder(vocab_size=10, **shapes)
    encoder.initialize()
    if not attends:  # Section 9.7 shows the encoder before it makes a decoder
        encoder(X)
    decoder = decoder_class(vocab_size=10, **shapes)
    decoder.initialize()
    decoder(X, decoder.init_state(encoder(X), None))
    net = old.EncoderDecoder(
        old.Seq2SeqEncoder(sizes[0], 32, 32, 2, 0.1),
        decoder_class(sizes[1], 32, 32, 2, 0.1),
    )
    # train_seq2seq, up to its first minibatch
    net.initialize(init.Xavier(), force_reinit=True, ctx=cpu())
    net(np.zeros((64, 10)), np.zeros((64, 10)), np.ones((64,)))
    same_bits(weights(run), weights_of_the_book(net))


@pytest.mark.parametrize("name", SCRATCH)
def test_nets_from_scratch_take_the_gpus_numbers_in_turn(name: str) -> None:
    first = 290816 if name == "rnn-scratch-reset" else 0  # the section's second net
    numbers = curand.normals(0, 581632)[first:] * numpy.float32(0.01)
    for param in weights(begun(name)):
        if param.ndim == 1:
            assert not param.any()
        else:
            drawn, numbers = numbers[: param.size], numbers[param.size :]
            numpy.testing.assert_array_equal(param, drawn.reshape(param.shape))


@pytest.mark.parametrize("name", ["rnn", "rnn-scratch", "seq2seq"])
def test_seeds_differ_in_what_the_builds_differed_in(name: str) -> None:
    """Not in the weights: in all that is drawn after them, as in a seed's every run."""
    same_bits(weights(begun(name, seed=1)), weights(begun(name, seed=2)))
    after = np.random.uniform(size=(9,)).asnumpy()
    set_seed(epoch_seed(2, 0))
    assert (np.random.uniform(size=(9,)).asnumpy() == after).all()


# ------------------------------------------------------------ which, and what is told


def settle(name: str, **settings: Any) -> Any:
    config = dataclasses.replace(find(name).config, **settings)
    told: List[str] = []
    found = settled(find(name), config, told.append)
    return found, told


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_auto_is_the_builds_where_there_are_builds(name: str) -> None:
    if not hasattr(find(name).config, "initial_weights"):
        assert settle(name) == (find(name).config, [])
        assert name not in OF_THE_BUILDS
        return
    assert find(name).config.initial_weights == "seed"
    config, (line,) = settle(name, initial_weights="auto")
    # The audit trains bilstm's net, where it trains one.
    expected = "book" if name in (*OF_THE_BUILDS, "bilstm-audit") else "seed"
    assert config.initial_weights == expected
    assert line.startswith(f"{name}: initial weights of ")
    assert ("the book's builds" in line) == (expected == "book")


@pytest.mark.parametrize(
    "name, settings, why",
    [
        ("rnn", {"num_hiddens": 128}, "num_hiddens 128, rnn has 256"),
        ("lstm", {"token": "word"}, "token word, lstm has char"),
        ("gru", {"corpus": "sample"}, "not the book's time-machine"),
        ("seq2seq", {"corpus": "sample"}, "not the book's fra-eng"),
        ("seq2seq", {"num_examples": 500}, "num_examples 500, seq2seq has 600"),
        ("seq2seq-attention", {"score": "dot"}, "score dot"),
        ("rnn-scratch", {"sampling": "random"}, "sampling random"),
        ("bilstm-audit", {"checkpoint": "runs/x"}, "trained already"),
    ],
)
def test_another_net_or_corpus_has_its_own_weights_and_says_why(
    name: str, settings: Dict[str, Any], why: str
) -> None:
    config, (line,) = settle(name, initial_weights="auto", **settings)
    assert config.initial_weights == "seed" and why in line
    with pytest.raises(D2lRnnError, match="--initial-weights book") as caught:
        settle(name, initial_weights="book", **settings)
    assert why in str(caught.value) and caught.value.exit_status == 2


@pytest.mark.parametrize(
    "settings", [{"lr": 0.5}, {"batch_size": 16}, {"theta": 5.0}, {"sampling": "reset"}]
)
def test_another_training_begins_with_the_same_weights(
    settings: Dict[str, Any],
) -> None:
    config, _ = settle("rnn", initial_weights="auto", **settings)
    assert config.initial_weights == "book"


def test_the_book_s_corpus_is_known_by_its_bytes(
    book_data: Path, tmp_path: Path
) -> None:
    text = (book_data / "timemachine.txt").read_bytes()
    for name, content in (("copy.txt", text), ("other.txt", text + b"x")):
        (tmp_path / name).write_bytes(content)
    settings = {"initial_weights": "auto", "corpus": str(tmp_path / "copy.txt")}
    assert settle("rnn", **settings)[0].initial_weights == "book"
    settings["corpus"] = str(tmp_path / "other.txt")
    assert settle("rnn", **settings)[0].initial_weights == "seed"


def test_a_reader_s_own_experiment_has_no_builds() -> None:
    own = Experiment("my-rnn", find("rnn").config, find("rnn").family)
    config = dataclasses.replace(own.config, initial_weights="auto")
    told: List[str] = []
    assert settled(own, config, told.append).initial_weights == "seed"
    assert "an experiment of your own has no builds" in told[0]


# ------------------------------------------------------------------- as a user meets it


def test_a_run_from_the_builds_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(language, "heldout_perplexity", lambda *given: None)
    run = ["run", "rnn", "--epochs", "1", "--quiet", "--no-plot", "--seed", "3"]
    assert main([*run, "--initial-weights", "auto"]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("untrained: time travellervmoopwrrrr\nperplexity ")
    assert "rnn: initial weights of the book's builds\n" in shown.err
    record = read_run("runs/rnn/book-3")
    record.verify()
    assert record.result and record.result["untrained"] == "time travellervmoopwrrrr"
    assert record.config["initial_weights"] == "book"
    assert initial_weights.evidence(record.config) == "shown"
    # Longer: the weights are drawn again, and the record goes on telling of them.
    rows = record.epochs
    run[3] = "2"
    assert main([*run, "--initial-weights", "book", "--resume"]) == 0
    assert capsys.readouterr().out.startswith("untrained: time travellervmoopwrrrr\n")
    record = read_run("runs/rnn/book-3")
    assert record.result and record.result["untrained"] == "time travellervmoopwrrrr"
    assert record.epochs[:1] == rows and len(record.epochs) == 2
    # The seed's own weights: another place, another curve, nothing to tell.
    assert main(run) == 0
    assert "untrained" not in capsys.readouterr().out
    own = read_run("runs/rnn/seed-3")
    assert own.result and "untrained" not in own.result
    assert own.config["initial_weights"] == "seed"
    assert initial_weights.evidence(own.config) == ""
    assert own.epochs[0]["loss"] != record.epochs[0]["loss"]


def test_the_builds_weights_that_cannot_be_are_a_usage_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["run", "deep-gru", "--initial-weights", "book"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("d2l-rnn: error: --initial-weights book: no build has such")
    assert main(["run", "rnn", "--initial-weights", "sample"]) == 2
    assert "choose from" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_records_say_how_their_weights_are_known() -> None:
    def of(name: str, **fields: str) -> str:
        return initial_weights.evidence({"experiment": name, **fields})

    assert of("rnn-scratch", initial_weights="book") == "shown"
    assert of("bilstm", initial_weights="book") == "argued"
    assert of("bilstm", initial_weights="seed") == of("bilstm") == ""
    assert set(initial_weights.UNTRAINED) < set(OF_THE_BUILDS)


_PRINT_THEIR_SUM = """
import dataclasses, hashlib, sys
import d2l_rnn
from mxnet import cpu
from d2l_rnn.experiments.table import find
for name in sys.argv[1:]:
    config = dataclasses.replace(find(name).config, initial_weights="book")
    arrays = find(name).family()(config, cpu(), print).arrays()
    total = hashlib.sha256(b"".join(arrays[key].tobytes() for key in sorted(arrays)))
    print(name, total.hexdigest())
"""


@pytest.mark.slow
def test_neither_engine_nor_threads_change_the_builds_weights() -> None:
    found = set()
    for engine in ("NaiveEngine", "ThreadedEngine", "ThreadedEnginePerDevice"):
        for threads in ("1", "3"):
            variables = {"MXNET_ENGINE_TYPE": engine, "OMP_NUM_THREADS": threads}
            done = subprocess.run(
                [sys.executable, "-c", _PRINT_THEIR_SUM, *OF_THE_BUILDS],
                env={**os.environ, **variables},
                stdout=subprocess.PIPE,
                check=True,
            )
            found.add(done.stdout)
    (only,) = found
    assert len(only.splitlines()) == len(OF_THE_BUILDS)
