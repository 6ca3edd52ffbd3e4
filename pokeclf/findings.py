"""What stored results say, in words and small tables, as HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from pokeclf import evaluation, study
from pokeclf.latency import Latency
from pokeclf.markup import NBSP, as_the_study, folded, percent, table
from pokeclf.results import Result
from pokeclf.species import of
from pokeclf.split import image_name
from pokeclf.study import StudyModel
from pokeclf.treefindings import SETTING, setting_name

TEN = 10
TWO_MODELS = "Choose two different models."
CURVES = (
    "<p>Training accuracy is counted while the network still learns, on pictures that our recipes "
    "crop, recolour, cover and mix; validation accuracy after the epoch, on plain ones. So "
    "training accuracy may be the lower of the two, and training loss, in which mixed pictures and "
    "smoothed labels can never be answered with certainty, the higher.</p>"
)
LISTED = 50
"""Images that are listed by name, at most."""


def family_numbers(classes: Sequence[str]) -> np.ndarray:
    """Number of the evolution family of each class."""
    return np.unique([of(slug).family for slug in classes], return_inverse=True)[1]


def summary(tuned: Mapping[str, Result]) -> str:
    """The study's summary of its fifteen models with our figures beside its own."""
    rows = []
    for model in study.STUDY:
        row = [model.name, as_the_study(model.study_accuracy)]
        if result := tuned.get(model.id):
            test = result.card.test
            interval = f"({percent(test.accuracy_low)} to {percent(test.accuracy_high)})"
            row.append(f"<strong>{as_the_study(test.accuracy)}</strong> {interval}")
        else:
            row.append("not trained yet")
        rows.append([*row, _study_size(model), _size(result) if result else "–"])
    header = (
        "model",
        "the study, on its own split",
        "ours (95 % interval)",
        "the study's size",
        "our size",
    )
    return table(header, rows, "The study's summary of model results, test accuracy")


def places(ranked: Sequence[Result]) -> str:
    """Which model has which place in accuracy, as the charts number them."""
    named = (
        f"{place}{NBSP}{escape(study.find(result.card.model).name)}"
        for place, result in enumerate(ranked, start=1)
    )
    return f"<p>The numbers are places in accuracy: {', '.join(named)}.</p>"


def _study_size(model: StudyModel) -> str:
    """As the study has it: parameters, or the first of the best settings."""
    if model.study_parameters:
        return f"{model.study_parameters / 1e6:.1f}{NBSP}M parameters"
    best = int(np.argmax(model.study_by_setting))
    return setting_name(*model.recipes["study"].settings[best])


def _size(result: Result) -> str:
    settings = result.card.settings
    if study.find(result.card.model).is_tree:
        return setting_name(*(settings[key] for key in SETTING))
    return f"{result.card.parameters / 1e6:.1f}{NBSP}M parameters"


def latencies(found: Mapping[str, Latency]) -> str:
    """How the time of an image was measured, or that it was not."""
    if not found:
        return (
            "<p>How long an image takes has not been measured yet: "
            "<code>python -m benchmarks.latency</code> does it.</p>"
        )
    ways = {}
    for each in found.values():
        way = (each.cpu, each.threads, each.date, each.baseline)
        ways.setdefault(way, []).append(each.baseline_milliseconds)
    return "".join(
        f"<p>Median time of one image from its pixels to the probabilities, one at a time on a "
        f"warm model: {escape(cpu)}, {threads} {'thread' if threads == 1 else 'threads'}, "
        f"{escape(date)}. In turns with it ran {escape(baseline)}: "
        f"{float(np.median(times)):.1f}{NBSP}ms.</p>"
        for (cpu, threads, date, baseline), times in ways.items()
    )


