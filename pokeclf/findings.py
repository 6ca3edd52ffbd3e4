"""What stored results say, in words and small tables, as HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from pokeclf import evaluation, study
from pokeclf.library import Shelf
from pokeclf.markup import NBSP, percent, table
from pokeclf.results import Result
from pokeclf.species import of

TEN = 10


def family_numbers(classes: Sequence[str]) -> np.ndarray:
    """Number of the evolution family of each class."""
    return np.unique([of(slug).family for slug in classes], return_inverse=True)[1]


def tree_settings(tuned: Mapping[str, Result]) -> str:
    """Every setting of the tree ensembles beside the study's figure, as the study tabulates it."""
    rows = []
    for model_id, result in tuned.items():
        model = study.find(model_id)
        for tried, theirs in zip(result.card.candidates, model.study_by_setting, strict=False):
            chosen = all(result.card.settings.get(key) == tried[key] for key in _SETTING)
            accuracy = percent(tried["test_accuracy"])
            rows.append(
                [
                    model.name, str(tried["n_estimators"]), str(tried["max_depth"]),
                    f"{100 * theirs:.0f}{NBSP}%", percent(tried["validation_accuracy"]),
                    f"<strong>{accuracy}</strong>, chosen" if chosen else accuracy,
                ]
            )  # fmt: skip
    if not rows:
        return ""
    header = ("model", "trees", "depth", "the study", "validation", "test")
    return table(header, rows, "Settings of the trees; validation images choose")


_SETTING = ("n_estimators", "max_depth")


def importances(result: Result, values: np.ndarray) -> str:
    """How many features share the work, in words."""
    ranked = np.sort(values)[::-1].cumsum()
    half = int(np.searchsorted(ranked, 0.5)) + 1
    meaning = (
        "the gain of the splits on it" if result.card.architecture == "xgboost"
        else "how much the splits on it sort the species"
    )  # fmt: skip
    source = study.find(result.card.features_from or result.card.model).name
    return (
        f"<p>It reads the {len(values)} features of {escape(source)}; a feature's importance is "
        f"{meaning}. <strong>{half}</strong> of them carry half of it. A feature has no name: "
        "TreeSHAP on the Identify tab shows where in a picture the ones that count come from.</p>"
    )


def recipes(shelf: Shelf) -> str:
    """The study's recipe on our images beside ours."""
    rows = [
        [
            study.find(model_id).name, percent(study.find(model_id).study_accuracy),
            percent(result.card.test.accuracy), str(len(np.unique(result.guesses))),
            percent(shelf.tuned[model_id].card.test.accuracy) if model_id in shelf.tuned else "–",
        ]
        for model_id, result in shelf.study.items()
        if not study.find(model_id).is_tree
    ]  # fmt: skip
    if not rows:
        return ""
    header = (
        "model", "the study reports", "its recipe on our images", "species it ever guesses",
        "our recipe",
    )  # fmt: skip
    return table(header, rows, "The study's recipe and ours, test accuracy")


def pair(one: Result, other: Result, names: Sequence[str]) -> str:
    """Whether two models differ, in words."""
    if one.card.model == other.card.model:
        return "<p>Choose two different models.</p>"
    test = evaluation.mcnemar(one.right, other.right)
    both = int((one.right & other.right).sum())
    neither = len(one.right) - both - test.only_first - test.only_second
    if test.p_value < 0.05:
        better = names[0] if test.only_first > test.only_second else names[1]
        verdict = f"{escape(better)} is better, and chance alone would hardly explain it"
    else:
        verdict = "Chance alone could explain the difference between the two"
    p_value = "p &lt; 0.0001" if test.p_value < 1e-4 else f"p = {test.p_value:.4f}"
    first, second = (escape(name) for name in names)
    return (
        f"<p><strong>{verdict}</strong> (McNemar's exact test, {p_value}).</p>"
        f"<p>Of {len(one.right):,} test images both get {both:,} right and {neither:,} wrong; "
        f"{test.only_first:,} only {first} gets right, {test.only_second:,} only {second}. "
        f"Accuracy: {percent(one.card.test.accuracy)} and {percent(other.card.test.accuracy)}.</p>"
    )


def mistakes(result: Result, matrix: np.ndarray) -> str:
    """The most frequent confusions, and how many mistakes stay within the family."""
    classes = result.card.classes
    groups = evaluation.by_group(result.guesses, result.labels, family_numbers(classes))
    wrong = matrix - np.diag(matrix.diagonal())
    places = np.argsort(-wrong, axis=None, kind="stable")[:TEN]
    rows = []
    for place in places:
        right, guessed = divmod(int(place), len(classes))
        if count := int(wrong[right, guessed]):
            images = int(matrix[right].sum())
            related = of(classes[right]).family == of(classes[guessed]).family
            rows.append(
                [
                    of(classes[right]).name, escape(of(classes[guessed]).name),
                    f"{count} of {images}", "yes" if related else "no",
                ]
            )  # fmt: skip
    inside = groups.wrong_inside
    low, high = evaluation.wilson_interval(inside.successes, max(inside.trials, 1))
    text = (
        f"<p>It gets {percent(float(result.right.mean()))} of the species and "
        f"{percent(groups.right.share)} of the evolution families right. Of its "
        f"{inside.trials:,} mistakes, <strong>{percent(inside.share)}</strong> "
        f"({percent(low)} to {percent(high)}) stay within the family.</p>"
    )
    header = ("right", "guessed", "images", "same family")
    return text + table(header, rows, "Most frequent confusions")


def calibration(result: Result) -> str:
    """Whether a model is as often right as it is sure, in words."""
    test = result.card.test
    return (
        f"<p>Its probabilities miss the accuracy by {percent(test.uncalibrated_error)} on average "
        f"(expected calibration error, 15 bins). With its logits divided by a temperature of "
        f"{result.card.temperature:.2f}, which was fitted on the validation images, it is "
        f"<strong>{percent(test.calibration_error)}</strong>: that is what people see.</p>"
    )
