"""``python -m train verify MODEL… --data DIR``: measure checkpoints again and compare."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from pokeclf import commandline, dataset, evaluation, hub, study
from pokeclf.classifier import ModelStore
from pokeclf.errors import PokeclfError
from train.sources import data_folder
from train.workshop import Workshop

TOLERANCE = 0.001
"""Largest difference of the accuracy: 0.1 points."""


def main(arguments: list[str]) -> int:
    """Run the command; returns the exit code."""
    parser = commandline.Parser(prog="python -m train verify", description=__doc__)
    parser.add_argument("models", nargs="+", metavar="MODEL", help="ids, or: all that are trained")
    parser.add_argument("--data", required=True, help="folder of class folders")
    parser.add_argument("--out", type=Path, default=hub.BUNDLED, help="folder of checkpoints")
    parser.add_argument("--work", type=Path, default=Path("runs"), help="caches")
    options: argparse.Namespace = parser.parse_args(arguments)
    return commandline.run(lambda: _verify_named(options))


def _verify_named(options: argparse.Namespace) -> int:
    names = {study.find(name).id for name in options.models if name != "all"}
    if "all" in options.models:
        names |= {each.model.id for each in ModelStore(options.out).statuses() if each.card}
    if not names:
        raise PokeclfError(f"There are no trained models in {options.out}.")
    split = dataset.read_split(options.out / dataset.SPLIT_FILE)
    folder = dataset.open_folder(data_folder(options.data), options.work)
    split.check(folder, options.out)
    shop = Workshop(folder, split, options.out, options.work, None, "tuned", split.seed, None)
    return verify([model_id for model_id in study.BY_ID if model_id in names], shop)


def verify(models: Sequence[str], shop: Workshop) -> int:
    """Classify the test images again; returns the exit code.

    Raises
    ------
    PokeclfError
        When a model is not trained or of another split, or its accuracy is not what its card says.
    """
    store = ModelStore(shop.root)
    labels = shop.labels[shop.indices("test")]
    different = []
    for model_id in models:
        classifier = store.get(model_id)
        card = classifier.card
        if card.split_fingerprint != shop.split.fingerprint:
            raise PokeclfError(f"Checkpoint {model_id} was trained on another split.")
        measured = evaluation.measure(shop.logits(classifier, "test"), labels, card.temperature)
        print(
            f"{model_id}: {measured.accuracy:.2%} of {measured.images} images, "
            f"the card says {card.test.accuracy:.2%}",
            flush=True,
        )
        if abs(measured.accuracy - card.test.accuracy) > TOLERANCE:
            different.append(model_id)
    if different:
        raise PokeclfError(f"Other accuracies than on the cards: {', '.join(different)}.")
    return 0
