"""``python -m train diagnose --data DIR``: why the study's plain CNN never learned.

0.66 % is one species in 151: the network answered the same for every image. Here its first epoch
is begun again, as the study describes it and in other ways, among them common slips, and after it
is counted how much of its dense layer is dead, that is, zero for every image.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count, islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from pokeclf import commandline, dataset, diagnosis, study
from pokeclf.diagnosis import Finding
from pokeclf.errors import PokeclfError
from pokeclf.models.basic_cnn import BasicCNN
from pokeclf.split import read_split
from train.batches import ImageBatches, preprocessing_at
from train.device import autocast, best_device, layout, to_device
from train.finished import parser
from train.sources import data_folder

BATCH, PROBE = 32, 512
OUR_CLIP = study.find(diagnosis.MODEL).recipes["tuned"].clip


@dataclass(frozen=True)
class Variant:
    """One way to begin: the study's, or another."""

    name: str
    optimizer: type[torch.optim.Optimizer] = torch.optim.Adam
    lr: float = 1e-3
    scale: float = 1.0
    clip: float | None = None
    """Largest norm of the gradients; None means any."""
    grid: int | None = None
    """Side of the map that the dense layer reads, the network's own when None."""
    shuffle: bool = True
    """Whether the images come in random order, not species by species."""
    softmax: bool = False
    """Whether the network ends in a softmax, which the cross-entropy does once more."""
    seed: int = 0
    """Of the first weights, the dropout and the order of the images."""


VARIANTS = (
    Variant(f"{diagnosis.AS_DESCRIBED}: Adam 1e-3, pixels 0…1"),
    Variant(f"{diagnosis.AS_DESCRIBED}, from other first weights", seed=1),
    Variant(f"{diagnosis.AS_DESCRIBED}, from still others", seed=2),
    Variant("gradients clipped, as in our training", clip=OUR_CLIP),
    Variant("pixels 0…255", scale=255.0),
    Variant("Adam 1e-2", lr=1e-2),
    Variant("Adam 1e-4", lr=1e-4),
    Variant("SGD 1e-2, momentum 0.9", optimizer=torch.optim.SGD, lr=1e-2),
    Variant("images species by species, not shuffled", shuffle=False),
    Variant("a softmax before the cross-entropy, which has its own", softmax=True),
    Variant("dense layer on 15 × 15 places, as in our recipe", grid=15),
)


def examine(
    variant: Variant, images: ImageBatches, probe: tuple[Tensor, Tensor], steps: int, classes: int
) -> Finding:
    """Take the first steps of a variant and look at the network."""
    device = best_device()
    torch.manual_seed(variant.seed)
    network = BasicCNN(classes)
    network = network.coarse(variant.grid) if variant.grid else network
    network.to(device, memory_format=layout(device))
    options = {"momentum": 0.9} if variant.optimizer is torch.optim.SGD else {}
    optimizer = variant.optimizer(network.parameters(), lr=variant.lr, **options)
    inputs, labels = probe[0] * variant.scale, probe[1]
    before = _dense_inputs(network, inputs, device)
    losses, first_shift = [], 0.0
    batches = tqdm(islice(_endless(images), steps), desc=variant.name, total=steps, mininterval=5)
    for pixels, targets in batches:
        network.train()
        with autocast(device):
            logits = network(to_device(pixels * variant.scale, device))
        scores = logits.float().softmax(1) if variant.softmax else logits.float()
        loss = F.cross_entropy(scores, targets.to(device))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if variant.clip:
            nn.utils.clip_grad_norm_(network.parameters(), variant.clip)
        optimizer.step()
        losses.append(loss.item())
        if len(losses) == 1:
            change = (_dense_inputs(network, inputs, device) - before).abs().amax()
            first_shift = float(change / before.std())
    after = _dense_inputs(network, inputs, device)
    guesses = network.head[1:](after.to(device)).argmax(1).cpu()
    last = losses[-max(1, len(losses) // 10) :]
    return Finding(
        variant=variant.name,
        steps=len(losses),
        loss=round(sum(last) / len(last), 3),
        first_shift=round(first_shift, 2),
        dead_before=_dead(before),
        dead=_dead(after),
        guesses=len(guesses.unique()),
        accuracy=round(float((guesses == labels).float().mean()), 4),
    )


def _dead(units: Tensor) -> float:
    """Share of the units that are not above 0 for any image."""
    return round(float((units <= 0).all(0).float().mean()), 4)


@torch.no_grad()
def _dense_inputs(network: BasicCNN, inputs: Tensor, device: torch.device) -> Tensor:
    """The dense layer's units before its ReLU: N × 256."""
    network.eval()
    dense: nn.Linear = network.head[0]
    parts = []
    for chunk in inputs.split(64):
        with autocast(device):
            features = network.forward_features(to_device(chunk, device))
        parts.append(dense(network.pool(features.float())).cpu())
    return torch.cat(parts)


def _endless(images: ImageBatches) -> Iterator[tuple[Tensor, Tensor]]:
    for epoch in count():
        yield from replace(images, epoch=epoch)


def main(arguments: list[str]) -> int:
    """Run the command; returns the exit code."""
    with_steps = parser("diagnose", __doc__)
    with_steps.add_argument(
        "--steps", type=int, help=f"batches of {BATCH} images; one epoch when not given"
    )
    with_steps.add_argument(
        "--again", action="store_true", help="make even those that are written already"
    )
    options = with_steps.parse_args(arguments)
    return commandline.run(lambda: _diagnose(options))


def _diagnose(options: argparse.Namespace) -> int:
    if options.steps is not None and options.steps < 1:
        raise PokeclfError("--steps takes a number of at least 1.")
    folder = dataset.open_folder(data_folder(options.data), options.work)
    split = read_split(options.out / "split.json")
    split.check(folder, options.out)
    recipe = study.find(diagnosis.MODEL).recipes["study"]
    probe_indices = split.indices(folder, "validation")
    probe_indices = np.random.default_rng(0).permutation(probe_indices)[:PROBE]
    preprocessing = preprocessing_at(recipe, recipe.eval_size)
    (probe,) = ImageBatches(folder, probe_indices, preprocessing, PROBE)
    train = ImageBatches(folder, split.indices(folder, "train"), preprocessing, BATCH)
    findings = {} if options.again else {each.variant: each for each in _written(options.out)}
    for variant in VARIANTS:
        images = replace(train, shuffle=variant.shuffle, seed=variant.seed)
        steps = options.steps or len(images)
        if variant.name in findings and findings[variant.name].steps == steps:
            continue
        findings[variant.name] = examine(variant, images, probe, steps, len(folder.classes))
        print(findings[variant.name])
        known = [each.name for each in VARIANTS if each.name in findings]
        diagnosis.write(options.out, [findings[name] for name in known])
    return 0


def _written(root: Path) -> tuple[Finding, ...]:
    """What an earlier call found, which may have been interrupted."""
    try:
        return diagnosis.read(root)
    except PokeclfError:  # damaged or of another version
        return ()
