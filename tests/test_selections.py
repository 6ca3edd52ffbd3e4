"""Which test images are chosen, and in which order."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from pokeclf import selections
from pokeclf.results import Result
from pokeclf.selections import Confusion


@pytest.fixture
def result():
    """Three classes; what is right and what is guessed stand in the first two columns below."""
    rows = [(0, 0, 3.0), (0, 1, 1.0), (0, 1, 4.0), (1, 1, 1.0), (1, 2, 2.0), (2, 2, 2.0)]
    logits = np.zeros((len(rows), 3), np.float32)
    for place, (_, guess, height) in enumerate(rows):
        logits[place, guess] = height
    card = SimpleNamespace(classes=("abra", "bulbasaur", "charmander"), temperature=1.0)
    labels = np.array([right for right, _, _ in rows])
    return Result(card, logits, labels, np.full(len(rows), ""), ())


def test_mistakes_come_surest_first_and_right_answers_least_sure_first(result):
    assert selections.confident_mistakes(result).tolist() == [2, 4, 1]
    assert selections.unsure_answers(result).tolist() == [3, 5, 0]


def test_a_species_begins_with_what_was_hardest(result):
    assert selections.of_species(result, 0).tolist() == [2, 1, 0]


def test_confusions_are_counted_and_their_images_found(result):
    assert selections.confusions(result) == (Confusion(0, 1, 2), Confusion(1, 2, 1))
    assert selections.of_confusion(result, 0, 1).tolist() == [2, 1]
    assert selections.of_confusion(result, 2, 0).tolist() == []
