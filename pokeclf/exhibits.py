"""What the Experiments view shows, part by part: words as HTML and figures, from a shelf.

The page shows one choice at a time and the report all of them; both take it from here. Figures
are plotly's; a figure that there is nothing for is None.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from pokeclf import (
    charts,
    datafindings,
    embedding,
    evaluation,
    findings,
    recipefindings,
    results,
    selections,
    study,
    treefindings,
)
from pokeclf.alternatives import Figure
from pokeclf.cardfigures import CardFigures
from pokeclf.library import Library, Shelf
from pokeclf.results import Result
from pokeclf.split import image_name

COLUMNS = {
    "model": "model",
    "accuracy": "test accuracy (%)",
    "low": "from (%)",
    "high": "to (%)",
    "top5": "top-5 (%)",
    "study": "the study (%)",
    "parameters": "parameters (M)",
    "bytes": "own weights (MB)",
    "latency": "one image (ms)",
    "training": "training (min)",
    "stage": "stage",
    "upright": "trading cards, upright (%)",
    "photos": "trading cards, photographed (%)",
}
"""Headings of the leaderboard by name, what is asked for most first; those of :data:`NAMES` hold
names, the others numbers or None."""
NAMES = ("model", "stage")
SORTS = {
    "accuracy": "test accuracy, the best first",
    "top5": "top-5, the best first",
    "study": "the study's accuracy, the best first",
    "parameters": "parameters, the fewest first",
    "bytes": "own weights, the smallest first",
    "latency": "time of one image, the fastest first",
    "upright": "trading cards upright, the best first",
    "photos": "trading cards photographed, the best first",
    "training": "training time, the shortest first",
    "model": "model, by name",
    "stage": "stage, the best first in each",
}
"""Orders of the leaderboard, by the column that they go by."""
_HIGHEST_FIRST = ("accuracy", "top5", "study", "upright", "photos")
QUANTITIES = {"accuracy": "Accuracy", "loss": "Loss"}
GALLERY: Mapping[str, Callable[[Result], np.ndarray]] = {
    "The surest mistakes": selections.confident_mistakes,
    "The least sure right answers": selections.unsure_answers,
}
"""Places of the test images that tell most of a model, by what they are."""


def name_of(model: str) -> str:
    """The name that people read."""
    return study.find(model).name


def trees(shelf: Shelf) -> list[str]:
    """Ids of the tree ensembles, the best first."""
    models = [result.card.model for result in shelf.ranked]
    return [model for model in models if study.find(model).is_tree]


def leaderboard(shelf: Shelf, sort: str = "accuracy") -> list[list[str | float | None]]:
    """All figures of each model under :data:`COLUMNS`.

    Parameters
    ----------
    sort : one of :data:`SORTS`. What was not measured comes last; of equals, the better model
        comes first.
    """
    place = list(COLUMNS).index(sort)
    sign = -1 if sort in _HIGHEST_FIRST else 1

    def key(row: list[str | float | None]) -> tuple[bool, str | float]:
        value = row[place]
        if sort == "stage":
            return False, study.STAGES.index(value)
        return value is None, value if isinstance(value, str) else sign * (value or 0)

    return sorted((_row(result, shelf) for result in shelf.ranked), key=key)


def _row(result: Result, shelf: Shelf) -> list[str | float | None]:
    card, model = result.card, study.find(result.card.model)
    test, latency = card.test, shelf.latencies.get(card.model)
    shares = (test.accuracy, test.accuracy_low, test.accuracy_high, test.top5, model.study_accuracy)
    return [
        model.name, *(round(100 * share, 2) for share in shares),
        round(card.parameters / 1e6, 2) if card.parameters else None,
        round(card.weight_bytes / 1e6, 1),
        round(latency.milliseconds, 1) if latency else None,
        round(card.training_seconds / 60, 1),
        model.stage,
        *_on_cards(shelf.cards.get(card.model)),
    ]  # fmt: skip


def _on_cards(figures: CardFigures | None) -> tuple[float | None, float | None]:
    """Percent of upright and of photographed trading cards, None where not measured."""
    if figures is None:
        return None, None
    return round(100 * figures.on_upright.share, 1), round(100 * figures.on_photos.share, 1)


def against_latency(shelf: Shelf) -> Figure | None:
    """Accuracy against time, None when no time was measured."""
    if not shelf.latencies.keys() & shelf.tuned.keys():
        return None
    return charts.accuracy_against_latency(shelf.tuned, shelf.latencies)


def runs(shelf: Shelf) -> dict[str, Result]:
    """Training runs of networks by the name that people read."""
    found: dict[str, Result] = {}
    for recipe, of_recipe in (("our recipe", shelf.tuned), ("the study's recipe", shelf.study)):
        for model_id, result in of_recipe.items():
            if not study.find(model_id).is_tree:
                found[f"{name_of(model_id)}, {recipe}"] = result
    return found


def telling_runs(shelf: Shelf) -> list[str]:
    """What is drawn at first: a network of which both recipes were run, or the first two.

    The networks are in the study's order, so that the plain CNN, which never learned there,
    comes before all others.
    """
    both = recipefindings.both(shelf)
    return list(both_runs(shelf, both[0]) if both else runs(shelf))[:2]


def both_runs(shelf: Shelf, model: str) -> dict[str, Result]:
    """The runs of a network by our recipe and by the study's, by the names that people read."""
    return {name: run for name, run in runs(shelf).items() if run.card.model == model}


