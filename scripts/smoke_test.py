"""What scripts/test.sh --pythons runs under every other Python: does it work there?"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import pkgutil
import subprocess
import sys
import tempfile

import numpy

import d2l_rnn
from d2l_rnn.experiments.loaded import load_run


def d2l_rnn_command(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "d2l_rnn", *arguments], check=True)


def written_by_onnxruntime(path: str) -> str:
    """200 characters after "time", the likeliest ones."""
    import onnxruntime

    net = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    vocab = json.loads(net.get_modelmeta().custom_metadata_map["vocab"])
    state = {
        taken.name: numpy.zeros((taken.shape[0], 1, taken.shape[2]), "float32")
        for taken in net.get_inputs()[1:]
    }
    text, read = "time", [vocab.index(token) for token in "time"]
    for _ in range(200):
        logits, *after = net.run(None, {"tokens": [read], **state})
        state = dict(zip(state, after))
        read = [int(logits[0, -1].argmax())]
        text += vocab[read[0]]
    return text


def main() -> None:
    d2l_rnn_command("doctor")
    has_onnx = importlib.util.find_spec("onnx") is not None  # scripts/test.sh adds it
    for module in pkgutil.walk_packages(d2l_rnn.__path__, "d2l_rnn."):
        # The benchmark's peers are run by path, in interpreters that lack d2l_rnn.
        if module.name.endswith("__main__") or ".peers." in module.name:
            continue
        if has_onnx or not module.name.startswith("d2l_rnn.export."):
            importlib.import_module(module.name)
    with tempfile.TemporaryDirectory() as folder:
        run, onnx = os.path.join(folder, "run"), os.path.join(folder, "net.onnx")
        d2l_rnn_command(
            *("run", "lstm", "--corpus", "sample", "--epochs", "1", "--out", run)
        )
        if has_onnx:
            d2l_rnn_command("export", run, "--to", "onnx", "--out", onnx)
        # It has no wheel for Python 3.15.
        if has_onnx and importlib.util.find_spec("onnxruntime"):
            assert written_by_onnxruntime(onnx) == load_run(run).generate("time", 200)
    assert d2l_rnn.Residual is not None  # a name that only d2l holds


if __name__ == "__main__":
    main()
