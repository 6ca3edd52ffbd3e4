"""The training loop's own figures."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn
from tqdm import tqdm

from pokeclf.study import BY_ID
from train import loop


class Reader(nn.Module):
    """Answers with the number that is written in an image's first pixel."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(1, 1)

    def forward(self, inputs):
        told = nn.functional.one_hot(inputs[:, 0, 0, 0].round().long(), 4).float()
        return 10 * told + 0 * self.head.weight


@pytest.mark.parametrize("share", [0.3, 0.8])
def test_of_mixed_images_the_larger_share_is_the_right_answer(monkeypatch, share):
    labels = torch.tensor([0, 1, 2, 3])
    images = labels.float().view(4, 1, 1, 1).expand(4, 3, 8, 8)

    def mix(inputs, labels, recipe):
        return (inputs if share > 0.5 else inputs.flip(0)), labels.flip(0), share

    monkeypatch.setattr(loop, "mix", mix)
    network = Reader()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.0)
    scheduler = torch.optim.lr_scheduler.ConstantLR(optimizer, 1.0, 0)
    recipe = replace(BY_ID["basic_cnn"].recipes["tuned"], label_smoothing=0.0)
    loss, accuracy = loop.train_epoch(
        network, tqdm([(images, labels)], disable=True), optimizer, scheduler, recipe,
        torch.device("cpu"), frozen=False,
    )  # fmt: skip
    assert accuracy == 1
    # Cross-entropy of a certain answer with four classes that is right in its share alone.
    assert loss == pytest.approx(10 * min(share, 1 - share), abs=0.01)


class Steep(nn.Module):
    """A network whose gradients are large."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(1, 2, bias=False)
        nn.init.zeros_(self.head.weight)

    def forward(self, inputs):
        return self.head(1000 * inputs[:, :1, 0, 0])


@pytest.mark.parametrize(("clip", "moved"), [(5.0, 5.0), (0.5, 0.5), (None, 1000 * 0.5**0.5)])
def test_gradients_are_clipped_as_the_recipe_says(clip, moved):
    network = Steep()
    optimizer = torch.optim.SGD(network.parameters(), lr=1.0)
    scheduler = torch.optim.lr_scheduler.ConstantLR(optimizer, 1.0, 0)
    recipe = replace(BY_ID["basic_cnn"].recipes["study"], clip=clip)
    batch = torch.ones(1, 3, 8, 8), torch.tensor([0])
    loop.train_epoch(
        network, tqdm([batch], disable=True), optimizer, scheduler, recipe, torch.device("cpu"),
        frozen=False,
    )  # fmt: skip
    assert float(network.head.weight.detach().norm()) == pytest.approx(moved, rel=1e-3)


def test_the_study_clips_nothing():
    recipes = [model.recipes["study"] for model in BY_ID.values() if not model.is_tree]
    assert all(recipe.clip is None for recipe in recipes)
