"""Predictions to figures: accuracy with its interval, calibration, and whether models differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
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
    top5 : share of images whose species is among the first five guesses; one that is as probable
        as others, as all are that no tree votes for, counts as the last of them.
    macro_accuracy : mean over the species of the accuracy of each.
    macro_f1 : mean over the species of the harmonic mean of precision and recall.
    loss : mean cross-entropy in nats.
    calibration_error : expected calibration error with 15 bins of equal width.
    uncalibrated_error : the same before the temperature is applied.
    """

    images: int
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    top5: float
    macro_accuracy: float
    macro_f1: float
    loss: float
    calibration_error: float
    uncalibrated_error: float


def measure(logits: np.ndarray, labels: np.ndarray, temperature: float) -> Metrics:
    """Figures from logits (N × classes), class numbers (N) and the temperature of calibration."""
    probabilities = calibrated(logits, temperature)
    guesses = probabilities.argmax(1)
    right = guesses == labels
    low, high = wilson_interval(int(right.sum()), len(right))
    of_label = probabilities[np.arange(len(labels)), labels]
    rank = (probabilities >= of_label[:, None]).sum(1)
    per_species = class_accuracy(guesses, labels, logits.shape[1])
    return Metrics(
        images=len(labels),
        accuracy=float(right.mean()),
        accuracy_low=low,
        accuracy_high=high,
        top5=float((rank <= 5).mean()),
        macro_accuracy=float(np.nanmean(per_species)),
        macro_f1=_macro_f1(guesses, labels),
        loss=float(-np.log(np.maximum(of_label, PROBABILITY_FLOOR)).mean()),
        calibration_error=calibration_error(probabilities, labels),
        uncalibrated_error=calibration_error(calibrated(logits, 1.0), labels),
    )


def _macro_f1(guesses: np.ndarray, labels: np.ndarray) -> float:
    """Over the classes that occur as a label or a guess, as scikit-learn does."""
    size = max(guesses.max(), labels.max()) + 1
    counted = np.bincount(guesses, minlength=size) + np.bincount(labels, minlength=size)
    right = np.bincount(labels[guesses == labels], minlength=size)
    return float((2 * right[counted > 0] / counted[counted > 0]).mean())


def calibrated(logits: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities, N × classes, float32: the softmax of ``logits / temperature``."""
    return softmax(logits.astype(np.float32) / np.float32(temperature), axis=1)


def class_accuracy(guesses: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """Share of right guesses among the images of each class; nan for a class without images."""
    images = np.bincount(labels, minlength=classes)
    right = np.bincount(labels[guesses == labels], minlength=classes)
    return np.divide(right, images, out=np.full(classes, np.nan), where=images > 0)


@dataclass(frozen=True)
class Proportion:
    """So many of so many, as a share (0…1) with its 95 % interval."""

    successes: int
    trials: int

    @property
    def share(self) -> float:
        """Successes by trials; 0 when nothing was tried."""
        return self.successes / max(self.trials, 1)

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval."""
        return wilson_interval(self.successes, self.trials)


def accuracy_by_group(right: np.ndarray, groups: np.ndarray) -> dict[str, Proportion]:
    """Right answers among the images of each group, groups in alphabetical order.

    Parameters
    ----------
    right : N booleans.
    groups : N names.
    """
    return {
        str(name): Proportion(int(right[groups == name].sum()), int((groups == name).sum()))
        for name in np.unique(groups)
    }


@dataclass(frozen=True)
class McNemar:
    """Two models on the same images: how many only one of them gets right, and the p value."""

    only_first: int
    only_second: int
    p_value: float


def mcnemar(first_right: np.ndarray, second_right: np.ndarray) -> McNemar:
    """Exact two-sided test whether two models are equally accurate (McNemar 1947).

    Parameters
    ----------
    first_right, second_right : N booleans, on the same images in the same order.
    """
    only_first = int((first_right & ~second_right).sum())
    only_second = int((second_right & ~first_right).sum())
    differing = only_first + only_second
    p_value = float(binomtest(only_first, differing).pvalue) if differing else 1.0
    return McNemar(only_first, only_second, p_value)


def wilson_interval(successes: int, trials: int) -> tuple[float, float]:
    """95 % score interval of a proportion (Wilson 1927)."""
    interval = binomtest(successes, trials).proportion_ci(0.95, method="wilson")
    return float(interval.low), float(interval.high)


@dataclass(frozen=True)
class Bin:
    """Images on which a model was about equally sure.

    Attributes
    ----------
    confidence, accuracy : means over the images, 0…1.
    """

    images: int
    confidence: float
    accuracy: float


def reliability(probabilities: np.ndarray, labels: np.ndarray, bins: int = 15) -> tuple[Bin, ...]:
    """Confidence of the first guess against accuracy, in bins of equal width that hold images
    (Guo et al. 2017, section 2)."""
    confidence = probabilities.max(1)
    right = probabilities.argmax(1) == labels
    number = np.minimum((confidence * bins).astype(int), bins - 1)
    return tuple(
        Bin(int(own.sum()), float(confidence[own].mean()), float(right[own].mean()))
        for own in (number == place for place in range(bins))
        if own.any()
    )


def calibration_error(probabilities: np.ndarray, labels: np.ndarray, bins: int = 15) -> float:
    """Expected calibration error of the first guess (Guo et al. 2017, section 2), 0…1."""
    found = reliability(probabilities, labels, bins)
    return sum(each.images * abs(each.confidence - each.accuracy) for each in found) / len(labels)


def confusion(guesses: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """How often each class (row) was taken for each (column): int64 classes × classes."""
    return np.bincount(labels * classes + guesses, minlength=classes**2).reshape(classes, classes)


@dataclass(frozen=True)
class Groups:
    """How a model does when classes of one group, such as an evolution family, count as one.

    Attributes
    ----------
    right : guesses in the right group, of all images.
    wrong_inside : guesses in the right group, of the wrong ones.
    """

    right: Proportion
    wrong_inside: Proportion


def by_group(guesses: np.ndarray, labels: np.ndarray, group_of: np.ndarray) -> Groups:
    """Accuracy of the group, and how many mistakes stay inside it.

    Parameters
    ----------
    group_of : number of the group of each class.
    """
    inside = group_of[guesses] == group_of[labels]
    wrong = guesses != labels
    return Groups(
        Proportion(int(inside.sum()), len(labels)),
        Proportion(int((inside & wrong).sum()), int(wrong.sum())),
    )


def sure_from(confidences: np.ndarray, right: np.ndarray, share: float) -> float:
    """The lowest confidence from which on at least a share of the answers is right.

    Parameters
    ----------
    confidences : N, of the first guesses, 0…1.
    right : N booleans.
    share : 0…1.

    Returns
    -------
    A confidence that occurs; infinity when even the surest answers are wrong too often.
    """
    order = np.argsort(-confidences, kind="stable")
    sorted_confidences = confidences[order]
    shares = right[order].cumsum() / np.arange(1, len(right) + 1)
    # Equal confidences are taken together: they cannot be told apart.
    last = np.append(sorted_confidences[1:] < sorted_confidences[:-1], True)
    good = np.flatnonzero((shares >= share) & last)
    return float(sorted_confidences[good[-1]]) if len(good) else float("inf")


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
