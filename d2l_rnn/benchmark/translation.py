"""This package's side for translation: what the experiments run."""

from __future__ import annotations

from typing import Union

from mxnet import cpu, np

from ..acceleration.teacher_forcing import TracedTranslation
from ..chapters_translation import predict_seq2seq
from ..data.translation import PairLoader
from ..experiments.configs_translation import Seq2SeqAttentionConfig, Seq2SeqConfig
from ..experiments.translation import build as build_net
from ..training.initialisation import initialize_seq2seq
from ..training.optimisers import Adam
from ..training.parameters import Parameters
from ..training.translation import train_translation
from .asked import Epochs
from .peers.serving import Endless, SentWorkload, Tasks, pairs


def translation(workload: SentWorkload) -> Tasks:
    """Tasks of an encoder-decoder: ``train`` and ``generate``."""
    device, vocab_size = cpu(), workload["vocab_size"]
    config: Union[Seq2SeqConfig, Seq2SeqAttentionConfig] = Seq2SeqConfig()
    if workload["family"] == "attention":
        config = Seq2SeqAttentionConfig()
    net = build_net(config, vocab_size, vocab_size)
    vocab, source = Endless(), Endless(eos=3)

    def minibatches(count: int) -> PairLoader:
        arrays = [np.array(a, ctx=device) for a in pairs(workload, count)]
        return PairLoader(arrays, workload["batch_size"], shuffle=False)

    initialize_seq2seq(net, workload["num_steps"], device)
    batches, adam = Epochs(minibatches), Adam(Parameters.of(net), workload["lr"])
    objective = TracedTranslation(net, vocab["<bos>"], device, batches)
    rows = train_translation(objective, batches, adam, 10**9)

    def train(steps: int) -> None:
        batches.count = steps
        next(rows)

    def generate(num_preds: int) -> None:
        for begin in range(0, num_preds, workload["num_steps"]):
            num_steps = min(workload["num_steps"], num_preds - begin)
            predict_seq2seq(net, "a b c", source, vocab, num_steps, device)

    return {"train": train, "generate": generate}
