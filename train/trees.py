"""Train tree ensembles on another model's features."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from torch import Tensor
from tqdm import tqdm

from pokeclf import checkpoint
from pokeclf import classifier as classifiers
from pokeclf.checkpoint import CheckpointError, WeightFile
from pokeclf.classifier import Classifier
from pokeclf.errors import PokeclfError
from pokeclf.evaluation import PROBABILITY_FLOOR
from pokeclf.files import sha256, write_atomically
from pokeclf.models.trees import Boosted, Ensemble, Forest, pack_forest
from pokeclf.study import StudyModel, TreeRecipe
from train.features import image_features
from train.workshop import Workshop


def train_trees(model: StudyModel, shop: Workshop) -> None:
    """Fit all settings of the recipe, keep the best on validation and write its checkpoint."""
    recipe: TreeRecipe = shop.recipe_of(model)
    source = _source(model, shop)
    features = {part: _features(source, shop, part) for part in ("train", "validation", "test")}
    labels = {part: shop.labels[shop.indices(part)] for part in features}
    started = time.monotonic()
    candidates, fitted = [], {}
    for estimators, depth in recipe.settings:
        if candidates:
            shop.check_budget()
        data = _fit_once(
            model, shop, source, recipe, features["train"], labels["train"], estimators, depth
        )
        ensemble = _ensemble(model, data, estimators, len(shop.folder.classes))
        logits = {part: _log_probabilities(ensemble, features[part]) for part in features}
        accuracies = {
            f"{part}_accuracy": float((logits[part].argmax(1) == labels[part]).mean())
            for part in ("validation", "test")
        }
        candidates.append({"n_estimators": estimators, "max_depth": depth, **accuracies})
        fitted[estimators, depth] = (data, logits)
        tqdm.write(
            f"{model.id}, {estimators} trees of depth {depth}: "
            f"validation accuracy {accuracies['validation_accuracy']:.2%}"
        )
    best = max(candidates, key=lambda row: row["validation_accuracy"])
    data, logits = fitted[best["n_estimators"], best["max_depth"]]
    name = _file_name(model)
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
    shop.finish(model, card, logits, {name: data}, candidates, started)


def _source(model: StudyModel, shop: Workshop) -> Classifier:
    try:
        return classifiers.load(shop.out, model.features_from, _no_source)
    except CheckpointError as error:
        raise PokeclfError(
            f"{model.id} needs the features of {model.features_from}. {error}"
        ) from error


def _no_source(model_id: str) -> Classifier:
    raise CheckpointError(f"Model {model_id} cannot lend its features.")


def _features(source: Classifier, shop: Workshop, part: str) -> Tensor:
    """What the trees read, computed in full precision, as it is when the model is served."""
    network, card = source.network, source.card

    def pre_logits(inputs: Tensor) -> Tensor:
        return network.forward_head(network.forward_features(inputs), pre_logits=True)

    name = f"{card.model}-{card.weights_sha256[:12]}"
    return image_features(
        pre_logits, name, shop, part, card.preprocessing, None, 0, torch.device("cpu"),
    )  # fmt: skip


def _fit_once(
    model: StudyModel,
    shop: Workshop,
    source: Classifier,
    recipe: TreeRecipe,
    features: Tensor,
    labels: np.ndarray,
    estimators: int,
    depth: int,
) -> bytes:
    """A fitted ensemble as the bytes of its weight file, kept in the run's folder.

    The source's weights are part of the name: trees never outlive the features they learned on.
    """
    name = f"{source.card.weights_sha256[:12]}-{estimators}-{depth}-{_file_name(model)}"
    path: Path = shop.run_folder(model) / name
    if not path.exists():
        fit = _fit_booster if model.architecture == "xgboost" else _fit_forest
        options = {**recipe.options, "n_estimators": estimators, "max_depth": depth}
        write_atomically(path, fit(model, options, features.numpy(), labels, shop.seed))
    return path.read_bytes()


def _file_name(model: StudyModel) -> str:
    return "booster.ubj" if model.architecture == "xgboost" else "forest.safetensors"


def _fit_forest(
    model: StudyModel, options: Mapping[str, Any], x: np.ndarray, y: np.ndarray, seed: int
) -> bytes:
    from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier

    kind = {"extra_trees": ExtraTreesClassifier, "random_forest": RandomForestClassifier}
    forest = kind[model.architecture](random_state=seed, n_jobs=-1, **options)
    forest.fit(x, y)
    return checkpoint.pack(pack_forest(tree.tree_ for tree in forest.estimators_))


def _fit_booster(
    model: StudyModel, options: Mapping[str, Any], x: np.ndarray, y: np.ndarray, seed: int
) -> bytes:
    from xgboost import XGBClassifier

    booster = XGBClassifier(tree_method="hist", random_state=seed, n_jobs=-1, **options)
    booster.fit(x, y)
    return bytes(booster.get_booster().save_raw("ubj"))


def _ensemble(model: StudyModel, data: bytes, trees: int, classes: int) -> Ensemble:
    if model.architecture == "xgboost":
        return Boosted(data)
    return Forest(safetensors.torch.load(data), trees, classes)


def _log_probabilities(ensemble: Ensemble, features: Tensor) -> np.ndarray:
    parts = [ensemble.probabilities(chunk) for chunk in features.split(256)]
    return torch.cat(parts).clamp(min=PROBABILITY_FLOOR).log().numpy()
