"""d2l 0.17.6's own training loop and generation on MXNet, as a reader runs them.

``python book_loop.py d2l-0.17.6-py3-none-any.whl``. Engine, threads and memory are what
MXNet and glibc choose.
"""

from __future__ import annotations

import time

_STARTED = time.perf_counter()

import sys  # noqa: E402
import types  # noqa: E402
import zipfile  # noqa: E402

import book_translation  # noqa: E402
from book_functions import Operators, functions  # noqa: E402
from mxnet import autograd, cpu, gluon, init, np, npx  # noqa: E402
from mxnet.gluon import rnn  # noqa: E402
from serving import ROWS, SentWorkload, Tasks, serve, tokens  # noqa: E402

npx.set_np()
OPERATORS = Operators(
    dot=np.dot,
    tanh=np.tanh,
    sigmoid=npx.sigmoid,
    concatenate=lambda outputs: np.concatenate(outputs, axis=0),
    normal=lambda shape: np.random.normal(scale=0.01, size=shape),
    zeros=np.zeros,
    attach_grad=lambda param: param.attach_grad(),
)
LAYERS = {"rnn": rnn.RNN, "gru": rnn.GRU, "lstm": rnn.LSTM}


def load(wheel: str) -> types.ModuleType:
    """The wheel's one module for MXNet, under another name than d2l 1.0.3's."""
    module = types.ModuleType("d2l_0_17_6_mxnet")
    sys.modules[module.__name__] = module  # it looks itself up there
    with zipfile.ZipFile(wheel) as archive:
        exec(archive.read("d2l/mxnet.py").decode(), module.__dict__)
    return module


def build(workload: SentWorkload) -> Tasks:
    """Tasks of a workload, by its family."""
    if workload["family"] in ("translation", "attention"):
        return book_translation.build(d2l, workload)
    return language_model(workload)


def language_model(workload: SentWorkload) -> Tasks:
    """Tasks of a language model."""
    device, vocab_size = cpu(), workload["vocab_size"]
    if workload["implementation"] == "scratch":
        net = d2l.RNNModelScratch(
            vocab_size,
            workload["num_hiddens"],
            device,
            *functions(workload["cell"], OPERATORS),
        )

        def updater(batch_size: int) -> None:
            d2l.sgd(net.params, workload["lr"], batch_size)

    else:
        layer = LAYERS[workload["cell"]](
            workload["num_hiddens"],
            workload["num_layers"],
            bidirectional=workload["bidirectional"],
        )
        net = d2l.RNNModel(layer, vocab_size)
        net.initialize(ctx=device, force_reinit=True, init=init.Normal(0.01))
        trainer = gluon.Trainer(
            net.collect_params(), "sgd", {"learning_rate": workload["lr"]}
        )

        def updater(batch_size: int) -> None:
            trainer.step(batch_size)

    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    vocab = d2l.Vocab([chr(97 + k) for k in range(vocab_size - 1)])

    def train(count: int) -> None:
        train_iter = d2l.seq_data_iter_sequential(
            tokens(workload, count), workload["batch_size"], workload["num_steps"]
        )
        d2l.train_epoch_ch8(net, train_iter, loss, updater, device, False)

    def generate(count: int) -> None:
        assert not autograd.is_recording()
        d2l.predict_ch8("a", count, net, vocab, device)

    def generate_batch(count: int) -> None:
        """As ``predict_ch8`` goes, with more than one row."""
        state = net.begin_state(batch_size=ROWS, ctx=device)
        token, outputs = np.ones((ROWS, 1), ctx=device), []
        for _ in range(count):
            Y, state = net(token, state)
            token = Y.argmax(axis=1).reshape(ROWS, 1)
            outputs.append([int(i) for i in token[:, 0]])

    return {"train": train, "generate": generate, "generate_batch": generate_batch}


if __name__ == "__main__":
    d2l = load(sys.argv[1])
    serve(build, time.perf_counter() - _STARTED)
