"""Stored results of trained models: what each answered, and what was right.

Everything is read from ``checkpoints/``; neither the images nor the weights are needed.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from pokeclf import checkpoint, evaluation, study
from pokeclf.checkpoint import Card, CheckpointError, NotTrainedError
from pokeclf.evaluation import Proportion
from pokeclf.recipe import Recipe
from pokeclf.split import Split


@dataclass(frozen=True)
class Result:
    """A finished run on the test images.

    Attributes
    ----------
    logits : float32 N × classes, before temperature.
    labels : int64 N, the right class of each image.
    kinds : N strings, what sort of picture each is; ``""`` where that is not known.
    history : rows of ``history.csv`` as text.
    """

    card: Card
    logits: np.ndarray
    labels: np.ndarray
    kinds: np.ndarray
    history: tuple[Mapping[str, str], ...]

    @cached_property
    def probabilities(self) -> np.ndarray:
        """Calibrated, N × classes."""
        return evaluation.calibrated(self.logits, self.card.temperature)

    @cached_property
    def guesses(self) -> np.ndarray:
        """The first guess of each image, N class numbers."""
        return self.logits.argmax(1)

    @property
    def right(self) -> np.ndarray:
        """Whether each first guess is right, N booleans."""
        return self.guesses == self.labels

    def accuracy_by_kind(self) -> dict[str, Proportion]:
        """Right answers by kind of picture, of the images whose kind is known."""
        known = self.kinds != ""
        return evaluation.accuracy_by_group(self.right[known], self.kinds[known])


def read(folder: Path, split: Split) -> Result:
    """The result in a checkpoint's folder.

    Raises
    ------
    CheckpointError
        When there is none, it is damaged, or it belongs to another split.
    """
    card = checkpoint.read_card(folder)
    logits = checkpoint.read_predictions(folder, "test")
    try:
        number = {name: place for place, name in enumerate(card.classes)}
        labels = np.array([number[path.split("/")[0]] for path in split.parts["test"]])
    except KeyError:
        labels = np.array([])
    if card.split_fingerprint != split.fingerprint or logits.shape != (
        len(labels),
        len(card.classes),
    ):
        raise CheckpointError(f"The results of checkpoint {card.model} are of another split.")
    return Result(card, logits, labels, split.kinds_of("test"), _history(folder))


def importances(folder: Path, card: Card) -> np.ndarray:
    """Importance of each feature for a tree ensemble, float32, summing to 1.

    Raises
    ------
    CheckpointError
        When its trees are missing or damaged.
    """
    try:
        return checkpoint.read_weights(folder, card)["importances"].numpy()
    except KeyError:
        raise CheckpointError(f"Checkpoint {card.model} stores no importances.") from None


def read_all(root: Path, split: Split) -> dict[str, Result]:
    """Results by model id, in the study's order, of the models that have one in ``root``."""
    found: dict[str, Result] = {}
    for model in study.STUDY:
        try:
            found[model.id] = read(root / model.id, split)
        except NotTrainedError:
            continue
    return found


def read_seeds(root: Path, split: Split) -> dict[str, tuple[Result, ...]]:
    """Runs that differ in their seed alone, by model id; the bundled one first.

    Runs of another recipe, on other images or on other features are left out.
    """
    others = sorted((root / "seeds").glob("*"), key=lambda path: path.name.zfill(12))
    runs = [read_all(folder, split) for folder in (root, *others)]
    found: dict[str, tuple[Result, ...]] = {}
    for model_id, first in runs[0].items():
        same = [
            run[model_id]
            for run in runs
            if model_id in run and _conditions(run[model_id].card) == _conditions(first.card)
        ]
        if len(same) > 1:
            found[model_id] = tuple(same)
    return found


def settings_of(card: Card) -> dict[str, Any]:
    """The settings that a model was trained with.

    A setting that its card does not name is younger than the card and had its usual value.
    """
    usual = {field.name: field.default for field in fields(Recipe) if field.default is not MISSING}
    return {**usual, **card.settings}


def further_runs(card: Card) -> list[tuple[str, dict[str, Any]]]:
    """What a network's further runs were made with: of each its place, in words, and settings."""
    found, run = [], card.settings.get("further")
    for place in ("second", "third", "fourth"):
        if run is None:
            break
        found.append((place, {k: v for k, v in run.items() if k != "further" and v is not None}))
        run = run.get("further")
    return found


def further_starts(result: Result) -> tuple[int, ...]:
    """The epochs, counted from 1, with which a network's further runs begin.

    Nothing where a run ended before its last epoch, as histories do not tell runs apart.
    """
    card = result.card
    lengths = [card.settings.get("epochs", 0), *(run["epochs"] for _, run in further_runs(card))]
    if sum(lengths) != len(result.history):
        return ()
    return tuple(1 + end for end in itertools.accumulate(lengths[:-1]))


def _conditions(card: Card) -> tuple:
    """All that must be equal for two runs to differ in their seed alone."""
    # All but the first are chosen or measured by each run.
    free = {"run", "n_estimators", "max_depth", "validation_accuracy_by_size"}
    settings = {key: value for key, value in settings_of(card).items() if key not in free}
    return (card.recipe, settings, card.data_fingerprint, card.features_sha256)


def _history(folder: Path) -> tuple[Mapping[str, str], ...]:
    try:
        with (folder / checkpoint.HISTORY).open(newline="", encoding="utf-8") as file:
            rows = tuple(csv.DictReader(file))
        for row in rows:
            list(map(float, row.values()))  # a line that was cut off has no value or too many
    except (OSError, csv.Error, TypeError, ValueError):
        rows = ()
    if not rows:
        raise CheckpointError(f"The history of checkpoint {folder.name} is missing or damaged.")
    return rows
