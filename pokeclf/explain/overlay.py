"""An explanation's map as colours over the image it explains."""

from __future__ import annotations

import matplotlib
import numpy as np
from PIL import Image

from pokeclf.explain.result import Explanation

COLOURS = matplotlib.colormaps["inferno"]
"""Perceptually uniform and readable with every kind of colour blindness."""


def overlay(crop: Image.Image, explanation: Explanation, strength: float = 0.6) -> Image.Image:
    """Lay a map over the crop that the model saw.

    Weak places keep the picture's own colours, so that one still sees what is there.

    Parameters
    ----------
    strength : 0 shows the picture alone, 1 hides it where the map is strongest.

    Returns
    -------
    RGB image of the crop's size.
    """
    if not 0 <= strength <= 1:
        raise ValueError(f"strength is {strength}, not within 0…1")
    picture = np.asarray(crop.convert("RGB"), np.float32)
    heat = explanation.heatmap
    colours = COLOURS(heat)[..., :3].astype(np.float32) * 255
    # Half of the strength everywhere, so that dark means "looked past" and not "unchanged".
    opacity = (strength * (0.5 + 0.5 * heat))[..., None]
    mixed = picture * (1 - opacity) + colours * opacity
    return Image.fromarray(mixed.round().astype(np.uint8))
