"""Figures against scikit-learn and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    f1_score,
    log_loss,
    recall_score,
    top_k_accuracy_score,
)

from pokeclf import evaluation


@pytest.fixture
def predictions():
    random = np.random.default_rng(1)
    labels = random.integers(0, 12, 500)
    logits = random.normal(size=(500, 12))
    logits[np.arange(500), labels] += 1.5
    return logits, labels


def test_figures_are_scikit_learns(predictions):
    logits, labels = predictions
    metrics = evaluation.measure(logits, labels, 1.7)
    probabilities = softmax(logits / 1.7, axis=1)
    guess = probabilities.argmax(1)
    assert metrics.images == 500
    assert metrics.accuracy == pytest.approx(accuracy_score(labels, guess))
    assert metrics.top5 == pytest.approx(top_k_accuracy_score(labels, probabilities, k=5))
    assert metrics.macro_accuracy == pytest.approx(recall_score(labels, guess, average="macro"))
    assert metrics.macro_f1 == pytest.approx(f1_score(labels, guess, average="macro"))
    assert metrics.loss == pytest.approx(log_loss(labels, probabilities))
    assert metrics.calibration_error == pytest.approx(
        evaluation.calibration_error(probabilities, labels)
    )
    assert metrics.uncalibrated_error == pytest.approx(
        evaluation.calibration_error(softmax(logits, axis=1), labels)
    )
    assert metrics.accuracy_low < metrics.accuracy < metrics.accuracy_high


def test_a_species_without_a_vote_is_not_among_five_guesses():
    logits = np.full((3, 12), -13.8)  # as a forest leaves the species that no tree votes for
    logits[:, 6] = 0
    assert evaluation.measure(logits, np.array([0, 6, 11]), 1.0).top5 == pytest.approx(1 / 3)
    logits[:, :4] = -1  # four more with as many votes each
    assert evaluation.measure(logits, np.array([0, 6, 11]), 1.0).top5 == pytest.approx(2 / 3)


def test_the_wilson_interval_by_hand():
    # 8 of 10: (p + z²/2n ± z·sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n) with z = 1.96
    low, high = evaluation.wilson_interval(8, 10)
    assert low == pytest.approx(0.4902, abs=1e-4)
    assert high == pytest.approx(0.9433, abs=1e-4)
    assert evaluation.wilson_interval(0, 10)[0] == pytest.approx(0, abs=1e-12)


def test_calibration_error_by_hand():
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.6, 0.4]])
    labels = np.array([0, 1, 0, 0])  # 0.9 is right half of the time, 0.6 always
    assert evaluation.calibration_error(probabilities, labels) == pytest.approx(
        0.5 * 0.4 + 0.5 * 0.4
    )


def test_reliability_by_hand():
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.6, 0.4]])
    low, high = evaluation.reliability(probabilities, np.array([0, 1, 0, 0]))
    assert (low.images, low.accuracy, high.images, high.accuracy) == (2, 1.0, 2, 0.5)
    assert (low.confidence, high.confidence) == (pytest.approx(0.6), pytest.approx(0.9))


def test_confusion_is_scikit_learns(predictions):
    logits, labels = predictions
    guesses = logits.argmax(1)
    expected = confusion_matrix(labels, guesses, labels=range(13))
    np.testing.assert_array_equal(evaluation.confusion(guesses, labels, 13), expected)


def test_mistakes_inside_and_outside_a_group_by_hand():
    groups = np.array([0, 0, 1, 1])
    found = evaluation.by_group(np.array([0, 1, 2, 0, 3]), np.array([0, 0, 2, 2, 2]), groups)
    assert (found.right.successes, found.right.trials) == (4, 5)
    assert (found.wrong_inside.successes, found.wrong_inside.trials) == (2, 3)
    perfect = evaluation.by_group(np.array([0]), np.array([0]), groups)
    assert perfect.wrong_inside.share == 0


def test_the_temperature_undoes_an_exaggeration(predictions):
    logits, labels = predictions
    fitted = evaluation.fit_temperature(logits, labels)
    assert evaluation.fit_temperature(4 * logits, labels) == pytest.approx(4 * fitted, rel=1e-3)


def test_a_certain_mistake_has_a_finite_loss():
    assert np.isfinite(evaluation.measure(1000 * np.eye(6)[[0, 1]], np.array([1, 1]), 1.0).loss)


def test_class_accuracy_is_the_confusion_matrixs_diagonal(predictions):
    logits, labels = predictions
    guesses = logits.argmax(1)
    matrix = confusion_matrix(labels, guesses, labels=range(13))
    shares = evaluation.class_accuracy(guesses, labels, 13)
    np.testing.assert_allclose(shares[:12], (matrix.diagonal() / matrix.sum(1).clip(1))[:12])
    assert np.isnan(shares[12])  # no image of that class


def test_a_class_that_is_only_ever_guessed_counts_in_the_f1():
    logits, labels = np.eye(3)[[0, 2, 1]], np.array([0, 1, 1])
    assert evaluation.measure(logits, labels, 1.0).macro_f1 == pytest.approx(
        f1_score(labels, logits.argmax(1), average="macro", zero_division=0)
    )


def test_accuracy_by_group():
    found = evaluation.accuracy_by_group(
        np.array([True, False, True, True]), np.array(["card", "card", "art", "card"])
    )
    assert list(found) == ["art", "card"]
    assert (found["card"].successes, found["card"].trials) == (2, 3)
    assert found["card"].share == pytest.approx(2 / 3)
    assert found["card"].interval == evaluation.wilson_interval(2, 3)


def test_mcnemar_by_hand():
    first = np.array([True] * 9 + [False] * 3 + [True] * 5)
    second = np.array([False] * 9 + [True] * 3 + [True] * 5)
    test = evaluation.mcnemar(first, second)
    assert (test.only_first, test.only_second) == (9, 3)
    # 2 · P(at most 3 heads of 12 throws) = 2 · (1 + 12 + 66 + 220) / 4096
    assert test.p_value == pytest.approx(2 * 299 / 4096)
    assert evaluation.mcnemar(first, first).p_value == 1


@pytest.mark.parametrize("seed", range(5))
def test_intervals_and_mcnemar_are_statsmodels(seed):
    """On random answers of two models, an independent implementation finds the same."""
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    tables = pytest.importorskip("statsmodels.stats.contingency_tables")
    random = np.random.default_rng(seed)
    images = int(random.integers(20, 3000))
    first = random.random(images) < random.uniform(0.05, 0.95)
    second = np.where(random.random(images) < 0.3, random.random(images) < 0.6, first)
    found = evaluation.wilson_interval(int(first.sum()), images)
    expected = proportion.proportion_confint(first.sum(), images, 0.05, "wilson")
    assert found == pytest.approx(expected, abs=1e-9)
    test = evaluation.mcnemar(first, second)
    counts = [[(a & b).sum() for b in (second, ~second)] for a in (first, ~first)]
    assert (test.only_first, test.only_second) == (counts[0][1], counts[1][0])
    expected = tables.mcnemar(np.array(counts), exact=True).pvalue
    assert test.p_value == pytest.approx(min(expected, 1), abs=1e-9)


@pytest.mark.parametrize("bins", [10, 15])
def test_calibration_error_is_the_definitions(predictions, bins):
    """Guo et al. 2017, equation 5, image by image, with bins that are open to the right."""
    logits, labels = predictions
    probabilities = softmax(logits, axis=1)
    gaps = {}
    for row, label in zip(probabilities, labels, strict=True):
        place = min(int(row.max() * bins), bins - 1)
        gaps.setdefault(place, []).append(row.max() - (row.argmax() == label))
    expected = sum(abs(sum(gap)) for gap in gaps.values()) / len(labels)
    found = evaluation.calibration_error(probabilities, labels, bins)
    assert found == pytest.approx(expected)


def test_from_some_confidence_on_answers_are_right_often_enough():
    confidences = np.array([0.9, 0.5, 0.8, 0.7, 0.7, 0.3])
    right = np.array([True, True, True, False, True, False])
    assert evaluation.sure_from(confidences, right, 1.0) == 0.8
    assert evaluation.sure_from(confidences, right, 0.8) == 0.5
    # The two answers of 0.7 cannot be told apart.
    assert evaluation.sure_from(confidences, right, 0.76) == 0.5
    assert evaluation.sure_from(confidences[:5], right[:5], 0.75) == 0.5
    assert evaluation.sure_from(confidences, ~right, 0.9) == float("inf")


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
def test_the_confidence_of_sure_answers_is_the_lowest(share):
    random = np.random.default_rng(1)
    confidences = random.random(500).round(2)
    right = random.random(500) < confidences
    found = evaluation.sure_from(confidences, right, share)
    for confidence in np.unique(confidences):
        enough = right[confidences >= confidence].mean() >= share
        assert enough if confidence == found else not (enough and confidence < found)
