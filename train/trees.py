"""Train tree ensembles on another model's features."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from sklearn.base import ClassifierMixin
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from torch import Tensor
from tqdm import tqdm

from pokeclf import checkpoint
from pokeclf import classifier as classifiers
from pokeclf.checkpoint import CheckpointError, WeightFile
from pokeclf.classifier import Classifier
from pokeclf.errors import PokeclfError
from pokeclf.evaluation import PROBABILITY_FLOOR
from pokeclf.files import sha256, write_atomically
from pokeclf.models.trees import Ensemble, ensemble
from pokeclf.recipe import TreeRecipe
from pokeclf.study import StudyModel
from train.features import last_features
from train.packing import pack_booster, pack_forest
from train.workshop import Workshop

MIN_CLASSES, MAX_CLASSES = 3, 255
"""XGBoost has another form of model for two classes; a leaf counts its classes in a byte."""


def train_trees(model: StudyModel, shop: Workshop) -> None:
    """Fit all settings of the recipe, keep the best on validation and write its checkpoint."""
    _check_classes(model, shop)
    source = _source(model, shop)
    features = {part: last_features(source, shop, part) for part in ("train", "validation", "test")}
    labels = {part: shop.labels[shop.indices(part)] for part in features}
    started = time.monotonic()
    candidates, fitted = [], {}
    for setting in shop.recipe_of(model).settings:
        if candidates:
            shop.check_budget()
        data = _fit_once(model, shop, source, features["train"], labels["train"], setting)
        arrays = safetensors.torch.load(data)
        trees = ensemble(model.architecture, arrays, len(shop.folder.classes))
        logits = {
            part: checkpoint.rounded(_log_probabilities(trees, rows))
            for part, rows in features.items()
        }
        accuracies = {
            f"{part}_accuracy": float((logits[part].argmax(1) == labels[part]).mean())
            for part in ("validation", "test")
        }
        candidates.append({"n_estimators": setting[0], "max_depth": setting[1], **accuracies})
        fitted[setting] = (data, logits)
        tqdm.write(
            f"{model.id}, {setting[0]} trees of depth {setting[1]}: "
            f"validation accuracy {accuracies['validation_accuracy']:.2%}"
        )
    best = max(candidates, key=lambda row: row["validation_accuracy"])
    data, logits = fitted[best["n_estimators"], best["max_depth"]]
    name = "trees.safetensors"
    card = shop.new_card(
        model,
        source.card.preprocessing,
        [WeightFile(name, sha256(data), len(data))],
        0,
        {"n_estimators": best["n_estimators"], "max_depth": best["max_depth"]},
        features_from=source.card.model,
        features_sha256=source.card.weights_sha256,
        candidates=tuple(candidates),
    )
    files = {name: data} if shop.keeps_weights else {}
    shop.finish(model, card, logits, files, candidates, started)


def _check_classes(model: StudyModel, shop: Workshop) -> None:
    classes = len(shop.folder.classes)
    if not MIN_CLASSES <= classes <= MAX_CLASSES:
        raise PokeclfError(
            f"{model.id} takes {MIN_CLASSES} to {MAX_CLASSES} classes; there are {classes}."
        )
    learned = np.unique(shop.labels[shop.indices("train")])
    if len(learned) < classes:
        raise PokeclfError("The split leaves a class without images to learn from.")


def _source(model: StudyModel, shop: Workshop) -> Classifier:
    try:
        return classifiers.load(shop.root, model.features_from, _no_source)
    except CheckpointError as error:
        raise PokeclfError(
            f"{model.id} needs the features of {model.features_from}. {error}"
        ) from error


def _no_source(model_id: str) -> Classifier:
    raise CheckpointError(f"Model {model_id} cannot lend its features.")


def _fit_once(
    model: StudyModel,
    shop: Workshop,
    source: Classifier,
    features: Tensor,
    labels: np.ndarray,
    setting: tuple[int, int],
) -> bytes:
    """A fitted ensemble as the bytes of its weight file, kept in the run's folder.

    The source's weights are part of the name: trees never outlive the features they learned on.
    """
    trees, depth = setting
    name = f"{source.card.weights_sha256[:12]}-{trees}-{depth}.safetensors"
    path: Path = shop.run_folder(model) / name
    if not path.exists():
        estimator = fit_estimator(
            model, shop.recipe_of(model), setting, features, labels, shop.seed
        )
        write_atomically(path, checkpoint.pack(packed(estimator)))
    return path.read_bytes()


def fit_estimator(
    model: StudyModel,
    recipe: TreeRecipe,
    setting: tuple[int, int],
    features: Tensor,
    labels: np.ndarray,
    seed: int,
) -> ClassifierMixin:
    """scikit-learn's or XGBoost's estimator, fitted on N × D features and N class numbers."""
    options = {**recipe.options, "random_state": seed, "n_jobs": -1}
    options["n_estimators"], options["max_depth"] = setting
    return _estimator_class(model.architecture)(**options).fit(features.numpy(), labels)


def _estimator_class(architecture: str) -> type[ClassifierMixin]:
    if architecture == "xgboost":
        from xgboost import XGBClassifier

        return XGBClassifier
    return {"extra_trees": ExtraTreesClassifier, "random_forest": RandomForestClassifier}[
        architecture
    ]


def packed(estimator: ClassifierMixin) -> dict[str, Tensor]:
    """A fitted estimator as the arrays of a checkpoint, with its importance of each feature."""
    importances = torch.from_numpy(np.asarray(estimator.feature_importances_, np.float32))
    if hasattr(estimator, "estimators_"):
        arrays = pack_forest(tree.tree_ for tree in estimator.estimators_)
    else:
        arrays = pack_booster(bytes(estimator.get_booster().save_raw("json")))
    return {**arrays, "importances": importances}


def _log_probabilities(trees: Ensemble, features: Tensor) -> np.ndarray:
    parts = [trees.probabilities(chunk) for chunk in features.split(64)]
    return torch.cat(parts).clamp(min=PROBABILITY_FLOOR).log().numpy()
