"""What every explanation method returns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as F


@dataclass(frozen=True)
class Explanation:
    """A map over the image that a model saw.

    Attributes
    ----------
    heatmap : float32, S × S like the model's input, 0…1 with 1 where the evidence is strongest;
        all zeros when nothing in the image speaks for the species.
    evidence : float32 h × w, at least 0: the same before scaling, in the method's own unit and
        resolution; maps of one method and model may be compared by it.
    species : slug of the explained species.
    against : slug of the species that it was compared with, by methods that compare.
    layer : the layer that was looked at, for people who know the architecture.
    seconds : time it took, without the classification that it started from.
    """

    heatmap: np.ndarray
    evidence: np.ndarray
    model: str
    method: str
    species: str
    layer: str
    seconds: float
    against: str | None = None


def to_heatmap(grid: np.ndarray, size: int) -> np.ndarray:
    """Scale a small map, h × w with larger meaning more, to size × size within 0…1.

    Raises
    ------
    ValueError
        When the map holds anything but finite numbers.
    """
    grid = np.asarray(grid, np.float32)
    if not np.isfinite(grid).all():
        raise ValueError("the map is not finite")
    grid = grid - grid.min()
    if grid.max() > 0:
        grid = grid / grid.max()
    tensor = torch.from_numpy(grid)[None, None]
    large = F.interpolate(tensor, (size, size), mode="bilinear", align_corners=False)
    return large[0, 0].clamp(0, 1).numpy()
