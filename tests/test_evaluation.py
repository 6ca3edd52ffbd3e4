"""Figures against scikit-learn and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import accuracy_score, log_loss, recall_score, top_k_accuracy_score

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
    probabilities = softmax(logits, axis=1)
    metrics = evaluation.measure(probabilities, labels)
    guess = probabilities.argmax(1)
    assert metrics.images == 500
    assert metrics.accuracy == pytest.approx(accuracy_score(labels, guess))
    assert metrics.top5 == pytest.approx(top_k_accuracy_score(labels, probabilities, k=5))
    assert metrics.macro_accuracy == pytest.approx(recall_score(labels, guess, average="macro"))
    assert metrics.loss == pytest.approx(log_loss(labels, probabilities))
    assert metrics.accuracy_low < metrics.accuracy < metrics.accuracy_high


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


def test_the_temperature_undoes_an_exaggeration(predictions):
    logits, labels = predictions
    fitted = evaluation.fit_temperature(logits, labels)
    assert evaluation.fit_temperature(4 * logits, labels) == pytest.approx(4 * fitted, rel=1e-3)


def test_a_certain_mistake_has_a_finite_loss():
    assert np.isfinite(evaluation.measure(np.eye(6)[[0, 1]], np.array([1, 1])).loss)
