"""Vanishing and exploding gradients: norms of products of Jacobians (Section 8.7)."""

from __future__ import annotations

import numpy as np

from ..arrays import Floats
from .handwritten import HIDDEN, known


def jacobian_norms(W: Floats, states: Floats, hidden: str) -> Floats:
    """How far a gradient reaches back: the norms of ``ds_T / ds_{T-k}``.

    Each is a product of Jacobians, ``diag(f'(z_T)) W ... diag(f'(z_{T-k+1})) W``: with
    ``f`` the identity it is ``W^k``, which vanishes or explodes as the largest absolute
    eigenvalue is below or above one (book Section 8.7).

    Parameters
    ----------
    W : np.ndarray, shape (num_hiddens, num_hiddens)
    states : np.ndarray, shape (num_steps + 1, num_hiddens)
        ``s_0`` to ``s_T`` of one example.
    hidden : str
        As in :func:`forward`.

    Returns
    -------
    np.ndarray, shape (num_steps + 1,)
        Spectral norms for k = 0, ..., num_steps.
    """
    derivative = known(HIDDEN, hidden, "hidden activation").derivative
    product = np.eye(len(W), dtype=W.dtype)
    norms = [1.0]
    for s in states[:0:-1]:
        product = product @ (derivative(s)[:, None] * W)
        norms.append(float(np.linalg.norm(product, 2)))
    return np.array(norms)


def with_spectral_radius(W: Floats, radius: float) -> Floats:
    """``W`` scaled so that its largest absolute eigenvalue is ``radius``."""
    return W * (radius / float(np.abs(np.linalg.eigvals(W)).max()))
