"""Cover one place after another and see what it costs; works for every model."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional as F

from pokeclf.classifier import Classifier, Observation

GRID = 7
WINDOW = 2
"""The image is divided into GRID × GRID cells; the cover is WINDOW × WINDOW cells large."""


def occlusion(classifier: Classifier, observation: Observation, species: int) -> np.ndarray:
    """Occlusion sensitivity (Zeiler & Fergus 2014, section 4.2) through the whole pipeline.

    A window in the image's own mean colour slides over the input. Each cell shows how much the
    species' log-probability falls, averaged over the windows that cover the cell.

    Returns
    -------
    float32 GRID × GRID, at least 0: 0 where covering costs nothing or even helps.
    """
    inputs = observation.inputs
    side = inputs.shape[-1]
    edges = np.linspace(0, side, GRID + 1).round().astype(int)
    mean = inputs.mean((2, 3), keepdim=True)
    corners = [
        (row, column) for row in range(1 - WINDOW, GRID) for column in range(1 - WINDOW, GRID)
    ]
    scores = []
    for start in range(0, len(corners), 20):
        chosen = corners[start : start + 20]
        covered = inputs.repeat(len(chosen), 1, 1, 1)
        for image, (row, column) in zip(covered, chosen, strict=True):
            top, left = edges[max(row, 0)], edges[max(column, 0)]
            bottom, right = edges[min(row + WINDOW, GRID)], edges[min(column + WINDOW, GRID)]
            image[:, top:bottom, left:right] = mean[0]
        log_probabilities = F.log_softmax(
            classifier.logits(covered) / classifier.card.temperature, 1
        )
        scores.append(log_probabilities[:, species])
    before = float(np.log(max(observation.probabilities[species], 1e-12)))
    fall = (before - torch.cat(scores)).view(GRID + WINDOW - 1, GRID + WINDOW - 1)
    per_cell = F.avg_pool2d(fall[None, None], WINDOW, stride=1)[0, 0]
    return per_cell.clamp(min=0).numpy()
