"""Tree ensembles on a network's features, stored sparsely and run as tensor operations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from pokeclf.evaluation import PROBABILITY_FLOOR
from pokeclf.models.network import Network


class Ensemble(Protocol):
    """Anything that turns N × D features into N × classes probabilities."""

    def probabilities(self, features: Tensor) -> Tensor:
        """float32 N × D → float32 N × classes, each row summing to 1."""


class Forest(nn.Module):
    """A random forest or extra-trees ensemble, a few bytes a node.

    All trees stand in one array in level order: the roots, then all nodes of depth 1, and so on.
    An inner node's children then follow each other in the next level, in their parents' order, so
    neither child needs an address. Leaves keep only the classes that occur in them. Rows go down
    all trees at once, one gather per level ("tree traversal" of Hummingbird, Nakandala et al.
    2020, section 4.1).

    Parameters
    ----------
    feature : int16, per node: the feature that is compared, -1 for a leaf.
    threshold : float32, per inner node: go left when the value is at most this.
    leaf_sizes : uint8, per leaf: number of classes in it.
    leaf_classes, leaf_weights : uint8 and float32, per leaf and class: class and probability.
    trees, num_classes : how many.

    Raises
    ------
    ValueError
        When the arrays do not describe complete trees.
    """

    def __init__(self, arrays: Mapping[str, Tensor], trees: int, num_classes: int) -> None:
        super().__init__()
        feature = arrays["feature"].to(torch.int64)
        inner = feature >= 0
        self.trees, self.num_classes = trees, num_classes
        self.depth, left = _children(inner, trees)
        threshold = torch.full((len(feature),), torch.inf)
        threshold[inner] = arrays["threshold"]
        starts = torch.zeros(len(arrays["leaf_sizes"]) + 1, dtype=torch.int64)
        torch.cumsum(arrays["leaf_sizes"].to(torch.int64), 0, out=starts[1:])
        if starts[-1] != len(arrays["leaf_classes"]) or len(starts) - 1 != int((~inner).sum()):
            raise ValueError("leaves do not fit the nodes")
        leaf_number = torch.cumsum(~inner, 0) - 1
        for name, value in {
            "feature": feature.clamp(min=0).to(torch.int32),
            "threshold": threshold,
            "left": left.to(torch.int32),
            "leaf_number": leaf_number.to(torch.int32),
            "leaf_starts": starts.to(torch.int32),
            "leaf_classes": arrays["leaf_classes"],
            "leaf_weights": arrays["leaf_weights"],
        }.items():
            self.register_buffer(name, value)

    def apply(self, features: Tensor) -> Tensor:
        """Number of the leaf that each row reaches in each tree: N × trees, int64."""
        node = torch.arange(self.trees).expand(len(features), -1)
        for _ in range(self.depth):
            value = features.gather(1, self.feature[node].long())
            # A leaf's threshold is infinite and its "left" child is itself.
            node = self.left[node].long() + (value > self.threshold[node])
        return self.leaf_number[node].long()

    def probabilities(self, features: Tensor) -> Tensor:
        """Mean over the trees of the class shares in the reached leaves: N × classes float32."""
        leaf = self.apply(features.float()).flatten()
        start = self.leaf_starts[leaf].long()
        size = self.leaf_starts[leaf + 1].long() - start
        row = torch.arange(len(features)).repeat_interleave(self.trees).repeat_interleave(size)
        first = (start - (size.cumsum(0) - size)).repeat_interleave(size)
        position = first + torch.arange(len(first))
        total = torch.zeros(len(features) * self.num_classes)
        total.index_add_(
            0,
            row * self.num_classes + self.leaf_classes[position].long(),
            self.leaf_weights[position],
        )
        return total.view(len(features), -1) / self.trees


def _children(inner: Tensor, trees: int) -> tuple[int, Tensor]:
    """Depth of the deepest tree and every node's left child; a leaf's is the leaf itself."""
    left = torch.arange(len(inner))
    start, size, depth = 0, trees, 0
    while True:
        level = inner[start : start + size].nonzero().flatten() + start
        if len(level) == 0:
            break
        next_start, next_size = start + size, 2 * len(level)
        left[level] = next_start + 2 * torch.arange(len(level))
        start, size, depth = next_start, next_size, depth + 1
    if start + size != len(inner):
        raise ValueError("nodes do not form complete trees")
    return depth, left


def pack_forest(trees: Iterable[Any]) -> dict[str, Tensor]:
    """Arrays for :class:`Forest` from scikit-learn's ``tree_`` objects of a fitted forest.

    Thresholds are rounded down to float32; for float32 features every comparison stays the same.
    """
    columns: dict[str, list[np.ndarray]] = {key: [] for key in ("left", "right", "feature")}
    thresholds, sizes, classes, weights, roots = [], [], [], [], []
    total = 0
    for tree in trees:
        if tree.n_classes[0] > 256:
            raise ValueError("a forest of more than 256 classes does not fit the format")
        roots.append(total)
        is_leaf = tree.children_left < 0
        columns["left"].append(np.where(is_leaf, -1, tree.children_left + total))
        columns["right"].append(np.where(is_leaf, -1, tree.children_right + total))
        columns["feature"].append(np.where(is_leaf, -1, tree.feature))
        thresholds.append(tree.threshold)
        shares = tree.value[:, 0] * is_leaf[:, None]  # dense, so one tree at a time
        node, present = np.nonzero(shares)
        sizes.append(np.bincount(node, minlength=len(shares)))
        classes.append(present.astype(np.uint8))
        weights.append((shares[node, present] / shares.sum(1)[node]).astype(np.float32))
        total += len(shares)
    left, right, feature = (np.concatenate(columns[key]) for key in columns)
    order = _level_order(np.array(roots), left, right)
    leaves = order[left[order] < 0]
    size = np.concatenate(sizes)
    start = np.cumsum(size) - size
    size, start = size[leaves], start[leaves]
    entries = np.repeat(start - (np.cumsum(size) - size), size) + np.arange(size.sum())
    return {
        "feature": torch.from_numpy(feature[order].astype(np.int16)),
        "threshold": _round_down(np.concatenate(thresholds)[order[left[order] >= 0]]),
        "leaf_sizes": torch.from_numpy(size.astype(np.uint8)),
        "leaf_classes": torch.from_numpy(np.concatenate(classes)[entries]),
        "leaf_weights": torch.from_numpy(np.concatenate(weights)[entries]),
    }


def _level_order(roots: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """All nodes, level by level, siblings side by side."""
    levels = [roots]
    while len(levels[-1]):
        inner = levels[-1][left[levels[-1]] >= 0]
        levels.append(np.stack([left[inner], right[inner]], 1).ravel())
    return np.concatenate(levels)


def _round_down(exact: np.ndarray) -> Tensor:
    rounded = exact.astype(np.float32)
    too_large = rounded > exact
    rounded[too_large] = np.nextafter(rounded[too_large], np.float32(-np.inf))
    return torch.from_numpy(rounded)


class Boosted:
    """XGBoost's own booster, loaded from its UBJSON bytes."""

    def __init__(self, data: bytes) -> None:
        import xgboost

        self.booster = xgboost.Booster({"nthread": 1})
        self.booster.load_model(bytearray(data))

    def probabilities(self, features: Tensor) -> Tensor:
        """float32 N × D → float32 N × classes."""
        return torch.from_numpy(np.asarray(self.booster.inplace_predict(features.float().numpy())))


class TreeNetwork(Network):
    """A tree ensemble on what another network's last layer reads.

    ``forward_head`` gives log-probabilities, which have no gradients.
    """

    def __init__(self, source: Network, ensemble: Ensemble) -> None:
        super().__init__()
        self.source = source
        self.ensemble = ensemble

    def forward_features(self, x: Tensor) -> Tensor:
        """The source network's feature map."""
        return self.source.forward_features(x)

    def pool(self, features: Tensor) -> Tensor:
        """What the trees read: N × D."""
        return self.source.forward_head(features, pre_logits=True)

    def forward_head(self, features: Tensor, pre_logits: bool = False) -> Tensor:
        """Log-probabilities, N × classes; or, with ``pre_logits``, the trees' input."""
        pooled = self.pool(features)
        if pre_logits:
            return pooled
        return self.ensemble.probabilities(pooled).clamp(min=PROBABILITY_FLOOR).log()
