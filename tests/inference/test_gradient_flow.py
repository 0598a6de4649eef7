"""Products of Jacobians: powers of the spectral radius, and finite differences."""

from __future__ import annotations

import numpy as np
import pytest

from d2l_rnn.arrays import Floats
from d2l_rnn.inference.gradient_flow import jacobian_norms, with_spectral_radius
from d2l_rnn.inference.handwritten import HIDDEN, forward, numerical_gradient
from tests.inference.test_handwritten import (
    NUM_HIDDENS,
    draw,
    draw_problem,
    nearest_kink,
)


@pytest.mark.parametrize("radius", [0.5, 1.0, 1.5])
def test_linear_jacobians_vanish_or_explode_as_powers_of_the_radius(
    radius: float,
) -> None:
    """Of a symmetric matrix, the norm is the radius: radius^k exactly."""
    W = draw(6, 6)
    W = with_spectral_radius(W + W.T, radius)
    norms = jacobian_norms(W, draw(31, 6), "identity")
    np.testing.assert_allclose(norms, radius ** np.arange(31), rtol=1e-9)


def test_any_matrix_s_powers_grow_as_its_radius_in_the_end() -> None:
    W = with_spectral_radius(draw(6, 6), 1.3)
    norms = jacobian_norms(W, draw(401, 6), "identity")
    assert norms[400] ** (1 / 400) == pytest.approx(1.3, rel=0.02)


@pytest.mark.parametrize("hidden", HIDDEN)
def test_jacobian_is_that_of_the_last_state_by_the_first(hidden: str) -> None:
    params, x, state, _ = draw_problem()
    while nearest_kink(params, x, state, hidden) < 1e-3:
        params, x, state, _ = draw_problem()
    x, state = x[..., :1], state[..., :1]
    states = forward(params, x, state, hidden).states[..., 0]

    def gradient_of_last(row: int) -> Floats:
        return numerical_gradient(
            lambda: forward(params, x, state, hidden).states[-1, row, 0], state
        )[:, 0]

    jacobian = np.stack([gradient_of_last(row) for row in range(NUM_HIDDENS)])
    found = jacobian_norms(params.W, states, hidden)[-1]
    assert found == pytest.approx(np.linalg.norm(jacobian, 2), rel=1e-6, abs=1e-9)
