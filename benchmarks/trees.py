"""``python -m benchmarks.trees --data DIR``: served trees against their estimators.

Every bundled tree ensemble is fitted again by its library, with the settings and seed of its card
on the same features. Then both answer the test images, and one image at a time, some each in turns.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from benchmarks.growth import resident
from benchmarks.recording import record
from pokeclf import commandline, dataset, hub, study
from pokeclf.classifier import Classifier
from pokeclf.errors import PokeclfError
from pokeclf.models.trees import TreeNetwork
from pokeclf.modelstore import ModelStore
from pokeclf.promises import TREES_DIFFERENCE, TREES_DISK, TREES_FASTER, TREES_MEMORY
from pokeclf.split import read_split
from train.features import last_features
from train.trees import fit_estimator
from train.workshop import Workshop

ROUNDS, ROWS = 6, 10
"""Turns, and rows in each: a library's threads spin on for some milliseconds after its answer."""


def milliseconds(call: Callable[[], object]) -> float:
    """Wall-clock time of one call."""
    start = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - start)


def compare(classifier: Classifier, source: Classifier, shop: Workshop) -> tuple[float, float]:
    """Print how much faster one model is, and its largest difference; returns both."""
    card, network = classifier.card, classifier.network
    assert isinstance(network, TreeNetwork)
    model = study.find(card.model)
    rows = {part: last_features(source, shop, part) for part in ("train", "test")}
    setting = (card.settings["n_estimators"], card.settings["max_depth"])
    labels = shop.labels[shop.indices("train")]
    estimator = fit_estimator(
        model, shop.recipe_of(model), setting, rows["train"], labels, card.seed
    )
    served = torch.cat([network.ensemble.probabilities(part) for part in rows["test"].split(64)])
    difference = float(np.abs(served.numpy() - estimator.predict_proba(rows["test"])).max())
    one = rows["test"][:1]
    ours, theirs = [], []
    for _ in range(ROUNDS):
        for call, times in (
            (lambda: estimator.predict_proba(one.numpy()), theirs),
            (lambda: network.ensemble.probabilities(one), ours),
        ):
            times += [milliseconds(call) for _ in range(ROWS)]
    ratio = statistics.median(theirs) / statistics.median(ours)
    print(
        f"{card.model}: {setting[0]} trees of depth {setting[1]}; one row "
        f"{statistics.median(theirs):.1f} ms with predict_proba, "
        f"{statistics.median(ours):.2f} ms here, faster {TREES_FASTER.target.verdict(ratio)}; "
        f"largest difference of {len(served)} x {served.shape[1]} probabilities "
        f"{TREES_DIFFERENCE.target.verdict(difference)}",
        flush=True,
    )
    return ratio, difference


def main() -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.trees", description=__doc__)
    parser.add_argument("models", nargs="*", metavar="MODEL", help="default: all that are bundled")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("runs"))
    options = parser.parse_args()
    return commandline.run(lambda: _measure(options))


def _measure(options: argparse.Namespace) -> int:
    """Print size on disk and in memory, then all comparisons; 1 when a target is missed."""
    store = ModelStore(hub.BUNDLED, max_bytes=2**40)
    wanted = {study.find(name).id for name in options.models} or set(study.BY_ID)
    cards = {
        each.model.id: each.card
        for each in store.statuses()
        if each.card and each.model.is_tree and each.model.id in wanted
    }
    if not cards:
        raise PokeclfError("None of these models is a tree ensemble that is trained.")
    backbones = {name: store.get(name) for name in {each.features_from for each in cards.values()}}
    before = resident()  # the backbones are not the trees' own
    trees = {model_id: store.get(model_id) for model_id in cards}
    memory = resident() - before
    disk = sum(card.weight_bytes for card in cards.values()) / 2**20
    print(
        f"{len(cards)} tree models: on disk {TREES_DISK.target.verdict(disk)}, "
        f"resident {TREES_MEMORY.target.verdict(memory)}"
    )
    folder = dataset.open_folder(options.data, options.work)
    split = read_split(hub.BUNDLED / "split.json")
    shop = Workshop(folder, split, hub.BUNDLED, options.work, None, "tuned", split.seed, None)
    found = [compare(each, backbones[each.card.features_from], shop) for each in trees.values()]
    ratios, differences = zip(*found, strict=True)
    values = {
        TREES_FASTER: min(ratios), TREES_DIFFERENCE: max(differences),
        TREES_DISK: disk, TREES_MEMORY: memory,
    }  # fmt: skip
    full = set(cards) == {model.id for model in study.STUDY if model.is_tree}
    record(
        values, [*cards.values(), *(each.card for each in backbones.values())], at_full_length=full
    )
    return 0 if all(promise.target.reached(value) for promise, value in values.items()) else 1


if __name__ == "__main__":
    sys.exit(main())
