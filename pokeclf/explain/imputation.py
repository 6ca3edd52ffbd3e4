"""Fill removed places from their surroundings, so that what is missing leaves no outline."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from scipy import sparse
from scipy.sparse.linalg import splu
from torch import Tensor
from torch.nn import functional as F

SIDE = 28
"""Removed places are filled on a grid of SIDE × SIDE points; what is solved for is smooth."""
NOISE = 0.01
_STRAIGHT, _DIAGONAL = 1 / 6, 1 / 12


def impute(inputs: Tensor, removed: Tensor) -> Tensor:
    """Noisy linear imputation (Rong et al. 2022, "A Consistent and Efficient Evaluation Strategy
    for Attribution Methods", section 4.2).

    Every removed point becomes the weighted mean of its eight neighbours, which may be removed
    themselves; a little noise keeps the filled places from being unnaturally smooth.

    Parameters
    ----------
    inputs : float32 1 × 3 × S × S.
    removed : float32 N × 1 × h × w of 0 and 1, where h and w divide SIDE; not all of it is 1.

    Returns
    -------
    float32 N × 3 × S × S: the input, with the removed places filled.
    """
    size = inputs.shape[-2:]
    gone = F.interpolate(removed, (SIDE, SIDE)).flatten(1)
    points = F.interpolate(inputs, (SIDE, SIDE), mode="area").flatten(2)[0].T
    filled = solve(points, gone).transpose(1, 2).unflatten(2, (SIDE, SIDE))
    smooth = F.interpolate(filled, size, mode="bilinear", align_corners=False)
    noise = torch.randn(inputs.shape, generator=torch.Generator().manual_seed(0))
    mask = F.interpolate(removed, size)
    return inputs * (1 - mask) + (smooth + NOISE * noise) * mask


def solve(points: Tensor, gone: Tensor) -> Tensor:
    """The points of a SIDE × SIDE grid with those that are gone as means of their neighbours.

    Parameters
    ----------
    points : float32 SIDE² × channels.
    gone : float32 N × SIDE² of 0 and 1.

    Returns
    -------
    float32 N × SIDE² × channels.
    """
    neighbours = _neighbours()
    filled = []
    for mask in gone.double().numpy():
        equations = sparse.diags_array(mask) @ neighbours + sparse.diags_array(1 - mask)
        known = (1 - mask)[:, None] * points.double().numpy()
        filled.append(splu(equations.tocsc()).solve(known))
    return torch.from_numpy(np.stack(filled)).float()


@cache
def _neighbours() -> sparse.csr_array:
    """Point minus the mean of its neighbours as a SIDE² × SIDE² matrix; borders have fewer."""
    numbers = np.arange(SIDE**2)
    rows, columns = numbers // SIDE, numbers % SIDE
    down = abs(rows[:, None] - rows)
    across = abs(columns[:, None] - columns)
    weights = np.zeros((SIDE**2, SIDE**2))
    weights[(down + across) == 1] = _STRAIGHT
    weights[(down == 1) & (across == 1)] = _DIAGONAL
    return sparse.csr_array(np.eye(SIDE**2) - weights / weights.sum(1, keepdims=True))
