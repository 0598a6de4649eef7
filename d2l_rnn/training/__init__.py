"""A net and minibatches become a stream of ``EpochRow``.

``loop`` trains, ``parameters`` lays a net's weights out as one vector, ``losses``
holds what is minimised, ``bptt`` where gradients stop, ``checkpoint`` what is saved.
"""

from ..compatibility import prepare_mxnet

prepare_mxnet()
