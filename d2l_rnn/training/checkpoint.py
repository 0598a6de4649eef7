"""A net's parameters, and its optimiser's state, out of the net and back into it."""

from __future__ import annotations

from typing import Dict, Mapping, Optional

from ..arrays import Floats
from ..errors import RunError
from ..protocols import Array, Arrays
from .optimisers import Adam, without_optimiser


def arrays_of(
    named: Mapping[str, Array], adam: Optional[Adam] = None
) -> Dict[str, Floats]:
    """Copies of a net's parameters, by name, and of its optimiser's state."""
    arrays = {name: array.asnumpy() for name, array in named.items()}
    return arrays if adam is None else {**arrays, **adam.arrays()}


def put_arrays(
    targets: Mapping[str, Array], arrays: Arrays, adam: Optional[Adam] = None
) -> None:
    """Put saved parameters into an initialised net, in place.

    Parameters
    ----------
    targets : dict of str to mxnet.np.ndarray
        The net's arrays.
    arrays : dict of str to numpy.ndarray
        Of :func:`arrays_of`; an optimiser's state may be among them.
    adam : Adam, optional
        Takes its state over, where training is to go on.

    Raises
    ------
    RunError
        If names or shapes are not those of the net, or the optimiser's state is not
        there.
    """
    if adam is not None:
        adam.restore(arrays)
    arrays = without_optimiser(arrays)
    if set(targets) != set(arrays):
        differing = sorted(set(targets) ^ set(arrays))
        raise RunError(
            f"checkpoint of another model: {', '.join(differing[:4])} differ"
        )
    for name, target in targets.items():
        if target.shape != arrays[name].shape:
            raise RunError(
                f"checkpoint of another model: {name} has shape {arrays[name].shape}, "
                f"not {target.shape}"
            )
        target[:] = arrays[name]
