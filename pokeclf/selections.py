"""Which test images to look at: mistakes, doubts, a species, a confusion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pokeclf import evaluation
from pokeclf.results import Result


@dataclass(frozen=True)
class Confusion:
    """How many images of one class were taken for another; both are class numbers."""

    right: int
    guessed: int
    images: int


def confusions(result: Result) -> tuple[Confusion, ...]:
    """All confusions that occur, the most frequent first."""
    matrix = evaluation.confusion(result.guesses, result.labels, len(result.card.classes))
    np.fill_diagonal(matrix, 0)
    rights, guesses = matrix.nonzero()
    found = (
        Confusion(int(right), int(guess), int(matrix[right, guess]))
        for right, guess in zip(rights, guesses, strict=True)
    )
    return tuple(sorted(found, key=lambda each: -each.images))


def confident_mistakes(result: Result) -> np.ndarray:
    """Places of the images that were not recognised, the surest wrong guess first."""
    return _in_order(result, ~result.right, -result.probabilities.max(1))


def unsure_answers(result: Result) -> np.ndarray:
    """Places of the images that were recognised, the least sure first."""
    return _in_order(result, result.right, result.probabilities.max(1))


def only_right(result: Result, other: Result) -> np.ndarray:
    """Places of the images that a model recognised and another did not, the surest first."""
    return _in_order(result, result.right & ~other.right, -result.probabilities.max(1))


def of_species(result: Result, right: int) -> np.ndarray:
    """Places of the images of a class, those first that were given the least of a chance."""
    return _in_order(result, result.labels == right, result.probabilities[:, right])


def of_confusion(result: Result, right: int, guessed: int) -> np.ndarray:
    """Places of the images of one class that were taken for another, the surest first."""
    chosen = (result.labels == right) & (result.guesses == guessed)
    return _in_order(result, chosen, -result.probabilities.max(1))


def _in_order(result: Result, chosen: np.ndarray, key: np.ndarray) -> np.ndarray:
    """Places, int64, of the chosen images by rising key."""
    places = np.flatnonzero(chosen)
    return places[np.argsort(key[places], kind="stable")]
