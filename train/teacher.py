"""Learning from what trained networks say of the same input, besides its label."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from pokeclf.errors import PokeclfError
from pokeclf.modelstore import ModelStore
from pokeclf.recipe import Recipe
from train.device import autocast, best_device, layout
from train.loop import Teacher
from train.workshop import Workshop

Normalisation = tuple[tuple[float, float, float], tuple[float, float, float]]


def teacher_of(network: nn.Module, recipe: Recipe, shop: Workshop) -> Teacher | None:
    """What the recipe's teacher and a network, as it is now, say together; None without one.

    Both see exactly what the learner sees, mixed images included (Beyer et al. 2022, *Knowledge
    distillation: A good teacher is patient and consistent*).

    Raises
    ------
    PokeclfError
        When the teacher is not trained, or on another split: it may have seen test images.
    """
    if recipe.teacher is None:
        return None
    try:
        other = ModelStore(shop.root).get(recipe.teacher)
    except PokeclfError as error:
        raise PokeclfError(f"This recipe learns from {recipe.teacher}: {error}") from error
    shop.check(other.card)
    seen = other.card.preprocessing
    own = copy.deepcopy(network), recipe.normalisation
    return _mean([own, (copy.deepcopy(other.network), (seen.mean, seen.std))], recipe.normalisation)


def _mean(
    networks: Sequence[tuple[nn.Module, Normalisation]], normalisation: Normalisation
) -> Teacher:
    """The mean of networks' probabilities for inputs that are normalised in one way for all."""
    device = best_device()
    for network, _ in networks:
        network.to(device, memory_format=layout(device)).requires_grad_(False).eval()

    @torch.no_grad()
    def probabilities(inputs: Tensor) -> Tensor:
        found = []
        for network, own in networks:
            with autocast(device):
                logits = network(renormalised(inputs, normalisation, own))
            found.append(logits.float().softmax(1))
        return torch.stack(found).mean(0)

    return probabilities


def renormalised(inputs: Tensor, old: Normalisation, new: Normalisation) -> Tensor:
    """Images (N × 3 × height × width) that one network reads, as another one reads them."""
    if old == new:
        return inputs
    (mean, std), (new_mean, new_std) = (
        (torch.tensor(values, device=inputs.device).view(3, 1, 1) for values in each)
        for each in (old, new)
    )
    return (inputs * std + mean - new_mean) / new_std
