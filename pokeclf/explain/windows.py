"""Leave out parts of a feature map and see what it costs; the backbone need not run again."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from pokeclf.explain.request import Request
from pokeclf.models.trees import TreeNetwork

WINDOW = 3
"""Side of the windows, in places of the feature map."""


def feature_occlusion(request: Request) -> np.ndarray:
    """Occlusion (Zeiler & Fergus 2014, section 4.2) of the feature map instead of the picture.

    Around every place lies a window. The trees are asked twice: what do they say of the window
    alone, and of everything else? What is left is scaled up so that the mean over all places,
    which the trees' features come from, is as large as if it filled the picture. A place's value
    is the sum of what its window says on its own and of what is lost without it.

    TreeSHAP tells which features count, but not, when layers lie between them and the feature
    map, what happens to them when a place is missing; this asks just that.

    Returns
    -------
    float32 h × w, at least 0: probability of the species for forests, its margin for boosted trees.
    """
    network = request.classifier.network
    assert isinstance(network, TreeNetwork)
    trunk = request.observation.trunk.detach()
    height, width = trunk.shape[2:]
    inside = windows(height, width)
    masks = torch.cat([torch.ones(1, height, width), torch.zeros(1, height, width)])
    masks = torch.cat([masks, inside, 1 - inside])
    masks = masks / masks.mean((1, 2), keepdim=True).clamp(min=1e-12)
    with torch.no_grad():
        found = network.ensemble.scores(network.pool(trunk * masks[:, None]), request.species)
    whole, nothing = found[:2]
    alone, without = found[2:].chunk(2)
    return (alone - nothing + whole - without).view(height, width).clamp(min=0).numpy()


def windows(height: int, width: int) -> Tensor:
    """The window around every place, row by row; smaller at the border.

    Returns
    -------
    float32 (height · width) × height × width, 1 inside and 0 outside.
    """
    rows = torch.arange(height)[:, None] - torch.arange(height)
    columns = torch.arange(width)[:, None] - torch.arange(width)
    near_rows, near_columns = (each.abs() <= WINDOW // 2 for each in (rows, columns))
    near = near_rows[:, None, :, None] & near_columns[None, :, None, :]
    return near.flatten(0, 1).float()
