"""Maps of what is taken for what, of one model or of the difference between two."""

from __future__ import annotations

import numpy as np

from pokeclf import charts, evaluation, findings, study
from pokeclf.alternatives import Figure
from pokeclf.library import Shelf
from pokeclf.results import Result
from pokeclf.species import of

CONFUSED = 24
"""Species in the map of confusions: those of the most frequent ones."""
EXTENTS = {
    "confused": "Most frequent confusions",
    "families": "Evolution families",
    "all": "All species, family by family",
}
"""What a map of confusions may show, by name."""


def single(shelf: Shelf, model: str, extent: str) -> Figure:
    """What a model takes for what; ``extent`` of :data:`EXTENTS`.

    The id of each square is ``<model>/<right>/<guessed>``, of the two species of the square's
    families that are confused the most often.
    """
    result = shelf.result(model)
    wrong = _wrong(result)
    names, members, groups = _axis(result.card.classes, wrong, extent)
    cells = _cells(result, members)
    return charts.confusions(
        _gathered(wrong, members), names, groups, study.find(model).name, cells, int(wrong.sum())
    )


def difference(shelf: Shelf, first: str, second: str, extent: str) -> Figure:
    """Which confusions one of two models makes more often; see :func:`single`."""
    one, other = (_wrong(shelf.result(each)) for each in (first, second))
    classes = shelf.result(first).card.classes
    names, members, groups = _axis(classes, abs(one - other), extent)
    cells = [_cells(shelf.result(each), members) for each in (first, second)]
    models = study.find(first).name, study.find(second).name
    return charts.confusion_differences(
        _gathered(one - other, members), names, groups, models, cells
    )


def _wrong(result: Result) -> np.ndarray:
    matrix = evaluation.confusion(result.guesses, result.labels, len(result.card.classes))
    return matrix - np.diag(matrix.diagonal())


def _cells(result: Result, members: list[list[int]]) -> charts.Cells:
    """Names each square of a map of confusions."""
    card, wrong = result.card, _wrong(result)

    def name(row: int, column: int) -> str:
        block = wrong[np.ix_(members[row], members[column])]
        right, guessed = np.unravel_index(block.argmax(), block.shape)
        pair = members[row][right], members[column][guessed]
        return "/".join([card.model, *(card.classes[each] for each in pair)])

    return name


def _axis(
    classes: tuple[str, ...], wrong: np.ndarray, extent: str
) -> tuple[list[str], list[list[int]], np.ndarray]:
    """What stands along both axes of a map of confusions, families side by side.

    Parameters
    ----------
    wrong : how often, or how much more often, each class is taken for each other one.

    Returns
    -------
    names of the places, classes at each of them, and number of the family of each.
    """
    families = findings.family_numbers(classes)
    first = {
        family: min((of(slug).number, slug) for slug in np.array(classes)[families == family])
        for family in np.unique(families)
    }
    order = sorted(
        range(len(classes)),
        key=lambda place: (first[families[place]], of(classes[place]).number, classes[place]),
    )
    if extent == "families":
        heads = list(dict.fromkeys(families[order].tolist()))
        members = [np.flatnonzero(families == family).tolist() for family in heads]
        return [of(first[family][1]).name for family in heads], members, np.array(heads)
    if extent == "confused":
        most = _of_the_most_frequent(wrong)
        order = [place for place in order if place in most]
    return [of(classes[place]).name for place in order], [[p] for p in order], families[order]


def _of_the_most_frequent(wrong: np.ndarray) -> set[int]:
    """The classes of the most frequent confusions: as many whole pairs as CONFUSED holds."""
    chosen: set[int] = set()
    for place in np.argsort(-wrong, axis=None, kind="stable")[: np.count_nonzero(wrong)]:
        pair = set(divmod(int(place), len(wrong)))
        if len(chosen | pair) <= CONFUSED:
            chosen |= pair
    return chosen


def _gathered(matrix: np.ndarray, members: list[list[int]]) -> np.ndarray:
    """Counts between places from counts between classes."""
    member = np.zeros((len(members), len(matrix)), matrix.dtype)
    for place, own in enumerate(members):
        member[place, own] = 1
    return member @ matrix @ member.T