def pair(shelf: Shelf, first: str, second: str) -> tuple[str, Figure | None, str]:
    """Whether two models differ, on which species, and on which images; of one there is a word."""
    one, other = shelf.result(first), shelf.result(second)
    names = [name_of(each) for each in (first, second)]
    if first == second:
        return findings.pair(one, other, names), None, ""
    return (
        findings.pair(one, other, names),
        charts.species_difference(_differences(one, other), _images(one), *names),
        findings.only_one_right(one, other, names, shelf.split.parts["test"]),
    )


def _differences(one: Result, other: Result) -> dict[str, float]:
    shares = [
        evaluation.class_accuracy(each.guesses, each.labels, len(each.card.classes))
        for each in (one, other)
    ]
    known = ~np.isnan(shares[0])
    return {
        slug: float(shares[0][place] - shares[1][place])
        for place, slug in enumerate(one.card.classes)
        if known[place]
    }


def _images(result: Result) -> dict[str, int]:
    """Of each species, how many test images there are."""
    counts = np.bincount(result.labels, minlength=len(result.card.classes))
    return dict(zip(result.card.classes, counts.tolist(), strict=True))


def mistakes(shelf: Shelf, model: str) -> str:
    """What a model takes for what, in words."""
    result = shelf.result(model)
    matrix = evaluation.confusion(result.guesses, result.labels, len(result.card.classes))
    return findings.mistakes(result, matrix)


def families(shelf: Shelf) -> Figure:
    """Of each model what is right, wrong inside the family and wrong outside; the best on top."""
    shares = {}
    for result in reversed(shelf.ranked):
        numbers = findings.family_numbers(result.card.classes)
        groups = evaluation.by_group(result.guesses, result.labels, numbers)
        right = float(result.right.mean())
        shares[name_of(result.card.model)] = (
            right, groups.right.share - right, 1 - groups.right.share,
        )  # fmt: skip
    return charts.families(shares)


def calibration(shelf: Shelf, model: str) -> tuple[str, Figure]:
    """Whether a model is as often right as it is sure: in words, and as a diagram."""
    result = shelf.result(model)
    bins = [
        evaluation.reliability(probabilities, result.labels)
        for probabilities in (evaluation.calibrated(result.logits, 1.0), result.probabilities)
    ]
    return findings.calibration(result), charts.reliability(*bins)


def importances(library: Library, model: str) -> tuple[str, Figure]:
    """How many features a tree ensemble relies on: in words, and the most important ones.

    Raises
    ------
    CheckpointError
        When its trees are missing or damaged.
    """
    result = library.shelf().result(model)
    values = results.importances(library.root / model, result.card)
    return treefindings.importances(result, values), charts.importances(values, name_of(model))


def places(library: Library, model: str) -> np.ndarray:
    """Where the test images lie by a model's features, N × 2; trees read those of a network.

    Raises
    ------
    CheckpointError
        When they were not computed for these weights, or are damaged.
    """
    shelf = library.shelf()
    owner = embedding.owner(shelf.result(model).card)
    return embedding.read(library.root / owner, shelf.result(owner).card)


def embedded(
    library: Library,
    model: str,
    colouring: str = charts.data.TYPE,
    species: str | None = None,
) -> tuple[Figure, Callable[[str], str]]:
    """The test images by a model's features, and what gives the words and the table beside it.

    Parameters
    ----------
    colouring, species : see :func:`pokeclf.charts.data.embedding`.

    Returns
    -------
    the figure, and a function of its name; see :func:`pokeclf.alternatives.beside`.

    Raises
    ------
    CheckpointError
        See :func:`places`.
    """
    shelf = library.shelf()
    result, found = shelf.result(model), places(library, model)
    names = [image_name(path) for path in shelf.split.parts["test"]]
    title = f"What {name_of(embedding.owner(result.card))} sees as alike"
    figure = charts.data.embedding(found, result, names, colouring, species, title)
    return figure, partial(datafindings.embedded_species, result, found)
