"""Maps beside each other: on one scale, as a difference, through all layers and heads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pokeclf.classifier import Classifier, Observation
from pokeclf.explain import METHODS, Explanation, Options, explain, layers_of
from pokeclf.explain.result import enlarged
from pokeclf.models.vit import ViT

BRIGHTEST = 0.2
"""The share of the picture that counts as a map's brightest part."""


def shared_scale(explanations: Sequence[Explanation], size: int) -> tuple[np.ndarray, ...]:
    """Maps scaled together, so that the same colour means the same in each.

    Maps of one model, method and layer are compared by their values in the method's own unit.
    Others have no unit in common; of each, every place's share of the whole map is compared.

    Parameters
    ----------
    size : side of the results.

    Returns
    -------
    float32 size × size each, 0…1: 0 and 1 are the least and most in any of the maps.
    """
    grids = [explanation.evidence for explanation in explanations]
    kinds = {(each.model, each.method, each.layer) for each in explanations}
    maps = [enlarged(grid, size) for grid in grids]
    if len(kinds) > 1:
        maps = [_shares(each) for each in maps]
    least, most = min(each.min() for each in maps), max(each.max() for each in maps)
    return tuple((each - least) / max(most - least, 1e-12) for each in maps)


def difference(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Difference of two maps on one scale: -1…1."""
    return first - second


@dataclass(frozen=True)
class Overlap:
    """How far the brightest parts of two maps are the same places.

    Attributes
    ----------
    share : of the first map's brightest part that is bright in the second, too, 0…1.
    chance : what it would be for places at random: the share of all places that are bright in
        the second, :data:`BRIGHTEST` unless most of its places have no heat at all.
    """

    share: float
    chance: float


def overlap(first: np.ndarray, second: np.ndarray) -> Overlap:
    """How much of one map's brightest part is bright in the other, too."""
    marked, other = brightest(first), brightest(second)
    return Overlap(float((marked & other).sum() / max(marked.sum(), 1)), float(other.mean()))


def brightest(heatmap: np.ndarray) -> np.ndarray:
    """The :data:`BRIGHTEST` share of a map's places, as booleans of its shape.

    Places without any heat are never bright, so it may be fewer.
    """
    marked = np.zeros(heatmap.size, bool)
    marked[np.argsort(-heatmap, axis=None, kind="stable")[: round(BRIGHTEST * heatmap.size)]] = True
    return marked.reshape(heatmap.shape) & (heatmap > heatmap.min())


def across_layers(
    classifier: Classifier,
    observation: Observation,
    species: str,
    method: str,
    options: Options,
    progress: Callable[[float], None] = lambda share: None,
) -> tuple[Explanation, ...]:
    """The method's map at every place that it can look at, the earliest first."""
    layers = layers_of(classifier, METHODS[method])
    return _each(
        classifier, observation, species, method,
        [replace(options, layer=layer) for layer in layers], progress,
    )  # fmt: skip


def across_heads(
    classifier: Classifier,
    observation: Observation,
    species: str,
    method: str,
    options: Options,
    progress: Callable[[float], None] = lambda share: None,
) -> tuple[Explanation, ...]:
    """The map of every attention head of the chosen block."""
    return _each(
        classifier, observation, species, method,
        [replace(options, head=number) for number in range(head_count(classifier))], progress,
    )  # fmt: skip


def head_count(classifier: Classifier) -> int:
    """Number of attention heads in a block, 0 for networks without attention."""
    network = classifier.network
    return network.body.blocks[0].attn.num_heads if isinstance(network, ViT) else 0


def _each(
    classifier: Classifier,
    observation: Observation,
    species: str,
    method: str,
    choices: Sequence[Options],
    progress: Callable[[float], None],
) -> tuple[Explanation, ...]:
    found = []
    for number, options in enumerate(choices):
        progress(number / len(choices))
        found.append(explain(classifier, observation, species, method, options))
    progress(1.0)
    return tuple(found)


def _shares(values: np.ndarray) -> np.ndarray:
    """What rises above the lowest place, as shares of their sum."""
    above = values - values.min()
    return above / max(float(above.sum()), 1e-12)
