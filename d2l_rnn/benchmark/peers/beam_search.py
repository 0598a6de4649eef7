"""Beam search of this project, of whichever checkout ``PYTHONPATH`` names.

The same file asks today's code and that of an earlier commit (``--before``), whose
benchmark does not know the task.
"""

from __future__ import annotations

import time

_STARTED = time.perf_counter()

from importlib import import_module  # noqa: E402
from typing import Any  # noqa: E402

from mxnet import cpu, init, np, npx  # noqa: E402
from serving import Endless, SentWorkload, Tasks, serve  # noqa: E402

from d2l_rnn import runtime  # noqa: E402, F401  (before mxnet: engine and threads)

BEAM_SIZE = 4
_SENTENCE = ["a", "b", "c"]
# Where a net and its translator were, the newest first.
_HOMES = [
    ("experiments.translation", "generation.live_translations", "LiveTranslator"),
    ("experiments.translation", "generation.translations", "Translator"),
    ("experiments.translating", "experiments.translating", "Translator"),
]


def build(workload: SentWorkload) -> Tasks:
    """Tasks of an encoder-decoder: ``beam``, so many tokens in sentences of its."""
    npx.set_np()
    build_net, make = _of_this_checkout()
    configs: Any = import_module("d2l_rnn.experiments.configs_translation")
    attends = workload["family"] == "attention"
    config = (configs.Seq2SeqAttentionConfig if attends else configs.Seq2SeqConfig)()
    vocab_size, num_steps = workload["vocab_size"], workload["num_steps"]
    net = build_net(config, vocab_size, vocab_size)
    net.initialize(init.Xavier(), ctx=cpu())
    X = np.zeros((1, num_steps))
    net(X, X, np.array([num_steps]))  # settles the shapes that Gluon leaves open
    vocab = Endless()

    def beam(count: int) -> None:
        for begin in range(0, count, num_steps):
            length = min(num_steps, count - begin)
            make(net, vocab, vocab, length, cpu()).beam([_SENTENCE], BEAM_SIZE, 0.75)

    return {"beam": beam}


def _of_this_checkout() -> Any:
    for net, translator, name in _HOMES:
        try:
            found = (
                import_module(f"d2l_rnn.{net}"),
                import_module(f"d2l_rnn.{translator}"),
            )
            return found[0].build, getattr(found[1], name)
        except (ImportError, AttributeError):
            continue
    raise SystemExit("a checkout without a beam search that is known")


if __name__ == "__main__":
    serve(build, time.perf_counter() - _STARTED)
