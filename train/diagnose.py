"""``python -m train diagnose MODEL… --data DIR``: why the study's plain CNNs hardly learned.

0.66 % is one species in 151: such a network answers the same for every image. Here the first epoch
is begun again, as the study describes it and in other ways, among them common slips, and after it
is counted how much of the dense layer is dead, that is, zero for every image.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count, islice, product

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from pokeclf import commandline, dataset, diagnosis, models, study
from pokeclf.dataset import ImageFolder
from pokeclf.diagnosis import Finding
from pokeclf.errors import PokeclfError
from pokeclf.models.grid import GridNetwork
from pokeclf.split import Split, read_split
from pokeclf.study import StudyModel
from train.batches import ImageBatches, preprocessing_at
from train.device import autocast, best_device, layout, to_device
from train.finished import parser
from train.sources import data_folder

BATCH, PROBE = 32, 512


@dataclass(frozen=True)
class Variant:
    """One way to begin: the study's, or another."""

    name: str
    optimizer: type[torch.optim.Optimizer] = torch.optim.Adam
    lr: float = 1e-3
    scale: float = 1.0
    clip: bool = False
    """Whether gradients are clipped to the norm of our recipe."""
    coarse: bool = False
    """Whether the dense layer reads as few places as in our recipe."""
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
    Variant("gradients clipped, as in our training", clip=True),
    Variant("Adam 1e-4", lr=1e-4),
    Variant("SGD 1e-2, momentum 0.9", optimizer=torch.optim.SGD, lr=1e-2),
    Variant("dense layer on as few places as in our recipe", coarse=True),
    Variant("pixels 0…255", scale=255.0),
    Variant("Adam 1e-2", lr=1e-2),
    Variant("images species by species, not shuffled", shuffle=False),
    Variant("a softmax before the cross-entropy, which has its own", softmax=True),
)


def examine(
    model: StudyModel,
    variant: Variant,
    images: ImageBatches,
    probe: tuple[Tensor, Tensor],
    steps: int,
) -> Finding:
    """Take the first steps of a variant and look at the network."""
    device, ours = best_device(), model.recipes["tuned"]
    torch.manual_seed(variant.seed)
    network = models.build(model.architecture, len(images.folder.classes))
    network = network.coarse(ours.grid) if variant.coarse else network
    network.to(device, memory_format=layout(device))
    options = {"momentum": 0.9} if variant.optimizer is torch.optim.SGD else {}
    # Fused as in training: one pass over the memory of 100 M weights instead of many.
    optimizer = variant.optimizer(network.parameters(), lr=variant.lr, fused=True, **options)
    inputs, labels = probe[0] * variant.scale, probe[1]
    before = _dense_units(network, inputs, device)
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
            nn.utils.clip_grad_norm_(network.parameters(), ours.clip)
        optimizer.step()
        losses.append(loss.item())
        if len(losses) == 1:
            change = (_dense_units(network, inputs, device) - before).abs().amax()
            first_shift = float(change / before.std())
    after = _dense_units(network, inputs, device)
    guesses = network.head[1:](after.to(device)).argmax(1).cpu()
    last = losses[-max(1, len(losses) // 10) :]
    return Finding(
        model=model.id,
        variant=variant.name,
        side=images.preprocessing.size,
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
def _dense_units(network: GridNetwork, inputs: Tensor, device: torch.device) -> Tensor:
    """The dense layer's units before its ReLU: N × units."""
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
    of_networks = parser("diagnose", __doc__)
    of_networks.add_argument(
        "models", nargs="+", metavar="MODEL", help=f"ids, or: all; {', '.join(diagnosis.MODELS)}"
    )
    of_networks.add_argument(
        "--steps", type=int, help=f"batches of {BATCH} images; one epoch when not given"
    )
    of_networks.add_argument(
        "--size",
        type=commandline.side,
        metavar="PIXELS",
        help="side of the pictures, the study's when not given",
    )
    of_networks.add_argument(
        "--again", action="store_true", help="make even those that are written already"
    )
    options = of_networks.parse_args(arguments)
    return commandline.run(lambda: _diagnose(options))


def _diagnose(options: argparse.Namespace) -> int:
    chosen = _chosen(options.models)
    if options.steps is not None and options.steps < 1:
        raise PokeclfError("--steps takes a number of at least 1.")
    folder = dataset.open_folder(data_folder(options.data), options.work)
    split = read_split(options.out / "split.json")
    split.check(folder, options.out)
    findings = {(each.model, each.variant): each for each in diagnosis.read(options.out)}
    for model in chosen:
        side = options.size or model.recipes["study"].eval_size
        probe, train = _images(model, folder, split, side)
        steps = options.steps or len(train)
        # Beginnings that are told beside each other are of one side and length.
        findings = {
            key: found
            for key, found in findings.items()
            if found.model != model.id or (found.side, found.steps) == (side, steps)
        }
        for variant in VARIANTS:
            key = model.id, variant.name
            if key in findings and not options.again:
                continue
            images = replace(train, shuffle=variant.shuffle, seed=variant.seed)
            findings[key] = examine(model, variant, images, probe, steps)
            print(findings[key])
            diagnosis.write(options.out, _in_order(findings))
    return 0


def _chosen(names: Sequence[str]) -> list[StudyModel]:
    """The named networks in the study's order."""
    wanted = {study.find(name).id for name in names if name != "all"}
    if unfit := wanted - set(diagnosis.MODELS):
        raise PokeclfError(
            f"{', '.join(sorted(unfit))} cannot be examined so; {' and '.join(diagnosis.MODELS)} "
            "can."
        )
    return [study.find(name) for name in diagnosis.MODELS if "all" in names or name in wanted]


def _images(
    model: StudyModel, folder: ImageFolder, split: Split, side: int
) -> tuple[tuple[Tensor, Tensor], ImageBatches]:
    """Some validation images with their labels, and the training images, as the study sees them."""
    preprocessing = preprocessing_at(model.recipes["study"], side)
    some = np.random.default_rng(0).permutation(split.indices(folder, "validation"))[:PROBE]
    (probe,) = ImageBatches(folder, some, preprocessing, PROBE)
    return probe, ImageBatches(folder, split.indices(folder, "train"), preprocessing, BATCH)


def _in_order(findings: Mapping[tuple[str, str], Finding]) -> list[Finding]:
    """Findings by model and variant, in the order of both tables."""
    keys = product(diagnosis.MODELS, (variant.name for variant in VARIANTS))
    return [findings[key] for key in keys if key in findings]
