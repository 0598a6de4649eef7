"""Speed where it provably changes nothing: the one room for fast paths.

A fast path answers for a net only if the net is, at that call, exactly one that the
package knows: :func:`~.recognise.why_not` says why it is not, in words, and every
condition is a line there. The plain path is always there below it, and gives the same
numbers, bit for bit. What a fast path leaves behind is what the plain one leaves: the
reader's own arrays, changed in place.

============ ========================================================================
module       content
============ ========================================================================
provenance   is a class, or a function, as its package wrote it?
recognise    ``why_not(net)``, ``explain(net)``
tracing      what graphs that stand for a whole call have in common
packed       a layer's parameters as one vector while an epoch runs
training     parameters and objective of a language model, fast where it may
scratch      step functions from scratch as one graph
single_step  one step of a Gluon layer, its equations written out as a graph
greedy       many steps of greedy generation as one graph
generation   greedy generation, fast where it may
============ ========================================================================

``D2L_RNN_ACCELERATION=off`` in the environment takes the plain path everywhere.
Private names of Gluon are used here and in ``models/gluon_layers.py`` only.
"""

from .recognise import explain, why_not

__all__ = ["explain", "why_not"]
