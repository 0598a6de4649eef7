"""The book's ``RNNModelScratch``: step functions as a language model (Section 8.5)."""

from __future__ import annotations

from typing import Callable, List, Sequence, Tuple

from mxnet import npx

from ..protocols import Array, Device


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
        Gradients attached. Read anew at every call; trained in place.

    Examples
    --------
    >>> net = RNNModelScratch(28, 512, device, get_rnn_params, init_rnn_state, rnn)
    >>> net = RNNModelScratch(28, 256, device, *language_model(deep(LSTM, 2)))
    """

    def __init__(
        self,
        vocab_size: int,
        num_hiddens: int,
        device: Device,
        get_params: Callable[[int, int, Device], List[Array]],
        init_state: Callable[[int, int, Device], Sequence[Array]],
        forward_fn: Callable[
            [Array, Sequence[Array], List[Array]], Tuple[Array, Sequence[Array]]
        ],
    ) -> None:
        self.vocab_size, self.num_hiddens = vocab_size, num_hiddens
        self.params = get_params(vocab_size, num_hiddens, device)
        self.init_state, self.forward_fn = init_state, forward_fn

    def __call__(
        self, X: Array, state: Sequence[Array]
    ) -> Tuple[Array, Sequence[Array]]:
        """Compute logits and the next state.

        Parameters
        ----------
        X : mxnet.np.ndarray, shape (batch_size, num_steps)
            Token ids.
        state : tuple of mxnet.np.ndarray
            As of :meth:`begin_state`.

        Returns
        -------
        logits : mxnet.np.ndarray, shape (num_steps * batch_size, vocab_size)
            Time-major: the first ``batch_size`` rows belong to the first step.
        state : tuple of mxnet.np.ndarray
        """
        # (num_steps, batch_size, vocab_size)
        inputs = npx.one_hot(X.T, self.vocab_size)
        return self.forward_fn(inputs, state, self.params)

    def begin_state(self, batch_size: int, ctx: Device) -> Sequence[Array]:
        """The zero state of a minibatch: ``init_state``'s."""
        return self.init_state(batch_size, self.num_hiddens, ctx)
