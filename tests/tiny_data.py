"""A small data set with its split, summary, and models that answered its test images."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from pokeclf import checkpoint, dataset
from pokeclf.split import SPLIT_FILE, Split, make_split, write_split
from tests.tiny_checkpoints import write_random_checkpoint
from train.data import describe

SPECIES = ("abra", "bulbasaur", "charmander")
MODELS = ("convmixer", "vit_frozen")
SIZE = (48, 40)
_QUANTITIES = ("loss", "accuracy")


@dataclass(frozen=True)
class World:
    """Where everything is: images, checkpoints, and the split of the images."""

    images: Path
    checkpoints: Path
    split: Split


def write_images(root: Path, seed: int = 0) -> Path:
    """Three species of 20 noisy images each, one of them twice, and a manifest."""
    random = np.random.default_rng(seed)
    lines = ["file,species,kind,source"]
    for name in SPECIES:
        (root / name).mkdir(parents=True)
        for number in range(20):
            pixels = random.integers(0, 256, (8, 8, 3), np.uint8)
            image = Image.fromarray(pixels).resize(SIZE, Image.Resampling.NEAREST)
            image.save(root / name / f"{number}.png")
            lines.append(f"{name}/{number}.png,{name},{'card' if number < 5 else 'art'},somewhere")
    twice = root / "abra" / "0.png"
    (root / "bulbasaur" / "0.png").write_bytes(twice.read_bytes())
    (root / "manifest.csv").write_text("\n".join(lines))
    return root


def write_world(folder: Path) -> World:
    """Images, and checkpoints that answered them; the second model is right about all."""
    images, root, work = write_images(folder / "images"), folder / "checkpoints", folder / "work"
    split = make_split(dataset.open_folder(images, work), 0)
    write_split(split, root / SPLIT_FILE)
    describe(images, root, work)
    for number, model in enumerate(MODELS):
        write_result(root, model, split, mistakes=3 * (1 - number))
    return World(images, root, split)


def write_result(root: Path, model: str, split: Split, mistakes: int) -> None:
    """A checkpoint with random weights whose stored answers are wrong about the first images."""
    folder = write_random_checkpoint(root, model, accuracy=0.9 - 0.1 * mistakes)
    card = checkpoint.read_card(folder)
    labels = [card.classes.index(path.split("/")[0]) for path in split.parts["test"]]
    logits = np.zeros((len(labels), len(card.classes)), np.float32)
    logits[np.arange(len(labels)), labels] = 8
    for place in range(mistakes):
        logits[place, card.classes.index("pikachu")] = 10 + place
    card = replace(
        card,
        data_fingerprint=split.data_fingerprint,
        split_fingerprint=split.fingerprint,
        test=replace(card.test, images=len(labels)),
    )
    checkpoint.write_card(folder, card)
    checkpoint.write_predictions(folder, {"test": logits, "validation": logits})
    quantities = [f"{part}_{what}" for part in ("train", "validation") for what in _QUANTITIES]
    history = ",".join(["epoch", *quantities]) + "\n0" + ",0.5" * len(quantities) + "\n"
    (folder / checkpoint.HISTORY).write_text(history)
