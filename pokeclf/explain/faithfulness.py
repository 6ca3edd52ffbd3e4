"""Does the answer depend on what a map marks? Its score beside those of random maps."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import Self

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from pokeclf.classifier import Classifier, Observation
from pokeclf.errors import PokeclfError
from pokeclf.explain.imputation import impute
from pokeclf.explain.result import Explanation

CELLS = 14
"""Pictures are covered in CELLS × CELLS squares, the ones with the most heat first."""
STEPS = 8
REMOVED = (0.2, 0.4, 0.6, 0.8)
"""Shares of the cells that ROAD takes away."""
RANDOM_MAPS = 100
AT_A_TIME = 10
"""Random maps that are judged before somebody looks at the clock."""
LEAST_PROBABLE = 0.001
"""Of a species that is less probable in a picture, no place can take much away."""
COARSE = 7
BATCH = 32


@dataclass(frozen=True)
class Scores:
    """How several maps do; probabilities and areas are 0…1.

    Attributes
    ----------
    deletion_curves : float32 K × (STEPS + 1), probability of the species when so many equal shares
        of the picture are covered with its mean colour, the strongest places first (Petsiuk et
        al. 2018, section 4.1).
    insertion_curves : float32 K × (STEPS + 1), the same when they are laid open in a blurred
        picture.
    road : float32 K, -0.5…0.5, the higher the better: how much more probable the species is when
        the weakest places are taken away than when the strongest are, on average over the shares
        :data:`REMOVED`, halved (Rong et al. 2022). What is taken away is filled from its
        surroundings, which deletion does not do: its edges may themselves confuse a model.
    """

    deletion_curves: np.ndarray
    insertion_curves: np.ndarray
    road: np.ndarray

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """The scores of several lots of maps as those of one."""
        return cls(
            *(
                np.concatenate([getattr(each, field.name) for each in parts])
                for field in fields(cls)
            )
        )

    @property
    def deletion(self) -> np.ndarray:
        """Areas under the curves, float32 K: the lower the better."""
        return _area(self.deletion_curves)

    @property
    def insertion(self) -> np.ndarray:
        """Areas under the curves, float32 K: the higher the better."""
        return _area(self.insertion_curves)


@dataclass(frozen=True)
class Faithfulness:
    """How a map does beside random maps on the same picture.

    Attributes
    ----------
    own : scores of the map alone.
    random : scores of the random maps.
    """

    own: Scores
    random: Scores

    @property
    def deletion(self) -> float:
        """The map's area under the deletion curve."""
        return float(self.own.deletion[0])

    @property
    def insertion(self) -> float:
        """The map's area under the insertion curve."""
        return float(self.own.insertion[0])

    @property
    def road(self) -> float:
        """The map's ROAD."""
        return float(self.own.road[0])

    @property
    def beaten_deleting(self) -> int:
        """How many random maps are worse: covering what they mark costs the answer later."""
        return int((self.random.deletion > self.deletion).sum())

    @property
    def beaten_inserting(self) -> int:
        """How many random maps are worse: showing what they mark brings the answer back later."""
        return int((self.random.insertion < self.insertion).sum())

    @property
    def beaten_removing(self) -> int:
        """How many random maps are worse: they tell less well what can be taken away."""
        return int((self.random.road < self.road).sum())


def random_scores(
    classifier: Classifier,
    observation: Observation,
    species: str,
    progress: Callable[[float], None] = lambda share: None,
    count: int = RANDOM_MAPS,
    seconds: float = math.inf,
) -> Scores:
    """Scores of smooth random maps; they serve for every method on that picture and species.

    Parameters
    ----------
    progress : told the share that is done, 0…1; it may raise to cancel.
    count : how many maps there are at most.
    seconds : how long that may take; on a slow computer only so many maps are judged as fit in,
        and :data:`AT_A_TIME` always.
    """
    start, lots, found = time.monotonic(), random_maps(count).split(AT_A_TIME), []

    def tell(share: float) -> None:
        of_time = (time.monotonic() - start) / seconds
        progress(min(1.0, max((len(found) + share) / len(lots), of_time)))

    for maps in lots:
        spent = time.monotonic() - start
        if found and spent * (1 + 1 / len(found)) > seconds:
            break
        found.append(scores(classifier, observation, species, maps, tell))
    progress(1.0)
    return Scores.joined(found)


def random_maps(count: int, seed: int = 0) -> Tensor:
    """Smooth random maps: float32 count × CELLS × CELLS."""
    random = torch.Generator().manual_seed(seed)
    coarse = torch.rand(count, 1, COARSE, COARSE, generator=random)
    return F.interpolate(coarse, (CELLS, CELLS), mode="bilinear", align_corners=False)[:, 0]


def in_cells(explanation: Explanation) -> Tensor:
    """A map as it is checked: float32 CELLS × CELLS."""
    heat = torch.from_numpy(explanation.heatmap)[None, None]
    return F.adaptive_avg_pool2d(heat, CELLS)[0, 0]


