"""A net and minibatches become a stream of ``EpochRow``.

``loop`` trains language models by gradient descent, ``adam_loop`` by Adam,
``example_loop`` anything whose loss sums over examples, ``seq2seq_loop`` translators
(``scheduled_sampling`` says what their decoders read). ``parameters`` lays a net's
weights out as one vector, ``losses`` holds what is minimised, ``bptt`` where gradients
stop, ``divergence`` where a run does, ``visibility`` what a model sees of its answers,
``checkpoint`` what is saved.
"""

from ..compatibility import prepare_mxnet

prepare_mxnet()
