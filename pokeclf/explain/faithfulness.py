"""Does the answer depend on what a map marks? Deletion and insertion against random maps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from pokeclf.classifier import Classifier, Observation
from pokeclf.errors import PokeclfError
from pokeclf.explain.result import Explanation

CELLS = 14
"""Pictures are covered in CELLS × CELLS squares, the ones with the most heat first."""
STEPS = 8
RANDOM_MAPS = 100
COARSE = 7
BATCH = 32


@dataclass(frozen=True)
class Areas:
    """Areas under the curves of several maps; probabilities and areas are 0…1.

    Attributes
    ----------
    deletion : float32 K, the lower the better: marked places are covered with the picture's mean
        colour, the strongest first (Petsiuk et al. 2018, section 4.1).
    insertion : float32 K, the higher the better: marked places are laid open in a blurred picture.
    """

    deletion: np.ndarray
    insertion: np.ndarray


@dataclass(frozen=True)
class Faithfulness:
    """How a map does beside random maps on the same picture.

    Attributes
    ----------
    deletion, insertion : areas of the map.
    random : areas of the random maps.
    """

    deletion: float
    insertion: float
    random: Areas

    @property
    def beaten_deleting(self) -> int:
        """How many random maps are worse: covering what they mark costs the answer later."""
        return int((self.random.deletion > self.deletion).sum())

    @property
    def beaten_inserting(self) -> int:
        """How many random maps are worse: showing what they mark brings the answer back later."""
        return int((self.random.insertion < self.insertion).sum())


def random_areas(
    classifier: Classifier,
    observation: Observation,
    species: str,
    progress: Callable[[float], None] = lambda share: None,
    count: int = RANDOM_MAPS,
) -> Areas:
    """Areas of smooth random maps; they serve for every method on that picture and species."""
    random = torch.Generator().manual_seed(0)
    coarse = torch.rand(count, 1, COARSE, COARSE, generator=random)
    maps = F.interpolate(coarse, (CELLS, CELLS), mode="bilinear", align_corners=False)[:, 0]
    return areas(classifier, observation, species, maps, progress)


def faithfulness(
    classifier: Classifier, observation: Observation, explanation: Explanation, random: Areas
) -> Faithfulness:
    """Compare a map with random ones.

    Parameters
    ----------
    random : from :func:`random_areas` for the same picture, model and species.

    Raises
    ------
    PokeclfError
        For a map that marks nothing.
    """
    if not explanation.heatmap.any():
        raise PokeclfError("A map that marks nothing cannot be checked.")
    heat = torch.from_numpy(explanation.heatmap)[None, None]
    cells = F.adaptive_avg_pool2d(heat, CELLS)[0]
    found = areas(classifier, observation, explanation.species, cells)
    return Faithfulness(float(found.deletion[0]), float(found.insertion[0]), random)


def areas(
    classifier: Classifier,
    observation: Observation,
    species: str,
    maps: Tensor,
    progress: Callable[[float], None] = lambda share: None,
) -> Areas:
    """Areas under the deletion and insertion curves.

    Parameters
    ----------
    maps : float32 K × CELLS × CELLS, larger meaning more.
    progress : told the share that is done, 0…1; it may raise to cancel.
    """
    inputs = observation.inputs
    number = observation.classes.index(species)
    mean = inputs.mean((2, 3), keepdim=True).expand_as(inputs)
    blurred = _blurred(inputs)
    order = maps.flatten(1).argsort(dim=1, descending=True, stable=True).argsort(dim=1)
    limits = torch.linspace(0, CELLS**2, STEPS + 1).round()[1:-1]
    # K × steps × cells: which cells are reached after so many.
    reached = (order[:, None] < limits[None, :, None]).float()
    masks = reached.view(-1, 1, CELLS, CELLS)
    ends = {"original": inputs, "mean": mean, "blurred": blurred}
    at_ends = {
        name: float(_probability(classifier, image, number)[0]) for name, image in ends.items()
    }
    curves = []
    for part, (start, end) in enumerate((("original", "mean"), ("blurred", "original"))):
        scores = []
        for first in range(0, len(masks), BATCH):
            progress((part + first / len(masks)) / 2)
            mask = F.interpolate(masks[first : first + BATCH], inputs.shape[-2:])
            images = ends[start] * (1 - mask) + ends[end] * mask
            scores.append(_probability(classifier, images, number))
        between = torch.cat(scores).view(len(maps), -1)
        first_column = torch.full((len(maps), 1), at_ends[start])
        last_column = torch.full((len(maps), 1), at_ends[end])
        curve = torch.cat([first_column, between, last_column], 1)
        curves.append(torch.trapezoid(curve, dx=1 / STEPS, dim=1).numpy())
    progress(1.0)
    return Areas(*curves)


def _probability(classifier: Classifier, images: Tensor, number: int) -> Tensor:
    return classifier.probabilities(classifier.logits(images))[:, number].clone()


def _blurred(inputs: Tensor) -> Tensor:
    """What is left when the picture is only a few coloured spots."""
    small = F.interpolate(inputs, (5, 5), mode="area")
    return F.interpolate(small, inputs.shape[-2:], mode="bilinear", align_corners=False)
