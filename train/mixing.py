"""Training inputs that are two images at once, with a share of each label."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pokeclf.recipe import Recipe

Mixed = tuple[Tensor, Tensor, float]
"""Mixed inputs, the other image's labels, and the share that an image has in its own input."""


def mix(inputs: Tensor, labels: Tensor, recipe: Recipe) -> Mixed:
    """Mix each input of a batch with another one as the recipe says.

    Of a recipe with both mixup and CutMix, each batch gets one of them, drawn at random.

    Parameters
    ----------
    inputs : float32, N × anything for mixup, N × 3 × height × width for CutMix; left as it is.
    labels : int64 N.
    """
    ways = [
        (way, alpha) for way, alpha in ((mixup, recipe.mixup), (cutmix, recipe.cutmix)) if alpha
    ]
    if not ways:
        return inputs, labels, 1.0
    way, alpha = ways[int(torch.randint(len(ways), ()))] if len(ways) > 1 else ways[0]
    return way(inputs, labels, torch.distributions.Beta(alpha, alpha).sample().item())


def mixup(inputs: Tensor, labels: Tensor, share: float) -> Mixed:
    """Blend each input with another (Zhang et al. 2018, *mixup*)."""
    return share * inputs + (1 - share) * inputs.flip(0), labels.flip(0), share


def cutmix(inputs: Tensor, labels: Tensor, share: float) -> Mixed:
    """Paste a rectangle of another image into each (Yun et al. 2019, *CutMix*, section 3.1).

    The rectangle covers 1 - share of the image, and less where it would stick out; the share that
    comes back is the one that is really left.
    """
    height, width = inputs.shape[-2:]
    side = math.sqrt(1 - share)
    rows, columns = (_stretch(length, round(side * length)) for length in (height, width))
    mixed = inputs.clone()
    mixed[..., rows, columns] = inputs.flip(0)[..., rows, columns]
    covered = (rows.stop - rows.start) * (columns.stop - columns.start) / (height * width)
    return mixed, labels.flip(0), 1 - covered


def _stretch(length: int, size: int) -> slice:
    """Positions around a random middle, cut at the border."""
    middle = int(torch.randint(length, ()))
    return slice(max(0, middle - size // 2), min(length, middle - size // 2 + size))
