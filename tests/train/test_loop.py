"""The training loop's own figures."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from pokeclf.study import BY_ID
from train import loop
from train.workshop import BudgetSpent


class Reader(nn.Module):
    """Answers with the number that is written in an image's first pixel."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(1, 1)

    def forward(self, inputs):
        told = nn.functional.one_hot(inputs[:, 0, 0, 0].round().long(), 4).float()
        return 10 * told + 0 * self.head.weight


@pytest.mark.parametrize("share", [0.3, 0.8])
def test_of_mixed_images_the_larger_share_is_the_right_answer(monkeypatch, tmp_path, share):
    labels = torch.tensor([0, 1, 2, 3])
    images = labels.float().view(4, 1, 1, 1).expand(4, 3, 8, 8)

    def mix(inputs, labels, recipe):
        return (inputs if share > 0.5 else inputs.flip(0)), labels.flip(0), share

    monkeypatch.setattr(loop, "mix", mix)
    recipe = replace(BY_ID["basic_cnn"].recipes["tuned"], label_smoothing=0.0)
    run = loop.Run(Reader(), recipe, 1, tmp_path / "state.pt")
    loop.train_step(run, images, labels, frozen=False)
    assert run.progress.accuracy == 1
    # Cross-entropy of a certain answer with four classes that is right in its share alone.
    assert run.progress.loss == pytest.approx(10 * min(share, 1 - share), abs=0.01)


class Steep(nn.Module):
    """A network whose gradients are large."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(1, 2, bias=False)
        nn.init.zeros_(self.head.weight)

    def forward(self, inputs):
        return self.head(1000 * inputs[:, :1, 0, 0])


@pytest.mark.parametrize(("clip", "moved"), [(5.0, 5.0), (0.5, 0.5), (None, 1000 * 0.5**0.5)])
def test_gradients_are_clipped_as_the_recipe_says(tmp_path, clip, moved):
    network = Steep()
    recipe = replace(BY_ID["basic_cnn"].recipes["study"], clip=clip)
    run = loop.Run(network, recipe, 1, tmp_path / "state.pt")
    run.optimizer = torch.optim.SGD(network.parameters(), lr=1.0)
    run.scheduler = torch.optim.lr_scheduler.ConstantLR(run.optimizer, 1.0, 0)
    loop.train_step(run, torch.ones(1, 3, 8, 8), torch.tensor([0]), frozen=False)
    assert float(network.head.weight.detach().norm()) == pytest.approx(moved, rel=1e-3)


def test_the_study_clips_nothing():
    recipes = [model.recipes["study"] for model in BY_ID.values() if not model.is_tree]
    assert all(recipe.clip is None for recipe in recipes)


class Wide(nn.Module):
    """A network with a body, dropout and mixing, so that chance matters in each step."""

    def __init__(self):
        super().__init__()
        self.body, self.drop, self.head = nn.Linear(12, 32), nn.Dropout(0.5), nn.Linear(32, 3)

    def forward(self, inputs):
        return self.head(self.drop(self.body(inputs.flatten(1)).relu()))


def _fit(state_file, deadline=None):
    """Two epochs of four batches: the weights."""
    torch.manual_seed(0)
    network = Wide()
    random = torch.Generator().manual_seed(1)
    batches = [
        (torch.randn(6, 3, 2, 2, generator=random), torch.arange(6) % 3) for _ in range(4)
    ]  # fmt: skip
    recipe = replace(BY_ID["basic_cnn"].recipes["tuned"], epochs=2, mixup=0.5)
    history = loop.fit(
        network, recipe, lambda epoch, size: batches, lambda size: batches, state_file, 0, deadline
    )
    return network.state_dict(), [(row.train_loss, row.validation_loss) for row in history]


def test_an_epoch_goes_on_where_it_was_left(tmp_path):
    weights, losses = _fit(tmp_path / "whole.pt")
    for calls in range(8):  # one batch a call
        with pytest.raises(BudgetSpent, match=f"{calls // 4} epochs and {calls % 4 + 1} of 4"):
            _fit(tmp_path / "pieces.pt", deadline=0)
    again, losses_again = _fit(tmp_path / "pieces.pt", deadline=0)
    assert losses_again == losses
    assert all(torch.equal(again[name], weights[name]) for name in weights)


def test_a_long_epoch_is_saved_before_its_end(tmp_path, monkeypatch):
    weights, _ = _fit(tmp_path / "whole.pt")
    train_step = loop.train_step

    def interrupted(run, *arguments, **named):
        if run.progress.steps == 3:
            raise KeyboardInterrupt
        train_step(run, *arguments, **named)

    monkeypatch.setattr(loop, "SAVE_EVERY", 0)
    monkeypatch.setattr(loop, "train_step", interrupted)
    with pytest.raises(KeyboardInterrupt):
        _fit(tmp_path / "killed.pt")
    assert torch.load(tmp_path / "killed.pt", weights_only=True)["progress"]["steps"] == 3
    monkeypatch.undo()
    again, _ = _fit(tmp_path / "killed.pt")
    assert all(torch.equal(again[name], weights[name]) for name in weights)
