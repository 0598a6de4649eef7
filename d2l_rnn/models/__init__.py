"""Minibatches become logits and states: blocks that own weights; nothing trains here.

One interface for all language models, that of the book::

    net(X, state) -> (logits, state)
    net.begin_state(batch_size, ctx)

========== ==========================================================================
symbol     meaning
========== ==========================================================================
X          token ids, (batch_size, num_steps)
inputs     one-hot rows, (num_steps, batch_size, vocab_size)
logits     scores, (num_steps * batch_size, vocab_size), time-major as in the book
H, C       hidden state and memory cell, (batch_size, num_hiddens)
state      Gluon layers: arrays (num_layers * directions, batch_size, num_hiddens),
           layout LNC, so the batch is axis 1
i f g o    gates of an LSTM in Gluon's order: input, forget, candidate, output
========== ==========================================================================

``language_model`` holds the book's ``RNNModel``, ``hybrid`` the same for a symbol,
``scratch`` and ``scratch_stacks`` the layers written out, ``scratch_model`` the model
around them, ``gluon_layers`` Gluon's layers with dropout and lengths, ``both_sides``
cloze and tagging, ``shapes`` other inputs and outputs, ``encoder_decoder``,
``seq2seq``, ``attention`` and ``attention_decoder`` translation,
``multihead_attention`` and ``transformer`` the transformer's encoder. All as the book
prints them: what makes them fast is in the room ``acceleration``.
"""

from ..compatibility import prepare_mxnet

prepare_mxnet()
