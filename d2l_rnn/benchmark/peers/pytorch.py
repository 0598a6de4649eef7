"""The same training step and the same generation on PyTorch."""

from __future__ import annotations

import time

_STARTED = time.perf_counter()

from typing import Callable, List, Tuple, Union  # noqa: E402

import torch  # noqa: E402
from book_functions import Operators, functions  # noqa: E402
from serving import ROWS, SentWorkload, Tasks, serve, tokens  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402
from torch_translation import build as translation  # noqa: E402

OPERATORS = Operators(
    dot=torch.mm,
    tanh=torch.tanh,
    sigmoid=torch.sigmoid,
    concatenate=torch.cat,
    normal=lambda shape: torch.randn(shape) * 0.01,
    zeros=torch.zeros,
    attach_grad=lambda param: param.requires_grad_(True),
)
State = Union[None, torch.Tensor, Tuple[torch.Tensor, ...]]
Forward = Callable[[torch.Tensor, State], Tuple[torch.Tensor, State]]
LAYERS = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


def one_hot(ids: torch.Tensor, vocab_size: int) -> torch.Tensor:
    """Token ids -> rows of zeros and a one."""
    return functional.one_hot(ids, vocab_size).float()


def gluon_like(workload: SentWorkload) -> Tuple[Forward, List[torch.Tensor]]:
    """A recurrent layer and an output layer: forward function and parameters."""
    vocab_size, num_hiddens = workload["vocab_size"], workload["num_hiddens"]
    relu = workload["cell"] == "rnn" and workload["implementation"] == "gluon"
    keywords = {"nonlinearity": "relu"} if relu else {}
    table = nn.Embedding(vocab_size, num_hiddens) if workload["embedding"] else None
    layer = LAYERS[workload["cell"]](
        num_hiddens if table else vocab_size,
        num_hiddens,
        workload["num_layers"],
        bidirectional=workload["bidirectional"],
        **keywords,
    )
    width = (1 + workload["bidirectional"]) * num_hiddens
    dense = nn.Linear(width, vocab_size)

    def forward(ids: torch.Tensor, state: State) -> Tuple[torch.Tensor, State]:
        Y, state = layer(table(ids) if table else one_hot(ids, vocab_size), state)
        return dense(Y.reshape(-1, width)), state

    blocks = [layer, dense, table] if table else [layer, dense]
    return forward, [p for block in blocks for p in block.parameters()]


def scratch(workload: SentWorkload) -> Tuple[Forward, List[torch.Tensor]]:
    """The book's network from scratch: forward function and parameters."""
    get_params, init_state, forward_fn = functions(workload["cell"], OPERATORS)
    sizes = workload["vocab_size"], workload["num_hiddens"]
    params = get_params(*sizes, None)

    def forward(ids: torch.Tensor, state: State) -> Tuple[torch.Tensor, State]:
        state = state or init_state(ids.shape[1], workload["num_hiddens"], None)
        logits, state = forward_fn(one_hot(ids, sizes[0]), state, params)
        return logits, state

    return forward, params


def detached(state: State) -> State:
    """The state cut off from its graph."""
    if isinstance(state, tuple):
        return tuple(s.detach() for s in state)
    return None if state is None else state.detach()


def build(workload: SentWorkload) -> Tasks:
    """Tasks of a workload."""
    if workload["family"] != "language model":
        return translation(workload)
    make = scratch if workload["implementation"] == "scratch" else gluon_like
    forward, params = make(workload)
    optimizer = torch.optim.SGD(params, lr=workload["lr"])
    batch_size, num_steps = workload["batch_size"], workload["num_steps"]

    def train(count: int) -> None:
        ids = torch.tensor(tokens(workload, count))
        rows = (len(ids) - 1) // batch_size * batch_size
        Xs = ids[:rows].reshape(batch_size, -1)
        Ys = ids[1 : rows + 1].reshape(batch_size, -1)
        state, losses = None, []
        for k in range(0, count * num_steps, num_steps):
            y = Ys[:, k : k + num_steps].T.reshape(-1)
            logits, state = forward(Xs[:, k : k + num_steps].T, detached(state))
            loss = functional.cross_entropy(logits, y)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(params, 1)
            optimizer.step()
            losses.append(loss.detach())
        torch.stack(losses).tolist()

    def generate(count: int, rows: int = 1) -> None:
        token, state = torch.zeros((1, rows), dtype=torch.int64), None
        chosen = []
        for _ in range(count):
            logits, state = forward(token, state)
            token = logits.argmax(dim=1).reshape(1, rows)
            chosen.append(token)
        torch.cat(chosen).tolist()

    def generate_batch(count: int) -> None:
        generate(count, ROWS)

    return {
        "train": train,
        "generate": torch.no_grad()(generate),
        "generate_batch": torch.no_grad()(generate_batch),
    }


if __name__ == "__main__":
    serve(build, time.perf_counter() - _STARTED)
