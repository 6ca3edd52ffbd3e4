"""Images, weights and recipes small enough to train every kind of model in seconds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import timm
import torch
from PIL import Image

from pokeclf import checkpoint, study
from tests.small_study import small_study

COLOURS = {"abra": (220, 180, 30), "bulbasaur": (40, 170, 120), "charmander": (230, 90, 40)}


def files_of(folder):
    """What a checkpoint's folder holds but its card, by path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != checkpoint.CARD
    }


def coloured_folder(root, names):
    """Images without any meaning, none of which resembles another."""
    random = np.random.default_rng(5)
    for name in names:
        (root / name).mkdir(parents=True)
        for number in range(20):
            pixels = random.integers(0, 256, (8, 8, 3), dtype=np.uint8)
            image = Image.fromarray(pixels).resize((48, 48), Image.Resampling.NEAREST)
            image.save(root / name / f"{number}.png")
    return root


@pytest.fixture(scope="session")
def image_folder(tmp_path_factory):
    """Three classes of 20 noisy images in the colour of their class."""
    root = tmp_path_factory.mktemp("images")
    random = np.random.default_rng(0)
    for name, colour in COLOURS.items():
        (root / name).mkdir()
        for number in range(20):
            coarse = random.integers(0, 110, (8, 8, 3)) + np.array(colour) // 2
            image = Image.fromarray(np.clip(coarse, 0, 255).astype(np.uint8))
            image.resize((48, 40), Image.Resampling.NEAREST).save(root / name / f"{number}.png")
    return root


@pytest.fixture(scope="session")
def weights_folder(tmp_path_factory):
    """Backbones with random weights, in the layout of the real ones."""
    folder = tmp_path_factory.mktemp("weights")
    for name in ("resnet18", "vit_tiny_patch16_224"):
        torch.manual_seed(0)
        tensors = timm.create_model(name, pretrained=False).state_dict()
        (folder / f"{name}.safetensors").write_bytes(
            safetensors.torch.save({key: value.half() for key, value in tensors.items()})
        )
    return folder


@pytest.fixture
def small_recipes(monkeypatch):
    """The study's table with recipes of three short epochs on small inputs."""
    table = small_study()
    monkeypatch.setattr(study, "STUDY", table)
    monkeypatch.setattr(study, "BY_ID", {model.id: model for model in table})


@pytest.fixture
def change_recipe(monkeypatch):
    """Changes settings of a model's tuned recipe."""

    def change(model_id, **changes):
        model = study.find(model_id)
        recipes = {**model.recipes, "tuned": replace(model.recipes["tuned"], **changes)}
        changed = replace(model, recipes=recipes)
        table = tuple(changed if each is model else each for each in study.STUDY)
        monkeypatch.setattr(study, "STUDY", table)
        monkeypatch.setitem(study.BY_ID, model_id, changed)

    return change


@pytest.fixture
def train_command(image_folder, weights_folder, tmp_path):
    """Runs ``python -m train`` in this process; ``out`` is where its checkpoints go."""
    from train.__main__ import main

    def run(*arguments: str, out: Path = tmp_path / "checkpoints", work: str = "work") -> int:
        return main(
            [
                *arguments,
                f"--data={image_folder}",
                f"--weights={weights_folder}",
                f"--out={out}",
                f"--work={tmp_path / work}",
            ]
        )

    run.out = tmp_path / "checkpoints"
    return run
