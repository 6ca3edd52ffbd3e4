"""What every explanation method returns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as F

NOTHING_FOUND = "By this method, nothing in the picture speaks for this species."
"""What is said of a map that marks nothing."""


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
    settings : what else was chosen of what the method reads, in words: heads, discarded attention.
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
    settings: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether it marks nothing at all."""
        return not self.evidence.any()


def to_heatmap(grid: np.ndarray, size: int) -> np.ndarray:
    """Scale a small map, h × w with larger meaning more, to size × size within 0…1.

    Raises
    ------
    ValueError
        When the map holds anything but finite numbers.
    """
    if not np.isfinite(grid).all():
        raise ValueError("the map is not finite")
    # Enlarging smooths, so scaling comes last: the strongest place is 1.
    large = enlarged(grid - grid.min(), size)
    return large / large.max() if large.max() > 0 else large


def enlarged(grid: np.ndarray, size: int) -> np.ndarray:
    """A small map, h × w, in the same unit at size × size: float32."""
    tensor = torch.from_numpy(np.ascontiguousarray(grid, np.float32))[None, None]
    return F.interpolate(tensor, (size, size), mode="bilinear", align_corners=False)[0, 0].numpy()
