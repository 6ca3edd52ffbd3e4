"""``python -m benchmarks.trees --data DIR``: served trees against their estimators.

Every bundled tree ensemble is fitted again by its library, with the settings and seed of its card
on the same features. Then both answer the test images, and one image at a time, in turns.
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

from pokeclf import dataset, hub, study
from pokeclf.classifier import Classifier, ModelStore
from pokeclf.models.trees import TreeNetwork
from train.features import last_features
from train.trees import fit_estimator
from train.workshop import Workshop

ROUNDS = 30
TARGET_RATIO = 10
TARGET_DIFFERENCE = 1e-5
TARGET_DISK_MB, TARGET_MEMORY_MB = 120, 800


def milliseconds(call: Callable[[], object]) -> float:
    """Wall-clock time of one call."""
    start = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - start)


def compare(classifier: Classifier, source: Classifier, shop: Workshop) -> bool:
    """Print one model's differences and times; whether it meets the targets."""
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
        theirs.append(milliseconds(lambda: estimator.predict_proba(one.numpy())))
        ours.append(milliseconds(lambda: network.ensemble.probabilities(one)))
    ratio = statistics.median(theirs) / statistics.median(ours)
    print(
        f"{card.model}: {setting[0]} trees of depth {setting[1]}; one row "
        f"{statistics.median(theirs):.1f} ms with predict_proba, "
        f"{statistics.median(ours):.2f} ms here, {ratio:.1f} times faster; "
        f"largest difference of {len(served)} x {served.shape[1]} probabilities {difference:.1e}",
        flush=True,
    )
    return ratio >= TARGET_RATIO and difference <= TARGET_DIFFERENCE


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


def main() -> int:
    """Print all comparisons, then size on disk and in memory; 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.trees", description=__doc__)
    parser.add_argument("models", nargs="*", metavar="MODEL", help="default: all that are bundled")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("runs"))
    options = parser.parse_args()
    store = ModelStore(hub.BUNDLED, max_bytes=2**40)
    cards = {
        each.model.id: each.card
        for each in store.statuses()
        if each.card and each.model.is_tree and each.model.id in (options.models or study.BY_ID)
    }
    for card in cards.values():  # the backbones are not the trees' own
        store.get(card.features_from)
    before = _resident_mb()
    trees = {model_id: store.get(model_id) for model_id in cards}
    memory = _resident_mb() - before
    disk = sum(card.weight_bytes for card in cards.values()) / 2**20
    print(
        f"{len(cards)} tree models: {disk:.0f} MB on disk (target {TARGET_DISK_MB}), "
        f"{memory:.0f} MB resident (target {TARGET_MEMORY_MB})"
    )
    folder = dataset.open_folder(options.data, options.work)
    split = dataset.read_split(hub.BUNDLED / "split.json")
    shop = Workshop(folder, split, hub.BUNDLED, options.work, None, "tuned", split.seed, None)
    good = [
        compare(classifier, store.get(classifier.card.features_from), shop)
        for classifier in trees.values()
    ]
    met = all(good) and disk < TARGET_DISK_MB and memory < TARGET_MEMORY_MB
    print(
        f"Targets ({TARGET_RATIO} times, {TARGET_DIFFERENCE:.0e}, disk, memory) "
        f"{'met' if met else 'NOT met'}."
    )
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
