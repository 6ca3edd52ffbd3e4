"""``python -m train verify MODEL… --data DIR``: measure checkpoints again and compare."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from pokeclf import commandline, evaluation, hub
from pokeclf.classifier import ModelStore
from pokeclf.errors import PokeclfError
from train.workshop import Workshop, finished_workshop, trained_models

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

    def run() -> int:
        names = trained_models(options.models, options.out)
        return verify(names, finished_workshop(options.data, options.out, options.work))

    return commandline.run(run)


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
        shop.check(card)
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