def pair(one: Result, other: Result, names: Sequence[str]) -> str:
    """Whether two models differ, in words."""
    if one.card.model == other.card.model:
        return f"<p>{TWO_MODELS}</p>"
    test = evaluation.mcnemar(one.right, other.right)
    both = int((one.right & other.right).sum())
    neither = len(one.right) - both - test.only_first - test.only_second
    if test.p_value < 0.05:
        better = names[0] if test.only_first > test.only_second else names[1]
        verdict = f"{escape(better)} is better, and chance alone would hardly explain it"
    else:
        verdict = "Chance alone could explain the difference between the two"
    p_value = f"p {'' if test.p_value < 1e-4 else '= '}{_p_value(test.p_value)}"
    first, second = (escape(name) for name in names)
    return (
        f"<p><strong>{verdict}</strong> (McNemar's exact test, {p_value}).</p>"
        f"<p>Of {len(one.right):,} test images both get {both:,} right and {neither:,} wrong; "
        f"{test.only_first:,} only {first} gets right, {test.only_second:,} only {second}. "
        f"Accuracy: {percent(one.card.test.accuracy)} and {percent(other.card.test.accuracy)}.</p>"
    )


def only_one_right(one: Result, other: Result, names: Sequence[str], paths: Sequence[str]) -> str:
    """The images that only one of two models gets right, folded, with the other's guess.

    Parameters
    ----------
    paths : of the test images, as the split has them.
    """
    parts = []
    for right, wrong, name, loser in ((one, other, *names), (other, one, *reversed(names))):
        places = np.flatnonzero(right.right & ~wrong.right)
        rows = [
            [paths[place], escape(of(wrong.card.classes[wrong.guesses[place]]).name)]
            for place in places[:LISTED]
        ]
        caption = f"The first {LISTED}" if len(places) > LISTED else "All of them"
        header = ("image", f"{loser} takes it for")
        images = "1 image" if len(places) == 1 else f"{len(places):,} images"
        parts.append(
            folded(
                f"{images} that only {name} gets right",
                table(header, rows, f"{caption}, as the split names them") if rows else "",
            )
        )
    return "".join(parts)


def images(result: Result, places: np.ndarray, paths: Sequence[str], caption: str) -> str:
    """Test images at some places with a model's answers, as a table.

    Parameters
    ----------
    paths : of all test images, as the split has them.
    """
    cells = [(*answer(result, int(place)), image_name(paths[place])) for place in places]
    rows = [[first, *map(escape, others)] for first, *others in cells]
    return table((*ANSWER, "image"), rows, caption)


ANSWER = ("right", "guess", "probability")
"""What :func:`answer` tells."""


def answer(result: Result, place: int) -> tuple[str, str, str]:
    """A test image's species, a model's guess, and how sure it is, as plain texts."""
    classes = result.card.classes
    right, guess = (of(classes[row[place]]).name for row in (result.labels, result.guesses))
    return right, guess, percent(float(result.probabilities[place].max()))


def all_pairs(ranked: Sequence[Result]) -> str:
    """McNemar's test of every two models, the better one first, folded."""
    rows = []
    for place, one in enumerate(ranked):
        for other in ranked[place + 1 :]:
            test = evaluation.mcnemar(one.right, other.right)
            rows.append(
                [
                    study.find(one.card.model).name, escape(study.find(other.card.model).name),
                    f"{test.only_first:,}", f"{test.only_second:,}", _p_value(test.p_value),
                ]
            )  # fmt: skip
    header = ("first", "second", "only the first right", "only the second right", "p")
    caption = "McNemar's exact test, not corrected for the number of pairs"
    return folded(f"All {len(rows)} pairs of models", table(header, rows, caption))


def _p_value(value: float) -> str:
    return "&lt; 0.0001" if value < 1e-4 else f"{value:.4f}"


def families(ranked: Sequence[Result]) -> str:
    """How much of each model's error stays within the evolution family."""
    rows = []
    for result in ranked:
        groups = evaluation.by_group(
            result.guesses, result.labels, family_numbers(result.card.classes)
        )
        inside = groups.wrong_inside
        rows.append(
            [
                study.find(result.card.model).name, percent(float(result.right.mean())),
                percent(groups.right.share), f"{inside.trials:,}",
                f"{inside.successes:,} ({percent(inside.share)})",
            ]
        )  # fmt: skip
    header = ("model", "species right", "family right", "mistakes", "of them within the family")
    return table(header, rows, "Species and evolution families")


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
