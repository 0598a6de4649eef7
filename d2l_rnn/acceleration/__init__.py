"""Speed where it provably changes nothing: the one room for fast paths.

A fast path answers for a net only if the net is, at that call, exactly one that the
package knows: :func:`~.recognise.why_not` says why it is not, in words, and every
condition is a line there. The plain path is always there below it, and gives the same
numbers. What a fast path leaves behind is what the plain one leaves: the reader's own
arrays, changed in place.

=============== =====================================================================
module          content
=============== =====================================================================
provenance      is a class, or a function, as its package wrote it?
recognise       ``why_not(net)``
explaining      ``explain(net)``
tracing         what graphs that stand for a whole call have in common
packed          a layer's parameters as one vector while an epoch runs
shared_memory   NumPy on MXNet's own memory
recurrence      the lowest layer over rows of a table, forward and backward by hand
table_rows      a large vocabulary: rows of a table, and their gradient
table_loss      its training step, the loss without copies
epochs          parameters and objective of a language model, fast where it may
step_graphs     step functions from scratch as one graph
teacher_forcing an encoder-decoder's training step as one graph
generation      a net that only generates, as arrays that NumPy steps
=============== =====================================================================

Training's numbers are the plain path's bit for bit, but for large vocabularies: from
``table_rows.TABLE_FROM`` tokens on the curve is the plain one's to 1e-5. Generation's
logits agree with it to 1e-5: the likeliest token is the same unless two are likely
alike.

``D2L_RNN_ACCELERATION=off`` in the environment takes the plain path everywhere.
Private names of Gluon are used here and in ``models/gluon_layers.py`` only.
"""

from .explaining import explain
from .recognise import why_not

__all__ = ["explain", "why_not"]