def faithfulness(
    classifier: Classifier, observation: Observation, explanation: Explanation, random: Scores
) -> Faithfulness:
    """Compare a map with random ones.

    Parameters
    ----------
    random : from :func:`random_scores` for the same picture, model and species.

    Raises
    ------
    PokeclfError
        See :func:`check_for_sense`.
    """
    check_for_sense(observation, explanation)
    maps = in_cells(explanation)[None]
    return Faithfulness(scores(classifier, observation, explanation.species, maps), random)


def check_for_sense(observation: Observation, explanation: Explanation) -> None:
    """Raise PokeclfError for a map that cannot be checked.

    It marks nothing, or its species is so improbable that all differences would be noise.
    """
    if not explanation.heatmap.any():
        raise PokeclfError("A map that marks nothing cannot be checked.")
    number = observation.classes.index(explanation.species)
    if observation.probabilities[number] < LEAST_PROBABLE:
        raise PokeclfError(
            f"The model gives this species less than {100 * LEAST_PROBABLE:g} %, so there is "
            "next to nothing that covering a place could take away: choose a likelier one."
        )


def scores(
    classifier: Classifier,
    observation: Observation,
    species: str,
    maps: Tensor,
    progress: Callable[[float], None] = lambda share: None,
) -> Scores:
    """Deletion, insertion and ROAD of several maps.

    Parameters
    ----------
    maps : float32 K × CELLS × CELLS, larger meaning more.
    progress : told the share that is done, 0…1; it may raise to cancel.
    """
    inputs = observation.inputs
    number = observation.classes.index(species)
    place = _places(maps.flatten(1))
    parts = 0

    def probabilities(chosen: Tensor, image: Callable[[Tensor], Tensor]) -> Tensor:
        """Of the species in the picture that ``image`` makes of N × CELLS² masks."""
        nonlocal parts
        masks, found = chosen.float().view(-1, 1, CELLS, CELLS), []
        for first in range(0, len(masks), BATCH):
            progress((parts + first / len(masks)) / 4)
            images = image(masks[first : first + BATCH])
            logits = classifier.logits(images)
            found.append(classifier.probabilities(logits)[:, number].clone())
        parts += 1
        return torch.cat(found).view(*chosen.shape[:-1])

    mean = inputs.mean((2, 3), keepdim=True).expand_as(inputs)
    blurred = _blurred(inputs)
    # K × steps × cells: which cells are reached after so many.
    reached = place[:, None] < torch.linspace(0, CELLS**2, STEPS + 1).round()[1:-1, None]
    original, covered, spots = classifier.probabilities(
        classifier.logits(torch.cat([inputs, mean, blurred]))
    )[:, number].tolist()
    deletion = probabilities(reached, partial(_between, inputs, mean))
    insertion = probabilities(reached, partial(_between, blurred, inputs))
    counts = (torch.tensor(REMOVED) * CELLS**2).round()[:, None]
    fill = partial(impute, inputs)
    without_strongest = probabilities(place[:, None] < counts, fill)
    without_weakest = probabilities(place[:, None] >= CELLS**2 - counts, fill)
    progress(1.0)
    return Scores(
        _curves(original, deletion, covered),
        _curves(spots, insertion, original),
        ((without_weakest - without_strongest).mean(1) / 2).numpy(),
    )


def _places(maps: Tensor) -> Tensor:
    """Place of each cell in the order of its heat, the hottest first: K × cells.

    Many maps are 0 in most places; cells of equal heat come in random order, always the same, as
    any other order would judge where in the picture they lie.
    """
    shuffled = torch.randperm(maps.shape[1], generator=torch.Generator().manual_seed(0))
    order = maps[:, shuffled].argsort(dim=1, descending=True, stable=True)
    return shuffled[order].argsort(dim=1)


def _curves(first: float, between: Tensor, last: float) -> np.ndarray:
    """Whole curves, given their two ends: K × (STEPS - 1) → K × (STEPS + 1)."""
    return F.pad(F.pad(between, (1, 0), value=first), (0, 1), value=last).numpy()


def _area(curves: np.ndarray) -> np.ndarray:
    """Area under each curve over the whole picture: K × points → K."""
    return np.trapezoid(curves, dx=1 / (curves.shape[1] - 1), axis=1)


def _between(start: Tensor, end: Tensor, masks: Tensor) -> Tensor:
    """The first image where a mask is 0, the second where it is 1."""
    mask = F.interpolate(masks, start.shape[-2:])
    return start * (1 - mask) + end * mask


def _blurred(inputs: Tensor) -> Tensor:
    """What is left when the picture is only a few coloured spots."""
    small = F.interpolate(inputs, (5, 5), mode="area")
    return F.interpolate(small, inputs.shape[-2:], mode="bilinear", align_corners=False)
