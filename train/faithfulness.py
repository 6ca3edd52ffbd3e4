"""``python -m train faithfulness MODEL… --data DIR``: can the maps be believed?

For every fast method of a model, on some of the test images: how much better are its maps than
random ones, and do they change when the weights are randomised, or learned from shuffled labels?
The answers are stored in ``explanations.csv`` beside the checkpoint.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
import torch
from scipy import stats
from torch import Tensor
from tqdm import tqdm

from pokeclf.classifier import Classifier, Observation
from pokeclf.errors import PokeclfError
from pokeclf.explain import Method, Options, explain, methods_of, trust
from pokeclf.explain.faithfulness import Scores, in_cells, random_maps, scores
from pokeclf.explain.trust import Trust
from pokeclf.models.trees import TreeNetwork
from pokeclf.modelstore import ModelStore
from train.device import autocast
from train.finished import models_parser, on_models
from train.randomisation import randomised, relabelled
from train.workshop import Workshop

RANDOM_MAPS = 3
"""Random maps for each image; the mean over many images needs few of them."""


@dataclass(frozen=True)
class Gains:
    """Scores less those of random maps, more being better; arrays images × methods."""

    deletion: np.ndarray
    insertion: np.ndarray
    road: np.ndarray


def main(arguments: list[str]) -> int:
    """Run the command; returns the exit code."""
    parser = models_parser("faithfulness", __doc__)
    parser.add_argument("--images", type=int, default=200, help="of the test split, at random")
    options = parser.parse_args(arguments)

    def examine_all(names: Sequence[str], shop: Workshop) -> int:
        store = ModelStore(shop.root)
        for model_id in names:
            rows = examine(store.get(model_id), shop, options.images)
            trust.write(shop.root / model_id, rows)
            for row in rows:
                print(f"{model_id}: {row}", flush=True)
        return 0

    return on_models(options, examine_all)


def examine(classifier: Classifier, shop: Workshop, images: int) -> list[Trust]:
    """Every fast method of a model on that many test images.

    Raises
    ------
    PokeclfError
        For fewer than 2 images, of which there is no interval.
    """
    if images < 2:
        raise PokeclfError("--images takes a number of at least 2.")
    test = shop.indices("test")
    chosen = np.random.default_rng(0).permutation(test)[:images]
    shop.check(classifier.card)
    methods = [method for method in methods_of(classifier) if not method.slow]
    strangers = (*randomised(classifier), relabelled(classifier, shop))
    empty, gains, alike = [], [], []
    for number, index in enumerate(tqdm(chosen, desc=classifier.card.model, mininterval=5)):
        image = shop.folder.image(int(index))
        observation = classifier.observe(image)
        maps = maps_of(classifier, observation, observation, methods)
        empty.append([not each.any() for each in maps.values()])
        gains.append(gains_on(classifier, observation, maps, seed=number))
        if number < trust.RANDOMISED_IMAGES:
            others = [
                maps_of(other, other.observe(image), observation, methods) for other in strangers
            ]
            alike.append([[correlation(maps[m], other[m]) for m in maps] for other in others])
    similarity = _mean_of_numbers(alike)
    together = Gains(*(np.stack([getattr(g, name) for g in gains]) for name in _SCORES))
    return [
        Trust(
            method.id, classifier.card.weights_sha256, len(gains),
            float(np.mean(empty, 0)[place]),
            **_intervals(together, place),
            other_head=float(similarity[0, place]),
            other_weights=float(similarity[1, place]),
            other_labels=float(similarity[2, place]),
        )
        for place, method in enumerate(methods)
    ]  # fmt: skip


_SCORES = ("deletion", "insertion", "road")


def _intervals(gains: Gains, place: int) -> dict[str, float]:
    """Mean gains of a method and their 95 % intervals (Student's t), as fields of Trust."""
    found = {}
    for name in _SCORES:
        values = getattr(gains, name)[:, place]
        mean, error = float(values.mean()), float(stats.sem(values))
        half = error * float(stats.t.ppf(0.975, len(values) - 1))
        found |= {name: mean, f"{name}_low": mean - half, f"{name}_high": mean + half}
    return found


def _mean_of_numbers(values: Sequence) -> np.ndarray:
    """Mean over the first axis of what is not nan; nan where there is nothing else."""
    numbers = np.array(values, float)
    count = (~np.isnan(numbers)).sum(0)
    return np.divide(
        np.nansum(numbers, 0), count, out=np.full(count.shape, np.nan), where=count > 0
    )


def maps_of(
    classifier: Classifier, seen: Observation, asked: Observation, methods: Sequence[Method]
) -> dict[str, Tensor]:
    """One map a method, on the cells in which maps are checked.

    Parameters
    ----------
    seen : by the classifier.
    asked : whose first guess is explained, and whose second it is compared with.
    """
    first, second = (guess.species for guess in asked.top(2))
    options = Options(against=second)
    return {
        method.id: in_cells(explain(classifier, seen, first, method.id, options))
        for method in methods
    }


def gains_on(
    classifier: Classifier, observation: Observation, maps: Mapping[str, Tensor], seed: int
) -> Gains:
    """Gains of each map over random maps on one image; 0 for maps that mark nothing.

    A network's hundreds of altered images may be computed in bfloat16, which moves probabilities
    by less than the random maps scatter. Trees split on exact values and keep float32.
    """
    together = torch.cat([torch.stack(list(maps.values())), random_maps(RANDOM_MAPS, seed)])
    exact = isinstance(classifier.network, TreeNetwork)
    with nullcontext() if exact else autocast(torch.device("cpu")):
        found: Scores = scores(classifier, observation, observation.best.species, together)
    marked = np.array([bool(each.any()) for each in maps.values()])

    def gain(values: np.ndarray) -> np.ndarray:
        return np.where(marked, values[: len(maps)] - values[len(maps) :].mean(), 0.0)

    return Gains(-gain(found.deletion), gain(found.insertion), gain(found.road))


def correlation(first: Tensor, second: Tensor) -> float:
    """Spearman's rank correlation of two maps' cells; nan when one of them is even."""
    if first.std() == 0 or second.std() == 0:
        return float("nan")
    return float(stats.spearmanr(first.flatten(), second.flatten()).statistic)
