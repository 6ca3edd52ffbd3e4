"""Predictions to figures: accuracy with its interval, calibration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from scipy.stats import binomtest

PROBABILITY_FLOOR = 1e-6
"""Probabilities below this count as this, so that a forest's zeros have a logarithm."""


@dataclass(frozen=True)
class Metrics:
    """Figures of one model on one part of the split; all but the loss are 0…1.

    Attributes
    ----------
    images : number of images measured.
    accuracy, accuracy_low, accuracy_high : share of right first guesses with its 95 % interval.
    top5 : share of images whose species is among the first five guesses.
    macro_accuracy : mean over the species of the accuracy of each.
    loss : mean cross-entropy in nats.
    calibration_error : expected calibration error with 15 bins of equal width.
    """

    images: int
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    top5: float
    macro_accuracy: float
    loss: float
    calibration_error: float


def measure(probabilities: np.ndarray, labels: np.ndarray) -> Metrics:
    """Figures from probabilities (N × classes, 0…1) and class numbers (N)."""
    right = probabilities.argmax(1) == labels
    low, high = wilson_interval(int(right.sum()), len(right))
    best5 = np.argpartition(-probabilities, min(5, probabilities.shape[1]) - 1, axis=1)[:, :5]
    of_label = probabilities[np.arange(len(labels)), labels]
    return Metrics(
        images=len(labels),
        accuracy=float(right.mean()),
        accuracy_low=low,
        accuracy_high=high,
        top5=float((best5 == labels[:, None]).any(1).mean()),
        macro_accuracy=float(np.mean([right[labels == c].mean() for c in np.unique(labels)])),
        loss=float(-np.log(np.maximum(of_label, PROBABILITY_FLOOR)).mean()),
        calibration_error=calibration_error(probabilities, labels),
    )


def wilson_interval(successes: int, trials: int) -> tuple[float, float]:
    """95 % score interval of a proportion (Wilson 1927)."""
    interval = binomtest(successes, trials).proportion_ci(0.95, method="wilson")
    return float(interval.low), float(interval.high)


def calibration_error(probabilities: np.ndarray, labels: np.ndarray, bins: int = 15) -> float:
    """Expected calibration error of the first guess (Guo et al. 2017, section 2), 0…1."""
    confidence = probabilities.max(1)
    right = probabilities.argmax(1) == labels
    number = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = np.bincount(number, confidence - right, bins)
    return float(np.abs(gaps).sum() / len(labels))


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """Temperature that minimises the cross-entropy of ``logits / T`` (Guo et al. 2017).

    Parameters
    ----------
    logits : N × classes, on images that were not trained on.
    labels : N class numbers.
    """

    def loss(log_temperature: float) -> float:
        scaled = log_softmax(logits / np.exp(log_temperature), axis=1)
        return -scaled[np.arange(len(labels)), labels].mean()

    return float(np.exp(minimize_scalar(loss, bounds=(-3, 3), method="bounded").x))
