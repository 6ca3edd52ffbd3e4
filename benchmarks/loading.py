"""``python -m benchmarks.loading --data DIR``: does loading keep up with training?

Trains a ResNet-18 for some steps on batches from the loader and on one batch of random numbers
that is already there, in turns, and prints the share of the step rate that loading leaves.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.recording import record
from pokeclf import commandline, dataset, models, study
from pokeclf.promises import LOADING
from train.batches import Augmentation, ImageBatches, preprocessing_at
from train.device import autocast, best_device, to_device

ROUNDS = 6
"""What the promise is about."""
SIZE = 160
STEPS = 16
AHEAD = 4
"""Batches that are taken out before the clock starts, and that are under way when it stops."""


def main() -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("runs"))
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    return commandline.run(lambda: _measure(options))


def _measure(options: argparse.Namespace) -> int:
    """Print the median step times and their ratio."""
    folder = dataset.open_folder(options.data, options.work)
    recipe = study.find("resnet18_finetuned").recipes["tuned"]
    device = best_device()
    torch.manual_seed(0)
    network = models.build("resnet18", len(folder.classes), "resnet18").to(
        device, memory_format=torch.channels_last
    )
    optimizer = torch.optim.AdamW(network.parameters(), 1e-4)
    fixed = (torch.randn(64, 3, SIZE, SIZE), torch.randint(len(folder.classes), (64,)))

    def loader(number: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches already under way, as in the middle of an epoch."""
        batches = iter(
            ImageBatches(
                folder,
                torch.randperm(len(folder.entries)).numpy()[: 64 * (STEPS + 2 * AHEAD)],
                preprocessing_at(recipe, SIZE),
                64,
                Augmentation(recipe.crop),
                epoch=number,
            )
        )
        for _ in range(AHEAD):
            next(batches)
        return batches

    def seconds_a_step(batches: Iterator[tuple[Tensor, Tensor]]) -> float:
        start = time.perf_counter()
        for _ in range(STEPS):
            inputs, labels = next(batches)
            with autocast(device):
                logits = network(to_device(inputs, device))
            F.cross_entropy(logits.float(), labels.to(device)).backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        return (time.perf_counter() - start) / STEPS

    pairs = []
    for number in range(options.rounds + 1):
        with_loader = seconds_a_step(loader(number))
        pairs.append((with_loader, seconds_a_step(itertools.repeat(fixed))))
    with_loading, without = (statistics.median(times) for times in zip(*pairs[1:], strict=True))
    share = 100 * without / with_loading
    print(
        f"ResNet-18 at {SIZE} px, 64 images a step: {without * 1000:.0f} ms on random numbers, "
        f"{with_loading * 1000:.0f} ms with loading: of the step rate "
        f"{LOADING.target.verdict(share)}"
    )
    full = options.rounds >= ROUNDS
    record({LOADING: share}, at_full_length=full)
    return 0


if __name__ == "__main__":
    sys.exit(main())
