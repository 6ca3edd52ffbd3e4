"""Cover parts of the image and see what it costs; works for every model."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from pokeclf.explain.request import Request

GRID = 7
WINDOW = 2
"""Occlusion divides the image into GRID × GRID cells; the cover is WINDOW × WINDOW cells large."""
MASKS = 240
"""Random masks of RISE; the paper uses thousands on a GPU."""
BATCH = 20


def occlusion(request: Request) -> np.ndarray:
    """Occlusion sensitivity (Zeiler & Fergus 2014, section 4.2) through the whole pipeline.

    A window in the image's own mean colour slides over the input. Each cell shows how much the
    species' log-probability falls, averaged over the windows that cover the cell.

    Returns
    -------
    float32 GRID × GRID, at least 0: 0 where covering costs nothing or even helps.
    """
    inputs = request.observation.inputs
    edges = np.linspace(0, inputs.shape[-1], GRID + 1).round().astype(int)
    mean = inputs.mean((2, 3), keepdim=True)[0]
    corners = [
        (row, column) for row in range(1 - WINDOW, GRID) for column in range(1 - WINDOW, GRID)
    ]

    def covered(chosen: Sequence[tuple[int, int]]) -> Tensor:
        images = inputs.repeat(len(chosen), 1, 1, 1)
        for image, (row, column) in zip(images, chosen, strict=True):
            top, left = edges[max(row, 0)], edges[max(column, 0)]
            bottom, right = edges[min(row + WINDOW, GRID)], edges[min(column + WINDOW, GRID)]
            image[:, top:bottom, left:right] = mean
        return images

    before = float(np.log(max(request.observation.probabilities[request.species], 1e-12)))
    fall = (before - _log_probabilities(request, corners, covered)).view(GRID + WINDOW - 1, -1)
    per_cell = F.avg_pool2d(fall[None, None], WINDOW, stride=1)[0, 0]
    return per_cell.clamp(min=0).numpy()


def rise(request: Request) -> np.ndarray:
    """RISE (Petsiuk et al. 2018, section 3): random coarse masks, and what is left of the answer.

    Each mask shows about half of the image, the rest is in the image's own mean colour. A place's
    value is how much more probable the species is, on average, when the place is shown: the
    slope of the probability on the place's visibility. The paper's weighted mean contains the
    same difference, but with so few masks it mostly shows which places the masks happen to show
    most. The masks are the same for every image.

    Returns
    -------
    float32 S × S, at least 0: 0 where showing a place does not help.
    """
    inputs = request.observation.inputs
    size = inputs.shape[-1]
    mean = inputs.mean((2, 3), keepdim=True)
    masks = random_masks(MASKS, size)

    def shown(chosen: Sequence[int]) -> Tensor:
        mask = masks[list(chosen)]
        return inputs * mask + mean * (1 - mask)

    score = _log_probabilities(request, range(MASKS), shown).exp()
    visible = masks[:, 0] - masks[:, 0].mean(0)
    slope = torch.einsum("n,nhw->hw", score - score.mean(), visible) / visible.pow(2).sum(0)
    return slope.clamp(min=0).numpy()


def random_masks(count: int, size: int, seed: int = 0) -> Tensor:
    """Smooth random masks, count × 1 × size × size within 0…1 (Petsiuk et al. 2018, 3.2)."""
    random = torch.Generator().manual_seed(seed)
    cells = (torch.rand(count, 1, GRID, GRID, generator=random) < 0.5).float()
    cell = -(-size // GRID)
    large = F.interpolate(cells, (size + cell, size + cell), mode="bilinear", align_corners=False)
    offsets = torch.randint(0, cell + 1, (count, 2), generator=random).tolist()
    return torch.stack(
        [
            mask[:, top : top + size, left : left + size]
            for mask, (top, left) in zip(large, offsets, strict=True)
        ]
    )


def _log_probabilities(
    request: Request, variants: Sequence, images: Callable[[Sequence], Tensor]
) -> Tensor:
    """The species' log-probability of each variant of the image; tells progress."""
    classifier, found = request.classifier, []
    for start in range(0, len(variants), BATCH):
        request.progress(start / len(variants))
        logits = classifier.logits(images(variants[start : start + BATCH]))
        log_probabilities = F.log_softmax(logits.float() / classifier.card.temperature, 1)
        found.append(log_probabilities[:, request.species])
    request.progress(1.0)
    return torch.cat(found)
