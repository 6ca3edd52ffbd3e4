"""``python -m train verify MODEL…``: measure checkpoints again and compare."""

from __future__ import annotations

from collections.abc import Sequence

from pokeclf import evaluation
from pokeclf.classifier import ModelStore
from pokeclf.errors import PokeclfError
from pokeclf.study import StudyModel
from train.workshop import Workshop

TOLERANCE = 0.001
"""Largest difference of the accuracy: 0.1 points."""


def verify(models: Sequence[StudyModel], shop: Workshop) -> int:
    """Classify the test images again; returns the exit code.

    Raises
    ------
    PokeclfError
        When a model is not trained, or its accuracy is not what its card says.
    """
    store = ModelStore(shop.root)
    labels = shop.labels[shop.indices("test")]
    different = []
    for model in models:
        classifier = store.get(model.id)
        card = classifier.card
        measured = evaluation.measure(shop.logits(classifier, "test"), labels, card.temperature)
        print(
            f"{model.id}: {measured.accuracy:.2%} of {measured.images} images, "
            f"the card says {card.test.accuracy:.2%}"
        )
        if abs(measured.accuracy - card.test.accuracy) > TOLERANCE:
            different.append(model.id)
    if different:
        raise PokeclfError(f"Other accuracies than on the cards: {', '.join(different)}.")
    return 0
