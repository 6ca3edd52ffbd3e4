"""Train a head on the features of a frozen backbone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from pokeclf import checkpoint
from pokeclf.files import sha256
from pokeclf.models.network import Network
from pokeclf.recipe import Recipe
from pokeclf.study import StudyModel
from train.batches import augmentation_of, preprocessing_at
from train.device import autocast, best_device
from train.features import image_features
from train.loop import Batches, Epoch, fit
from train.workshop import Workshop


class _Head(nn.Module):
    """A head that is trained on features alone."""

    def __init__(self, head: nn.Sequential) -> None:
        super().__init__()
        self.head = head

    def forward(self, features: Tensor) -> Tensor:
        return self.head(features)


@dataclass(frozen=True)
class _FeatureBatches:
    """Shuffled batches of features that are in memory."""

    features: Tensor
    labels: Tensor
    batch_size: int
    order: np.ndarray

    def __len__(self) -> int:
        return -(-len(self.order) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        for start in range(0, len(self.order), self.batch_size):
            chosen = torch.from_numpy(self.order[start : start + self.batch_size])
            yield self.features[chosen], self.labels[chosen]


def fit_head(network: Network, model: StudyModel, recipe: Recipe, shop: Workshop) -> list[Epoch]:
    """Train the head on pooled features of several augmented views of every image."""
    device = best_device()
    network.requires_grad_(False).eval().to(device, memory_format=torch.channels_last)
    labels = torch.from_numpy(shop.labels)

    def pooled(inputs: Tensor) -> Tensor:
        with autocast(device):
            return network.pool(network.forward_features(inputs))

    weights = sha256(checkpoint.pack(network.body.state_dict()))
    name = f"{model.backbone}-{network.head[0].in_features}-{weights[:12]}"

    def features(part: str, view: int) -> Tensor:
        if view:
            shop.check_budget()
        return image_features(
            pooled, name, shop, part,
            preprocessing_at(recipe, recipe.sizes[-1][1] if view else recipe.eval_size),
            augmentation_of(recipe) if view else None, view, device,
        )  # fmt: skip

    views = torch.stack([features("train", view) for view in range(recipe.views)])
    mean, std = views.mean((0, 1)), views.std((0, 1)).clamp(min=1e-3)
    views = (views - mean) / std
    train_labels = labels[torch.from_numpy(shop.indices("train"))]
    validation = (features("validation", 0) - mean) / std
    validation_labels = labels[torch.from_numpy(shop.indices("validation"))]

    def train_batches(epoch: int, _: int) -> Batches:
        random = np.random.default_rng((shop.seed, epoch))
        order = random.permutation(len(train_labels))
        # Each image comes once an epoch, in a random one of its views.
        choice = torch.from_numpy(random.integers(0, len(views), len(train_labels)))
        chosen = views[choice, torch.arange(len(train_labels))]
        return _FeatureBatches(chosen, train_labels, recipe.batch_size, order)

    def validation_batches(_: int) -> Batches:
        order = np.arange(len(validation_labels))
        return _FeatureBatches(validation, validation_labels, 1024, order)

    history = fit(
        _Head(network.head), recipe, train_batches, validation_batches,
        shop.run_folder(model) / "state.pt", shop.seed, shop.deadline,
    )  # fmt: skip
    fold_in(network.head[0], mean, std)
    return history


@torch.no_grad()
def fold_in(layer: nn.Linear, mean: Tensor, std: Tensor) -> None:
    """Make a layer that learned on standardised inputs take them as they come."""
    layer.weight /= std
    layer.bias -= layer.weight @ mean
