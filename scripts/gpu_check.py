"""What scripts/gpu_check.sh runs: bilstm on CPU and GPU, beside each other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from typing import List

import d2l_rnn

EPOCHS = 20
RTOL = 0.05


def perplexities(device: str, folder: str) -> List[float]:
    """The curve of a run on this device; its last lines go to the terminal."""
    out = os.path.join(folder, device)
    command = ["run", "bilstm", "--epochs", str(EPOCHS), "--seed", "1"]
    command += ["--device", device, "--no-plot", "--out", out]
    subprocess.run([sys.executable, "-m", "d2l_rnn", *command], check=True)
    with open(os.path.join(out, "epochs.jsonl"), encoding="utf-8") as file:
        return [json.loads(line)["perplexity"] for line in file]


def untrained(device: str) -> str:
    """What the net says before it has learned, from the same weights everywhere."""
    import mxnet
    from mxnet.gluon import rnn

    mxnet.npx.set_np()
    mxnet.random.seed(0)
    where = mxnet.cpu() if device == "cpu" else mxnet.gpu()
    _, vocab = d2l_rnn.load_data_time_machine(32, 35)
    net = d2l_rnn.RNNModel(rnn.LSTM(256, 2, bidirectional=True), len(vocab))
    net.initialize(mxnet.init.Normal(0.01), ctx=where, force_reinit=True)
    return str(d2l_rnn.predict_ch8("time traveller", 10, net, vocab, where))


def main() -> int:
    print(f"try_gpu(): {d2l_rnn.try_gpu()}")
    for device in ("cpu", "gpu"):
        print(f"untrained on {device}: {untrained(device)}")
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = (perplexities(device, folder) for device in ("cpu", "gpu"))
    apart = max(abs(a / b - 1) for a, b in zip(theirs, ours))
    print(f"CPU and GPU are apart by {apart:.1e} of their size at most (rtol {RTOL})")
    return 0 if apart <= RTOL else 1


if __name__ == "__main__":
    raise SystemExit(main())
