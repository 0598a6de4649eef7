"""Chapter 6 of the first edition in our own words: plain ``nd``, one step at a time.

The slow twin of ``d2l_rnn.d2lzh``: the sections' equations, and a loop that does what
the text says. It knows nothing of this package.
"""

from __future__ import annotations

import math
from typing import Any, Callable, Iterable, List, Tuple

from mxnet import autograd, gluon, nd

State = Tuple[Any, ...]


def normal(*shape: int) -> Any:
    return nd.random.normal(scale=0.1, shape=shape)


def gates(number: int, inputs: int, hiddens: int) -> List[Any]:
    """For each gate W_x, W_h, b; then W_q, b_q of the output."""
    params = []
    for _ in range(number):
        params += [normal(inputs, hiddens), normal(hiddens, hiddens), nd.zeros(hiddens)]
    params += [normal(hiddens, inputs), nd.zeros(inputs)]
    for param in params:
        param.attach_grad()
    return params


def before(x: Any, h: Any, three: List[Any]) -> Any:
    W_x, W_h, b = three
    return nd.dot(x, W_x) + nd.dot(h, W_h) + b


def rnn(inputs: List[Any], state: State, params: List[Any]) -> Tuple[List[Any], State]:
    (h,) = state
    outputs = []
    for x in inputs:
        h = nd.tanh(before(x, h, params[:3]))
        outputs.append(nd.dot(h, params[-2]) + params[-1])
    return outputs, (h,)


def gru(inputs: List[Any], state: State, params: List[Any]) -> Tuple[List[Any], State]:
    (h,) = state
    outputs = []
    for x in inputs:
        z = nd.sigmoid(before(x, h, params[:3]))
        r = nd.sigmoid(before(x, h, params[3:6]))
        candidate = nd.tanh(before(x, r * h, params[6:9]))
        h = z * h + (1 - z) * candidate
        outputs.append(nd.dot(h, params[-2]) + params[-1])
    return outputs, (h,)


def lstm(inputs: List[Any], state: State, params: List[Any]) -> Tuple[List[Any], State]:
    h, c = state
    outputs = []
    for x in inputs:
        i, f, o = (nd.sigmoid(before(x, h, params[k : k + 3])) for k in (0, 3, 6))
        c = f * c + i * nd.tanh(before(x, h, params[9:12]))
        h = o * nd.tanh(c)
        outputs.append(nd.dot(h, params[-2]) + params[-1])
    return outputs, (h, c)


#: Forward function, gates, arrays in its state.
CELLS = {"rnn": (rnn, 1, 1), "gru": (gru, 3, 1), "lstm": (lstm, 4, 2)}


def initial_state(arrays: int) -> Callable[[int, int, Any], State]:
    def init_state(batch_size: int, num_hiddens: int, ctx: Any) -> State:
        return tuple(
            nd.zeros((batch_size, num_hiddens), ctx=ctx) for _ in range(arrays)
        )

    return init_state


def perplexities(
    step: Callable[[Any, Any], Tuple[Any, Any]],
    begin: Callable[[], Any],
    arrays: Callable[[], List[Any]],
    minibatches: Callable[[], Iterable[Tuple[Any, Any]]],
    lr: float,
    theta: float,
    num_epochs: int,
    fresh: bool,
) -> List[float]:
    """The perplexity of each epoch of clipped gradient descent on ``arrays()``.

    ``step(X, state)`` gives the logits of all steps one behind the other.
    """
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    found = []
    for _ in range(num_epochs):
        state, total, count = begin(), 0.0, 0
        for X, Y in minibatches():
            state = begin() if fresh else [s.detach() for s in state]
            with autograd.record():
                logits, state = step(X, state)
                mean = loss(logits, Y.T.reshape((-1,))).mean()
            mean.backward()
            params = arrays()
            norm = math.sqrt(sum(float((p.grad**2).sum().asscalar()) for p in params))
            for p in params:
                p[:] = p - lr * p.grad * min(1.0, theta / norm)
            total, count = total + mean.asscalar() * Y.size, count + Y.size
        found.append(math.exp(total / count))
    return found
