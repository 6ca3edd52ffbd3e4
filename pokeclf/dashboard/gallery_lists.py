"""Which test images the Gallery lists, and what there is to choose from."""

from __future__ import annotations

import numpy as np

from pokeclf import selections
from pokeclf.dashboard.address import CONFUSION, MISTAKES, ONE_SPECIES, ONLY_FIRST, UNSURE
from pokeclf.results import Result
from pokeclf.species import of

CHOICES = (
    ("the surest mistakes", MISTAKES),
    ("the least sure right answers", UNSURE),
    ("right here, wrong for the second model", ONLY_FIRST),
    ("one species", ONE_SPECIES),
    ("one taken for another", CONFUSION),
)
CHOOSES = {ONE_SPECIES: "Species", CONFUSION: "Species, and what it is taken for"}
"""What there is to choose in addition, and its label."""


def options(result: Result, view: str) -> list[tuple[str, str]]:
    """What there is to choose from in a view."""
    classes = result.card.classes
    if view == ONE_SPECIES:
        slugs = sorted(classes, key=lambda slug: of(slug).number)
        return [(of(slug).name, slug) for slug in slugs]
    if view == CONFUSION:
        found = []
        for each in selections.confusions(result):
            right, guessed = classes[each.right], classes[each.guessed]
            images = "1 image" if each.images == 1 else f"{each.images} images"
            label = f"{of(right).name} taken for {of(guessed).name}: {images}"
            found.append((label, f"{right}/{guessed}"))
        return found
    return []


def places(result: Result, view: str, choice: str | None, second: Result | None) -> np.ndarray:
    """Places of the images of a view, in the order in which they are shown.

    Parameters
    ----------
    second : of the other model, where the view is about two.
    """
    if view == ONLY_FIRST:
        return selections.only_right(result, second)
    if view == UNSURE:
        return selections.unsure_answers(result)
    if view in (ONE_SPECIES, CONFUSION):
        if choice is None:
            return np.array([], int)
        numbers = [result.card.classes.index(slug) for slug in choice.split("/")]
        chosen = selections.of_species if view == ONE_SPECIES else selections.of_confusion
        return chosen(result, *numbers)
    return selections.confident_mistakes(result)
