"""``python -m train verify MODEL… --data DIR``: measure checkpoints again and compare."""

from __future__ import annotations

from collections.abc import Sequence

from pokeclf import evaluation
from pokeclf.errors import PokeclfError
from pokeclf.modelstore import ModelStore
from train.finished import models_parser, on_models
from train.workshop import Workshop

TOLERANCE = 0.001
"""Largest difference of the accuracy: 0.1 points."""


def main(arguments: list[str]) -> int:
    """Run the command; returns the exit code."""
    return on_models(models_parser("verify", __doc__).parse_args(arguments), verify)


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
