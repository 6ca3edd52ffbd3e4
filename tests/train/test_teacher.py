"""What trained networks say of a learner's inputs."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace

import pytest
import torch

from pokeclf import checkpoint, models, study
from pokeclf.errors import PokeclfError
from pokeclf.modelstore import ModelStore
from pokeclf.recipe import HALF, IMAGENET
from train.teacher import renormalised, teacher_of

pytestmark = pytest.mark.usefixtures("small_recipes")


@pytest.fixture
def shop(train_command):
    """Where ResNet-18 fine-tuned was trained."""
    assert train_command("resnet18_finetuned") == 0
    return Namespace(root=train_command.out, check=lambda card: None)


def recipe_with(teacher):
    return replace(study.find("convmixer").recipes["tuned"], normalisation=HALF, teacher=teacher)


def learner():
    torch.manual_seed(3)
    model = study.find("vit_finetuned")
    return models.build(model.architecture, 3, model.backbone)


def test_a_teacher_is_the_mean_of_another_network_and_the_learner_as_it_was(shop):
    network = learner()
    before = learner().eval()
    teacher = teacher_of(network, recipe_with("resnet18_finetuned"), shop)
    with torch.no_grad():
        for each in network.parameters():
            each.zero_()  # what is learned from now on does not change the teacher
    inputs = torch.randn(4, 3, 48, 48, generator=torch.manual_seed(1))
    said = teacher(inputs)
    other = ModelStore(shop.root).get("resnet18_finetuned")
    assert other.card.preprocessing.mean == IMAGENET[0]
    with torch.inference_mode():
        alone = [
            before(inputs).softmax(1),
            other.logits(renormalised(inputs, HALF, IMAGENET)).softmax(1),
        ]
    assert not torch.allclose(*alone, atol=0.05)
    assert torch.allclose(said, sum(alone) / 2, atol=0.02)  # bfloat16 where there is some
    assert torch.allclose(said.sum(1), torch.ones(4))
    assert not said.requires_grad


def test_inputs_are_the_same_image_for_both():
    pixels = torch.rand(2, 3, 8, 8)

    def read(normalisation):
        mean, std = (torch.tensor(values).view(3, 1, 1) for values in normalisation)
        return (pixels - mean) / std

    assert torch.allclose(renormalised(read(HALF), HALF, IMAGENET), read(IMAGENET), atol=1e-5)
    assert renormalised(pixels, HALF, HALF) is pixels


def test_without_a_teacher_there_is_none(tmp_path):
    assert teacher_of(learner(), recipe_with(None), Namespace(root=tmp_path)) is None


def test_a_teacher_that_is_not_there_is_named(train_command, change_recipe, capsys):
    change_recipe("convmixer", teacher="resnet18_finetuned")
    assert train_command("convmixer") == 2
    assert "learns from resnet18_finetuned" in capsys.readouterr().err


def test_a_teacher_of_another_split_is_refused(shop):
    def check(card: checkpoint.Card) -> None:
        raise PokeclfError(f"{card.model} was trained on another split.")

    with pytest.raises(PokeclfError, match="resnet18_finetuned was trained on another split"):
        teacher_of(
            learner(),
            recipe_with("resnet18_finetuned"),
            Namespace(**{**vars(shop), "check": check}),
        )
