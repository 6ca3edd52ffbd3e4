"""What the Experiments view shows, part by part: words as HTML and figures, from a shelf.

The page shows one choice at a time and the report all of them; both take it from here. Figures
are plotly's; a figure that there is nothing for is None.
"""

from __future__ import annotations

import numpy as np

from pokeclf import charts, evaluation, findings, results, study
from pokeclf.alternatives import Figure
from pokeclf.library import Library, Shelf
from pokeclf.results import Result
from pokeclf.species import of

COLUMNS = (
    "model", "stage", "test accuracy (%)", "from (%)", "to (%)", "top-5 (%)", "the study (%)",
    "parameters (M)", "own weights (MB)", "one image (ms)", "training (min)",
)  # fmt: skip
"""Of the leaderboard; the first two hold names, the others numbers or None."""
QUANTITIES = {"accuracy": "Accuracy", "loss": "Loss"}
CONFUSED = 24
"""Species in the map of confusions: those with the most of them."""
EXTENTS = {
    "confused": "Most confused species",
    "families": "Evolution families",
    "all": "All species, family by family",
}
"""What a map of confusions may show, by name."""


def name_of(model: str) -> str:
    """The name that people read."""
    return study.find(model).name


def trees(shelf: Shelf) -> list[str]:
    """Ids of the tree ensembles, the best first."""
    models = [result.card.model for result in shelf.ranked]
    return [model for model in models if study.find(model).is_tree]


def leaderboard(shelf: Shelf) -> list[list[str | float | None]]:
    """All figures of each model under :data:`COLUMNS`, the best model first."""
    return [_row(result, shelf) for result in shelf.ranked]


def _row(result: Result, shelf: Shelf) -> list[str | float | None]:
    card, model = result.card, study.find(result.card.model)
    test, latency = card.test, shelf.latencies.get(card.model)
    shares = (test.accuracy, test.accuracy_low, test.accuracy_high, test.top5, model.study_accuracy)
    return [
        model.name, model.stage, *(round(100 * share, 2) for share in shares),
        round(card.parameters / 1e6, 2) if card.parameters else None,
        round(card.weight_bytes / 1e6, 1),
        round(latency.milliseconds, 1) if latency else None,
        round(card.training_seconds / 60, 1),
    ]  # fmt: skip


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
    """What is drawn at first: a model of which both recipes were run, or the first two."""
    both = [name_of(model_id) for model_id in shelf.study if model_id in shelf.tuned]
    names = [f"{both[0]}, our recipe", f"{both[0]}, the study's recipe"] if both else []
    known = runs(shelf)
    return [name for name in names if name in known] or list(known)[:2]


def pair(shelf: Shelf, first: str, second: str) -> tuple[str, Figure, str]:
    """Whether two models differ, on which species, and on which images."""
    one, other = shelf.result(first), shelf.result(second)
    names = [name_of(each) for each in (first, second)]
    return (
        findings.pair(one, other, names),
        charts.species_difference(_differences(one, other), *names),
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


def pair_confusions(shelf: Shelf, first: str, second: str, extent: str) -> Figure:
    """Which confusions one of two models makes more often; see :func:`confusions`."""
    matrices = [_wrong(shelf.result(each)) for each in (first, second)]
    classes = shelf.result(first).card.classes
    names, members, groups = _axis(classes, sum(matrices), extent)
    one, other = (_gathered(matrix, members) for matrix in matrices)
    cells = [_cells(shelf.result(each), members) for each in (first, second)]
    return charts.confusion_differences(
        one - other, names, groups, (name_of(first), name_of(second)), cells
    )


def mistakes(shelf: Shelf, model: str) -> str:
    """What a model takes for what, in words."""
    result = shelf.result(model)
    return findings.mistakes(result, _confusion(result))


def confusions(shelf: Shelf, model: str, extent: str) -> Figure:
    """What a model takes for what; ``extent`` of :data:`EXTENTS`.

    The id of each square is ``<model>/<right>/<guessed>``, of the two species of the square's
    families that are confused the most often.
    """
    result = shelf.result(model)
    wrong = _wrong(result)
    names, members, groups = _axis(result.card.classes, wrong, extent)
    cells = _cells(result, members)
    return charts.confusions(_gathered(wrong, members), names, groups, name_of(model), cells)


def _confusion(result: Result) -> np.ndarray:
    return evaluation.confusion(result.guesses, result.labels, len(result.card.classes))


def _wrong(result: Result) -> np.ndarray:
    matrix = _confusion(result)
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
        total = wrong.sum(0) + wrong.sum(1)
        most = set(np.argsort(-total, kind="stable")[:CONFUSED].tolist())
        order = [place for place in order if place in most and total[place]]
    return [of(classes[place]).name for place in order], [[p] for p in order], families[order]


def _gathered(matrix: np.ndarray, members: list[list[int]]) -> np.ndarray:
    """Counts between places from counts between classes."""
    member = np.zeros((len(members), len(matrix)), matrix.dtype)
    for place, own in enumerate(members):
        member[place, own] = 1
    return member @ matrix @ member.T


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
    return findings.importances(result, values), charts.importances(values, name_of(model))
