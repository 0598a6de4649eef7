"""A net and minibatches become a stream of ``EpochRow``.

``loop`` is the one loop over ``objectives`` (what is minimised) and ``optimisers``
(what a gradient is used for); ``translation`` has the objective of encoder-decoders
(``scheduled_sampling`` says what their decoders read). ``parameters`` are a net's
arrays where they lie, ``initialisation`` draws them, ``losses`` holds what is
minimised, ``bptt`` where gradients stop, ``divergence`` where a run does,
``visibility`` what a model sees of its answers, ``checkpoint`` what is saved.
"""

from ..compatibility import prepare_mxnet

prepare_mxnet()
