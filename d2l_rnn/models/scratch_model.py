"""The book's ``RNNModelScratch``: step functions as a language model (Section 8.5)."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from mxnet import npx, symbol

from .greedy import unroll
from .scratch_operators import split_steps
from .tracing import mean_cross_entropy, static_graph, variable

# Stands for a number of steps where the graph is a greedy block.
_GREEDY = 0


class RNNModelScratch:
    """A recurrent language model made of three functions (book Section 8.5).

    Parameters
    ----------
    vocab_size, num_hiddens : int
    device : mxnet.Context
    get_params : callable
        ``(vocab_size, num_hiddens, device) -> params``.
    init_state : callable
        ``(batch_size, num_hiddens, device) -> state``, a tuple of arrays.
    forward_fn : callable
        ``(inputs, state, params) -> (logits, state)``, inputs one-hot, (num_steps,
        batch_size, vocab_size).

    Attributes
    ----------
    params : list of mxnet.np.ndarray
        Gradients attached. Read anew at every call.

    Examples
    --------
    >>> net = RNNModelScratch(28, 512, device, get_rnn_params, init_rnn_state, rnn)
    >>> net = RNNModelScratch(28, 256, device, *language_model(deep(LSTM, 2)))
    """

    def __init__(
        self,
        vocab_size: int,
        num_hiddens: int,
        device: Any,
        get_params: Callable[[int, int, Any], List[Any]],
        init_state: Callable[[int, int, Any], Tuple[Any, ...]],
        forward_fn: Callable[[Sequence[Any], Sequence[Any], Sequence[Any]], Any],
    ) -> None:
        self.vocab_size, self.num_hiddens = vocab_size, num_hiddens
        self.params = get_params(vocab_size, num_hiddens, device)
        self.init_state, self.forward_fn = init_state, forward_fn
        self._active = False
        self._graphs: Dict[Tuple[int, int], Any] = {}

    def __call__(self, X: Any, state: Sequence[Any]) -> Tuple[Any, Tuple[Any, ...]]:
        """Compute logits and the next state.

        Parameters
        ----------
        X : mxnet.np.ndarray, shape (batch_size, num_steps)
            Token ids.
        state : sequence of mxnet.np.ndarray
            As of :meth:`begin_state`.

        Returns
        -------
        logits : mxnet.np.ndarray, shape (num_steps * batch_size, vocab_size)
            Time-major: the first ``batch_size`` rows belong to the first step.
        state : tuple of mxnet.np.ndarray
        """
        if not self._active:
            # (num_steps, batch_size, vocab_size)
            inputs = npx.one_hot(X.T, self.vocab_size)
            return self.forward_fn(inputs, state, self.params)
        return self._run(X.shape[1], X, state)

    def mean_loss(
        self, X: Any, labels: Any, state: Sequence[Any]
    ) -> Optional[Tuple[Any, Tuple[Any, ...]]]:
        """As :meth:`RNNModel.mean_loss`, for a net that is hybridized."""
        return self._run(X.shape[1], X, state, labels) if self._active else None

    def greedy_block(
        self, token: Any, state: Sequence[Any]
    ) -> Optional[Tuple[Any, Tuple[Any, ...]]]:
        """As :meth:`RNNModel.greedy_block`, for a net that is hybridized."""
        return self._run(_GREEDY, token, state) if self._active else None

    def begin_state(self, batch_size: int, ctx: Any) -> Tuple[Any, ...]:
        """The zero state of a minibatch: ``init_state``'s."""
        return self.init_state(batch_size, self.num_hiddens, ctx)

    def hybridize(self, active: bool = True) -> None:
        """Have MXNet execute the step functions' graph rather than Python them.

        As with a Gluon block: the same operators in the same order, hence the same
        numbers, sooner by a quarter (``rnn``, 512 hidden) to a half (``lstm``, 256). A
        graph is made at the first call with each number of steps. ``forward_fn`` must
        keep to the operators of :mod:`.scratch_operators` and to arithmetic.
        """
        self._active = active
        self._graphs.clear()

    def _run(self, num_steps: int, X: Any, state: Sequence[Any], *labels: Any) -> Any:
        key = num_steps, len(labels)
        if key not in self._graphs:
            self._graphs[key] = self._trace(num_steps, len(state), len(labels) > 0)
        X = X.astype("float32", copy=False)
        result, *state = self._graphs[key](X, *state, *self.params, *labels)
        return result, tuple(state)

    def _trace(self, num_steps: int, num_states: int, with_labels: bool) -> Any:
        """The graph of ``forward_fn``, called with token ids, state, params, labels.

        Its first output are the logits, the loss where there are labels, or the
        tokens of a greedy block.
        """
        X, labels = variable("X"), variable("labels")
        state = tuple(variable(f"state{k}") for k in range(num_states))
        params = [
            variable(f"param{k}", shape=param.shape)
            for k, param in enumerate(self.params)
        ]

        def steps(tokens: Any, state: Any, number: int = 1) -> Any:
            """``number`` steps over tokens (number * batch_size,), time-major."""
            # (number * batch_size, vocab_size)
            rows = symbol.numpy_extension.one_hot(tokens, self.vocab_size)
            return self.forward_fn(split_steps(rows, number), state, params)

        tokens = X.T.reshape(-1)
        if num_steps == _GREEDY:
            result, new_state = unroll(steps, tokens, state)
        else:
            result, new_state = steps(tokens, state, num_steps)
        arguments = [X, *state, *params]
        if with_labels:
            result = mean_cross_entropy(result, labels.T.reshape(-1))
            arguments.append(labels)
        return static_graph([result, *new_state], arguments)
