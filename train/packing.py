"""Fitted tree ensembles to the arrays that :mod:`pokeclf.models.trees` runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor


def pack_forest(trees: Iterable[Any]) -> dict[str, Tensor]:
    """Arrays for :class:`~pokeclf.models.trees.Forest` from scikit-learn's ``tree_`` objects.

    Thresholds are rounded down to float32; for float32 features every comparison stays the same.

    """
    structure = _Structure()
    sizes, classes, counts = [], [], []
    for tree in trees:
        is_leaf = tree.children_left < 0
        structure.add(tree.children_left, tree.children_right, tree.feature, tree.threshold)
        shares = tree.value[:, 0] * is_leaf[:, None]  # dense, so one tree at a time
        node, present = np.nonzero(shares)
        images = shares[node, present] * tree.weighted_n_node_samples[node]
        sizes.append(np.bincount(node, minlength=len(shares)))
        classes.append(present.astype(np.uint8))
        counts.append(images.round().astype(np.int64))
    order, arrays = structure.arrays(_round_down)
    leaves = order[structure.is_leaf[order]]
    size = np.concatenate(sizes)
    start = np.cumsum(size) - size
    size, start = size[leaves], start[leaves]
    entries = np.repeat(start - (np.cumsum(size) - size), size) + np.arange(size.sum())
    count = np.concatenate(counts)[entries]
    fitting = (kind for kind in (np.uint8, np.int16) if count.max() <= np.iinfo(kind).max)
    return {
        **arrays,
        "trees": torch.tensor(len(structure.roots)),
        "leaf_sizes": torch.from_numpy(size.astype(np.uint8)),
        "leaf_classes": torch.from_numpy(np.concatenate(classes)[entries]),
        "leaf_counts": torch.from_numpy(count.astype(next(fitting, np.int32))),
    }


def pack_booster(raw_json: bytes) -> dict[str, Tensor]:
    """Arrays for :class:`~pokeclf.models.trees.Boosted` from ``Booster.save_raw("json")``.

    Trees of a single leaf, of which boosting makes many once it fits the training images, are
    added to the margin that their class starts from.
    """
    learner = json.loads(raw_json)["learner"]
    model = learner["gradient_booster"]["model"]
    parameters = learner["learner_model_param"]
    classes = int(parameters["num_class"])
    start = np.atleast_1d(np.array(json.loads(parameters["base_score"]), np.float32))
    base = np.broadcast_to(start, classes).astype(np.float64)
    structure = _Structure()
    tree_class, values, covers = [], [], []
    for tree, number in zip(model["trees"], model["tree_info"], strict=True):
        left = np.array(tree["left_children"])
        split = np.array(tree["split_conditions"], np.float32)  # of a leaf: its value
        if len(left) == 1:
            base[number] += split[0]
            continue
        right, feature = np.array(tree["right_children"]), np.array(tree["split_indices"])
        structure.add(left, right, feature, split)
        tree_class.append(number)
        values.append(split)
        covers.append(np.array(tree["sum_hessian"], np.float32))
    order, arrays = structure.arrays(_just_below)
    leaves = order[structure.is_leaf[order]]
    return {
        **arrays,
        "tree_class": torch.tensor(tree_class, dtype=torch.uint8),
        "leaf_values": torch.from_numpy(_together(values, np.float32)[leaves]),
        "cover": torch.from_numpy(_together(covers, np.float32)[leaves]),
        "base": torch.from_numpy(base.astype(np.float32)),
    }


class _Structure:
    """Trees one after the other, and their common level order."""

    def __init__(self) -> None:
        self.roots: list[int] = []
        self._left: list[np.ndarray] = []
        self._right: list[np.ndarray] = []
        self._feature: list[np.ndarray] = []
        self._threshold: list[np.ndarray] = []
        self._total = 0

    def add(
        self, left: np.ndarray, right: np.ndarray, feature: np.ndarray, threshold: np.ndarray
    ) -> None:
        """One tree; children are positions in it, negative for a leaf."""
        is_leaf = left < 0
        self.roots.append(self._total)
        self._left.append(np.where(is_leaf, -1, left + self._total))
        self._right.append(np.where(is_leaf, -1, right + self._total))
        self._feature.append(np.where(is_leaf, -1, feature))
        self._threshold.append(threshold)
        self._total += len(left)

    @property
    def is_leaf(self) -> np.ndarray:
        """Whether a node is a leaf, in the order of adding."""
        return _together(self._left, np.int64) < 0

    def arrays(
        self, rounded: Callable[[np.ndarray], np.ndarray]
    ) -> tuple[np.ndarray, dict[str, Tensor]]:
        """The level order of all nodes, and ``feature`` and ``threshold`` in it."""
        left, right = _together(self._left, np.int64), _together(self._right, np.int64)
        order = _level_order(np.array(self.roots, np.int64), left, right)
        threshold = _together(self._threshold, np.float64)[order[left[order] >= 0]]
        feature = _together(self._feature, np.int64)[order].astype(np.int16)
        return order, {
            "feature": torch.from_numpy(feature),
            "threshold": torch.from_numpy(rounded(threshold)),
        }


def _together(parts: list[np.ndarray], dtype: type) -> np.ndarray:
    return np.concatenate(parts).astype(dtype) if parts else np.zeros(0, dtype)


def _level_order(roots: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """All nodes, level by level, siblings side by side."""
    levels = [roots]
    while len(levels[-1]):
        inner = levels[-1][left[levels[-1]] >= 0]
        levels.append(np.stack([left[inner], right[inner]], 1).ravel())
    return np.concatenate(levels)


def _round_down(exact: np.ndarray) -> np.ndarray:
    """float32 at most the exact values: scikit-learn goes left at ``value <= threshold``."""
    rounded = exact.astype(np.float32)
    too_large = rounded > exact
    rounded[too_large] = np.nextafter(rounded[too_large], np.float32(-np.inf))
    return rounded


def _just_below(exact: np.ndarray) -> np.ndarray:
    """The next smaller float32: XGBoost goes left at ``value < threshold``."""
    return np.nextafter(exact.astype(np.float32), np.float32(-np.inf))
